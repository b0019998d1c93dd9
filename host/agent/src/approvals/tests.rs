//! Approvals of one agent, in a database of their own.

use cofferdam_capability::Digest;
use cofferdam_store::{Desired, KnownAgent, State, Store, Trees};
use cofferdam_tool::{Effect, Recording};
use std::sync::Mutex as SyncMutex;

use super::*;

fn binding() -> Binding {
    Binding {
        component: Digest::of(b"component"),
        tool: "touch".to_owned(),
        caller: String::new(),
        arguments: Digest::of(b"{}"),
        grant: Digest::of(b"grant"),
        principal: "agent a".to_owned(),
        session: "s".to_owned(),
    }
}

fn question() -> ApprovalQuestion {
    ApprovalQuestion {
        binding: binding(),
        arguments: "{}".to_owned(),
        shown: "{}".to_owned(),
        effect: Effect::Write,
        policies: vec!["a.cedar:1".to_owned()],
        reason: "why".to_owned(),
    }
}

/// The approvals of a host with the agents `a` and `b`.
async fn approvals(directory: &std::path::Path) -> Approvals {
    Approvals::new(store(directory).await.approvals.clone(), None)
}

/// A store with the agents `a` and `b`.
async fn store(directory: &std::path::Path) -> Store {
    let trees = Trees {
        path: directory.join("agents"),
        count: 0,
    };
    let store = Store::open(&directory.join("cofferdam.db"), &trees)
        .await
        .unwrap();
    for name in ["a", "b"] {
        let known = KnownAgent {
            id: name.to_owned(),
            name: name.to_owned(),
            home: String::new(),
            created_at: 0,
            desired: Desired::Running,
            state: State::Ready,
            failure: String::new(),
            image: String::new(),
            image_digest: String::new(),
            deployment: "{}".to_owned(),
        };
        store.agents.put(&known).await.unwrap();
    }
    store
}

/// A trail that works, fails, or never answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TrailState {
    Works,
    Fails,
    Hangs,
}

/// A trail that remembers for each answer if it is approved, and for a session.
#[derive(Debug)]
struct Trail {
    state: SyncMutex<TrailState>,
    answers: SyncMutex<Vec<(bool, bool)>>,
}

impl Trail {
    fn new(state: TrailState) -> Arc<Self> {
        Arc::new(Self {
            state: SyncMutex::new(state),
            answers: SyncMutex::default(),
        })
    }
}

impl Ledger for Trail {
    fn ready(&self) -> Recording<'_> {
        Box::pin(async { Ok(()) })
    }

    fn record(&self, _: cofferdam_call::Record) -> Recording<'_> {
        Box::pin(async { Ok(()) })
    }

    fn answer(&self, answer: ApprovalAnswer) -> Recording<'_> {
        let state = *self.state.lock().unwrap();
        Box::pin(async move {
            match state {
                TrailState::Works => {}
                TrailState::Fails => return Err(Unrecorded("the disk is full".to_owned())),
                TrailState::Hangs => std::future::pending().await,
            }
            let line = (answer.approved, answer.session_wide);
            self.answers.lock().unwrap().push(line);
            Ok(())
        })
    }

    fn finish(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {})
    }
}

fn denial(id: &str) -> ApprovalDecision {
    ApprovalDecision {
        approved: false,
        ..decision(id, ApprovalScope::Once)
    }
}

fn decision(id: &str, scope: ApprovalScope) -> ApprovalDecision {
    ApprovalDecision {
        id: id.to_owned(),
        approved: true,
        scope,
        by: "somebody".to_owned(),
        reason: String::new(),
        shown: String::new(),
    }
}

#[tokio::test]
async fn an_approval_is_for_one_call() {
    let directory = tempfile::tempdir().unwrap();
    let approvals = approvals(directory.path()).await;
    let own = approvals.of_agent("a");
    let other = approvals.of_agent("b");
    let id = own.ask(question()).await.unwrap();
    // Not before somebody has approved it.
    assert!(own.redeem(&id, &binding()).await.is_err());
    approvals
        .decide(decision(&id, ApprovalScope::Once))
        .await
        .unwrap();
    let others = [
        (
            "component",
            Binding {
                component: Digest::of(b"x"),
                ..binding()
            },
        ),
        (
            "tool",
            Binding {
                tool: "rm".to_owned(),
                ..binding()
            },
        ),
        (
            "caller",
            Binding {
                caller: "wrap".to_owned(),
                ..binding()
            },
        ),
        (
            "arguments",
            Binding {
                arguments: Digest::of(b"x"),
                ..binding()
            },
        ),
        (
            "grant",
            Binding {
                grant: Digest::of(b"x"),
                ..binding()
            },
        ),
        (
            "principal",
            Binding {
                principal: "client c".to_owned(),
                ..binding()
            },
        ),
        (
            "session",
            Binding {
                session: "t".to_owned(),
                ..binding()
            },
        ),
    ];
    for (what, binding) in others {
        let refused = own.redeem(&id, &binding).await;
        assert!(matches!(refused, Err(ApprovalError::Refused(_))), "{what}");
    }
    // Nor for another agent, nor one that nobody gave.
    assert!(other.redeem(&id, &binding()).await.is_err());
    assert!(own.redeem("00000000", &binding()).await.is_err());
    // None of this has used it up; once it is, it is.
    own.redeem(&id, &binding()).await.unwrap();
    assert!(own.redeem(&id, &binding()).await.is_err());
    assert!(own.standing(&binding()).await.unwrap().is_none());
}

