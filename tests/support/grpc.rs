//! A gRPC client in Python, generated from the `.proto` files by `grpcio-tools`.

use std::process::Command;

use serde_json::Value;

use super::{Host, Scratch, checkout, python};

/// `tests/door/grpc/client.py ADDRESS ACTION…`, with the operator's token if there is one.
pub(crate) fn command(scratch: &Scratch, host: &Host<'_>, action: &[&str]) -> Command {
    let mut command = Command::new(python());
    command
        .arg(checkout().join("tests/door/grpc/client.py"))
        .arg(checkout().join("proto"));
    command
        .arg(scratch.directory("generated"))
        .arg(&host.address)
        .args(action);
    if let Ok(token) = std::fs::read_to_string(scratch.data().join("operator.token")) {
        command.env("COFFERDAM_TOKEN", token.trim_end());
    }
    command
}

/// Runs the client with this action and returns what it printed.
#[track_caller]
pub(crate) fn client(scratch: &Scratch, host: &Host<'_>, action: &[&str]) -> Value {
    ended(command(scratch, host, action))
}

/// Runs a command of the client and returns what it printed.
#[track_caller]
pub(crate) fn ended(mut command: Command) -> Value {
    let output = command.output().expect("Python runs");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}{stderr}");
    serde_json::from_str(&stdout).expect("the client prints JSON")
}
