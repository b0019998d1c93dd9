//! A model vendor on this machine, which speaks OpenAI's protocol and keeps what it was sent.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::liar::{Answer, Liar, Request, Shelf};

/// A running vendor.
pub(crate) struct Vendor {
    liar: Liar,
    keys: Arc<Mutex<Vec<String>>>,
}

impl Vendor {
    /// Lists these models, and says `hi` in every turn.
    pub(crate) fn start(models: &'static [&'static str]) -> Self {
        Self::answering(move |request| match request.path.as_str() {
            "/v1/models" => {
                let models: Vec<_> = models.iter().map(|id| json!({ "id": id })).collect();
                json_answer("200 OK", &json!({ "data": models }))
            }
            _ => says("hi"),
        })
    }

    /// Answers otherwise.
    pub(crate) fn answering(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let keys = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&keys);
        let liar = Liar::start(Shelf::default(), move |request| {
            let header = request.headers.get("authorization");
            let key = header.and_then(|header| header.strip_prefix("Bearer "));
            kept.lock()
                .expect("no thread panicked")
                .push(key.unwrap_or_default().to_owned());
            Some(answer(request))
        });
        Self { liar, keys }
    }

    /// The address that goes into `api-base`.
    pub(crate) fn base(&self) -> String {
        format!("http://{}/", self.liar.reference("v1"))
    }

    /// The key of every request so far.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.keys.lock().expect("no thread panicked").clone()
    }

    /// `METHOD path` of every request so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.liar.asked()
    }
}

/// An answer in JSON.
pub(crate) fn json_answer(status: &'static str, body: &serde_json::Value) -> Answer {
    Answer::new(status, body.to_string()).header("content-type: application/json")
}

/// A turn that says this.
pub(crate) fn says(text: &str) -> Answer {
    ends(text, "stop")
}

/// A turn that says this, and ends for this reason.
pub(crate) fn ends(text: &str, finish_reason: &str) -> Answer {
    let event = json!({ "choices": [{ "index": 0, "delta": { "content": text },
        "finish_reason": finish_reason }] });
    Answer::ok(format!("data: {event}\n\ndata: [DONE]\n\n"))
        .header("content-type: text/event-stream")
}
