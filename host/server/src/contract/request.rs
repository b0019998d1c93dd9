//! The request of tool contract v1, normalised.

use cofferdam_capability::{Account, Bytes, json};
use serde_json::Value;

use super::echo::{Echo, VERSION};
use super::failure::Failure;
use super::fields::Fields;

/// The largest envelope, in bytes (4 MiB), of requests and of responses: as much as clients of the
/// contract read.
pub(crate) const MAX_ENVELOPE: usize = 4 << 20;

/// Memory that a request may take once it is parsed (64 MiB): the largest usual one a few times.
/// One of nothing but brackets would take a hundred times its size.
const MEMORY: Bytes = Bytes(64 << 20);

/// The longest name of a request, in bytes. A UUID has 36.
const MAX_REQUEST_ID: usize = 256;

/// The operation that a request means which names none, and the only one there is.
pub(super) const INVOKE: &str = "invoke";

/// An envelope, as far as it can be read: the parts that its response repeats, and the request.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) echo: Echo,
    pub(super) request: Result<Request, Failure>,
}

/// A text that is no envelope, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the request is no envelope of tool contract v1: {0}")]
pub(crate) struct NoEnvelope(String);

/// A request whose fields are as the contract wants them. What tools get is in it, and what this
/// host logs; it has no other field of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) task_id: String,
    pub(super) namespace: String,
    /// The agent that has the tool; empty where the caller does not name one here.
    pub(super) agent: String,
    pub(super) tool: String,
    pub(super) operation: String,
    /// Labels of the caller: they give nothing.
    pub(super) capabilities: Vec<String>,
    pub(super) risk_level: String,
    /// The encoded input: the raw one, or else JSON of the table, or else nothing.
    pub(super) input: String,
    pub(super) runtime: Runtime,
    pub(super) auth: Auth,
}

/// `runtime`: wishes about how the tool runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Runtime {
    pub(super) mode: String,
    /// A duration, such as `200ms`; empty for none.
    pub(super) backoff: String,
    pub(super) timeout_ms: i64,
    pub(super) max_attempts: i64,
    pub(super) max_backoff_ms: i64,
    pub(super) jitter: bool,
}

/// `auth`: the credentials that the caller expects the tool to have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Auth {
    pub(super) profile: String,
    pub(super) secret_ref: String,
    pub(super) scopes: Vec<String>,
}

impl Envelope {
    /// Reads an envelope.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub(super) fn read(bytes: Vec<u8>) -> Result<Self, NoEnvelope> {
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| NoEnvelope("it is not UTF-8".to_owned()))?;
        let parsed = json::parse(&text, "the parsed request", &Account::new(MEMORY))
            .map_err(|error| NoEnvelope(error.to_string()))?;
        match &parsed.value {
            Value::Object(fields) => Ok(Self {
                echo: Echo::of(fields),
                request: Request::of(&Fields::of(fields)),
            }),
            _ => Err(NoEnvelope("expected a JSON object".to_owned())),
        }
    }
}

