//! What the operator gives to tools on the command line: from the flags to a decision.

use std::path::Path;

use cofferdam_capability::{Access, Decision, LimitsRequest, Offer, SecretName};
use cofferdam_tool::Secrets;
use zeroize::Zeroizing;

use crate::cli::Offers;
use crate::cmd;
use crate::error::Failure;
use crate::host::Reach;

/// The largest file of a secret, in bytes: the largest secret and a line break.
const MAX_SECRET_FILE: u64 = (64 << 10) + 2;

/// How tools reach the network, and what each of them is offered.
pub(crate) fn read(offers: &Offers) -> Result<(Reach, Decision), Failure> {
    let secrets = secrets(&offers.secret)?;
    let names = secrets.names().cloned().collect();
    let reach = Reach { addresses: offers.allow_address.clone(), nameservers: offers.nameserver.clone(), secrets };
    Ok((reach, decision(offers, names)?))
}

fn decision(offers: &Offers, secrets: Vec<SecretName>) -> Result<Decision, Failure> {
    let Offers { dir, env, http, fuel, memory, wall, secret: _, nameserver: _, allow_address: _ } = offers;
    let offers = dir.iter().map(|dir| offer(dir)).collect::<Result<_, _>>()?;
    let env = env.iter().map(|variable| match variable.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(Failure::usage(format!("--env {variable}: expected NAME=VALUE"))),
    });
    let limits = LimitsRequest { fuel: *fuel, memory: *memory, wall: *wall, ..LimitsRequest::default() };
    Ok(Decision { offers, env: env.collect::<Result<_, _>>()?, limits, http: http.clone(), secrets })
}

/// `NAME=FILE`, each. The line break that an editor leaves at the end of a file is not part of the secret.
fn secrets(written: &[String]) -> Result<Secrets, Failure> {
    let mut secrets = Secrets::default();
    for written in written {
        let wrong = |problem: String| Failure::usage(format!("--secret {written}: {problem}"));
        let (name, file) = written.split_once('=').ok_or_else(|| wrong("expected NAME=FILE".to_owned()))?;
        let name: SecretName = name.parse().map_err(wrong)?;
        let mut value = Zeroizing::new(cmd::tool::read(Path::new(file), MAX_SECRET_FILE)?);
        for end in [b'\n', b'\r'] {
            if value.last() == Some(&end) {
                value.pop();
            }
        }
        secrets.insert(name, value).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(secrets)
}

/// `HOST:GUEST[:ro|rw]`.
fn offer(written: &str) -> Result<Offer, Failure> {
    let wrong = |problem: String| Failure::usage(format!("--dir {written}: {problem}"));
    let (paths, access) = match written.rsplit_once(':') {
        Some((paths, "ro")) => (paths, Access::ReadOnly),
        Some((paths, "rw")) => (paths, Access::ReadWrite),
        _ => (written, Access::ReadWrite),
    };
    let expected = "expected HOST:GUEST, HOST:GUEST:ro or HOST:GUEST:rw";
    let (host, guest) = paths.rsplit_once(':').ok_or_else(|| wrong(expected.to_owned()))?;
    let guest = guest.parse().map_err(wrong)?;
    Offer::host_directory(Path::new(host), guest, access).map_err(|error| wrong(error.to_string()))
}
