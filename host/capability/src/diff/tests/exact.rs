//! Random pairs of manifests, held against every call of a small universe.
//!
//! The universe has a fresh value of each part that no manifest names: a host below each pattern, a
//! method, a port, a path. So it holds a call for every difference there can be.

mod parts;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::*;
use crate::access::Access;
use crate::digest::Digest;
use crate::grant::{Decision, Grant};
use crate::narrow::CanAndDid;
use crate::network::{Host, Scheme};
use parts::{HOSTS, PATHS, PLACES, pair, parts, used};

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

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 192,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

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
        // No receipt says the scheme. The ports of the schemes are taken for theirs.
        let is_odd = |call: &&String| {
            (call.contains(" https://") && call.contains(":80/"))
                || (call.contains(" http://") && call.contains(":443/"))
        };
        for gone in before.difference(&after).filter(|call| !is_odd(call)) {
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
