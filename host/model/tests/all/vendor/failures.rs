//! Failures of a vendor: what is tried again, and what is said.

use super::*;

/// The seconds since `start` are at least `waited`: up to as many more are waited at random.
#[track_caller]
fn within(waited: u64, start: Instant) {
    let seconds = start.elapsed().as_secs();
    assert!(
        (waited..=2 * waited).contains(&seconds),
        "{seconds} s instead of {waited} s to twice as many"
    );
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again() {
    async fn check(answers: Vec<Answer>, waited: u64) {
        let asked = answers.len();
        let server = Server::start(answers).await;
        let start = Instant::now();
        let (turn, deltas) = ask(&*openai(&server), request(vec![user("hi")])).await;
        assert_eq!(
            (turn.unwrap(), deltas),
            (says("Hello"), vec!["Hello".into()])
        );
        within(waited, start);
        assert_eq!(server.asked().len(), asked);
    }
    let busy = || status("500 Internal Server Error", "", "oops");
    check(vec![busy(), hello()], 2).await;
    check(vec![busy(), busy(), hello()], 2 + 4).await;
    check(
        vec![
            status("429 Too Many Requests", "retry-after: 7\r\n", "slow down"),
            hello(),
        ],
        7,
    )
    .await;
    check(
        vec![
            status(
                "529 Overloaded",
                "retry-after-ms: 0\r\nretry-after: 9\r\n",
                "busy",
            ),
            hello(),
        ],
        0,
    )
    .await;
    check(vec![stream(&[], false), hello()], 2).await;
    let overloaded = event(json!({"error": {"type": "overloaded_error", "message": "busy"}}));
    check(vec![Answer::Events(vec![overloaded]), hello()], 2).await;
    let coded = event(json!({"error": {"code": 502, "message": "upstream"}}));
    check(vec![Answer::Events(vec![coded]), hello()], 2).await;
}

#[tokio::test(start_paused = true)]
async fn what_stays_is_told_in_one_sentence() {
    async fn check(answers: Vec<Answer>, waited: u64, message: &str, kind: FailureKind) {
        let asked = answers.len();
        let server = Server::start(answers).await;
        let start = Instant::now();
        assert_eq!(refused(&server).await, (message.to_owned(), kind));
        within(waited, start);
        assert_eq!(server.asked().len(), asked, "{message}");
    }
    let busy = || status("503 Service Unavailable", "", "busy");
    check(
        vec![busy(), busy(), busy()],
        2 + 4,
        "answered 503 Service Unavailable: busy",
        FailureKind::Unavailable,
    )
    .await;
    let patient = status(
        "429 Too Many Requests",
        "retry-after: 3600\r\n",
        "quota\nused up",
    );
    check(
        vec![patient],
        0,
        "answered 429 Too Many Requests: quota used up",
        FailureKind::RateLimited,
    )
    .await;
    check(
        vec![status("400 Bad Request", "", "no such model")],
        0,
        "answered 400 Bad Request: no such model",
        FailureKind::Invalid,
    )
    .await;
    let page = Answer::Status("404 Not Found", "", "<html>nginx</html>".into());
    check(
        vec![page],
        0,
        "answered 404 Not Found",
        FailureKind::Invalid,
    )
    .await;
    let elsewhere = status(
        "307 Temporary Redirect",
        "location: http://127.0.0.1:1/\r\n",
        "moved",
    );
    check(
        vec![elsewhere],
        0,
        "answered 307 Temporary Redirect: moved",
        FailureKind::Invalid,
    )
    .await;
    let garbage = Answer::Events(vec!["data: not json\n\n".into()]);
    check(
        vec![garbage],
        0,
        "answered in a way that is not its protocol",
        FailureKind::Answer,
    )
    .await;
    let nameless = json!({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]});
    check(
        vec![stream(&[nameless], true)],
        0,
        "called a tool without saying which",
        FailureKind::Answer,
    )
    .await;
    // Once something was heard, a second attempt would say it again.
    let broken = stream(&[json!({"content": "Hel"})], false);
    check(
        vec![broken],
        0,
        "closed the connection before the answer was complete",
        FailureKind::Unavailable,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_reached_is_tried_again_too() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let start = Instant::now();
    let model = open(
        "openai/gpt-4.1",
        &[("OPENAI_API_KEY", KEY), ("OPENAI_API_BASE", &base)],
    )
    .unwrap();
    let error = ask(&*model, request(vec![user("hi")])).await.0.unwrap_err();
    assert_eq!(error.to_string(), "openai could not be reached");
    assert!(matches!(
        error,
        Error::Vendor {
            kind: FailureKind::Unavailable,
            ..
        }
    ));
    assert!(start.elapsed() >= Duration::from_secs(2 + 4));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_failed_is_told_in_the_words_of_the_vendor() {
    let failed = json!({"type": "response.failed", "response": {"id": "r", "model": "gpt-5",
        "status": "failed", "error": {"code": "server_error", "message": "we are\nsorry"}}});
    let failed = Answer::Events(vec![format!("event: response.failed\ndata: {failed}\n\n")]);
    let server = Server::start(vec![failed; 3]).await;
    let base = format!("{}/v1", server.address);
    let variables = [("OPENAI_API_KEY", KEY), ("OPENAI_API_BASE", base.as_str())];
    let model = open("openai-responses/gpt-5", &variables).unwrap();
    let error = ask(&*model, request(vec![user("hi")])).await.0.unwrap_err();
    assert_eq!(
        error.to_string(),
        "openai-responses reported an error: we are sorry"
    );
    assert_eq!(error.failure(), Some(FailureKind::Unavailable));
}
