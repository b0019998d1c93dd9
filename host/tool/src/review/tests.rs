//! Decisions, from their signature to the standing of a tool.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_capability::{
    Ceiling, Decision, Digest, Envelope, Grant, Limits, Manifest, SigningKey, asked_powers, powers,
};
use cofferdam_sandbox::ENGINE_PROFILE;

use super::directory::{KeptDecision, ReviewDirectory};
use super::list::DecisionList;
use super::seen::{Difference, Seen};
use super::standing::{ReviewRule, Reviews, Standing};
use super::state::DecisionState;
use super::statement::{DecisionError, Judgement, SignedDecision, Stated};
use super::trust::{TrustedKey, TrustedKeys};

const MANIFEST: &str = r#"
schema = 1
[tool]
name = "fetch"
version = "1.0.0"
summary = "Fetch pages"
[[http]]
host = "*.example.org"
methods = ["GET"]
reason = "the pages"
[[fs]]
path = "/workspace"
access = "read-write"
reason = "keeps them"
"#;

fn manifest(text: &str) -> Manifest {
    Manifest::from_toml(text, "capabilities.toml").unwrap()
}

fn seen(component: &str, text: &str) -> Seen {
    let manifest = manifest(text);
    Seen {
        name: manifest.tool.name.clone(),
        component: Digest::of(component.as_bytes()),
        imports: vec!["wasi:http/types".to_owned()],
        words: Some(Digest::of(manifest.tool.summary.as_bytes())),
        grant: asked_powers(&manifest, &Limits::DEFAULT),
        manifest,
        addresses: Vec::new(),
        engine: ENGINE_PROFILE.to_owned(),
    }
}

/// A reviewer whose decisions count for every tool.
struct Reviewer {
    key: SigningKey,
    trusted: TrustedKeys,
}

impl Reviewer {
    fn for_scope(scope: &str) -> Self {
        let key = SigningKey::generate().unwrap();
        let mut trusted = TrustedKeys::default();
        let reviewer = TrustedKey {
            name: "ann".to_owned(),
            key: key.verifying_key().clone(),
            scopes: vec![scope.parse().unwrap()],
        };
        trusted.add(reviewer).unwrap();
        Self { key, trusted }
    }

    fn says(&self, judgement: Judgement, second: u64) -> SignedDecision {
        let envelope = self.signs(judgement, second);
        self.trusted.verify(&envelope).unwrap()
    }

    fn signs(&self, judgement: Judgement, second: u64) -> Envelope {
        let stated = Stated {
            judgement,
            reason: "read it".to_owned(),
            made: SystemTime::UNIX_EPOCH + Duration::from_secs(second),
        };
        stated.sign(&self.key).unwrap()
    }
}

fn approve(seen: &Seen) -> Judgement {
    Judgement::Approve {
        seen: Box::new(seen.clone()),
        expires: None,
    }
}

fn standing(decided: Vec<SignedDecision>, now: &Seen, rule: ReviewRule) -> Standing {
    Reviews::of(decided, SystemTime::now()).standing(now, rule, SystemTime::now())
}

#[test]
fn a_decision_says_after_its_signature_what_it_said_before() {
    let ann = Reviewer::for_scope("*");
    let seen = seen("one", MANIFEST);
    let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(99);
    let judgement = Judgement::Approve {
        seen: Box::new(seen),
        expires: Some(expires),
    };
    assert_eq!(ann.says(judgement.clone(), 7).stated.judgement, judgement);
}

#[test]
fn no_bit_of_a_decision_can_be_flipped() {
    let ann = Reviewer::for_scope("*");
    let signed = ann.signs(approve(&seen("one", MANIFEST)), 1).to_json();
    for place in 0..signed.len() {
        let mut changed = signed.clone();
        changed[place] ^= 1;
        let read = Envelope::from_json(&changed);
        let counts = read.is_ok_and(|read| ann.trusted.verify(&read).is_ok());
        assert!(!counts, "byte {place}");
    }
}

#[test]
fn a_key_decides_in_its_scope_alone() {
    let signed = |scope: &str| {
        let ann = Reviewer::for_scope(scope);
        let envelope = ann.signs(approve(&seen("one", MANIFEST)), 1);
        ann.trusted.verify(&envelope).map(|_| ())
    };
    for scope in ["*", "fetch", "fe*"] {
        assert_eq!(signed(scope), Ok(()), "{scope}");
    }
    for scope in ["wc", "fetcher*", "fetc"] {
        let refused = signed(scope).unwrap_err();
        assert!(matches!(refused, DecisionError::OutOfScope(_)), "{scope}");
    }
    let stranger = Reviewer::for_scope("*");
    let ann = Reviewer::for_scope("*");
    let envelope = stranger.signs(approve(&seen("one", MANIFEST)), 1);
    let refused = ann.trusted.verify(&envelope).unwrap_err();
    assert_eq!(refused, DecisionError::Untrusted);
}

