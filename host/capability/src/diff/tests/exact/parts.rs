//! Random manifests, pairs of them that are near each other, and random uses.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::access::Access;
use crate::manifest::Manifest;
use crate::used::{Contact, DirectoryUse, Used};

pub(super) const HOSTS: [&str; 6] = [
    "a.test",
    "b.a.test",
    "z.a.test",
    "q.test",
    "other.example",
    "1.2.3.4",
];
pub(super) const PATTERNS: [&str; 6] = ["a.test", "b.a.test", "*.a.test", "*.test", "*", "1.2.3.4"];
pub(super) const METHODS: [&str; 2] = ["GET", "POST"];
pub(super) const PORTS: [u16; 3] = [80, 443, 8080];
pub(super) const PREFIXES: [&str; 5] = ["/", "/a", "/a/b", "/%61/b", "/c"];
pub(super) const PATHS: [&str; 7] = ["/", "/x", "/a", "/a/x", "/a/b/y", "/c", "/a/../b"];
pub(super) const DIRECTORIES: [&str; 5] = ["/", "/tmp", "/workspace", "/workspace/a", "/home"];
pub(super) const PLACES: [&str; 7] = [
    "/x",
    "/tmp/x",
    "/workspace/x",
    "/workspace/a/x",
    "/workspaces",
    "/home/x",
    "/home",
];

/// A row `[[http]]`, as its parts.
#[derive(Debug, Clone)]
struct Http {
    host: &'static str,
    methods: Vec<&'static str>,
    ports: Vec<u16>,
    paths: Vec<&'static str>,
}

/// A manifest, as its rows.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    http: Vec<Http>,
    others: Vec<String>,
    limits: Vec<&'static str>,
}

fn http() -> impl Strategy<Value = Http> {
    (
        select(&PATTERNS[..]),
        subsequence(&METHODS[..], 0..=2),
        subsequence(&PORTS[..], 0..=2),
        subsequence(&PREFIXES[..], 0..=2),
    )
        .prop_map(|(host, methods, ports, paths)| Http {
            host,
            methods,
            ports,
            paths,
        })
}

fn directory() -> impl Strategy<Value = String> {
    let access = prop_oneof![Just("read-only"), Just("read-write")];
    (select(&DIRECTORIES[..]), access).prop_map(|(path, access)| {
        format!("[[fs]]\npath = \"{path}\"\naccess = \"{access}\"\nreason = \"r\"\n")
    })
}

fn tcp() -> impl Strategy<Value = String> {
    let hosts = select(&PATTERNS[..4]);
    (hosts, subsequence(&[1_u16, 2, 3][..], 1..=2)).prop_map(|(host, ports)| {
        format!("[[tcp]]\nhost = \"{host}\"\nports = {ports:?}\nreason = \"r\"\n")
    })
}

fn secret() -> impl Strategy<Value = String> {
    let auth = prop_oneof![
        Just("profile = \"bearer\""),
        Just("profile = \"basic\""),
        Just("profile = \"api-key\", header = \"x-key\""),
    ];
    (select(&["k", "l"][..]), select(&HOSTS[..2]), auth).prop_map(|(name, host, auth)| {
        format!(
            "[[secret]]\nname = \"{name}\"\nhost = \"{host}\"\nauth = {{ {auth} }}\nreason = \
             \"r\"\n"
        )
    })
}

fn variable() -> impl Strategy<Value = String> {
    select(&["A", "B", "HOME"][..])
        .prop_map(|name| format!("[[env]]\nname = \"{name}\"\nreason = \"r\"\n"))
}

fn call() -> impl Strategy<Value = String> {
    let directories = prop_oneof![
        Just(String::new()),
        subsequence(&DIRECTORIES[..], 0..=2).prop_map(|paths| format!("directories = {paths:?}\n")),
    ];
    let access = prop_oneof![
        Just(""),
        Just("access = \"read-only\"\n"),
        Just("access = \"read-write\"\n"),
    ];
    let hosts = prop_oneof![
        Just(String::new()),
        subsequence(&PATTERNS[..], 0..=2).prop_map(|hosts| format!("hosts = {hosts:?}\n")),
    ];
    (select(&["t", "u"][..]), directories, access, hosts).prop_map(
        |(name, directories, access, hosts)| {
            format!("[[call]]\nname = \"{name}\"\n{directories}{access}{hosts}reason = \"r\"\n")
        },
    )
}

fn other() -> impl Strategy<Value = String> {
    prop_oneof![directory(), tcp(), secret(), variable(), call()]
}

pub(super) fn parts() -> impl Strategy<Value = Parts> {
    let limits = subsequence(
        &[
            "memory = \"1MiB\"\n",
            "wall = \"2s\"\n",
            "fuel = 900_000_000_000\n",
        ][..],
        0..=2,
    );
    (
        prop::collection::vec(http(), 0..4),
        prop::collection::vec(other(), 0..4),
        limits,
    )
        .prop_map(|(http, others, limits)| Parts {
            http,
            others,
            limits,
        })
}

