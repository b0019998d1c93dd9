//! The text of a smaller manifest, in the words and the order of the author's.

use cofferdam_capability::{FsRow, Host, HostPattern, HttpRow, Manifest, Port, TcpRow};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

use crate::error::Error;

/// Returns the text of `narrowed`, a smaller manifest than `manifest`. Where `text` is the author's
/// own, its comments and its order are kept.
///
/// # Errors
///
/// [`Error::Work`] if the manifest cannot be written as TOML.
pub fn narrowed(
    manifest: &Manifest,
    narrowed: &Manifest,
    text: Option<&str>,
) -> Result<String, Error> {
    let edited = text.and_then(|text| edited(manifest, narrowed, text));
    // Whatever the author's text looks like, what comes out means the smaller manifest.
    let is_same =
        |text: &String| Manifest::from_toml(text, "narrowed").is_ok_and(|read| read == *narrowed);
    match edited.filter(is_same) {
        Some(text) => Ok(text),
        None => toml::to_string(narrowed).map_err(Error::work),
    }
}

/// The author's text without what is gone; none where it is written in a form that this does not
/// know, such as rows on one line.
fn edited(manifest: &Manifest, narrowed: &Manifest, text: &str) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let fs = |row: &FsRow| {
        let mut kept = narrowed.fs.iter().filter(|kept| kept.path == row.path);
        let access = kept.next().map(|kept| kept.access.to_string());
        access
            .into_iter()
            .map(|access| vec![("access", Value::from(access))])
            .collect()
    };
    keep(&mut document, "fs", manifest.fs.iter().map(fs).collect())?;
    keep(&mut document, "http", requests(manifest, narrowed))?;
    keep(&mut document, "tcp", connections(manifest, narrowed))?;
    let named = |is_kept: bool| {
        if is_kept {
            vec![Vec::new()]
        } else {
            Vec::new()
        }
    };
    let secrets = manifest
        .secret
        .iter()
        .map(|row| named(narrowed.secret.iter().any(|kept| kept.name == row.name)));
    keep(&mut document, "secret", secrets.collect())?;
    let calls = manifest
        .call
        .iter()
        .map(|row| named(narrowed.call.iter().any(|kept| kept.name == row.name)));
    keep(&mut document, "call", calls.collect())?;
    let before = manifest.limits.rows();
    for row in narrowed.limits.rows() {
        if before
            .iter()
            .any(|old| old.name == row.name && old.value == row.value)
        {
            continue;
        }
        let limits = document
            .entry("limits")
            .or_insert_with(|| Item::Table(Table::new()));
        let value = match row.value.replace('_', "").parse::<i64>() {
            Ok(number) => Value::from(number),
            Err(_) => Value::from(row.value),
        };
        set(limits.as_table_like_mut()?, row.name, value);
    }
    Some(document.to_string())
}

