//! Fills its scratch directory `/tmp` with what is hard to remove: a deep tree, links to
//! everywhere, many files. Nothing of it is forbidden. Then it ends as the argument says: `end`,
//! `fail`, `trap`, `spin` or `sleep`. Afterwards nothing of it may be left.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::fs::{create_dir, create_dir_all, read_dir, write};
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use cofferdam_guests::symlink;

/// Directories inside one another; each is reached from the one above, because the whole path would
/// be too long.
const DEPTH: usize = 300;

fn main() -> ExitCode {
    let how = std::env::args().nth(1).unwrap_or_else(|| "end".to_owned());
    if let Err(error) = fill() {
        eprintln!("/tmp: {error}");
        return ExitCode::from(1);
    }
    println!("filled /tmp");
    match how.as_str() {
        "fail" => ExitCode::from(1),
        "trap" => std::process::abort(),
        "sleep" => {
            std::thread::sleep(Duration::from_secs(3600));
            ExitCode::SUCCESS
        }
        "spin" => loop {
            std::hint::spin_loop();
        },
        _ => ExitCode::SUCCESS,
    }
}

fn fill() -> io::Result<()> {
    let found: Vec<_> = read_dir("/tmp")?.collect::<io::Result<_>>()?;
    if !found.is_empty() {
        return Err(io::Error::other(format!("not empty: {found:?}")));
    }
    create_dir_all("/tmp/wide")?;
    for number in 0..500 {
        write(format!("/tmp/wide/{number}"), "scratch")?;
    }
    let mut path = "/tmp".to_owned();
    for _ in 0..DEPTH {
        path.push_str("/deeper");
        create_dir(&path)?;
    }
    write(format!("{path}/at-the-bottom"), "scratch")?;
    for (name, target) in [
        ("up", "../../.."),
        ("itself", "itself"),
        ("workspace", "../workspace"),
    ] {
        symlink(target, &format!("/tmp/{name}"))?;
    }
    Ok(())
}
