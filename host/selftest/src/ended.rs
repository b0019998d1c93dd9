//! Checks of rows after a call, outside the sandbox and in the receipt.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::Value;

use crate::place::Place;
use crate::plant;
use crate::problem::Problem;
use crate::secret::SPELLINGS;
use crate::web::Request;

/// Bytes that a call may write by default.
const WRITTEN: u64 = 64 << 20;

/// Bytes that the host may hold for a call by default.
const HOST_MEMORY: u64 = 64 << 20;

/// Files and directories that a call may create by default.
const CREATED: u64 = 4_096;

/// Lines of refusals in one receipt, at most.
const MOST_REFUSALS: usize = 8;

/// Names of one kind of change in one receipt, at most.
const MOST_NAMES: usize = 32;

/// A call that is over.
#[derive(Debug)]
pub(crate) struct Ended<'a> {
    pub(crate) place: &'a Place,
    pub(crate) receipt: &'a Value,
    /// The requests that the web server saw.
    pub(crate) requests: &'a [Request],
}

impl Ended<'_> {
    /// The guest's standard output.
    pub(crate) fn stdout(&self) -> &str {
        self.receipt
            .get("stdout")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.receipt.get(key).and_then(Value::as_u64)
    }

    /// The guest has called other tools so often.
    pub(crate) fn called(&self, times: u64) -> Result<(), Problem> {
        let calls = self.number("calls");
        Problem::unless(calls == Some(times), || {
            format!("`calls` is {calls:?} instead of {times}")
        })
    }

    /// The receipt counts so many changes of this kind in the workspace, and names these first, and
    /// few in all.
    fn changed(&self, kind: &str, count: u64, first: &[&str]) -> Result<(), Problem> {
        let changed = self.receipt.get(kind);
        let counted = changed.and_then(|changed| changed.get("count")?.as_u64());
        Problem::unless(counted == Some(count), || {
            format!("`{kind}` counts {counted:?} instead of {count}")
        })?;
        let names = changed
            .and_then(|changed| changed.get("names")?.as_array())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let named = first
            .iter()
            .zip(names)
            .filter(|(first, name)| **name == format!("/workspace/{first}"))
            .count();
        Problem::unless(named == first.len() && names.len() <= MOST_NAMES, || {
            format!("`{kind}` names {names:?}")
        })
    }

    /// The receipt tells of a refusal in a line that begins so.
    pub(crate) fn was_refused(&self, line: &str) -> Result<(), Problem> {
        let lines = self
            .receipt
            .get("refusals")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let told = lines
            .iter()
            .any(|text| text.as_str().is_some_and(|text| text.starts_with(line)));
        Problem::unless(told, || {
            format!("no refusal begins with `{line}`: {lines:?}")
        })?;
        Problem::unless(lines.len() <= MOST_REFUSALS, || {
            format!("{} refusals", lines.len())
        })
    }
}

/// The host held memory for the call, and no more than its limit.
pub(crate) fn much_host_memory(ended: &Ended<'_>) -> Result<(), Problem> {
    let held = ended.number("host_memory");
    Problem::unless(
        held.is_some_and(|bytes| (1 << 20..=HOST_MEMORY).contains(&bytes)),
        || format!("`host_memory` is {held:?}"),
    )
}

/// The fuel of a guest that was ended while it burned some.
pub(crate) fn much_fuel(ended: &Ended<'_>) -> Result<(), Problem> {
    let fuel = ended.number("fuel");
    Problem::unless(fuel.is_some_and(|fuel| fuel >= 1_000_000), || {
        format!("`fuel` is {fuel:?}")
    })
}

/// The guest held its seventeen pages and no more.
pub(crate) fn little_memory(ended: &Ended<'_>) -> Result<(), Problem> {
    let held = ended.number("peak_memory");
    Problem::unless(held == Some(17 << 16), || {
        format!("`peak_memory` is {held:?}")
    })
}

/// Little was written, whatever the file sizes say.
pub(crate) fn little_data(ended: &Ended<'_>) -> Result<(), Problem> {
    let (disk, apparent, _) = usage(&ended.place.workspace())?;
    // What was planted and the file system rounds up.
    let most = WRITTEN + (1 << 20);
    Problem::unless(disk <= most && apparent <= most, || {
        format!("{disk} bytes on disk, {apparent} in sizes")
    })?;
    Problem::unless(
        ended
            .number("bytes_written")
            .is_some_and(|bytes| bytes <= WRITTEN),
        || format!("`bytes_written` is {:?}", ended.number("bytes_written")),
    )?;
    ended.was_refused("bytes written: ")
}

