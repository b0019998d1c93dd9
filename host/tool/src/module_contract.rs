//! The module contract v1: a command reads one JSON request on its standard input and writes one
//! JSON response on its standard output.
//!
//! It is stricter than the reference: keys are spelt as the contract spells them, each
//! once; a success has no error; a refusal is never retried; details are texts.

use std::collections::BTreeMap;

use cofferdam_call::{GuestVerdict, GuestVerdictKind, Outcome, Output, Report, Stdin};
use cofferdam_capability::{Account, Grant, json};
use cofferdam_sandbox::Invocation;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// The version of the contract.
const VERSION: &str = "v1";

/// The most details of a response that are kept, and the most bytes of a key, a code and a value. A
/// program reads a handful of short ones.
const MAX_DETAILS: usize = 16;
const MAX_KEY: usize = 64;
const MAX_VALUE: usize = 1 << 10;

/// The request, as a module reads it. The host names no namespace, no labels and no credentials:
/// those of a module are not its caller's to give.
#[derive(Debug, Serialize)]
struct Request<'a> {
    contract_version: &'static str,
    tool: &'a str,
    input: &'a str,
    runtime: Runtime,
}

#[derive(Debug, Serialize)]
struct Runtime {
    entrypoint: &'static str,
    max_memory_bytes: u64,
    fuel: u64,
    enable_wasi: bool,
}

/// The response, as a module writes it. Other fields are ignored.
#[derive(Debug, Deserialize)]
struct Response {
    #[serde(default)]
    contract_version: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    output: Option<String>,
    #[serde(default)]
    error: Option<ResponseError>,
    #[serde(flatten)]
    _unknown: Unknown,
}

/// The fields that the contract does not know. Their table makes an object of what is read: without
/// it a list of values would do as well.
type Unknown = BTreeMap<String, IgnoredAny>;

#[derive(Debug, Default, Deserialize)]
struct ResponseError {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    retryable: Option<bool>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    details: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    _unknown: Unknown,
}

/// A response that was read.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// The output of a success.
    Done(String),
    /// A failure, and the sentence about it.
    Failed(GuestVerdict, String),
}

/// The call of a module whose input is this standard input: its request stands there instead. What
/// is no call of a command stays as it is.
pub(crate) fn encoded(invocation: Invocation, grant: &Grant) -> Invocation {
    match invocation {
        Invocation::Command {
            args,
            stdin: Stdin::Bytes(input),
        } => Invocation::Command {
            args,
            stdin: request(&String::from_utf8_lossy(&input), grant)
                .into_bytes()
                .into(),
        },
        other => other,
    }
}

/// The standard input of a module that is called with this input under this grant: the limits in it
/// are those that hold.
fn request(input: &str, grant: &Grant) -> String {
    let limits = grant.limits();
    let request = Request {
        contract_version: VERSION,
        tool: grant.tool(),
        input,
        runtime: Runtime {
            entrypoint: "_start",
            max_memory_bytes: limits.memory.0,
            fuel: limits.fuel.0,
            enable_wasi: true,
        },
    };
    // A structure of texts and numbers is always JSON.
    serde_json::to_string(&request).unwrap_or_default()
}

/// A report whose standard output is the output of the module. A failure of the module is the
/// guest's own, with its verdict. A call that did not come to its end stays as it is.
pub(crate) fn decoded(mut report: Report, account: &Account) -> Report {
    if !report.receipt.outcome.is_ok() {
        return report;
    }
    let said = match report.stdout.dropped() {
        0 => read(report.stdout.bytes(), account),
        _ => violation("it is longer than standard output may be"),
    };
    match said {
        Said::Done(output) => {
            let limit = output.len();
            report.stdout = Output::of(output, limit);
        }
        Said::Failed(verdict, message) => {
            report.stdout = Output::default();
            report.receipt.outcome = Outcome::GuestError { code: 1, message };
            report.receipt.verdict = Some(verdict);
        }
    }
    report
}

