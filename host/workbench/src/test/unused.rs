//! Rows that a manifest declares and no case uses: a reviewer would ask about them.

use cofferdam_capability::{
    Access, GuestPath, LOCKED_ENVIRONMENT, LimitRow, LimitsRequest, Manifest, SecretRow, SecretUse,
};

use super::case::Case;
use super::check::{self, Checked};
use super::limits;
use super::subject::Subject;
use crate::error::Error;

/// A sentence for each row of the manifest that no case uses.
pub(crate) fn rows(manifest: &Manifest, cases: &[Case], checked: &[Checked]) -> Vec<String> {
    let mut unused = Vec::new();
    for row in &manifest.fs {
        let touched = checked.iter().flat_map(|call| &call.directories);
        let touched =
            touched.filter(|(place, _)| row.path.as_str() == "/" || *place == row.path.as_str());
        match touched.map(|(_, access)| *access).max() {
            None => unused.push(format!("[[fs]] {}: no case looks there", row.path)),
            Some(Access::ReadOnly)
                if row.access == Access::ReadWrite && row.path != GuestPath::scratch() =>
            {
                unused.push(format!(
                    "[[fs]] {}: no case writes there, so read-only is enough",
                    row.path
                ));
            }
            Some(_) => {}
        }
    }
    for row in &manifest.http {
        let mut asked = checked.iter().flat_map(|call| &call.asked);
        if !asked.any(|asked| asked.is_covered_by(row)) {
            unused.push(format!(
                "[[http]] {}: no case sends a request that needs it",
                row.host
            ));
        }
    }
    let secrets = manifest
        .secret
        .iter()
        .filter(|row| !checked.iter().any(|call| sends(call, row)));
    unused.extend(secrets.map(|row| format!("[[secret]] {}: no case sends it", row.name)));
    for row in &manifest.env {
        if LOCKED_ENVIRONMENT.iter().any(|(name, _)| *name == row.name) {
            unused.push(format!(
                "[[env]] {}: the host sets it for every tool",
                row.name
            ));
        } else if !cases
            .iter()
            .any(|case| case.given.env.contains_key(&row.name))
        {
            unused.push(format!(
                "[[env]] {}: no case gives it (whether it is read cannot be seen)",
                row.name
            ));
        }
    }
    if checked.iter().all(|call| call.calls == 0) {
        unused.extend(
            manifest
                .call
                .iter()
                .map(|row| format!("[[call]] {}: no case calls another tool", row.name)),
        );
    }
    unused
}

/// Returns true if the host put the secret into a request of this call.
pub(crate) fn sends(call: &Checked, row: &SecretRow) -> bool {
    let Some((_, value)) = call
        .secrets
        .iter()
        .find(|(name, _)| name == row.name.as_str())
    else {
        return false;
    };
    let Ok(usage) = row.usage() else {
        return false;
    };
    // The token that it is exchanged for is the case's own answer.
    let is_exchanged = matches!(usage, SecretUse::ClientCredentials { .. });
    let holds = |found: &hyper::header::HeaderValue| {
        let has_value = |found: &str| found.contains(value.as_str());
        is_exchanged || found.to_str().is_ok_and(has_value)
    };
    call.asked.iter().any(|asked| {
        let sent = asked.headers.get_all(usage.header());
        asked.host == row.host && sent.iter().any(holds)
    })
}

/// A sentence for each limit above its default without which every case passes as well. The cases
/// are run again for each.
pub(crate) async fn limits(subject: &Subject<'_>, cases: &[Case]) -> Result<Vec<String>, Error> {
    let defaults = &subject.ceiling.defaults;
    let mut unused = Vec::new();
    for LimitRow {
        name: key,
        value: declared,
    } in subject.manifest.limits.rows()
    {
        let alone = limits::with(&LimitsRequest::default(), key, &declared);
        let Some(default) = limits::value(defaults, key) else {
            continue;
        };
        if alone.above(defaults).is_none() {
            continue;
        }
        let mut passes = true;
        for case in cases {
            let mut given = case.given.clone();
            given.limits = limits::with(&given.limits, key, &default);
            passes = check::golden(subject, case, &given).await?.passed;
            if !passes {
                break;
            }
        }
        if passes {
            unused.push(format!(
                "[limits] {key} = {declared}: every case passes with the default of {default}"
            ));
        }
    }
    Ok(unused)
}
