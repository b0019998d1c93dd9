//! One call of a guest with `tool run`, under a manifest of its own, with a nameserver of the test.

use cofferdam_selftest::Dns;
use serde_json::Value;

use super::{Ran, Scratch, cofferdam, guest};

/// Flags that let a test reach its own server.
pub(crate) const LOOPBACK: [&str; 2] = ["--allow-address", "127.0.0.1/32"];

/// One call of a guest.
pub(crate) struct Call {
    guest: &'static str,
    /// Rows of the manifest.
    pub(crate) manifest: String,
    /// Flags of the operator.
    flags: Vec<String>,
    args: Vec<String>,
}

/// A guest with its manifest, the flags of the operator and its arguments.
pub(crate) fn row(
    guest: &'static str,
    manifest: impl Into<String>,
    flags: &[&str],
    args: &[&str],
) -> Call {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    Call {
        guest,
        manifest: manifest.into(),
        flags: owned(flags),
        args: owned(args),
    }
}

impl Call {
    pub(crate) fn ran(&self, scratch: &Scratch, dns: &Dns, env: &[(&str, &str)]) -> Ran {
        let head =
            "schema = 1\n[tool]\nname = \"guest\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n";
        let capabilities = scratch.file("capabilities.toml", format!("{head}{}", self.manifest));
        let mut args = vec![
            "tool".into(),
            "run".into(),
            guest(self.guest).into_os_string(),
        ];
        args.extend([
            "--format".into(),
            "json".into(),
            "--capabilities".into(),
            capabilities.into_os_string(),
        ]);
        args.extend(["--nameserver".into(), dns.address.to_string().into()]);
        args.extend(self.flags.iter().map(Into::into));
        args.push("--".into());
        args.extend(self.args.iter().map(Into::into));
        env.iter()
            .fold(cofferdam(scratch, args), |command, (name, value)| {
                command.env(name, value)
            })
            .run()
    }

    /// Runs it and returns receipt and output.
    #[track_caller]
    pub(crate) fn run(&self, scratch: &Scratch, dns: &Dns) -> Value {
        let receipt = self.ran(scratch, dns, &[]).json();
        let printed = format!("{}{}", receipt["stdout"], receipt["stderr"]);
        assert!(
            !printed.contains("ESCAPED") && !printed.contains("UNTESTED"),
            "{}: {receipt}",
            self.guest
        );
        receipt
    }
}

/// The guest did its work.
#[track_caller]
pub(crate) fn worked(receipt: &Value, says: &str) {
    assert_eq!(receipt["outcome"]["name"], "ok", "{receipt}");
    assert!(
        receipt["stdout"].as_str().expect("text").contains(says),
        "`{says}`: {receipt}"
    );
}

/// The guest was told `error`, and the receipt says `refusal`.
#[track_caller]
pub(crate) fn refused(receipt: &Value, error: &str, refusal: &str) {
    assert_eq!(receipt["outcome"]["name"], "guest-error", "{receipt}");
    assert!(
        receipt["stderr"].as_str().expect("text").contains(error),
        "`{error}`: {receipt}"
    );
    assert!(
        receipt["refusals"].to_string().contains(refusal),
        "`{refusal}`: {receipt}"
    );
}
