//! Random pairs of manifests, held against every call of a small universe.
//!
//! The universe has a fresh value of each part that no manifest names: a host below each pattern, a
//! method, a port, a path. So it holds a call for every difference there can be.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::super::*;
use crate::access::Access;
use crate::digest::Digest;
use crate::grant::{Decision, Grant};
use crate::narrow::CanAndDid;
use crate::network::{Host, Scheme};
use crate::used::{Contact, DirectoryUse, Used};

const HOSTS: [&str; 6] = [
    "a.test",
    "b.a.test",
    "z.a.test",
    "q.test",
    "other.example",
    "1.2.3.4",
];
const PATTERNS: [&str; 6] = ["a.test", "b.a.test", "*.a.test", "*.test", "*", "1.2.3.4"];
const METHODS: [&str; 2] = ["GET", "POST"];
const PORTS: [u16; 3] = [80, 443, 8080];
const PREFIXES: [&str; 5] = ["/", "/a", "/a/b", "/%61/b", "/c"];
const PATHS: [&str; 7] = ["/", "/x", "/a", "/a/x", "/a/b/y", "/c", "/a/../b"];
const DIRECTORIES: [&str; 5] = ["/", "/tmp", "/workspace", "/workspace/a", "/home"];
const PLACES: [&str; 7] = [
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
struct Parts {
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

fn parts() -> impl Strategy<Value = Parts> {
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
    fn manifest(&self) -> Option<Manifest> {
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
fn pair() -> impl Strategy<Value = (Manifest, Manifest)> {
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

fn grant(manifest: &Manifest, decision: Decision) -> Grant {
    let component = Digest::of(b"component");
    Grant::new("t", component, manifest, &Ceiling::default(), decision).expect("a grant")
}

/// Every request that a grant allows under each of these offers.
fn requests(manifest: &Manifest) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    let ports = [80_u16, 443, 8080, 9999];
    let named = ports.map(|port| format!("*:{port}"));
    for offer in named.into_iter().chain(["*".to_owned()]) {
        let decision = Decision {
            http: vec![offer.parse().expect("an offer")],
            ..Decision::default()
        };
        let grant = grant(manifest, decision);
        for host in HOSTS {
            let name: Host = host.parse().expect("a host");
            for method in ["GET", "POST", "PUT"] {
                for (scheme, text) in [(Scheme::Http, "http"), (Scheme::Https, "https")] {
                    for port in ports {
                        for path in PATHS {
                            let permits = grant.network();
                            if permits.permits(method, scheme, &name, port, path).is_ok() {
                                let call = format!("{offer} {method} {text}://{host}:{port}{path}");
                                allowed.insert(call);
                            }
                        }
                    }
                }
            }
        }
    }
    allowed
}

/// Every other call of the universe, by a matcher of its own where a grant would open directories.
fn others(manifest: &Manifest) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    let lies_in = |place: &str, directory: &str| {
        let inside = place.strip_prefix(directory.trim_end_matches('/'));
        inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for row in &manifest.fs {
        for place in PLACES {
            let own = row.path.as_str();
            let is_scratch = |path: &str| lies_in(path, "/tmp");
            if lies_in(place, own) && is_scratch(place) == is_scratch(own) {
                allowed.insert(format!("read {place}"));
                if row.access == Access::ReadWrite {
                    allowed.insert(format!("write {place}"));
                }
            }
        }
    }
    let names = manifest.secret.iter().map(|row| row.name.clone());
    let decision = Decision {
        http: vec!["*".parse().expect("an offer")],
        tcp: (1..=3)
            .map(|port| format!("*:{port}").parse().expect("an offer"))
            .collect(),
        secrets: names.collect(),
        env: ["A", "B", "HOME"]
            .map(|name| (name.to_owned(), "value".to_owned()))
            .to_vec(),
        ..Decision::default()
    };
    let grant = grant(manifest, decision);
    for host in HOSTS {
        let ports = grant.network().tcp_ports(&host.parse().expect("a host"));
        allowed.extend(ports.iter().map(|port| format!("tcp {host}:{port}")));
    }
    allowed.extend(grant.secrets().iter().map(|rule| format!("{rule:?}")));
    allowed.extend(
        grant
            .environment()
            .iter()
            .map(|(name, _)| format!("env {name}")),
    );
    for row in &manifest.call {
        let name = &row.name;
        allowed.insert(format!("call {name}"));
        for place in PLACES {
            let directories = row.directories.as_ref();
            let inside = directories.is_none_or(|directories| {
                directories.iter().any(|path| lies_in(place, path.as_str()))
            });
            if inside {
                allowed.insert(format!("{name} reads {place}"));
            }
            if inside && row.access != Some(Access::ReadOnly) {
                allowed.insert(format!("{name} writes {place}"));
            }
        }
        for host in HOSTS {
            let parsed: Host = host.parse().expect("a host");
            let hosts = row.hosts.as_ref();
            if hosts.is_none_or(|hosts| hosts.iter().any(|pattern| pattern.covers(&parsed))) {
                allowed.insert(format!("{name} asks {host}"));
            }
        }
    }
    // As many of each as the limit gives, in steps.
    for (name, step) in [
        ("memory", 1 << 20),
        ("wall", 1_000_000),
        ("fuel", 1_000_000_000),
    ] {
        let amount = grant.limits().amount(name).expect("a limit");
        allowed.extend((1..=amount / step).map(|count| format!("{name} {count}")));
    }
    allowed
}

fn beyond(old: &Manifest, new: &Manifest) -> Vec<String> {
    let old_calls: BTreeSet<_> = requests(old).into_iter().chain(others(old)).collect();
    let new_calls = requests(new).into_iter().chain(others(new));
    new_calls.filter(|call| !old_calls.contains(call)).collect()
}

fn used() -> impl Strategy<Value = Used> {
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn widened_is_exactly_what_some_call_shows((old, new) in pair()) {
        let diff = Diff::new(&old, &new, &Ceiling::default());
        let calls = beyond(&old, &new);
        prop_assert_eq!(diff.is_widened(), !calls.is_empty(), "{:?}\n{:?}", diff, calls);
        let narrowed = diff.changes().iter().any(|change| change.kind == ChangeKind::Narrowed);
        prop_assert_eq!(narrowed, !beyond(&new, &old).is_empty(), "{:?}", diff);
    }

    #[test]
    fn a_smaller_manifest_allows_nothing_more_and_all_that_was_used(
        parts in parts().prop_filter_map("no manifest", |parts| parts.manifest()),
        used in used(),
    ) {
        let ceiling = Ceiling::default();
        let smaller = CanAndDid::new(&parts, &used, &ceiling).expect("a smaller manifest").narrowed;
        prop_assert_eq!(beyond(&parts, &smaller), Vec::<String>::new());
        let before: BTreeSet<_> = requests(&parts).into_iter().chain(others(&parts)).collect();
        let after: BTreeSet<_> = requests(&smaller).into_iter().chain(others(&smaller)).collect();
        for gone in before.difference(&after) {
            let contacts = used.contacts.iter().flatten();
            for (contact, _) in contacts {
                let place = format!("://{contact}/");
                prop_assert!(!gone.contains(&place), "{} {:?}", gone, smaller);
                prop_assert!(*gone != format!("tcp {contact}"), "{} {:?}", gone, smaller);
            }
            for name in used.tools.iter().flatten().map(|(name, _)| name) {
                prop_assert!(*gone != format!("call {name}"), "{} {:?}", gone, smaller);
            }
            let unknown = used.contacts.is_none() && gone.contains("://")
                || used.directories.is_none() && gone.starts_with("read")
                || used.tools.is_none() && gone.starts_with("call");
            prop_assert!(!unknown, "{}", gone);
        }
        for (path, directory) in used.directories.iter().flatten() {
            let place = format!("{}/x", path.as_str().trim_end_matches('/'));
            let calls = match directory.access {
                Access::ReadOnly => vec![format!("read {place}")],
                Access::ReadWrite => vec![format!("read {place}"), format!("write {place}")],
            };
            for call in calls {
                prop_assert!(!before.contains(&call) || after.contains(&call), "{}", call);
            }
        }
    }
}
