//! Powers that one manifest asks for and another one does not, exactly: each change that is made
//! here stands for a call that only the first one allows.

use super::requests::{Uncovered, uncovered};
use super::steps::Steps;
use crate::change::{Category, Change, ChangeKind};
use crate::environment::LOCKED_ENVIRONMENT;
use crate::guest_path::GuestPath;
use crate::limits::Limits;
use crate::manifest::Manifest;
use crate::network::{HostPattern, HttpRule};
use crate::rows::{CallRow, FsRow, HttpRow, SecretRow, TcpRow};

/// Rows of the other manifest that are shown beside a row: more are another table.
const SHOWN: usize = 4;

/// Returns the powers of `new` that `old` does not have, as widened ones.
pub(super) fn beyond(old: &Manifest, new: &Manifest, steps: &mut Steps) -> Vec<Change> {
    // Whole, so that a new kind of row has to be judged here before anything compiles.
    let Manifest {
        schema: _,
        tool: _,
        fs,
        http,
        tcp,
        secret,
        env,
        call,
        unused: _,
        limits: _,
    } = new;
    let mut changes = Vec::new();
    changes.extend(fs.iter().filter_map(|row| directory(row, &old.fs)));
    let rules: Vec<HttpRule> = old.http.iter().map(HttpRow::rule).collect();
    changes.extend(http.iter().flat_map(|row| requests(row, &rules, steps)));
    changes.extend(tcp.iter().filter_map(|row| connections(row, &old.tcp)));
    changes.extend(secret.iter().filter_map(|row| secret_use(row, &old.secret)));
    let locked = |name: &str| LOCKED_ENVIRONMENT.iter().any(|(own, _)| *own == name);
    let has_variable = |name: &str| old.env.iter().any(|old| old.name == name);
    let variables = env
        .iter()
        .filter(|row| !locked(&row.name) && !has_variable(&row.name));
    changes.extend(
        variables.map(|row| {
            widened(Category::Variable, &row.name).between(None, Some(row.name.clone()))
        }),
    );
    changes.extend(call.iter().filter_map(|row| nested(row, &old.call)));
    changes
}

/// Returns the limits of `new` that are higher than those of `old`, as widened ones.
pub(super) fn higher(old: &Limits, new: &Limits) -> Vec<Change> {
    let value = |limits: &Limits, name| {
        let rows = limits.rows();
        let row = rows.into_iter().find(|row| row.name == name);
        row.map(|row| row.value)
    };
    let higher = new.higher_than(old).into_iter();
    higher
        .map(|name| widened(Category::Limit, name).between(value(old, name), value(new, name)))
        .collect()
}

fn widened(category: Category, subject: &str) -> Change {
    Change::new(category, ChangeKind::Widened, subject)
}

/// A directory is a tree of paths without end, so a new row is covered by one old row or not at
/// all. The scratch directory is no part of another one: a row gives it by its name alone.
fn directory(row: &FsRow, old: &[FsRow]) -> Option<Change> {
    let scratch = GuestPath::scratch();
    let same_place = |old: &FsRow| {
        if row.path == scratch {
            old.path == scratch
        } else {
            old.path.contains(&row.path)
        }
    };
    let covered = old
        .iter()
        .any(|old| same_place(old) && row.access <= old.access);
    let before = old.iter().filter(|old| same_place(old)).map(|old| {
        if old.path == row.path {
            old.access.to_string()
        } else {
            format!("{} {}", old.path, old.access)
        }
    });
    (!covered).then(|| {
        widened(Category::Directory, row.path.as_str())
            .between(listed(before), Some(row.access.to_string()))
    })
}

fn requests(row: &HttpRow, old: &[HttpRule], steps: &mut Steps) -> Vec<Change> {
    let rule = row.rule();
    let change = |found: Uncovered| {
        let near = old.iter().filter(|old| touches(old.host(), &row.host));
        widened(found.category, &row.host.to_string())
            .between(
                listed(near.map(ToString::to_string)),
                Some(rule.to_string()),
            )
            .shown_by(found.example)
    };
    uncovered(&rule, old, steps)
        .into_iter()
        .map(change)
        .collect()
}

/// A connection is a host and one port, so each port is looked for by itself.
fn connections(row: &TcpRow, old: &[TcpRow]) -> Option<Change> {
    let covered = |port: u16| {
        old.iter()
            .any(|old| row.host.is_within(&old.host) && old.ports.iter().any(|own| own == port))
    };
    let missing = row.ports.iter().find(|port| !covered(*port))?;
    let text = |row: &TcpRow| {
        let ports: Vec<_> = row.ports.iter().map(|port| port.to_string()).collect();
        format!("{} port {}", row.host, ports.join(" "))
    };
    let near = old.iter().filter(|old| touches(&old.host, &row.host));
    Some(
        widened(Category::Tcp, &row.host.to_string())
            .between(listed(near.map(text)), Some(text(row)))
            .shown_by(format!("{}:{missing}", row.host)),
    )
}

/// A secret in another header, or in other words, is a secret that somebody else may read; one that
/// is exchanged elsewhere, or for more scopes, gives more.
fn secret_use(row: &SecretRow, old: &[SecretRow]) -> Option<Change> {
    let before = old.iter().find(|old| old.name == row.name);
    let usages = before.and_then(|old| row.usage().ok().zip(old.usage().ok()));
    let covered = before.is_some_and(|old| old.host == row.host)
        && usages.is_some_and(|(new, old)| new.is_within(&old));
    (!covered).then(|| {
        widened(Category::Secret, row.name.as_str()).between(before.map(sent), Some(sent(row)))
    })
}

fn sent(row: &SecretRow) -> String {
    match row.usage() {
        Ok(usage) => format!("to {} {usage}", row.host),
        Err(error) => format!("to {}: {error}", row.host),
    }
}

/// A call that passes on more of the called tool's grant is more.
fn nested(row: &CallRow, old: &[CallRow]) -> Option<Change> {
    let before = old.iter().find(|old| old.name == row.name);
    let covered = before.is_some_and(|old| row.bound().is_within(&old.bound()));
    let text = |row: &CallRow| row.bound().to_string();
    (!covered)
        .then(|| widened(Category::Call, &row.name).between(before.map(text), Some(text(row))))
}

/// Returns true if some host is one of both.
fn touches(one: &HostPattern, other: &HostPattern) -> bool {
    one.meet(other).is_some()
}

/// The first of these texts, in one.
fn listed(texts: impl Iterator<Item = String>) -> Option<String> {
    let texts: Vec<_> = texts.collect();
    let shown: Vec<_> = texts.iter().take(SHOWN).cloned().collect();
    let text = shown.join("; ");
    match texts.len() {
        0 => None,
        all if all > SHOWN => Some(format!("{text}; and {} more", all - SHOWN)),
        _ => Some(text),
    }
}
