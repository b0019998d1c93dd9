//! `cofferdam audit verify`: proof of a trail, or the place of its damage.

use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use clap::Args;
use cofferdam_store::{AuditError, Head, KEY_FILE, PublicKey, Verified};
use serde_json::{Value, json};

use super::directory;
use crate::console::{self, Cell, Format};
use crate::error::Failure;
use crate::host::AUDIT;

/// The largest file of a public key that is read, in bytes.
const MAX_KEY: u64 = 4 << 10;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The directory of the trail [default: audit in the data directory]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,

    /// The public key that has signed it, from a place that its writer cannot change [default:
    /// key.pub in the directory]
    #[arg(long, value_name = "FILE.pub")]
    key: Option<PathBuf>,

    /// A line that the trail must have, as an earlier `audit verify` printed its head: without it,
    /// nobody can see that lines were cut off after the last checkpoint
    #[arg(long, value_name = "SEQ:DIGEST")]
    head: Option<Head>,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(verify: &Verify, data: &Path) -> Result<(), Failure> {
    let path = verify.dir.clone().unwrap_or_else(|| data.join(AUDIT));
    let dir = directory::open(&path)?
        .ok_or_else(|| Failure::usage(format!("{} is not there", path.display())))?;
    let key = key(verify.key.as_deref(), &dir, &path)?;
    let verified = match cofferdam_store::verify(&dir, &key, verify.head.as_ref()) {
        Ok(verified) => verified,
        Err(AuditError::Damaged(fault)) => {
            if verify.format == Format::Json {
                console::json(&json!({ "holds": false, "fault": fault }))?;
            }
            let kind = fault.kind.as_str();
            let path = path.display();
            return Err(Failure::work(format!("{kind}: {path}/{fault}")));
        }
        Err(error) => return Err(Failure::work(format!("{}/{error}", path.display()))),
    };
    let Some(head) = verified.head else {
        let path = path.display();
        return Err(Failure::work(format!("{path} holds no line of a trail")));
    };
    show(&verified, head, verify.format)
}

/// The public key: of the file that was named, or of the directory.
fn key(named: Option<&Path>, dir: &Dir, path: &Path) -> Result<PublicKey, Failure> {
    let Some(file) = named else {
        return PublicKey::load(dir).map_err(|error| {
            Failure::usage(format!("{}/{error}", path.display()))
                .hint(format!("name a copy of {KEY_FILE} with --key"))
        });
    };
    let bytes = cofferdam_workbench::read(file, MAX_KEY).map_err(Failure::usage)?;
    String::from_utf8_lossy(&bytes)
        .parse()
        .map_err(|error| Failure::usage(format!("--key {}: {error}", file.display())))
}

fn show(verified: &Verified, head: Head, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        let mut value = serde_json::to_value(verified).map_err(Failure::work)?;
        if let Value::Object(fields) = &mut value {
            fields.insert("holds".to_owned(), true.into());
            fields.insert("head".to_owned(), head.to_string().into());
        }
        return console::json(&value);
    }
    let Verified {
        segments,
        lines,
        calls,
        checkpoints,
        first,
        last,
        dropped,
        unsigned,
        head: _,
        key,
        torn,
    } = verified;
    let place = |place: &Option<cofferdam_store::Place>| {
        let place = place.as_ref();
        place.map_or(String::new(), |place| {
            format!("{} at {}", place.seq, place.time)
        })
    };
    let mut fields: Vec<(&str, Cell)> = vec![
        ("lines", format!("{lines} in {segments} files").into()),
        ("calls", calls.to_string().into()),
        ("checkpoints", checkpoints.to_string().into()),
        ("first", place(first).into()),
        ("last", place(last).into()),
        ("dropped", format!("{dropped} older lines, for room").into()),
        (
            "unsigned",
            format!("{unsigned} calls after the last checkpoint").into(),
        ),
        ("key", key.to_string().into()),
        ("head", head.to_string().into()),
    ];
    if let Some(torn) = torn {
        let rest = format!(
            "{}, line {} was never completed ({} bytes): the next process that writes cuts it",
            torn.file, torn.line, torn.bytes
        );
        fields.push(("torn", rest.into()));
    }
    console::fields("THE TRAIL HOLDS", fields);
    Ok(())
}
