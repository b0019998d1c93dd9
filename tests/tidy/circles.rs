//! Inside a crate files do not import each other in circles: the parent names its children, and
//! children name the types of leaves.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenTree};

use super::rust_tokens::{group, ident, is_punct, keyword, tokens};
use super::{File, files, none, one};

/// The names that lead to a module from the top of its crate.
type Path = Vec<String>;

/// The modules of a crate that are files.
struct Crate<'a> {
    files: BTreeMap<Path, &'a File>,
    /// Names that its top passes on from modules below.
    passed_on: BTreeSet<String>,
}

/// Files that a file names, in the order of their paths.
type Edges<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Circles of files below `src`, which holds the top of a crate.
fn circles(src: &str, files: &[File]) -> Vec<String> {
    let own = files.iter().filter_map(|file| {
        let path = module(file.path.strip_prefix(src)?.strip_prefix('/')?)?;
        Some((path, file))
    });
    let files: BTreeMap<_, _> = own.collect();
    let top = files.get(&Path::new());
    let passed_on = top.map(|top| passed_on(top)).unwrap_or_default();
    let all = Crate { files, passed_on };
    let mut edges = Edges::new();
    for (path, file) in &all.files {
        let mut named = BTreeSet::new();
        all.follow(
            &tokens(file).into_iter().collect::<Vec<_>>(),
            path,
            path,
            &mut named,
        );
        named.remove(&*file.path);
        edges.insert(&file.path, named);
    }
    components(&edges)
}

/// The path of a module by that of its file. Unit tests are aside.
fn module(file: &str) -> Option<Path> {
    let mut path: Path = file
        .strip_suffix(".rs")?
        .split('/')
        .map(str::to_owned)
        .collect();
    if path.iter().any(|name| name == "tests" || name == "bin") {
        return None;
    }
    let last = path.last()?;
    if last == "mod" || path.len() == 1 && (last == "lib" || last == "main") {
        path.pop();
    }
    Some(path)
}

/// The names that a file takes in from elsewhere with `use`.
fn passed_on(file: &File) -> BTreeSet<String> {
    let tokens: Vec<_> = tokens(file).into_iter().collect();
    let mut names = BTreeSet::new();
    for (place, _) in tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| keyword(token, "use"))
    {
        last_names(&tokens[place + 1..], &mut names);
    }
    names
}

/// The last name of each path of a `use`.
fn last_names(tokens: &[TokenTree], names: &mut BTreeSet<String>) {
    let mut last = None;
    for token in tokens {
        if is_punct(token, ';') {
            break;
        } else if is_punct(token, ',') {
            names.extend(last.take());
        } else if let Some(inner) = group(token) {
            last_names(&inner.stream().into_iter().collect::<Vec<_>>(), names);
        } else if let Some(name) = ident(token) {
            last = Some(name.to_string());
        }
    }
    names.extend(last);
}

impl<'a> Crate<'a> {
    /// Adds the files that `tokens` name. They stand in the module `at`, which is part of the file
    /// of the module `own`.
    fn follow(&self, tokens: &[TokenTree], own: &Path, at: &Path, named: &mut BTreeSet<&'a str>) {
        let mut place = 0;
        while let Some(token) = tokens.get(place) {
            let inner = group(token).map(|group| group.stream().into_iter().collect::<Vec<_>>());
            if let Some(end) = test_end(tokens, place) {
                place = end;
                continue;
            } else if let Some((child, body)) = child(&tokens[place..]) {
                let below = [at.as_slice(), &[child]].concat();
                if let Some(body) = body {
                    self.follow(&body, own, &below, named);
                } else {
                    self.add(own, below, named);
                }
                place += 3;
                continue;
            } else if let Some(inner) = inner {
                self.follow(&inner, own, at, named);
            } else if is_start(tokens, place)
                && let Some((base, next)) = base(tokens, place, at)
            {
                place = self.paths(&tokens[next..], own, base, named) + next;
                continue;
            }
            place += 1;
        }
    }

