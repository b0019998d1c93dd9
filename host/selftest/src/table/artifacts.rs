//! Artifacts that are no component, ask for what no host has, or were changed behind the host's
//! back.

use crate::guest;
use crate::row::{REFUSED, Row, row};
use crate::{ended, plant};

pub(super) const ROWS: &[Row] = &[
    Row {
        says: "an empty file",
        ..row(guest::EMPTY, REFUSED)
    },
    Row {
        says: "not a WebAssembly binary",
        ..row(guest::GARBAGE, REFUSED)
    },
    Row {
        says: "a native Linux program (ELF)",
        ..row(guest::NATIVE, REFUSED)
    },
    Row {
        says: "a script",
        ..row(guest::SCRIPT, REFUSED)
    },
    Row {
        says: "a core WebAssembly module",
        ..row(guest::MODULE, REFUSED)
    },
    Row {
        says: "not a valid WebAssembly component",
        ..row(guest::TRUNCATED, REFUSED)
    },
    Row {
        says: "acme:power/lever",
        ..row(guest::IMPORT_UNKNOWN, REFUSED)
    },
    // Acknowledged and called all the same.
    Row {
        manifest: "[[unused]]\ninterface = \"acme:power/lever\"\nreason = \"a runtime brings \
            it\"\n",
        says: "pull of acme:power/lever",
        ..row(guest::IMPORT_UNKNOWN, "denied")
    },
    // A proposal that is off.
    Row {
        says: "support is not enabled",
        ..row(guest::PROPOSAL_REFERENCES, REFUSED)
    },
    // Other versions of WASI than 0.2.
    Row {
        says: "for version 0.3.0 of WASI",
        ..row(guest::IMPORT_WASI3, REFUSED)
    },
    Row {
        manifest: "[[unused]]\ninterface = \"wasi:http/client\"\nreason = \"a runtime brings \
            it\"\n",
        says: "send of wasi:http/client",
        ..row(guest::IMPORT_WASI3, "denied")
    },
    Row {
        says: "a core WebAssembly module",
        ..row(guest::IMPORT_PREVIEW, REFUSED)
    },
    // A manifest that says less than the component imports.
    Row {
        says: "declares nothing",
        args: &["GET", "http://a.test/"],
        ..row(guest::HTTP_FETCH, REFUSED)
    },
    Row {
        plant: plant::compiled,
        own_cache: true,
        after: ended::compiled_again,
        ..row(guest::ARGS_ECHO, "ok")
    },
];