#[test]
fn an_approval_holds_for_what_was_seen() {
    let ann = Reviewer::for_scope("*");
    let one = seen("one", MANIFEST);
    let decided = || vec![ann.says(approve(&one), 1)];
    assert!(standing(decided(), &one, ReviewRule::ByDigest).is_approved());
    assert_eq!(
        standing(Vec::new(), &one, ReviewRule::Required),
        Standing::Unreviewed
    );

    // What it is granted here is less: an operator offers one host for one directory.
    let ceiling = Ceiling::default();
    let decision = Decision {
        http: vec!["a.example.org".parse().unwrap()],
        ..Decision::default()
    };
    let grant = Grant::new("fetch", one.component, &one.manifest, &ceiling, decision).unwrap();
    let less = Seen {
        grant: powers(&grant),
        ..one.clone()
    };
    assert!(standing(decided(), &less, ReviewRule::ByDigest).is_approved());

    // And more: a limit that nobody saw, an address, another engine, another manifest beside it.
    let mut raised = one.grant.clone();
    raised.limits.fuel = Some(cofferdam_capability::Count(900_000_000_000));
    let others = [
        Seen {
            grant: raised,
            ..one.clone()
        },
        Seen {
            addresses: vec!["127.0.0.0/8".to_owned()],
            ..one.clone()
        },
        Seen {
            engine: "wasmtime-48/2".to_owned(),
            ..one.clone()
        },
        Seen {
            manifest: manifest(&MANIFEST.replace("*.example.org", "*")),
            ..one.clone()
        },
    ];
    for other in others {
        let standing = standing(decided(), &other, ReviewRule::Required);
        let Standing::Stale { differences, .. } = standing else {
            panic!("{standing:?}");
        };
        assert_eq!(differences.len(), 1, "{differences:?}");
    }
}

#[test]
fn an_upgrade_passes_if_it_may_do_no_more_and_says_the_same() {
    let ann = Reviewer::for_scope("*");
    let one = seen("one", MANIFEST);
    let decided = || vec![ann.says(approve(&one), 1)];
    let narrower = MANIFEST.replace("*.example.org", "www.example.org");
    let two = seen("two", &narrower.replace("1.0.0", "1.1.0"));
    let passed = standing(decided(), &two, ReviewRule::Required);
    assert!(
        matches!(passed, Standing::Approved { instead_of: Some(old), .. } if old == one.component)
    );
    assert_eq!(
        standing(decided(), &two, ReviewRule::ByDigest),
        Standing::Unreviewed
    );
    let wider = [
        seen("two", &MANIFEST.replace("[\"GET\"]", "[\"GET\", \"POST\"]")),
        seen("two", &MANIFEST.replace("Fetch pages", "Send pages")),
        Seen {
            imports: vec!["wasi:http/types".to_owned(), "wasi:cli/exit".to_owned()],
            ..two.clone()
        },
        Seen {
            words: None,
            ..two.clone()
        },
    ];
    for wider in wider {
        let standing = standing(decided(), &wider, ReviewRule::Required);
        let Standing::Widened {
            approved,
            differences,
            ..
        } = standing
        else {
            panic!("{standing:?}");
        };
        assert_eq!(approved, one.component);
        assert!(!differences.contains(&Difference::Component));
        // Approved itself, it may run.
        let mut both = decided();
        both.push(ann.says(approve(&wider), 2));
        assert!(self::standing(both, &wider, ReviewRule::Required).is_approved());
    }
    let other_name = seen("two", &MANIFEST.replace("\"fetch\"", "\"fetch2\""));
    assert_eq!(
        standing(decided(), &other_name, ReviewRule::Required),
        Standing::Unreviewed
    );
}

#[test]
fn the_last_word_of_a_reviewer_counts_and_a_rejection_wins() {
    let ann = Reviewer::for_scope("*");
    let one = seen("one", MANIFEST);
    let reject = || Judgement::Reject {
        seen: Box::new(one.clone()),
    };
    let is_rejected = |decided: Vec<SignedDecision>| {
        matches!(
            standing(decided, &one, ReviewRule::None),
            Standing::Rejected { .. }
        )
    };
    assert!(is_rejected(vec![
        ann.says(reject(), 2),
        ann.says(approve(&one), 1)
    ]));
    assert!(!is_rejected(vec![
        ann.says(reject(), 1),
        ann.says(approve(&one), 2)
    ]));
    assert!(is_rejected(vec![
        ann.says(reject(), 1),
        ann.says(approve(&one), 1)
    ]));
    let mut other = ann.says(approve(&one), 3);
    other.key = Digest::of(b"another reviewer");
    assert!(is_rejected(vec![ann.says(reject(), 1), other]));

    // An earlier component that is rejected now says nothing about a later one.
    let two = seen("two", MANIFEST);
    let decided = vec![ann.says(approve(&one), 1), ann.says(reject(), 2)];
    assert_eq!(
        standing(decided, &two, ReviewRule::Required),
        Standing::Unreviewed
    );
}