/// Reads what a module wrote.
fn read(stdout: &[u8], account: &Account) -> Said {
    let text = match std::str::from_utf8(stdout).map(str::trim) {
        Ok("") => return violation("it is empty"),
        Ok(text) => text,
        Err(_) => return violation("it is not UTF-8"),
    };
    let held = json::weight(text.as_bytes())
        .map_err(|error| error.to_string())
        .and_then(|bytes| {
            let held = account.hold("the module's response", bytes);
            held.map_err(|overdrawn| overdrawn.to_string())
        });
    let _held = match held {
        Ok(held) => held,
        Err(problem) => return violation(&problem),
    };
    if text == "null" {
        return violation("it has no contract_version");
    }
    match serde_json::from_str(text) {
        Ok(response) => judged(response),
        Err(error) => violation(&format!("it is not of this form: {error}")),
    }
}

fn judged(response: Response) -> Said {
    let Response {
        contract_version,
        status,
        output,
        error,
        _unknown: _,
    } = response;
    let folded = |text: Option<String>| text.unwrap_or_default().trim().to_lowercase();
    match folded(contract_version).as_str() {
        VERSION => {}
        "" => return violation("it has no contract_version"),
        _ => return violation("its contract_version is not `v1`"),
    }
    match (folded(status).as_str(), error) {
        ("ok", None) => Said::Done(output.unwrap_or_default().trim().to_owned()),
        ("ok", Some(_)) => violation("its status is `ok`, and it has an error"),
        ("error", error) => {
            // Without an error nothing says that another attempt would fail as well.
            let usual = error.is_none();
            failed(GuestVerdictKind::Failed, error.unwrap_or_default(), usual)
        }
        ("denied", error) => {
            let mut error = error.unwrap_or_default();
            error.retryable = None;
            failed(GuestVerdictKind::Denied, error, false)
        }
        ("", _) => violation("it has no status"),
        _ => violation("its status is none of `ok`, `error` and `denied`"),
    }
}

fn failed(kind: GuestVerdictKind, error: ResponseError, usual: bool) -> Said {
    let ResponseError {
        code,
        retryable,
        message,
        details,
        _unknown: _,
    } = error;
    let message = match message.unwrap_or_default().trim() {
        "" if kind == GuestVerdictKind::Denied => "the tool refuses the call".to_owned(),
        "" => "the tool says no more than that it failed".to_owned(),
        message => message.to_owned(),
    };
    let details = details.unwrap_or_default().into_iter().take(MAX_DETAILS);
    let verdict = GuestVerdict {
        kind,
        retryable: retryable.unwrap_or(usual),
        code: cut(code.unwrap_or_default().trim(), MAX_KEY),
        details: details
            .map(|(key, value)| (cut(&key, MAX_KEY), cut(&value, MAX_VALUE)))
            .collect(),
    };
    Said::Failed(verdict, message)
}

fn violation(problem: &str) -> Said {
    let verdict = GuestVerdict {
        kind: GuestVerdictKind::Violation,
        retryable: false,
        code: String::new(),
        details: Vec::new(),
    };
    let message = format!("the response of the tool breaks the module contract v1: {problem}");
    Said::Failed(verdict, message)
}