    /// Adds the ends of the paths that go on from `base`, and returns the number of tokens they
    /// take.
    fn paths(
        &self,
        tokens: &[TokenTree],
        own: &Path,
        mut base: Path,
        named: &mut BTreeSet<&'a str>,
    ) -> usize {
        let mut place = 0;
        loop {
            let goes_on = tokens.get(place).is_some_and(|token| is_punct(token, ':'))
                && tokens
                    .get(place + 1)
                    .is_some_and(|token| is_punct(token, ':'));
            let next = tokens.get(place + 2).filter(|_| goes_on);
            match next {
                Some(TokenTree::Ident(name)) => {
                    base.push(name.to_string());
                    place += 3;
                }
                Some(TokenTree::Group(group)) => {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    for path in inner.split(|token| is_punct(token, ',')) {
                        self.branch(path, own, &base, named);
                    }
                    return place + 3;
                }
                _ => break,
            }
        }
        self.add(own, base, named);
        place
    }

    /// Adds the ends of one path in the braces of a `use`.
    fn branch(&self, tokens: &[TokenTree], own: &Path, base: &Path, named: &mut BTreeSet<&'a str>) {
        let Some(first) = tokens.first().and_then(ident) else {
            return;
        };
        let mut base = base.clone();
        if *first != "self" {
            base.push(first.to_string());
        }
        self.paths(&tokens[1..], own, base, named);
    }

    /// Adds the file of the deepest module on a path.
    fn add(&self, own: &Path, path: Path, named: &mut BTreeSet<&'a str>) {
        let at_top = path.first().is_none_or(|first| {
            !self.files.contains_key(&[first.clone()][..]) && self.passed_on.contains(first)
        });
        let mut path = path;
        while !self.files.contains_key(&path) && !path.is_empty() {
            path.pop();
        }
        if path.is_empty() && at_top || path == *own {
            return;
        }
        named.extend(self.files.get(&path).map(|file| &*file.path));
    }
}

/// The end of an item for unit tests, which begins at `place`.
fn test_end(tokens: &[TokenTree], place: usize) -> Option<usize> {
    let attribute = group(tokens.get(place + 1)?)?;
    let is_test = is_punct(&tokens[place], '#') && attribute.stream().to_string() == "cfg (test)";
    is_test.then_some(())?;
    let ends = |token: &TokenTree| {
        let brace = group(token).is_some_and(|group| group.delimiter() == Delimiter::Brace);
        is_punct(token, ';') || brace
    };
    let end = tokens[place..].iter().position(ends)?;
    Some(place + end + 1)
}

/// The name of a module that is declared here, and its tokens if it is no file.
fn child(tokens: &[TokenTree]) -> Option<(String, Option<Vec<TokenTree>>)> {
    let [word, name, body, ..] = tokens else {
        return None;
    };
    let name = ident(name).filter(|_| keyword(word, "mod"))?.to_string();
    if is_punct(body, ';') {
        return Some((name, None));
    }
    let body = group(body)?.stream().into_iter().collect();
    Some((name, Some(body)))
}

/// Returns true if a path can begin here.
fn is_start(tokens: &[TokenTree], place: usize) -> bool {
    let before = place.checked_sub(1).and_then(|before| tokens.get(before));
    !before.is_some_and(|before| is_punct(before, ':') && is_path(tokens, place))
        && !before.is_some_and(|before| keyword(before, "in"))
}

/// Returns true if `::` stands before this place.
fn is_path(tokens: &[TokenTree], place: usize) -> bool {
    place
        .checked_sub(2)
        .is_some_and(|before| is_punct(&tokens[before], ':'))
}

/// The module that `crate` or `super` lead to from the module `at`, and the place after them.
fn base(tokens: &[TokenTree], place: usize, at: &Path) -> Option<(Path, usize)> {
    let follows = |place: usize| tokens.get(place).is_some_and(|token| is_punct(token, ':'));
    if keyword(&tokens[place], "crate") {
        return follows(place + 1).then_some((Path::new(), place + 1));
    }
    let mut base = at.clone();
    let mut place = place;
    if keyword(&tokens[place], "self") && follows(place + 1) {
        return follows(place + 2).then_some((base, place + 1));
    }
    keyword(&tokens[place], "super").then_some(())?;
    base.pop();
    while tokens
        .get(place + 3)
        .is_some_and(|token| keyword(token, "super"))
        && follows(place + 1)
    {
        base.pop();
        place += 3;
    }
    follows(place + 1).then_some((base, place + 1))
}

