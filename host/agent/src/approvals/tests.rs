//! Approvals of one agent, in a database of their own.

use cofferdam_capability::Digest;
use cofferdam_store::{Desired, KnownAgent, State, Store, Trees};
use cofferdam_tool::Effect;

use super::*;

fn binding() -> Binding {
    Binding {
        component: Digest::of(b"component"),
        tool: "touch".to_owned(),
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
    Approvals::new(store.approvals.clone(), None)
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
    let mut last = String::new();
    for _ in 0..64 {
        last = own.ask(question()).await.unwrap();
    }
    assert!(own.ask(question()).await.is_err());
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