#[tokio::test]
async fn two_that_race_for_an_approval_do_not_both_get_it() {
    let directory = tempfile::tempdir().unwrap();
    let approvals = approvals(directory.path()).await;
    let own = approvals.of_agent("a");
    for _ in 0..20 {
        let id = own.ask(question()).await.unwrap();
        approvals
            .decide(decision(&id, ApprovalScope::Once))
            .await
            .unwrap();
        let binding = binding();
        let (one, two) = tokio::join!(own.redeem(&id, &binding), own.redeem(&id, &binding));
        assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
    }
}

#[tokio::test]
async fn an_approval_expires_unused() {
    let directory = tempfile::tempdir().unwrap();
    let approvals = approvals(directory.path()).await;
    let own = AgentApprover {
        approvals: approvals.clone(),
        agent: "a".to_owned(),
    };
    let expired = NewApproval {
        id: "4711-expired".to_owned(),
        arguments: "{}".to_owned(),
        seconds: -1,
        ..own.question(&binding())
    };
    assert!(approvals.table.ask(&expired).await.unwrap());
    let refused = approvals
        .decide(decision(&expired.id, ApprovalScope::Once))
        .await;
    assert!(matches!(
        refused,
        Err(ApprovalRefused::Decided {
            state: "expired",
            ..
        })
    ));
    assert!(own.redeem(&expired.id, &binding()).await.is_err());
    let answered = approvals.answer(&expired.id).await.unwrap();
    assert!(matches!(answered, Answered::Refused(_)));
}

#[tokio::test]
async fn an_approval_for_a_session_holds_for_other_arguments_alone() {
    let directory = tempfile::tempdir().unwrap();
    let approvals = approvals(directory.path()).await;
    let own = approvals.of_agent("a");
    let id = own.ask(question()).await.unwrap();
    approvals
        .decide(decision(&id, ApprovalScope::Session))
        .await
        .unwrap();
    let changed = Binding {
        arguments: Digest::of(b"x"),
        ..binding()
    };
    assert_eq!(own.standing(&changed).await.unwrap(), Some(id.clone()));
    own.redeem(&id, &changed).await.unwrap();
    for other in [
        Binding {
            grant: Digest::of(b"x"),
            ..binding()
        },
        Binding {
            component: Digest::of(b"x"),
            ..binding()
        },
        Binding {
            session: "t".to_owned(),
            ..binding()
        },
        // The person was shown a call of the model, and none that another tool makes.
        Binding {
            caller: "wrap".to_owned(),
            ..binding()
        },
        Binding {
            principal: "client c".to_owned(),
            ..binding()
        },
    ] {
        assert!(own.standing(&other).await.unwrap().is_none());
        assert!(own.redeem(&id, &other).await.is_err());
    }
}

#[tokio::test]
async fn questions_that_wait_are_bounded_and_shown_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let approvals = approvals(directory.path()).await;
    let own = approvals.of_agent("a");
    let of_client = |name: &str| ApprovalQuestion {
        binding: Binding {
            principal: format!("client {name}"),
            session: String::new(),
            ..binding()
        },
        ..question()
    };
    // Neither its own conversations nor one client can take all of the room.
    let mut last = String::new();
    for _ in 0..48 {
        last = own.ask(question()).await.unwrap();
    }
    assert!(own.ask(question()).await.is_err());
    for _ in 0..15 {
        own.ask(of_client("c")).await.unwrap();
    }
    own.ask(of_client("d")).await.unwrap();
    assert!(own.ask(of_client("c")).await.is_err());
    assert!(own.ask(of_client("d")).await.is_err());
    // Another agent asks all the same.
    approvals.of_agent("b").ask(question()).await.unwrap();
    assert_eq!(approvals.list(Some("a"), true).await.unwrap().len(), 64);
    let shown = ApprovalDecision {
        shown: Digest::of(b"something else").to_string(),
        ..decision(&last, ApprovalScope::Once)
    };
    let refused = approvals.decide(shown).await;
    assert!(matches!(refused, Err(ApprovalRefused::NotShown(_))));
}