/// Sentences about the strongly connected components with more than one file.
fn components(edges: &Edges<'_>) -> Vec<String> {
    let reached: BTreeMap<_, _> = edges
        .keys()
        .map(|file| (*file, reach(edges, file)))
        .collect();
    let mut problems = Vec::new();
    let mut known = BTreeSet::new();
    for (file, reaches) in &reached {
        let both = |other: &&&str| reached.get(**other).is_some_and(|back| back.contains(file));
        let circle: Vec<_> = reaches.iter().filter(both).copied().collect();
        if circle.len() > 1 && known.insert(circle.clone()) {
            problems.push(format!(
                "{}: these files import each other in a circle: move what they share to a leaf\n{}",
                circle[0],
                within(edges, &circle)
            ));
        }
    }
    problems
}

/// The files that a file leads to.
fn reach<'a>(edges: &Edges<'a>, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<_> = edges.get(file).into_iter().flatten().copied().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(edges.get(next).into_iter().flatten());
        }
    }
    reached
}

/// The edges between the files of a circle, a line for each file.
fn within(edges: &Edges<'_>, circle: &[&str]) -> String {
    let line = |file: &&str| {
        let named = edges.get(file).into_iter().flatten();
        let named: Vec<_> = named
            .filter(|name| circle.contains(name))
            .copied()
            .collect();
        format!("    {file} -> {}", named.join(", "))
    };
    circle.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Circles of every crate of the host.
fn of_host() -> Vec<String> {
    let files = files("host", ".rs");
    let tops: BTreeSet<_> = files
        .iter()
        .filter_map(|file| {
            let top = file.path.strip_suffix("/lib.rs");
            top.or_else(|| file.path.strip_suffix("/main.rs"))
        })
        .filter(|top| top.ends_with("/src") && !top.contains("/project/"))
        .collect();
    assert!(tops.len() > 10, "the crates of the host are not found");
    tops.into_iter()
        .flat_map(|top| circles(top, &files))
        .collect()
}

#[test]
fn no_files_of_the_host_import_each_other_in_a_circle() {
    none(of_host());
}

fn crate_of(files: &[(&str, &str)]) -> Vec<File> {
    let file = |(path, text): &(&str, &str)| File {
        path: format!("a/src/{path}"),
        text: (*text).to_owned(),
    };
    files.iter().map(file).collect()
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: Option<&str>) {
    let found = circles("a/src", &crate_of(files));
    match expected {
        Some(part) => one(found, part),
        None => none(found),
    }
}

#[test]
fn a_circle_of_files_is_found() {
    let top = ("lib.rs", "mod one; mod two; pub use one::One;");
    check(
        &[
            top,
            ("one.rs", "use crate::two::Two;"),
            ("two.rs", "fn f() { g::<super::one::One>() }"),
        ],
        Some("a/src/one.rs -> a/src/two.rs"),
    );
    check(
        &[
            top,
            ("one.rs", "mod child;"),
            ("one/child.rs", "use super::{self as up, inner::{a, b}};"),
        ],
        Some("a/src/one.rs -> a/src/one/child.rs"),
    );
    check(
        &[
            ("main.rs", "mod one; mod inner { fn f() {} }"),
            ("one.rs", "use crate::inner::f;"),
        ],
        Some("a/src/main.rs: these files import each other"),
    );
    check(
        &[
            top,
            (
                "one/mod.rs",
                "pub(in crate::two) mod inner { use super::super::two; }",
            ),
            ("two.rs", "use crate::{one::inner::*, One};"),
        ],
        Some("a/src/two.rs -> a/src/one/mod.rs"),
    );
}

#[test]
fn files_without_a_circle_pass() {
    let top = (
        "lib.rs",
        "mod one; mod two; pub use one::One; use other::{a::Two, B as C};",
    );
    check(
        &[
            top,
            ("one.rs", "mod a; mod b;\n#[cfg(test)]\nmod tests;"),
            (
                "one/a.rs",
                "use super::b::B; use crate::{C, Two}; // use super::One;",
            ),
            ("one/b.rs", "fn f() { \"super::One\"; let a = b; }"),
            ("one/tests.rs", "use super::*;"),
            (
                "two.rs",
                "use crate::One;\n#[cfg(test)]\nmod tests { use crate::one::One; }",
            ),
        ],
        None,
    );
}