/// Few entries were made.
pub(crate) fn few_entries(ended: &Ended<'_>) -> Result<(), Problem> {
    let (_, _, entries) = usage(&ended.place.workspace())?;
    let planted = 2;
    Problem::unless(entries <= CREATED + planted, || {
        format!("{entries} entries")
    })?;
    Problem::unless(ended.number("entries_created") == Some(CREATED), || {
        format!("`entries_created` is {:?}", ended.number("entries_created"))
    })?;
    ended.was_refused("entries created: ")
}

/// The receipt counts what was removed, renamed and truncated, and names the first of it.
pub(crate) fn changes_told(ended: &Ended<'_>) -> Result<(), Problem> {
    let removed = [
        "in-the-way",
        "line\nbreak",
        "directory/file",
        "directory",
        "0",
        "1",
    ];
    ended.changed("removed", 104, &removed)?;
    ended.changed(
        "renamed",
        2,
        &["old -> /workspace/new", "new -> /workspace/in-the-way"],
    )?;
    ended.changed("truncated", 2, &["emptied", "shorter"])
}

/// The receipt counts every rename that changed something, what it replaced, and nothing else.
pub(crate) fn renames_told(ended: &Ended<'_>) -> Result<(), Problem> {
    let renamed = [
        "link/../same -> /workspace/same",
        "docs -> /workspace/old",
        "docs -> /workspace/new",
        "old -> /workspace/docs",
        "docs/notes -> /workspace/docs/notes",
    ];
    ended.changed("renamed", 5, &renamed)?;
    ended.changed("removed", 3, &["same", "link/../victim", "docs/notes"])?;
    ended.changed("truncated", 0, &[])
}

/// The receipt names what was removed by a path that is too long for it.
pub(crate) fn long_path_told(ended: &Ended<'_>) -> Result<(), Problem> {
    ended.changed("removed", 1, &["private/secret.txt"])
}

/// The receipt counts every file that is empty now.
pub(crate) fn last_truncation_told(ended: &Ended<'_>) -> Result<(), Problem> {
    let workspace = ended.place.workspace();
    let mut emptied = 0;
    for entry in Problem::at(workspace.display(), std::fs::read_dir(&workspace))? {
        let path = Problem::at(workspace.display(), entry)?.path();
        let metadata = Problem::at(path.display(), path.symlink_metadata())?;
        emptied += u64::from(metadata.is_file() && metadata.len() == 0);
    }
    Problem::unless(emptied > 0, || "nothing was emptied".to_owned())?;
    ended.changed("truncated", emptied, &["0", "1"])
}

/// The receipt counts every file that was made.
pub(crate) fn last_entry_told(ended: &Ended<'_>) -> Result<(), Problem> {
    let planted = 2;
    let made = usage(&ended.place.workspace())?.2 - planted;
    let told = ended.number("entries_created");
    Problem::unless(made > 0 && told == Some(made), || {
        format!("`entries_created` is {told:?}, and {made} entries were made")
    })
}

/// The planted file is as it was.
pub(crate) fn notes_unchanged(ended: &Ended<'_>) -> Result<(), Problem> {
    let notes = ended.place.workspace().join("notes.txt");
    let text = Problem::at(notes.display(), std::fs::read_to_string(&notes))?;
    let links = Problem::at(notes.display(), notes.metadata())?.nlink();
    Problem::unless(text == "one\ntwo\n" && links == 1, || {
        format!("{links} links to `{text}`")
    })?;
    let (_, _, entries) = usage(&ended.place.workspace())?;
    Problem::unless(entries == 2, || {
        format!("{entries} entries in the workspace")
    })
}

/// None of the directories that variables name is there.
pub(crate) fn names_no_place(ended: &Ended<'_>) -> Result<(), Problem> {
    let there = ended
        .stdout()
        .lines()
        .find(|line| line.ends_with(" is there"));
    Problem::unless(there.is_none(), || {
        format!("a directory that was not granted is there: {there:?}")
    })
}

/// The directory that the link `outside` leads to is as it was, and nothing was made elsewhere.
pub(crate) fn outside_unchanged(ended: &Ended<'_>) -> Result<(), Problem> {
    let secret = ended.place.path().join("secret");
    let passwd = secret.join("passwd");
    let text = Problem::at(passwd.display(), std::fs::read_to_string(&passwd))?;
    let links = Problem::at(passwd.display(), passwd.metadata())?.nlink();
    let (_, _, entries) = usage(&secret)?;
    Problem::unless(text == "root\n" && links == 1 && entries == 1, || {
        format!(
            "{} has {entries} entries, and {links} links to `{text}`",
            secret.display()
        )
    })?;
    nothing_outside(ended)
}

