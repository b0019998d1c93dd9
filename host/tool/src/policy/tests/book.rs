//! The files of a policy, which change while the host runs.

use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_call::Verdict;
use serde_json::json;

use super::super::book::{POLICY_DIRECTORY, PolicyBook};
use super::{by_agent, tool};
use crate::effect::Effect;

#[test]
#[allow(clippy::disallowed_methods, reason = "the directory of this test")]
fn files_that_change_are_read_anew() {
    let directory = tempfile::tempdir().unwrap();
    let data = Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap();
    let book = PolicyBook::new(Arc::new(data));
    let note = tool("note", Effect::Read);
    let verdict = || match book.current() {
        Ok(rules) => Some(by_agent(&rules, &note, json!({})).verdict),
        Err(_) => None,
    };
    assert_eq!(verdict(), Some(Verdict::Allow));
    let path = directory.path().join(POLICY_DIRECTORY);
    std::fs::create_dir(&path).unwrap();
    assert_eq!(verdict(), Some(Verdict::Allow));
    // Twice the same length, as fast as can be.
    for _ in 0..20 {
        std::fs::write(path.join("a.cedar"), "forbid(principal,action,resource);").unwrap();
        assert_eq!(verdict(), Some(Verdict::Deny));
        std::fs::write(path.join("a.cedar"), "permit(principal,action,resource);").unwrap();
        assert_eq!(verdict(), Some(Verdict::Allow));
    }
    std::fs::write(path.join("a.cedar"), "permit(principal,action,resource").unwrap();
    assert_eq!(verdict(), None);
    std::fs::remove_file(path.join("a.cedar")).unwrap();
    assert_eq!(verdict(), Some(Verdict::Allow));
    // A name that is meant for one is not passed over.
    std::fs::write(path.join("a.ceder"), "forbid(principal,action,resource);").unwrap();
    assert_eq!(verdict(), None);
    std::fs::remove_file(path.join("a.ceder")).unwrap();
    std::fs::write(path.join(".a.cedar.swp"), "anything").unwrap();
    assert_eq!(verdict(), Some(Verdict::Allow));
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the directory of this test")]
fn a_link_that_leads_nowhere_permits_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap();
    let book = PolicyBook::new(Arc::new(data));
    let note = tool("note", Effect::Read);
    let verdict = || match book.current() {
        Ok(rules) => Some(by_agent(&rules, &note, json!({})).verdict),
        Err(_) => None,
    };
    let versions = ["policy.v1", "policy.v2"].map(|name| directory.path().join(name));
    std::fs::create_dir(&versions[0]).unwrap();
    let forbid = "forbid(principal,action,resource);";
    std::fs::write(versions[0].join("a.cedar"), forbid).unwrap();
    std::os::unix::fs::symlink("policy.v1", directory.path().join(POLICY_DIRECTORY)).unwrap();
    assert_eq!(verdict(), Some(Verdict::Deny));
    std::fs::rename(&versions[0], &versions[1]).unwrap();
    assert_eq!(verdict(), None);
    assert_eq!(verdict(), None);
    std::fs::rename(&versions[1], &versions[0]).unwrap();
    assert_eq!(verdict(), Some(Verdict::Deny));
    std::fs::remove_file(directory.path().join(POLICY_DIRECTORY)).unwrap();
    assert_eq!(verdict(), Some(Verdict::Allow));
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the directory of this test")]
fn files_that_change_after_a_while_are_read_anew() {
    let directory = tempfile::tempdir().unwrap();
    let data = Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap();
    let book = PolicyBook::new(Arc::new(data));
    let note = tool("note", Effect::Read);
    let verdict = || match book.current() {
        Ok(rules) => Some(by_agent(&rules, &note, json!({})).verdict),
        Err(_) => None,
    };
    let permit = "permit(principal,action,resource);";
    let forbid = "forbid(principal,action,resource);";
    let path = directory.path().join(POLICY_DIRECTORY);
    let hidden = path.join(".hidden");
    std::fs::create_dir_all(&hidden).unwrap();
    std::fs::write(path.join("a.cedar"), permit).unwrap();
    // Each is looked at twice when nothing has changed for a while, and then changed.
    let changes: [(&dyn Fn(), Option<Verdict>); 7] = [
        (
            &|| std::fs::write(path.join("a.cedar"), forbid).unwrap(),
            Some(Verdict::Deny),
        ),
        (
            &|| {
                std::fs::write(hidden.join("new"), permit).unwrap();
                std::fs::rename(hidden.join("new"), path.join("a.cedar")).unwrap();
            },
            Some(Verdict::Allow),
        ),
        (
            &|| std::fs::write(path.join("b.cedar"), forbid).unwrap(),
            Some(Verdict::Deny),
        ),
        (
            &|| std::fs::remove_file(path.join("b.cedar")).unwrap(),
            Some(Verdict::Allow),
        ),
        (
            &|| {
                std::fs::write(hidden.join("linked"), forbid).unwrap();
                std::os::unix::fs::symlink(".hidden/linked", path.join("c.cedar")).unwrap();
            },
            Some(Verdict::Deny),
        ),
        (
            &|| {
                std::fs::write(hidden.join("new"), permit).unwrap();
                std::fs::rename(hidden.join("new"), hidden.join("linked")).unwrap();
            },
            Some(Verdict::Allow),
        ),
        (
            &|| {
                std::fs::rename(&path, directory.path().join("former")).unwrap();
                std::fs::create_dir(&path).unwrap();
                std::fs::write(path.join("a.cedar"), "permit").unwrap();
            },
            None,
        ),
    ];
    let mut before = Some(Verdict::Allow);
    for (number, (change, after)) in changes.iter().enumerate() {
        std::thread::sleep(std::time::Duration::from_millis(60));
        assert_eq!(verdict(), before, "before change {number}");
        assert_eq!(verdict(), before, "before change {number}");
        change();
        assert_eq!(verdict(), *after, "after change {number}");
        before = *after;
    }
}
