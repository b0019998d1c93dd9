//! Answers of tools as a model reads them: plain text of a bounded length. The whole of a longer
//! one is kept as a file that the agent's tools can read.

use std::io::{Error, ErrorKind, Write};

use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions};
use cofferdam_capability::Room;

/// The bytes of an answer that a model reads (64 KiB): some sixteen thousand tokens.
const MAX_READ: usize = 64 << 10;

/// The part of them that is the beginning of the answer. Errors come at the end.
const HEAD: usize = 48 << 10;

/// Answers that are kept as files. The oldest makes room for the next.
const MAX_FILES: usize = 32;

/// The longest part of a name that comes from the id of a call, in bytes.
const MAX_ID: usize = 40;

/// The directory that the agent's tools write to.
const WORKSPACE: &str = "workspace";

/// The directories of the files there, each in the one before.
const DIRECTORIES: [&str; 2] = [".cofferdam", ".cofferdam/output"];

/// Text without what would act on a terminal: escape sequences are taken out, and so are control
/// characters but line breaks and tabs.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\t' => plain.push(c),
            '\u{1b}' => skip_escape(&mut rest),
            // The control sequence introducer in one character.
            '\u{9b}' => skip_sequence(&mut rest),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Skips what follows ESC (ECMA-48).
fn skip_escape(rest: &mut Chars<'_>) {
    match rest.next_if(|c| ('\u{20}'..='\u{7e}').contains(c)) {
        Some('[') => skip_sequence(rest),
        // A string of a command, which ends with BEL or ST.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = rest.next() {
                match c {
                    '\u{7}' | '\u{9c}' => return,
                    '\u{1b}' => {
                        rest.next_if_eq(&'\\');
                        return;
                    }
                    // One that has no end does not take the text with it.
                    '\n' => return,
                    _ => {}
                }
            }
        }
        // Two characters with intermediate ones between, as in the choice of a character set.
        Some(c) if ('\u{20}'..='\u{2f}').contains(&c) => {
            while rest
                .next_if(|c| ('\u{20}'..='\u{2f}').contains(c))
                .is_some()
            {}
            rest.next_if(|c| ('\u{30}'..='\u{7e}').contains(c));
        }
        _ => {}
    }
}

/// Skips parameters and the final character of a control sequence.
fn skip_sequence(rest: &mut Chars<'_>) {
    while rest
        .next_if(|c| ('\u{20}'..='\u{3f}').contains(c))
        .is_some()
    {}
    rest.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
}

/// Returns true if a model does not read all of this text.
pub(crate) fn is_cut(text: &str) -> bool {
    text.len() > MAX_READ
}

/// The beginning and the end of a longer text, with a line between that says how much is missing,
/// and in which file all of it is.
pub(crate) fn cut(text: &str, file: Option<&str>) -> String {
    let head = text
        .get(..text.floor_char_boundary(HEAD))
        .unwrap_or_default();
    let from = text.ceil_char_boundary(text.len().saturating_sub(MAX_READ - HEAD));
    let tail = text.get(from..).unwrap_or_default();
    let missing = text.len().saturating_sub(head.len() + tail.len());
    let place = match file {
        Some(file) => format!("all of it is in {file}"),
        None => "there was no room to keep all of it: ask for less at once".to_owned(),
    };
    format!("{head}\n[{missing} bytes are left out here; {place}]\n{tail}")
}

/// Keeps the text of an answer in a tree whose files have this room. Returns its path as tools see
/// it.
pub(crate) fn keep(root: &Dir, room: &Room, call: &str, text: &str) -> std::io::Result<String> {
    // Beneath the workspace alone, whatever links tools have put there.
    let workspace = root.open_dir(WORKSPACE)?;
    for directory in DIRECTORIES {
        make_directory(&workspace, room, directory)?;
    }
    let [.., outputs] = DIRECTORIES;
    let outputs = workspace.open_dir(outputs)?;
    make_room(&outputs, room)?;
    let name = file_name(call);
    if !room.take_entry() {
        return Err(full());
    }
    let size = text.len() as u64;
    if !room.take_bytes(size) {
        room.give_back(0, 1);
        return Err(full());
    }
    let mut options = OpenOptions::new();
    let opened = outputs.open_with(&name, options.write(true).create_new(true));
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        // The count is right again when the files have been counted.
        room.give_back(size, 1);
        room.doubt();
        return Err(error);
    }
    Ok(format!("/{WORKSPACE}/.cofferdam/output/{name}"))
}