impl Request {
    fn of(fields: &Fields<'_>) -> Result<Self, Failure> {
        let version = fields.word("tool_contract_version")?;
        if !version.is_empty() && version != VERSION {
            return Err(Failure::field("tool_contract_version", VERSION));
        }
        let request_id = fields.text("request_id")?;
        if request_id.is_empty() {
            return Err(Failure::field("request_id", "a name of this request"));
        }
        if request_id.len() > MAX_REQUEST_ID {
            return Err(Failure::field("request_id", "at most 256 bytes"));
        }
        fields.number("attempt")?;
        let trace = fields.section("trace.")?;
        trace.text("trace_id")?;
        trace.text("span_id")?;
        let tool = fields.section("tool.")?;
        let name = tool.text("name")?;
        if name.is_empty() {
            return Err(Failure::field("tool.name", "the name of a tool"));
        }
        let operation = match tool.word("operation")? {
            none if none.is_empty() => INVOKE.to_owned(),
            operation => operation,
        };
        let raw = fields.text("input_raw")?;
        let table = fields.texts("input")?;
        let input = if !raw.is_empty() {
            raw
        } else if table.is_empty() {
            String::new()
        } else {
            serde_json::to_string(&table).unwrap_or_default()
        };
        let runtime = fields.section("runtime.")?;
        let auth = fields.section("auth.")?;
        Ok(Self {
            task_id: fields.text("task_id")?,
            namespace: fields.text("namespace")?,
            agent: fields.text("agent")?,
            tool: name,
            operation,
            capabilities: tool.words("capabilities")?,
            risk_level: tool.word("risk_level")?,
            input,
            runtime: Runtime {
                mode: runtime.word("mode")?,
                backoff: runtime.word("backoff")?,
                timeout_ms: runtime.number("timeout_ms")?,
                max_attempts: runtime.number("max_attempts")?,
                max_backoff_ms: runtime.number("max_backoff_ms")?,
                jitter: runtime.flag("jitter")?,
            },
            auth: Auth {
                profile: auth.word("profile")?,
                secret_ref: auth.text("secret_ref")?,
                scopes: auth.words("scopes")?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::echo::Trace;
    use super::*;

    fn read(envelope: &Value) -> Envelope {
        Envelope::read(envelope.to_string().into_bytes()).unwrap()
    }

    #[test]
    fn every_field_is_normalised() {
        let read = read(&json!({
            "tool_contract_version": " V1 ",
            "request_id": " r1 ",
            "task_id": " t ",
            "namespace": " default ",
            "agent": " a ",
            "tool": {
                "name": " wc ",
                "operation": " INVOKE ",
                "capabilities": [" Data.Read ", "", "data.read", "network.read"],
                "risk_level": " High ",
                "unknown": 1,
            },
            "input": { "b": "2", "a": 1, "c": null, "d": true },
            "input_raw": "  ",
            "runtime": {
                "mode": " WASM ", "backoff": " 200MS ", "timeout_ms": 5, "max_attempts": 3,
                "max_backoff_ms": 7, "jitter": true,
            },
            "auth": { "profile": " Bearer ", "secret_ref": " Key ", "scopes": ["B", "b", " a "] },
            "trace": { "trace_id": " t1 ", "span_id": null },
            "attempt": -2,
            "unknown": {},
        }));
        let echo = Echo {
            request_id: "r1".to_owned(),
            trace: Trace {
                trace_id: "t1".to_owned(),
                span_id: String::new(),
            },
            attempt: 1,
        };
        assert_eq!(read.echo, echo);
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let expected = Request {
            task_id: "t".to_owned(),
            namespace: "default".to_owned(),
            agent: "a".to_owned(),
            tool: "wc".to_owned(),
            operation: "invoke".to_owned(),
            capabilities: texts(&["data.read", "network.read"]),
            risk_level: "high".to_owned(),
            input: r#"{"a":"1","b":"2","c":"","d":"true"}"#.to_owned(),
            runtime: Runtime {
                mode: "wasm".to_owned(),
                backoff: "200ms".to_owned(),
                timeout_ms: 5,
                max_attempts: 3,
                max_backoff_ms: 7,
                jitter: true,
            },
            auth: Auth {
                profile: "bearer".to_owned(),
                secret_ref: "Key".to_owned(),
                scopes: texts(&["b", "a"]),
            },
        };
        assert_eq!(read.request.unwrap(), expected);
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let read = read(&json!({ "request_id": "r", "tool": { "name": "t" }, "input": null }));
        assert_eq!(read.echo.attempt, 1);
        let request = read.request.unwrap();
        assert_eq!(request.operation, "invoke");
        assert_eq!(request.input, "");
        assert_eq!(request.runtime, Runtime::default());
    }

    #[test]
    fn the_raw_input_comes_before_the_table() {
        let both = json!({
            "request_id": "r", "tool": { "name": "t" }, "input_raw": " x ", "input": { "a": "b" },
        });
        assert_eq!(read(&both).request.unwrap().input, "x");
    }

    #[test]
    fn a_field_that_is_missing_or_wrong_is_named_and_the_rest_is_repeated() {
        let whole = json!({
            "request_id": "r", "tool": { "name": "t" }, "attempt": 3, "trace": { "span_id": "s" },
        });
        let cases = [
            ("tool_contract_version", json!("v9")),
            ("tool_contract_version", json!(1)),
            ("request_id", json!("  ")),
            ("request_id", json!("x".repeat(257))),
            ("tool.name", json!("")),
            ("tool", json!("wc")),
            ("tool.capabilities", json!([1])),
            ("input", json!({ "a": [] })),
            ("input_raw", json!({})),
            ("runtime.timeout_ms", json!("5")),
            ("runtime.jitter", json!("full")),
            ("attempt", json!(1.5)),
            ("trace.trace_id", json!(1)),
        ];
        for (field, value) in cases {
            let mut wrong = whole.clone();
            match field.split_once('.') {
                Some((section, key)) => wrong[section][key] = value,
                None => wrong[field] = value,
            }
            let Envelope { echo, request } = read(&wrong);
            let failure = request.unwrap_err();
            assert_eq!(failure.code.as_str(), "invalid_input", "{wrong}");
            assert!(!failure.retryable, "{wrong}");
            assert_eq!(failure.details["field"], field, "{wrong}");
            assert!(!failure.details["expected"].is_empty(), "{wrong}");
            assert_eq!(echo.trace.span_id, "s", "{wrong}");
        }
        let unknown =
            read(&json!({ "tool_contract_version": "v9", "request_id": "r", "attempt": 2 }));
        assert_eq!(unknown.request.unwrap_err().details["expected"], "v1");
        assert_eq!(
            (unknown.echo.request_id.as_str(), unknown.echo.attempt),
            ("r", 2)
        );
    }

    #[test]
    fn what_is_no_object_is_no_envelope() {
        for text in ["", "{", "[]", "null", "1", "{} {}"] {
            let refused = Envelope::read(text.into()).unwrap_err().to_string();
            assert!(refused.starts_with("the request is no envelope"), "{text}");
        }
    }
}