/// The beginning of a guest's text.
fn cut(text: &str, most: usize) -> String {
    let end = text.floor_char_boundary(most);
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use cofferdam_capability::Bytes;

    use super::*;

    /// The reading of a module's standard output, in one line.
    fn said(stdout: &str) -> String {
        match read(stdout.as_bytes(), &Account::new(Bytes(1 << 20))) {
            Said::Done(output) => format!("ok {output}"),
            Said::Failed(verdict, message) => match verdict.kind {
                GuestVerdictKind::Failed => {
                    format!("failed {} {}", verdict.code, verdict.retryable)
                }
                GuestVerdictKind::Denied => {
                    format!("denied {} {}", verdict.code, verdict.retryable)
                }
                GuestVerdictKind::Violation => {
                    assert!(!verdict.retryable);
                    let (_, problem) = message.split_once(": ").unwrap();
                    format!("violation: {problem}")
                }
            },
        }
    }

    #[test]
    fn every_vector_is_read_as_the_contract_or_more_strictly() {
        let v1 = |rest: &str| format!("{{\"contract_version\":\"v1\",{rest}}}");
        for (stdout, expected) in [
            (String::new(), "violation: it is empty"),
            ("  \n".to_owned(), "violation: it is empty"),
            ("{".to_owned(), "violation: it is not JSON"),
            (
                "{\"status\":\"ok\"}".to_owned(),
                "violation: it has no contract_version",
            ),
            (
                "{\"contract_version\":\"v2\",\"status\":\"ok\"}".to_owned(),
                "violation: its contract_version is not `v1`",
            ),
            (
                "{\"contract_version\":\" V1 \",\"status\":\" OK \",\"output\":\" x \"}".to_owned(),
                "ok x",
            ),
            (
                v1("\"status\":\"success\""),
                "violation: its status is none of",
            ),
            (v1("\"status\":\"error\""), "failed  true"),
            (v1("\"status\":\"error\",\"error\":{}"), "failed  false"),
            (
                v1("\"status\":\"error\",\"error\":{\"retryable\":true,\"code\":\" x \"}"),
                "failed x true",
            ),
            (v1("\"status\":\"denied\""), "denied  false"),
            // The reference lets a refusal be retried.
            (
                v1("\"status\":\"denied\",\"error\":{\"retryable\":true}"),
                "denied  false",
            ),
            // The reference takes it for a success.
            (
                v1("\"status\":\"ok\",\"error\":{\"code\":\"x\"}"),
                "violation: its status is `ok`, and",
            ),
            (
                v1("\"status\":\"error\",\"error\":{\"details\":{\"n\":1}}"),
                "violation: it is not of this form",
            ),
            (
                v1("\"status\":\"ok\"") + " {\"x\":1}",
                "violation: it is not JSON",
            ),
            (
                v1("\"status\":\"ok\",\"output\":{\"a\":1}"),
                "violation: it is not of this form",
            ),
            (
                "{\"contract_version\":1,\"status\":\"ok\"}".to_owned(),
                "violation: it is not of",
            ),
            ("[]".to_owned(), "violation: it is not of this form"),
            (
                v1("\"status\":\"error\",\"error\":[]"),
                "violation: it is not of this form",
            ),
            ("null".to_owned(), "violation: it has no contract_version"),
            // The reference reads keys in any case, and the last of two.
            (v1("\"STATUS\":\"ok\""), "violation: it has no status"),
            (
                v1("\"status\":\"ok\",\"status\":\"error\""),
                "violation: it is not of this form",
            ),
            (v1("\"status\":\"ok\",\"unknown\":[1]"), "ok "),
        ] {
            let found = said(&stdout);
            assert!(found.starts_with(expected), "{stdout}: {found}");
        }
    }

    #[test]
    fn what_a_module_says_too_much_is_cut() {
        let details: BTreeMap<_, _> = (0..100)
            .map(|n| (format!("{n:0100}"), "é".repeat(1_000)))
            .collect();
        let error = ResponseError {
            code: Some("c".repeat(100)),
            details: Some(details),
            ..ResponseError::default()
        };
        let Said::Failed(verdict, message) = failed(GuestVerdictKind::Failed, error, true) else {
            panic!("it failed");
        };
        assert_eq!(verdict.details.len(), MAX_DETAILS);
        assert!(
            verdict
                .details
                .iter()
                .all(|(key, value)| key.len() <= MAX_KEY && value.len() <= MAX_VALUE)
        );
        assert_eq!((verdict.code.len(), message.is_empty()), (MAX_KEY, false));
    }
}