fn make_directory(workspace: &Dir, room: &Room, directory: &str) -> std::io::Result<()> {
    if workspace.is_dir(directory) {
        return Ok(());
    }
    if !room.take_entry() {
        return Err(full());
    }
    let made = workspace.create_dir(directory);
    if made.is_err() {
        room.give_back(0, 1);
    }
    made
}

/// Removes the oldest files until there is a place for one more.
fn make_room(outputs: &Dir, room: &Room) -> std::io::Result<()> {
    let mut names: Vec<_> = outputs
        .entries()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        // Tools may have put others there.
        .filter(|name| name.ends_with(".txt"))
        .collect();
    names.sort();
    let more = (names.len() + 1).saturating_sub(MAX_FILES);
    for name in names.iter().take(more) {
        // A file that has another name, too, keeps its bytes.
        let frees = |data: &Metadata| data.is_file() && data.nlink() <= 1;
        let found = outputs.symlink_metadata(name).ok();
        let size = found.filter(frees).map_or(0, |data| data.len());
        if outputs.remove_file(name).is_ok() {
            room.removed(size, 1);
        }
    }
    Ok(())
}

/// A name that sorts by time, with as much of the id of the call as names a file.
fn file_name(call: &str) -> String {
    let now = uuid::Uuid::now_v7().simple().to_string();
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let call: String = call.chars().filter(is_plain).take(MAX_ID).collect();
    format!("{now}-{call}.txt")
}

fn full() -> Error {
    Error::new(ErrorKind::StorageFull, "the agent's files have no room")
}

#[cfg(test)]
mod tests {
    use cofferdam_capability::RoomBounds;

    use super::*;

    #[test]
    fn nothing_acts_on_a_terminal() {
        for (text, expected) in [
            ("a\u{1b}[31mred\u{1b}[0m\tb\r\n", "ared\tb\n"),
            (
                "\u{1b}]0;title\u{7}x\u{1b}]8;;http://a\u{1b}\\link",
                "xlink",
            ),
            ("\u{9b}2Jx\u{8}\u{7f}\0y", "xy"),
            ("\u{1b}(Bx\u{1b}Mx\u{1b}", "xx"),
            ("\u{1b}]never ends\nnext", "next"),
            ("naïve — 日本語", "naïve — 日本語"),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }

    #[test]
    fn head_and_tail_stay_and_the_line_between_says_what_is_missing() {
        let text = format!("BEGIN{}END", "é".repeat(MAX_READ));
        assert!(is_cut(&text) && !is_cut(&"x".repeat(MAX_READ)));
        let cut = cut(&text, Some("/workspace/x.txt"));
        assert!(cut.starts_with("BEGIN") && cut.ends_with("END"));
        assert!(cut.contains("all of it is in /workspace/x.txt"), "{cut}");
        let missing = cut.split('[').nth(1).unwrap().split(' ').next().unwrap();
        let marker = cut.lines().nth(1).unwrap().len() + 2;
        assert_eq!(
            missing.parse::<usize>().unwrap(),
            text.len() + marker - cut.len()
        );
    }

    #[test]
    #[allow(
        clippy::disallowed_methods,
        reason = "a test opens the directory it has made"
    )]
    fn what_has_another_name_goes_on_taking_room() {
        let place = tempfile::tempdir().unwrap();
        let root = Dir::open_ambient_dir(place.path(), cap_std::ambient_authority()).unwrap();
        root.create_dir(WORKSPACE).unwrap();
        let room = Room::new(RoomBounds {
            bytes: 1 << 20,
            entries: 100,
        });
        let used = || room.used().bytes;
        keep(&root, &room, "first", &"x".repeat(1000)).unwrap();
        let outputs = root.open_dir("workspace/.cofferdam/output").unwrap();
        let first = outputs.entries().unwrap().next().unwrap().unwrap();
        let first = first.file_name();
        outputs.hard_link(first, &root, "workspace/mine").unwrap();
        let before = used();
        for number in 0..MAX_FILES {
            outputs.write(format!("zz{number}.txt"), "").unwrap();
        }
        // The oldest go, and with them a name of the first one.
        keep(&root, &room, "second", "y").unwrap();
        assert_eq!(used(), before + 1);
    }

    #[test]
    fn a_name_is_a_file_of_its_directory() {
        let name = file_name("../../etc/passwd\0 ä");
        assert!(
            name.ends_with("-etcpasswd.txt") && !name.contains('/'),
            "{name}"
        );
        assert!(file_name("") < file_name("a"));
    }
}
