//! Files that rows put where their guest looks.

use std::process::Command;

use crate::guest::ARGS_ECHO;
use crate::place::Place;
use crate::problem::Problem;

/// A workspace with a file, and a link that leads out of it. Every row has it.
pub(crate) fn workspace(place: &Place) -> Result<(), Problem> {
    place.file("workspace/notes.txt", "one\ntwo\n")?;
    place.file("secret/passwd", "root\n")?;
    place.link(place.path().join("secret"), "workspace/outside")
}

/// A link that no guest can make, because its target is absolute.
pub(crate) fn proc(place: &Place) -> Result<(), Problem> {
    place.link("/proc/self/root", "workspace/through")
}

/// A directory that has a second name.
pub(crate) fn link_to_tree(place: &Place) -> Result<(), Problem> {
    place.directory("tree")?;
    place.link("tree", "link-to-tree")
}

/// A directory with a file.
pub(crate) fn mounted(place: &Place) -> Result<(), Problem> {
    place.file("mounted/file", "one\n").map(drop)
}

/// A named pipe that nobody writes to, and a link to it.
pub(crate) fn pipe(place: &Place) -> Result<(), Problem> {
    let made = Problem::at(
        "mkfifo",
        Command::new("mkfifo")
            .arg(place.workspace().join("pipe"))
            .status(),
    )?;
    Problem::unless(made.success(), || "mkfifo made no pipe".to_owned())?;
    place.link("pipe", "workspace/link-to-pipe")
}

/// A directory of a thousand entries with names as long as a file system takes.
pub(crate) fn long_names(place: &Place) -> Result<(), Problem> {
    place.directory("workspace/crowd")?;
    for number in 0..1_000 {
        place.file(&format!("workspace/crowd/{number:0>250}"), "")?;
    }
    Ok(())
}

/// A directory of 100,000 entries. Hard links, so that it costs no inodes.
pub(crate) fn crowd(place: &Place) -> Result<(), Problem> {
    let crowd = place.directory("workspace/crowd")?;
    for first in ["first", "second"] {
        let original = place.file(&format!("workspace/crowd/{first}"), "")?;
        // File systems limit the links of one file (ext4: 65,000).
        for number in 0..50_000 {
            let link = crowd.join(format!("{first}-{number}"));
            Problem::at(link.display(), std::fs::hard_link(&original, &link))?;
        }
    }
    Ok(())
}

/// Compiled code for [`ARGS_ECHO`] that somebody else has changed, with the good code beside the
/// data directory.
pub(crate) fn compiled(place: &Place) -> Result<(), Problem> {
    let component = place.file("guest.wasm", ARGS_ECHO.bytes)?;
    let ran = place
        .cofferdam(["tool".as_ref(), "run".as_ref(), component.as_os_str()])
        .run()?;
    Problem::unless(ran.code == Some(0), || {
        format!("the first call: {}", ran.stderr)
    })?;
    let code = compiled_code(place)?;
    let mut bytes = Problem::at(code.display(), std::fs::read(&code))?;
    place.file("good.cwasm", &bytes)?;
    let middle = bytes.len() / 2;
    for byte in bytes.iter_mut().skip(middle).take(64) {
        *byte ^= 0xff;
    }
    Problem::at(code.display(), std::fs::write(&code, &bytes))
}

/// The one entry of the cache.
pub(crate) fn compiled_code(place: &Place) -> Result<std::path::PathBuf, Problem> {
    let cache = place.data().join("cache");
    let entries = Problem::at(cache.display(), std::fs::read_dir(&cache))?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let code = paths.find(|path| {
        path.extension()
            .is_some_and(|extension| extension == "cwasm")
    });
    code.ok_or_else(|| Problem(format!("{}: no compiled code", cache.display())))
}
