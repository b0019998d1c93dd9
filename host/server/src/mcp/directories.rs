//! The directories that tools see, and where they lie on the host: clients speak of the files of
//! their user, and tools of those in their sandbox.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cofferdam_capability::{Access, ForeignText, Grant};
use serde_json::Value;

/// Paths of one input that are looked at.
const MAX_PATHS: usize = 64;

/// The longest input that is looked at, in bytes (64 KiB): in a longer one a path is data.
const MAX_INPUT: usize = 64 << 10;

/// The longest path that a sentence shows, in bytes.
const MAX_SHOWN: usize = 200;

/// The directories of all tools, by the paths under which tools see them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Directories(BTreeMap<String, Directory>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Directory {
    host: PathBuf,
    access: Access,
}

impl Directories {
    /// Adds those of a grant. Of two under one path, the one with more rights is told.
    pub(super) fn add(&mut self, grant: &Grant) {
        for preopen in grant.preopens() {
            if preopen.host().as_os_str().is_empty() {
                continue;
            }
            let directory = Directory {
                host: preopen.host().to_owned(),
                access: preopen.access(),
            };
            let known = self
                .0
                .entry(preopen.guest().to_string())
                .or_insert_with(|| directory.clone());
            known.access = known.access.max(directory.access);
        }
    }

    /// Says which directory of the host is which of the sandbox; nothing where there are none.
    pub(super) fn sentence(&self) -> Option<String> {
        let one = |(guest, directory): (&String, &Directory)| {
            format!(
                "{guest} is {} of this machine ({})",
                shown(&directory.host.to_string_lossy()),
                directory.access
            )
        };
        let all: Vec<_> = self.0.iter().map(one).collect();
        (!all.is_empty()).then(|| {
            format!(
                "Tools see these directories and no other files, and take these paths: {}.",
                all.join("; ")
            )
        })
    }

    /// Says what is right instead of the first path of an input that is no path of the sandbox.
    /// Returns nothing if there is no such path.
    pub(super) fn advice(&self, input: &str) -> Option<String> {
        if self.0.is_empty() || input.len() > MAX_INPUT || !input.contains('/') {
            return None;
        }
        let input: Value = serde_json::from_str(input).ok()?;
        let mut paths = Vec::new();
        collect(&input, &mut paths);
        let foreign = |path: &&str| self.of_host(path).is_some() || !self.is_inside(path);
        let foreign = paths.into_iter().find(foreign)?;
        Some(match self.of_host(foreign) {
            Some(right) => format!(
                "{} is a path of the host, and the tool sees it as {}: use that path",
                shown(foreign),
                shown(&right.to_string_lossy())
            ),
            None => format!(
                "{} is not in the sandbox. {}",
                shown(foreign),
                self.sentence()?
            ),
        })
    }

    /// The path under which tools see a file of the host, if it is another one.
    fn of_host(&self, path: &str) -> Option<PathBuf> {
        self.0.iter().find_map(|(guest, directory)| {
            let below = Path::new(path).strip_prefix(&directory.host).ok()?;
            // Without a slash at its end.
            let seen: PathBuf = Path::new(guest).join(below).components().collect();
            (seen != Path::new(path)).then_some(seen)
        })
    }

    /// Returns true if a path may be one of the sandbox.
    fn is_inside(&self, path: &str) -> bool {
        let own = ["/tmp", "/dev"];
        self.0
            .keys()
            .map(String::as_str)
            .chain(own)
            .any(|guest| guest == "/" || Path::new(path).starts_with(guest))
    }
}

/// The texts of an input that are absolute paths.
fn collect<'a>(value: &'a Value, paths: &mut Vec<&'a str>) {
    if paths.len() == MAX_PATHS {
        return;
    }
    match value {
        Value::String(text) if text.starts_with('/') && !text.contains('\n') => paths.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, paths)),
        Value::Object(map) => map.values().for_each(|value| collect(value, paths)),
        _ => {}
    }
}

fn shown(path: &str) -> String {
    let end = path.floor_char_boundary(MAX_SHOWN);
    ForeignText::line(path.get(..end).unwrap_or_default()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_host_is_told_as_the_tool_sees_it() {
        let project = Directory {
            host: "/home/me/p".into(),
            access: Access::ReadOnly,
        };
        let directories = Directories([("/workspace".to_owned(), project)].into());
        let check = |input: &str, parts: &[&str]| {
            let advice = directories.advice(input);
            if parts.is_empty() {
                assert_eq!(advice, None, "{input}");
            }
            for part in parts {
                assert!(advice.as_ref().unwrap().contains(part), "{advice:?}");
            }
        };
        check(
            r#"{"args":["-l","/home/me/p/a/b.txt"]}"#,
            &[
                "/home/me/p/a/b.txt is a path of the host",
                "as /workspace/a/b.txt",
            ],
        );
        check(r#"{"args":["/home/me/p"]}"#, &["as /workspace: "]);
        check(
            r#"{"file":{"path":"/home/me/other"}}"#,
            &["is not in the sandbox", "/workspace is /home/me/p"],
        );
        check(r#"{"args":["/workspace/a","b","/tmp/x"]}"#, &[]);
        check(r#"{"args":["a/b"]}"#, &[]);
        assert_eq!(Directories::default().advice(r#"["/etc"]"#), None);
    }
}
