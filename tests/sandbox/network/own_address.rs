//! A machine's own public address, in a network of the test's own. That needs root; the test says
//! when it is skipped.

use std::process::Command;

use serde_json::Value;

use super::declare;
use crate::support::call::refused;
use crate::support::{Scratch, binary, guest};

/// An address that is public, and this machine's in the test's network.
const OWN: &str = "8.8.4.4";

/// Its counterpart of IPv6.
const OWN_6: &str = "2600::5";

/// One call of a guest where [`OWN`] and [`OWN_6`] are addresses of the machine, if there may be
/// such a network.
fn receipt(
    scratch: &Scratch,
    guest_name: &str,
    rows: &str,
    flags: &[&str],
    args: &[&str],
) -> Option<Value> {
    let own = Command::new("unshare").args(["--net", "true"]).output();
    if !own.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: a network of the test's own needs root");
        return None;
    }
    let head = "schema = 1\n[tool]\nname = \"guest\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n";
    let capabilities = scratch.file("capabilities.toml", format!("{head}{rows}"));
    let prepare = format!(
        "ip link set lo up && ip addr add {OWN}/32 dev lo && ip -6 addr add {OWN_6}/128 dev lo \
         nodad && exec \"$@\""
    );
    let mut command = Command::new("unshare");
    command
        .args(["--net", "sh", "-c", &prepare, "sh"])
        .arg(binary())
        .args(["tool", "run"])
        .arg(guest(guest_name));
    command
        .args(["--format", "json", "--capabilities"])
        .arg(capabilities)
        .args(flags)
        .arg("--")
        .args(args);
    let output = command
        .env("COFFERDAM_DATA_DIR", scratch.data())
        .current_dir(scratch.path())
        .output()
        .expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}")))
}

#[test]
fn a_public_address_of_the_machine_itself_is_not_reached() {
    let scratch = Scratch::new();
    for (host, address) in [(OWN.to_owned(), OWN), (format!("[{OWN_6}]"), OWN_6)] {
        let (rows, offer, url) = (
            declare(&host, 8080),
            format!("{host}:8080"),
            format!("http://{host}:8080/"),
        );
        let fetch = |flags: &[&str]| {
            receipt(
                &scratch,
                "http_fetch",
                &rows,
                &[&["--http", &offer], flags].concat(),
                &["GET", &url],
            )
        };
        let said = format!("{address}, which is an address of this machine");
        for flags in [
            &[][..],
            &["--allow-address", "0.0.0.0/0", "--allow-address", "::/0"],
        ] {
            let Some(receipt) = fetch(flags) else { return };
            refused(&receipt, "DestinationIpProhibited", &said);
        }
        // The operator may mean it. Nothing listens there.
        let net = format!("{address}/{}", if host.starts_with('[') { 128 } else { 32 });
        let Some(receipt) = fetch(&["--allow-address", &net]) else {
            return;
        };
        assert_eq!(receipt["refusals"], serde_json::json!([]), "{receipt}");
        assert!(
            !receipt["stderr"]
                .as_str()
                .unwrap()
                .contains("DestinationIpProhibited"),
            "{receipt}"
        );
    }
}

#[test]
fn nor_is_it_over_tcp() {
    let scratch = Scratch::new();
    let rows = format!("[[tcp]]\nhost = \"{OWN}\"\nports = [8080]\nreason = \"to try\"\n");
    let offer = format!("{OWN}:8080");
    let Some(receipt) = receipt(
        &scratch,
        "tcp_fetch",
        &rows,
        &["--tcp", &offer],
        &[&offer, "hello"],
    ) else {
        return;
    };
    assert!(
        receipt["refusals"]
            .to_string()
            .contains("which is an address of this machine"),
        "{receipt}"
    );
}
