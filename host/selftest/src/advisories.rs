//! Every advisory of the engine that was published since 48.0.0, oldest first. To add one, add a
//! row, and the same row to the page (`README.md` of this crate).
//!
//! A row says which part of the engine is not in this build, or which rows of the corpus try what
//! the advisory warns of. One that says neither depends on the engine's own release.

use crate::advisory::{Absence, Advisory, Trial, Version};
use crate::guest;

/// The day up to which published advisories are in the table.
pub const READ: &str = "2026-12-01";

/// Garbage collection. Exceptions need it.
const GC: Absence = feature("wasmtime", "gc");

/// `call_ref` and its kin.
const TYPED_REFERENCES: Absence = Absence::Proposal("typed function references");

/// Asynchronous functions, streams and futures of components.
const ASYNC: Absence = feature("wasmtime", "component-model-async");

const WASI_PREVIEW_0: Absence = feature("wasmtime-wasi", "p0");
const WASI_PREVIEW_1: Absence = feature("wasmtime-wasi", "p1");
const WASI_3: Absence = feature("wasmtime-wasi", "p3");
const HTTP_3: Absence = feature("wasmtime-wasi-http", "p3");

/// Code for a processor that this binary may be built for.
const ON_AARCH64: &[Absence] = if cfg!(target_arch = "aarch64") {
    &[]
} else {
    &[Absence::Platform("aarch64")]
};

const fn feature(package: &'static str, name: &'static str) -> Absence {
    Absence::Feature { package, name }
}

/// A release of the engine, with the day on which its advisories were published.
struct Release {
    published: &'static str,
    fixed: Version,
}

// Releases of the 48.0 line. The first one came with the fixes of two days.
const JULY: Release = release("2026-07-31", 0);
const AUGUST: Release = release("2026-08-20", 0);
const THIRD: Release = release("2026-09-24", 3);
const FOURTH: Release = release("2026-10-02", 4);
const SIXTH: Release = release("2026-10-14", 6);
const SEVENTH: Release = release("2026-10-19", 7);
const EIGHTH: Release = release("2026-10-29", 8);
const TENTH: Release = release("2026-11-19", 10);

const fn release(published: &'static str, patch: u32) -> Release {
    Release {
        published,
        fixed: Version::of_line(patch),
    }
}

impl Release {
    /// An advisory about code that is in this build, which the engine's release fixes.
    const fn fixes(self, id: &'static str, about: &'static str) -> Advisory {
        Advisory {
            id,
            published: self.published,
            fixed: self.fixed,
            about,
            absent: &[],
            trials: &[],
        }
    }
}