/// A step from one row to another one that is often, and not always, within it.
#[derive(Debug, Clone)]
enum Step {
    Keep,
    Drop,
    Split,
    Narrow(Http),
    Replace(Http),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Keep),
        1 => Just(Step::Drop),
        3 => Just(Step::Split),
        3 => http().prop_map(Step::Narrow),
        1 => http().prop_map(Step::Replace),
    ]
}

impl Http {
    fn toml(&self) -> String {
        let Self {
            host,
            methods,
            ports,
            paths,
        } = self;
        format!(
            "[[http]]\nhost = \"{host}\"\nmethods = {methods:?}\nports = {ports:?}\npaths = \
             {paths:?}\nreason = \"r\"\n"
        )
    }

    /// One row for each method, port or path, or else this row.
    fn split(&self) -> Vec<Self> {
        let own = || self.clone();
        if self.methods.len() > 1 {
            let one = |method: &&'static str| Self {
                methods: vec![*method],
                ..own()
            };
            return self.methods.iter().map(one).collect();
        }
        if self.ports.len() > 1 {
            let one = |port: &u16| Self {
                ports: vec![*port],
                ..own()
            };
            return self.ports.iter().map(one).collect();
        }
        let one = |path: &&'static str| Self {
            paths: vec![*path],
            ..own()
        };
        if self.paths.is_empty() {
            vec![own()]
        } else {
            self.paths.iter().map(one).collect()
        }
    }

    /// Takes parts of another row where this one has none of its own.
    fn narrowed(&self, other: &Self) -> Self {
        fn or<T: Clone>(own: &[T], other: &[T]) -> Vec<T> {
            if own.is_empty() {
                other.to_vec()
            } else {
                own[..1].to_vec()
            }
        }
        Self {
            host: if self.host.starts_with('*') {
                other.host
            } else {
                self.host
            },
            methods: or(&self.methods, &other.methods),
            ports: or(&self.ports, &other.ports),
            paths: or(&self.paths, &other.paths),
        }
    }
}

impl Parts {
    pub(super) fn manifest(&self) -> Option<Manifest> {
        let head = "schema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n";
        let http: String = self.http.iter().map(Http::toml).collect();
        let limits = format!("[limits]\n{}", self.limits.concat());
        let text = format!("{head}{http}{}{limits}", self.others.concat());
        Manifest::from_toml(&text, "m").ok()
    }

    fn changed(&self, steps: &[Step], other: &Self, mixed: bool) -> Self {
        let mut http = Vec::new();
        for (row, step) in self.http.iter().zip(steps) {
            match step {
                Step::Keep => http.push(row.clone()),
                Step::Drop => {}
                Step::Split => http.extend(row.split()),
                Step::Narrow(narrow) => http.push(row.narrowed(narrow)),
                Step::Replace(replaced) => http.push(replaced.clone()),
            }
        }
        Self {
            http,
            others: if mixed {
                other.others.clone()
            } else {
                self.others.clone()
            },
            limits: if mixed {
                other.limits.clone()
            } else {
                self.limits.clone()
            },
        }
    }
}

/// A manifest and another one, which is often near it.
pub(super) fn pair() -> impl Strategy<Value = (Manifest, Manifest)> {
    let steps = prop::collection::vec(step(), 4);
    let chance = prop::bool::weighted(0.3);
    (parts(), parts(), steps, chance, any::<bool>()).prop_filter_map(
        "no manifest",
        |(old, other, steps, mixed, turned)| {
            let new = old.changed(&steps, &other, mixed).manifest()?;
            let old = old.manifest()?;
            Some(if turned { (new, old) } else { (old, new) })
        },
    )
}

pub(super) fn used() -> impl Strategy<Value = Used> {
    let contacts = prop::collection::btree_map(
        (
            select(&HOSTS[..]),
            select(&[1_u16, 2, 80, 443, 8080, 9999][..]),
        )
            .prop_map(|(host, port)| Contact {
                host: host.parse().expect("a host"),
                port,
            }),
        1_u64..9,
        0..4,
    );
    let access = prop_oneof![Just(Access::ReadOnly), Just(Access::ReadWrite)];
    let directories = prop::collection::btree_map(
        select(&DIRECTORIES[..]).prop_map(|path| path.parse().expect("a path")),
        access.prop_map(|access| DirectoryUse { access, calls: 1 }),
        0..3,
    );
    let tools = prop::collection::btree_map(select(&["t", "u"][..]), 1_u64..9, 0..2);
    let limits = prop::collection::btree_map(
        select(&["memory", "wall", "fuel", "written"][..]),
        prop_oneof![0_u64..5_000_000, any::<u64>()],
        0..4,
    );
    (
        prop::option::weighted(0.9, contacts),
        prop::option::weighted(0.9, directories),
        prop::option::weighted(0.9, tools),
        limits,
    )
        .prop_map(|(contacts, directories, tools, limits)| Used {
            calls: 1,
            contacts,
            directories,
            tools: tools.map(|tools| {
                let owned = tools.into_iter();
                owned
                    .map(|(name, calls)| (name.to_owned(), calls))
                    .collect()
            }),
            limits,
        })
}