#[test]
fn a_decision_that_was_revoked_or_has_expired_holds_no_longer() {
    let ann = Reviewer::for_scope("*");
    let one = seen("one", MANIFEST);
    let approval = ann.says(approve(&one), 1);
    let revocation = Judgement::Revoke {
        name: one.name.clone(),
        component: one.component,
        decision: approval.id,
    };
    let revoked = ann.says(revocation, 2);
    let mut strangers = revoked.clone();
    strangers.key = Digest::of(b"another reviewer");
    let rule = ReviewRule::Required;
    assert_eq!(
        standing(vec![revoked, approval.clone()], &one, rule),
        Standing::Unreviewed
    );
    assert!(standing(vec![strangers, approval], &one, rule).is_approved());

    let expired = SystemTime::UNIX_EPOCH + Duration::from_secs(9);
    let judgement = Judgement::Approve {
        seen: Box::new(one.clone()),
        expires: Some(expired),
    };
    let decided = vec![ann.says(judgement, 1)];
    let found = standing(decided, &one, rule);
    assert!(matches!(found, Standing::Expired { .. }), "{found:?}");
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the directory of this test")]
fn a_damaged_file_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let data = Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap();
    let reviews = ReviewDirectory::new(data.try_clone().unwrap(), PathBuf::from("/data"));
    assert!(reviews.decisions().unwrap().is_empty());
    let ann = Reviewer::for_scope("*");
    let envelope = ann.signs(approve(&seen("one", MANIFEST)), 1);
    // One that is there stays as it is.
    for _ in 0..2 {
        reviews.keep(std::slice::from_ref(&envelope)).unwrap();
    }
    reviews
        .trust(&ann.trusted, &reviews.lock().unwrap())
        .unwrap();
    assert_eq!(reviews.trusted().unwrap(), ann.trusted);
    let kept = reviews.decisions().unwrap();
    assert_eq!(kept.len(), 1);
    let path = format!("reviews/decisions/{}.json", kept[0].file.hex());
    let mut bytes = data.read(&path).unwrap();
    bytes[40] ^= 1;
    data.write(&path, &bytes).unwrap();
    let refused = reviews.decisions().unwrap_err().to_string();
    assert!(refused.contains("damaged"), "{refused}");
    let survey = reviews.survey().unwrap();
    assert!(survey.decisions.is_empty());
    reviews.discard(&survey.damaged[0]).unwrap();
    assert!(reviews.decisions().unwrap().is_empty());
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the directory of this test")]
fn keys_or_decisions_that_are_gone_are_not_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let data = || Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap();
    let reviews = ReviewDirectory::new(data(), PathBuf::new());
    let ann = Reviewer::for_scope("*");
    assert!(reviews.files().unwrap().is_empty());
    assert_eq!(reviews.trusted_for(&[]).unwrap(), TrustedKeys::default());
    reviews
        .trust(&ann.trusted, &reviews.lock().unwrap())
        .unwrap();
    let seen = Box::new(seen("one", MANIFEST));
    let rejection = ann.signs(Judgement::Reject { seen }, 1);
    reviews.import(&[rejection]).unwrap();
    let files = reviews.files().unwrap();
    assert_eq!(reviews.trusted_for(&files).unwrap(), ann.trusted);
    std::fs::remove_file(directory.path().join("reviews/trusted.json")).unwrap();
    let gone = reviews.trusted_for(&files).unwrap_err();
    assert!(gone.to_string().contains("review key trust"), "{gone}");
    let path = directory.path().join("reviews");
    std::fs::rename(&path, directory.path().join("moved")).unwrap();
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    assert!(reviews.files().is_err());
    std::fs::remove_file(&path).unwrap();
    std::fs::rename(directory.path().join("moved"), &path).unwrap();
    let decisions = path.join("decisions");
    std::fs::rename(&decisions, path.join("others")).unwrap();
    std::os::unix::fs::symlink("nowhere", &decisions).unwrap();
    assert!(reviews.files().is_err());
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the directory of this test")]
fn what_was_revoked_replaces_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap();
    let reviews = ReviewDirectory::new(data, PathBuf::new());
    let ann = Reviewer::for_scope("*");
    let one = seen("one", MANIFEST);
    let reject = Judgement::Reject {
        seen: Box::new(one.clone()),
    };
    let approval = ann.signs(approve(&one), 1);
    let rejection = ann.signs(reject, 2);
    let by = |envelope: &Envelope| KeptDecision::of(envelope.clone()).id;
    let revoke = Judgement::Revoke {
        name: one.name.clone(),
        component: one.component,
        decision: by(&rejection),
    };
    let revocation = ann.signs(revoke, 3);
    reviews
        .trust(&ann.trusted, &reviews.lock().unwrap())
        .unwrap();
    let states = |envelopes: &[Envelope]| {
        let taken = reviews.import(envelopes).unwrap();
        assert!(taken.iter().all(Result::is_ok), "{taken:?}");
        let listed = DecisionList::of(&reviews, SystemTime::now()).unwrap();
        let states = listed.decisions.into_iter().map(|one| one.state);
        states.collect::<Vec<_>>()
    };
    let replaced = DecisionState::Replaced { by: by(&rejection) };
    assert_eq!(
        states(&[approval, rejection]),
        [replaced, DecisionState::Counts]
    );
    let revoked = DecisionState::Revoked {
        by: by(&revocation),
    };
    assert_eq!(
        states(&[revocation]),
        [DecisionState::Counts, revoked, DecisionState::Counts]
    );
    let other_walls = Seen {
        engine: "wasmtime-1/1".to_owned(),
        ..seen("two", MANIFEST)
    };
    let stale = ann.signs(approve(&other_walls), 4);
    assert_eq!(states(&[stale]).last(), Some(&DecisionState::Stale));
}