/// The table.
pub const ADVISORIES: &[Advisory] = &[
    JULY.fixes(
        "GHSA-2hw9-mc66-jc2q",
        "preemption and traps inside bulk operations",
    ),
    JULY.fixes(
        "GHSA-hgjw-h833-99q9",
        "type indices mixed up between engines",
    ),
    AUGUST
        .fixes(
            "GHSA-x84v-gj2h-g759",
            "host memory through streams of WASI 0.3",
        )
        .without(&[ASYNC, WASI_3])
        .tried(&[Trial::of(guest::IMPORT_WASI3)]),
    AUGUST
        .fixes(
            "GHSA-vqjp-4c8c-hfgg",
            "directories left through slashes at the end of paths and symlinks",
        )
        .tried(&[
            Trial::of(guest::FS_LINK),
            Trial::of(guest::FS_SYMLINK),
            Trial::of(guest::FS_RENAME),
        ]),
    THIRD
        .fixes(
            "GHSA-c9gc-w9vx-w86p",
            "host memory through bodies of outgoing HTTP requests",
        )
        .tried(&[
            Trial::with(guest::HOST_MEMORY, "bodies"),
            Trial::with(guest::HOST_MEMORY, "written-bodies"),
            Trial::with(guest::HOST_MEMORY, "finished-bodies"),
            Trial::with(guest::HOST_MEMORY, "dropped-bodies"),
            Trial::of(guest::HTTP_UPLOAD),
        ]),
    THIRD
        .fixes("GHSA-j2g9-4prp-pf6h", "a panic over times of files")
        .tried(&[Trial::of(guest::FS_TIMES)]),
    THIRD
        .fixes(
            "GHSA-m63x-6p34-q65x",
            "fuel lost by `call_ref` and by exceptions",
        )
        .without(&[GC, TYPED_REFERENCES])
        .tried(&[Trial::of(guest::PROPOSAL_REFERENCES)]),
    THIRD
        .fixes(
            "GHSA-jqpg-j7w6-42pr",
            "values lifted beyond the fuel of a host call",
        )
        .tried(&[
            Trial::of(guest::RESULT_FLAGS),
            Trial::of(guest::HOST_CALL_LARGE),
        ]),
    FOURTH
        .fixes(
            "GHSA-j366-h8gg-77pm",
            "time without fuel in `poll_oneoff` of preview 0",
        )
        .without(&[WASI_PREVIEW_0])
        .tried(&[Trial::of(guest::IMPORT_PREVIEW)]),
    FOURTH
        .fixes(
            "GHSA-gqmc-89g8-p25r",
            "host memory where guests have no standard output",
        )
        .tried(&[
            Trial::with(guest::HOST_MEMORY, "output"),
            Trial::of(guest::STDOUT_FLOOD),
            Trial::of(guest::STDERR_FLOOD),
            Trial::with(guest::RULES_BROKEN, "zeroes"),
            Trial::with(guest::RULES_BROKEN, "blocking-zeroes"),
        ]),
    FOURTH
        .fixes(
            "GHSA-96f6-r43r-8c24",
            "memory of the host in `fd_readdir` of preview 1",
        )
        .without(&[WASI_PREVIEW_1])
        .tried(&[Trial::of(guest::IMPORT_PREVIEW)]),
    FOURTH
        .fixes(
            "GHSA-mr2v-56j5-cmfc",
            "a panic over times before 1970 in WASI 0.3",
        )
        .without(&[WASI_3])
        .tried(&[Trial::of(guest::IMPORT_WASI3)]),
    FOURTH
        .fixes(
            "GHSA-w4qr-p94g-mjhv",
            "a panic over timeouts of zero in wasi:http",
        )
        .tried(&[Trial::of(guest::HTTP_PATIENCE)]),
    FOURTH
        .fixes(
            "GHSA-cfhf-m2cr-62wj",
            "the heap of the garbage collector broken by tags of a wrong type",
        )
        .without(&[GC]),
    FOURTH
        .fixes(
            "GHSA-hw8m-q44c-ggrf",
            "values of the garbage collector lost over `try_call`",
        )
        .without(&[GC]),
    FOURTH
        .fixes(
            "GHSA-32h6-97mm-8q3c",
            "a stack overflow in callbacks of asynchronous functions",
        )
        .without(&[ASYNC]),
    SIXTH
        .fixes(
            "GHSA-q554-3cjc-rx7p",
            "host memory through handles of components",
        )
        .tried(&[
            Trial::of(guest::HANDLES_MANY),
            Trial::of(guest::HANDLES_OWN),
        ]),
    SIXTH
        .fixes(
            "GHSA-m9f7-9w4p-gv38",
            "directories left by renaming symlinks with slashes at the end",
        )
        .tried(&[Trial::of(guest::FS_RENAME)]),
    SIXTH
        .fixes(
            "GHSA-5qpp-g3j2-8frx",
            "other hosts reached by HTTP requests in absolute form",
        )
        .tried(&[Trial::of(guest::HTTP_TARGET)]),
    SEVENTH
        .fixes(
            "GHSA-r8xh-cgf7-392j",
            "requests with two lengths in wasi:http",
        )
        .tried(&[Trial::of(guest::HTTP_LENGTHS)]),
    SEVENTH
        .fixes("GHSA-jxcf-8qw5-5c33", "trailers in wasi:http 0.3")
        .without(&[HTTP_3])
        .tried(&[Trial::of(guest::IMPORT_WASI3)]),
    SEVENTH
        .fixes("GHSA-9prg-84vf-g5fc", "lengths of bodies in wasi:http 0.3")
        .without(&[HTTP_3])
        .tried(&[Trial::of(guest::IMPORT_WASI3)]),
    SEVENTH
        .fixes(
            "GHSA-mghf-wjfp-p5xm",
            "wrong code for `br_table` on aarch64",
        )
        .without(ON_AARCH64),
    SEVENTH
        .fixes("GHSA-9pvw-hwfg-92h5", "streams of asynchronous components")
        .without(&[ASYNC]),
    EIGHTH
        .fixes("GHSA-hmmr-87qq-258j", "addresses of UDP sockets")
        .tried(&[Trial::with(guest::TCP_CONNECT, "udp: no tool gets it")]),
    EIGHTH
        .fixes(
            "GHSA-qw58-7h65-crq2",
            "struct types with supertypes that a host makes",
        )
        .without(&[GC]),
    EIGHTH
        .fixes(
            "GHSA-3982-jqvv-277m",
            "typed functions with `i31` and `null` references",
        )
        .without(&[GC]),
    EIGHTH
        .fixes(
            "GHSA-6fr9-xmw9-5352",
            "host memory through resources that components lend each other",
        )
        .tried(&[Trial::of(guest::HANDLES_LENT)]),
    EIGHTH
        .fixes(
            "GHSA-h4wp-g4x3-7398",
            "lengths that differ from their bodies in wasi:http 0.2",
        )
        .tried(&[Trial::of(guest::HTTP_LENGTHS)]),
    TENTH
        .fixes("GHSA-f2pq-268w-886c", "paths with a drive on Windows")
        .without(&[Absence::Platform("Windows")]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::rows;

    #[test]
    fn every_trial_has_a_row() {
        for advisory in ADVISORIES {
            for trial in advisory.trials {
                assert!(
                    rows().any(|row| trial.has(row)),
                    "{}: {trial:?}",
                    advisory.id
                );
            }
        }
    }
}
