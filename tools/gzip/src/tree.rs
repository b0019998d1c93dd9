//! `-r`: the files below directories.

use std::fs;
use std::path::Path;

use cofferdam_command::{Stop, path_error};

/// Directories inside one another: a bound on the recursion, far above what anybody has.
const MAX_DEPTH: usize = 64;

/// The files that a name means, by name: itself, or those below it. Links are left out.
pub(crate) fn files(name: &str, complain: &mut dyn FnMut(&Stop)) -> Vec<String> {
    let mut found = Vec::new();
    match Path::new(name).is_dir() {
        true => below(name, 0, &mut found, complain),
        false => found.push(name.to_owned()),
    }
    found
}

fn below(directory: &str, depth: usize, found: &mut Vec<String>, complain: &mut dyn FnMut(&Stop)) {
    if depth == MAX_DEPTH {
        complain(&Stop::new(format!(
            "{directory}: directories are searched at most {MAX_DEPTH} deep"
        )));
        return;
    }
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => {
            complain(&Stop::new(path_error(directory, &error)));
            return;
        }
    };
    let mut inside: Vec<_> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name(), entry.file_type().ok()?)))
        .collect();
    inside.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, kind) in inside {
        let path = format!(
            "{}/{}",
            directory.trim_end_matches('/'),
            name.to_string_lossy()
        );
        if kind.is_dir() {
            below(&path, depth + 1, found, complain);
        } else if kind.is_file() {
            found.push(path);
        }
    }
}
