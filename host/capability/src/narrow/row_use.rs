//! Rows of a manifest, and the use that calls made of them.

use serde::Serialize;

use super::directories::{deepest, used_access};
use super::network::may_reach;
use crate::change::Category;
use crate::manifest::Manifest;
use crate::network::HostPattern;
use crate::rows::{FsRow, HttpRow, SecretRow};
use crate::used::{Contact, Used};

/// Hosts that are shown beside a row: more are a log.
const SHOWN: usize = 8;

/// A row of a manifest, and the use that calls made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowUse {
    /// The kind of row: a directory, a host, TCP, a secret, a variable or a call.
    pub category: Category,
    /// The directory, host or name.
    pub subject: String,
    /// The power that the row asks for.
    pub can: String,
    /// True if it was used, false if it never was; none where no record says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<bool>,
    /// The use in words.
    pub did: String,
}

pub(super) fn rows(manifest: &Manifest, used: &Used) -> Vec<RowUse> {
    let mut rows = Vec::new();
    rows.extend(directories(manifest, used));
    rows.extend(hosts(manifest, used));
    rows.extend(secrets(manifest, used));
    rows.extend(manifest.env.iter().map(|row| RowUse {
        category: Category::Variable,
        subject: row.name.clone(),
        can: "read it".to_owned(),
        used: None,
        did: "no record says it".to_owned(),
    }));
    rows.extend(manifest.call.iter().map(|row| {
        let calls = used
            .tools
            .as_ref()
            .map(|tools| tools.get(&row.name).copied().unwrap_or_default());
        RowUse {
            category: Category::Call,
            subject: row.name.clone(),
            can: row.bound().to_string(),
            used: calls.map(|calls| calls > 0),
            did: in_words(calls, "called it"),
        }
    }));
    rows
}

fn directories(manifest: &Manifest, used: &Used) -> Vec<RowUse> {
    let row_use = |row: &FsRow| {
        let own = used.directories.as_ref().map(|directories| {
            let own = directories.iter().filter(|(path, _)| {
                deepest(path, &manifest.fs).is_some_and(|deepest| *deepest == row.path)
            });
            own.map(|(_, used)| used.calls).max().unwrap_or_default()
        });
        let access = used_access(row, &manifest.fs, used);
        let verb = access.map_or_else(String::new, |access| format!("used it, {access}"));
        RowUse {
            category: Category::Directory,
            subject: row.path.to_string(),
            can: row.access.to_string(),
            used: own.map(|calls| calls > 0),
            did: in_words(own, &verb),
        }
    };
    manifest.fs.iter().map(row_use).collect()
}

fn hosts(manifest: &Manifest, used: &Used) -> Vec<RowUse> {
    let row_use = |category, host: &HostPattern, can, may: &dyn Fn(&Contact) -> bool| {
        let contacts = used.contacts.as_ref();
        let own = contacts.map(|contacts| {
            let own = contacts.iter().filter(|(contact, _)| may(contact));
            own.map(|(contact, calls)| format!("{contact} ({calls})"))
                .collect::<Vec<_>>()
        });
        let did = match &own {
            None => "no record says it".to_owned(),
            Some(own) if own.is_empty() => "never".to_owned(),
            Some(own) if own.len() > SHOWN => {
                let shown: Vec<_> = own.iter().take(SHOWN).cloned().collect();
                format!("{} and {} more", shown.join(", "), own.len() - SHOWN)
            }
            Some(own) => own.join(", "),
        };
        RowUse {
            category,
            subject: host.to_string(),
            can,
            used: own.map(|own| !own.is_empty()),
            did,
        }
    };
    let http = manifest.http.iter().map(|row: &HttpRow| {
        let rule = row.rule();
        let can = rule.to_string();
        row_use(Category::Host, &row.host, can, &|contact| {
            may_reach(&rule, contact)
        })
    });
    let tcp = manifest.tcp.iter().map(|row| {
        let ports: Vec<_> = row.ports.iter().map(|port| port.to_string()).collect();
        row_use(
            Category::Tcp,
            &row.host,
            format!("port {}", ports.join(" ")),
            &|contact| {
                row.host.covers(&contact.host) && row.ports.iter().any(|port| port == contact.port)
            },
        )
    });
    http.chain(tcp).collect()
}

/// A secret goes into requests to its one host.
fn secrets(manifest: &Manifest, used: &Used) -> Vec<RowUse> {
    let row_use = |row: &SecretRow| {
        let calls = used.contacts.as_ref().map(|contacts| {
            let own = contacts.iter().filter(|(contact, _)| {
                contact.host == row.host
                    && manifest
                        .http
                        .iter()
                        .any(|http| may_reach(&http.rule(), contact))
            });
            own.map(|(_, calls)| *calls).max().unwrap_or_default()
        });
        RowUse {
            category: Category::Secret,
            subject: row.name.to_string(),
            can: format!("sent to {}", row.host),
            used: calls.map(|calls| calls > 0),
            did: in_words(calls, "reached its host"),
        }
    };
    manifest.secret.iter().map(row_use).collect()
}

fn in_words(calls: Option<u64>, verb: &str) -> String {
    match calls {
        None => "no record says it".to_owned(),
        Some(0) => "never".to_owned(),
        Some(1) => format!("1 call {verb}"),
        Some(calls) => format!("{calls} calls {verb}"),
    }
}
