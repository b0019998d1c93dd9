//! Rows of `[[http]]` for the requests that cases sent.
//!
//! A row that the author has written already is kept as narrow as it is: a request that it covers
//! adds to no other row. Each host has rows of its own.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_capability::{HttpRow, Method, Port, Scheme};

use super::check::Checked;
use super::unwritten;
use super::web::Asked;
use crate::error::Error;

/// Returns the rows for all answered requests of these calls.
pub(crate) fn rows(declared: &[HttpRow], calls: &[Checked]) -> Result<Vec<HttpRow>, Error> {
    // By the number of the author's row that covers them, and by host. What no row covers comes
    // last.
    let mut sent: BTreeMap<(usize, String), Vec<&Asked>> = BTreeMap::new();
    let all = calls.iter().flat_map(|call| &call.asked);
    for asked in all.filter(|asked| asked.answered) {
        let row = declared.iter().position(|row| asked.is_covered_by(row));
        let number = row.unwrap_or(declared.len());
        sent.entry((number, asked.host.to_string()))
            .or_default()
            .push(asked);
    }
    sent.into_iter()
        .map(|((number, host), asked)| narrowed(&host, declared.get(number), &asked))
        .collect()
}

/// Returns the narrowest row for requests to one host.
fn narrowed(host: &str, declared: Option<&HttpRow>, asked: &[&Asked]) -> Result<HttpRow, Error> {
    let methods: BTreeSet<&str> = asked.iter().map(|asked| asked.method.as_str()).collect();
    let ports: BTreeSet<u16> = asked.iter().map(|asked| asked.port).collect();
    let usual = [Scheme::Http, Scheme::Https].map(Scheme::default_port);
    let only_usual = ports.iter().all(|port| usual.contains(port));
    let narrow = declared.is_some_and(|row| !row.ports.is_empty());
    let ports = if only_usual && !narrow {
        BTreeSet::new()
    } else {
        ports
    };
    // Of the paths, those stay that a request lies in. Without a row of the author's there are
    // none: a path of a case is an example.
    let mut paths = declared.map(|row| row.paths.clone()).unwrap_or_default();
    if let Some(row) = declared {
        paths.retain(|path| {
            let alone = HttpRow {
                paths: vec![path.clone()],
                ..row.clone()
            };
            asked.iter().any(|asked| asked.is_covered_by(&alone))
        });
    }
    Ok(HttpRow {
        host: host.parse().map_err(Error::work)?,
        methods: methods
            .into_iter()
            .map(|name| Method::try_from(name.to_owned()))
            .collect::<Result<_, _>>()
            .map_err(Error::work)?,
        ports: ports
            .into_iter()
            .map(Port::try_from)
            .collect::<Result<_, _>>()
            .map_err(Error::work)?,
        paths,
        idempotency_header: declared.and_then(|row| row.idempotency_header.clone()),
        reason: declared.map_or_else(unwritten::reason, |row| Ok(row.reason.clone()))?,
    })
}