#[test]
fn a_rejection_holds_under_every_name() {
    let ann = Reviewer::for_scope("*");
    let one = seen("one", MANIFEST);
    let reject = Judgement::Reject {
        seen: Box::new(one.clone()),
    };
    let renamed = seen("one", &MANIFEST.replace("\"fetch\"", "\"other\""));
    let decided = vec![ann.says(reject, 1)];
    let found = standing(decided, &renamed, ReviewRule::None);
    assert!(matches!(found, Standing::Rejected { .. }), "{found:?}");
}

#[test]
fn a_second_signature_makes_no_decision() {
    let ann = Reviewer::for_scope("*");
    let bob = Reviewer::for_scope("bob-*");
    let judgement = approve(&seen("one", MANIFEST));
    let read = |envelope: &Envelope| -> serde_json::Value {
        serde_json::from_slice(&envelope.to_json()).unwrap()
    };
    let mut both = read(&ann.signs(judgement.clone(), 1));
    let other = read(&bob.signs(judgement, 1))["signatures"][0].clone();
    both["signatures"].as_array_mut().unwrap().push(other);
    let both = Envelope::from_json(both.to_string().as_bytes()).unwrap();
    let refused = ann.trusted.verify(&both).unwrap_err();
    assert!(matches!(refused, DecisionError::Malformed(_)), "{refused}");
}

#[test]
fn an_approval_from_the_future_counts_for_nothing() {
    let ann = Reviewer::for_scope("*");
    let one = seen("one", MANIFEST);
    let in_a_day = SystemTime::now() + Duration::from_secs(86_400);
    let second = in_a_day.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let decided = vec![ann.says(approve(&one), second.as_secs())];
    let found = standing(decided, &one, ReviewRule::Required);
    assert_eq!(found, Standing::Unreviewed);
}

#[test]
fn a_later_doubt_about_a_name_ends_what_passes_by_itself() {
    let ann = Reviewer::for_scope("*");
    let one = seen("one", MANIFEST);
    let two = seen("two", MANIFEST);
    let three = seen("three", MANIFEST);
    let approval = || ann.says(approve(&one), 1);
    let reject = Judgement::Reject {
        seen: Box::new(two.clone()),
    };
    let rejected = vec![approval(), ann.says(reject, 2)];
    let second = ann.says(approve(&two), 2);
    let revoke = Judgement::Revoke {
        name: two.name.clone(),
        component: two.component,
        decision: second.id,
    };
    let revoked = vec![approval(), second, ann.says(revoke, 3)];
    for decided in [rejected, revoked] {
        let found = standing(decided.clone(), &three, ReviewRule::Required);
        assert_eq!(found, Standing::Unreviewed);
        // The approved one itself runs on.
        assert!(standing(decided, &one, ReviewRule::Required).is_approved());
    }
}