/// Nothing was made where no guest may make anything.
pub(crate) fn nothing_outside(ended: &Ended<'_>) -> Result<(), Problem> {
    let own = ended.place.path();
    for directory in [
        Some(own),
        own.parent(),
        Some(Path::new("/")),
        Some(Path::new("/etc")),
    ]
    .into_iter()
    .flatten()
    {
        for name in ["cofferdam-was-here", "cofferdam-new", "cofferdam-directory"] {
            let path = directory.join(name);
            Problem::unless(!path.exists(), || format!("{} was made", path.display()))?;
        }
    }
    Ok(())
}

/// The changed code was not loaded but compiled again.
pub(crate) fn compiled_again(ended: &Ended<'_>) -> Result<(), Problem> {
    let code = plant::compiled_code(ended.place)?;
    let good = ended.place.path().join("good.cwasm");
    let same = Problem::at(code.display(), std::fs::read(&code))?
        == Problem::at(good.display(), std::fs::read(&good))?;
    Problem::unless(same, || "the planted code is still there".to_owned())
}

/// The guest saw no spelling of the secret, and its mark as often as the server said it.
pub(crate) fn redacted(ended: &Ended<'_>) -> Result<(), Problem> {
    let marks = ended.stdout().matches("[redacted:token]").count();
    Problem::unless(marks == SPELLINGS.len(), || {
        format!("{marks} marks of {}", SPELLINGS.len())
    })
}

/// No request carried the header of the secret.
pub(crate) fn no_header(ended: &Ended<'_>) -> Result<(), Problem> {
    let told = ended
        .requests
        .iter()
        .map(|request| &request.head)
        .find(|head| head.to_ascii_lowercase().contains("authorization"));
    Problem::unless(told.is_none(), || {
        format!("a host that the secret is not for got {told:?}")
    })
}

/// Every request names the granted host, once, and a path.
pub(crate) fn granted_host_alone(ended: &Ended<'_>) -> Result<(), Problem> {
    for Request { head, rest, .. } in ended.requests {
        let mut lines = head.lines();
        let target = lines.next().and_then(|line| line.split(' ').nth(1));
        let hosts = headers(head, "host");
        let is_granted = matches!(&*hosts, [host] if host.starts_with("a.test:"));
        let is_path = target.is_some_and(|target| target.starts_with('/'));
        Problem::unless(is_granted && is_path && rest.is_empty(), || {
            format!("a server has read {head:?} and {} bytes more", rest.len())
        })?;
    }
    // The guest ends with a request that is as it should be.
    let last = ended.requests.last().map(|request| &*request.head);
    Problem::unless(
        last.is_some_and(|head| head.starts_with("GET /control ")),
        || format!("the last request is {last:?}"),
    )
}

/// Every request announces one length or none, and no server gets more than that.
pub(crate) fn lengths_agree(ended: &Ended<'_>) -> Result<(), Problem> {
    for Request { head, rest, .. } in ended.requests {
        let lengths = headers(head, "content-length");
        let framed = !headers(head, "transfer-encoding").is_empty();
        let agrees = match &*lengths {
            [] => framed || rest.is_empty(),
            [length] => {
                let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
                let announced = length.parse::<usize>().ok();
                digits && !framed && announced.is_some_and(|announced| rest.len() <= announced)
            }
            _ => false,
        };
        Problem::unless(agrees, || {
            format!(
                "a server has read {head:?} and {:?}",
                String::from_utf8_lossy(rest)
            )
        })?;
    }
    // The guest ends with a request that is as it should be.
    let whole = ended.requests.last().is_some_and(|request| {
        headers(&request.head, "content-length") == ["5"] && request.rest == b"hello"
    });
    Problem::unless(whole, || {
        format!("the last request is {:?}", ended.requests.last())
    })
}

/// The values of a header in the head of a request, in the order in which they came.
fn headers<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    headers
        .filter(|(header, _)| header.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .collect()
}

/// Entries that calls have left in their scratch directories.
pub(crate) fn left(place: &Place) -> usize {
    std::fs::read_dir(place.data().join("scratch")).map_or(0, Iterator::count)
}

/// Bytes on disk, apparent bytes and entries below a directory.
fn usage(directory: &Path) -> Result<(u64, u64, u64), Problem> {
    let mut disk = 0;
    let mut apparent = 0;
    let mut entries = 0;
    for entry in Problem::at(directory.display(), std::fs::read_dir(directory))? {
        let path = Problem::at(directory.display(), entry)?.path();
        let metadata = Problem::at(path.display(), path.symlink_metadata())?;
        if metadata.is_dir() {
            let below = usage(&path)?;
            (disk, apparent, entries) = (disk + below.0, apparent + below.1, entries + below.2);
        } else {
            (disk, apparent) = (disk + metadata.blocks() * 512, apparent + metadata.len());
        }
        entries += 1;
    }
    Ok((disk, apparent, entries))
}