/// Keys of a row that get another value.
type Edits = Vec<(&'static str, Value)>;

/// Puts in place of each row of a table the rows that are kept of it.
fn keep(document: &mut DocumentMut, table: &str, kept: Vec<Vec<Edits>>) -> Option<()> {
    let Some(item) = document.get_mut(table) else {
        return kept.is_empty().then_some(());
    };
    let rows = item.as_array_of_tables()?;
    if rows.len() != kept.len() {
        return None;
    }
    let mut new = ArrayOfTables::new();
    for (row, edits) in rows.iter().zip(kept) {
        for edits in edits {
            let mut row = row.clone();
            for (key, value) in edits {
                set(&mut row, key, value);
            }
            new.push(row);
        }
    }
    if new.is_empty() {
        document.remove(table);
    } else {
        document.insert(table, Item::ArrayOfTables(new));
    }
    Some(())
}

/// Sets a key where its value is another one, with the space and the comment around it.
fn set(row: &mut dyn TableLike, key: &str, mut value: Value) {
    if let Some(before) = row.get(key).and_then(Item::as_value) {
        if before.to_string().trim() == value.to_string().trim() {
            return;
        }
        *value.decor_mut() = before.decor().clone();
    }
    row.insert(key, Item::Value(value));
}

/// The kept parts of each row of requests.
fn requests(manifest: &Manifest, narrowed: &Manifest) -> Vec<Vec<Edits>> {
    let comes_from = |kept: &HttpRow, row: &HttpRow| {
        kept.methods == row.methods
            && kept.paths == row.paths
            && kept.reason == row.reason
            && kept.idempotency_header == row.idempotency_header
            && is_within(&kept.host, &row.host)
            && kept.ports.iter().all(|port| row.ports.contains(port))
    };
    let origin = |kept: &HttpRow| {
        let mut rows = manifest.http.iter();
        rows.position(|row| comes_from(kept, row))
    };
    let origins: Vec<_> = narrowed.http.iter().map(origin).collect();
    let of = |place: usize| {
        let own = narrowed.http.iter().zip(&origins);
        own.filter(|(_, origin)| **origin == Some(place))
            .map(|(kept, _)| edits(&kept.host, &kept.ports))
            .collect()
    };
    (0..manifest.http.len()).map(of).collect()
}

/// The same for connections.
fn connections(manifest: &Manifest, narrowed: &Manifest) -> Vec<Vec<Edits>> {
    let comes_from = |kept: &TcpRow, row: &TcpRow| {
        kept.reason == row.reason
            && is_within(&kept.host, &row.host)
            && kept
                .ports
                .iter()
                .all(|port| row.ports.iter().any(|own| own == port))
    };
    let origin = |kept: &TcpRow| {
        let mut rows = manifest.tcp.iter();
        rows.position(|row| comes_from(kept, row))
    };
    let origins: Vec<_> = narrowed.tcp.iter().map(origin).collect();
    let of = |place: usize| {
        let own = narrowed.tcp.iter().zip(&origins);
        own.filter(|(_, origin)| **origin == Some(place))
            .map(|(kept, _)| edits(&kept.host, &Vec::from(kept.ports.clone())))
            .collect()
    };
    (0..manifest.tcp.len()).map(of).collect()
}

fn edits(host: &HostPattern, ports: &[Port]) -> Edits {
    let mut edits = vec![("host", Value::from(host.to_string()))];
    if !ports.is_empty() {
        let ports = ports.iter().map(|&port| i64::from(u16::from(port)));
        edits.push(("ports", Value::Array(ports.collect())));
    }
    edits
}

fn is_within(kept: &HostPattern, row: &HostPattern) -> bool {
    let host = kept.to_string().parse::<Host>();
    kept == row || host.is_ok_and(|host| row.covers(&host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_order_of_the_author_stay() {
        let text = "# mine\nschema = 1\n[tool]\nname = \"t\"\nversion = \"1\"\nsummary = \"s\"\n\n\
            # the notes\n[[fs]]\npath = \"/workspace\" # all of it\naccess = \"read-write\" # yes\n\
            reason = \"r\"\n\n# never used\n[[fs]]\npath = \"/home\"\naccess = \"read-only\"\n\
            reason = \"r\"\n\n[[http]]\nhost = \"*.a.test\"\nreason = \"r\"\n\n\
            [limits]\nwall = \"20s\" # long\n";
        let manifest = Manifest::from_toml(text, "t").unwrap();
        let small = text
            .replace("\"read-write\"", "\"read-only\"")
            .replace(
                "\n# never used\n[[fs]]\npath = \"/home\"\naccess = \"read-only\"\n\
                 reason = \"r\"\n",
                "",
            )
            .replace("*.a.test", "x.a.test")
            .replace("\"20s\"", "\"1s\"");
        let smaller = Manifest::from_toml(&small, "t").unwrap();
        assert_eq!(narrowed(&manifest, &smaller, Some(text)).unwrap(), small);
        let plain = narrowed(&manifest, &smaller, None).unwrap();
        assert_eq!(Manifest::from_toml(&plain, "t").unwrap(), smaller);
    }
}