#[tokio::test]
async fn one_client_leaves_room_for_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let approvals = approvals(directory.path()).await;
    let own = approvals.of_agent("a");
    let of_client = |name: &str| ApprovalQuestion {
        binding: Binding {
            principal: format!("client {name}"),
            session: String::new(),
            ..binding()
        },
        ..question()
    };
    for _ in 0..16 {
        own.ask(of_client("c")).await.unwrap();
    }
    assert!(own.ask(of_client("c")).await.is_err());
    own.ask(of_client("d")).await.unwrap();
    own.ask(question()).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_the_trail_does_not_take_does_not_hold() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let trail = Trail::new(TrailState::Fails);
    let approvals = Approvals::new(store.approvals.clone(), Some(trail.clone()));
    let own = approvals.of_agent("a");
    let id = own.ask(question()).await.unwrap();
    for scope in [ApprovalScope::Once, ApprovalScope::Session] {
        let refused = approvals.decide(decision(&id, scope)).await;
        assert!(matches!(refused, Err(ApprovalRefused::Unrecorded(_))));
        assert!(own.redeem(&id, &binding()).await.is_err());
        assert!(own.standing(&binding()).await.unwrap().is_none());
    }
    // Nor if the host ends while the trail is written.
    *trail.state.lock().unwrap() = TrailState::Hangs;
    let deciding = approvals.decide(decision(&id, ApprovalScope::Once));
    let bound = std::time::Duration::from_millis(200);
    assert!(tokio::time::timeout(bound, deciding).await.is_err());
    assert!(own.redeem(&id, &binding()).await.is_err());
    // The question waits on, and is answered once the trail works.
    *trail.state.lock().unwrap() = TrailState::Works;
    approvals
        .decide(decision(&id, ApprovalScope::Once))
        .await
        .unwrap();
    assert_eq!(*trail.answers.lock().unwrap(), [(true, false)]);
    own.redeem(&id, &binding()).await.unwrap();
}

#[tokio::test]
async fn a_denial_takes_back_an_approval_that_still_holds() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let trail = Trail::new(TrailState::Works);
    let approvals = Approvals::new(store.approvals.clone(), Some(trail.clone()));
    let own = approvals.of_agent("a");
    for scope in [ApprovalScope::Session, ApprovalScope::Once] {
        let id = own.ask(question()).await.unwrap();
        approvals.decide(decision(&id, scope)).await.unwrap();
        let denied = approvals.decide(denial(&id)).await.unwrap();
        assert_eq!((denied.state, denied.scope), (ApprovalState::Denied, scope));
        assert!(own.standing(&binding()).await.unwrap().is_none());
        assert!(own.redeem(&id, &binding()).await.is_err());
        // Once, and not back again.
        assert!(approvals.decide(denial(&id)).await.is_err());
        assert!(approvals.decide(decision(&id, scope)).await.is_err());
    }
    let answers = [(true, true), (false, true), (true, false), (false, false)];
    assert_eq!(*trail.answers.lock().unwrap(), answers);
}

#[tokio::test]
async fn questions_that_are_over_are_deleted_and_do_not_displace_answers() {
    let directory = tempfile::tempdir().unwrap();
    let approvals = approvals(directory.path()).await;
    let own = AgentApprover {
        approvals: approvals.clone(),
        agent: "a".to_owned(),
    };
    let standing = own.ask(question()).await.unwrap();
    approvals
        .decide(decision(&standing, ApprovalScope::Session))
        .await
        .unwrap();
    let used = own.ask(question()).await.unwrap();
    approvals
        .decide(decision(&used, ApprovalScope::Once))
        .await
        .unwrap();
    own.redeem(&used, &binding()).await.unwrap();
    for number in 0..1_050 {
        let expired = NewApproval {
            id: format!("expired-{number}"),
            arguments: "{}".to_owned(),
            shown: "x".repeat(2_000),
            seconds: -1,
            ..own.question(&binding())
        };
        assert!(approvals.table.ask(&expired).await.unwrap());
    }
    let kept = approvals.list(Some("a"), false).await.unwrap();
    assert_eq!(kept.len(), 2 + 256);
    // The newest are shown whole; nothing that is over has arguments that could run.
    assert_eq!(kept[63].asked.shown.len(), 2_000);
    assert_eq!(kept[64].asked.shown, "");
    assert_eq!(kept[0].asked.arguments, "");
    let used = approvals.get(&used).await.unwrap();
    assert_eq!(used.state, ApprovalState::Used);
    assert_eq!(used.asked.arguments, "");
    assert_eq!(used.asked.shown, "{}");
    assert_eq!(own.standing(&binding()).await.unwrap(), Some(standing));
}

#[tokio::test]
async fn approvals_end_with_their_session() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let approvals = Approvals::new(store.approvals.clone(), None);
    let own = approvals.of_agent("a");
    let id = own.ask(question()).await.unwrap();
    approvals
        .decide(decision(&id, ApprovalScope::Session))
        .await
        .unwrap();
    let other = Binding {
        session: "t".to_owned(),
        ..binding()
    };
    own.ask(ApprovalQuestion {
        binding: other,
        ..question()
    })
    .await
    .unwrap();
    assert!(own.standing(&binding()).await.unwrap().is_some());
    // As that of a nested call, it belongs to no message.
    store.sessions.delete("a", "s").await.unwrap();
    assert!(own.standing(&binding()).await.unwrap().is_none());
    assert_eq!(approvals.list(Some("a"), false).await.unwrap().len(), 1);
}
