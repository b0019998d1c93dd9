//! A doc comment begins with the verb or the thing, not with a question about it.

use proc_macro2::{Delimiter, TokenTree};

use super::rust_tokens::{group, ident, is_punct, problem, runs, tokens};
use super::{File, all, none, one, rust};

/// First words that put a riddle before the reader.
const QUESTIONS: [&str; 6] = ["What", "Whether", "Where", "How", "Who", "Why"];

/// Doc comments that begin with such a word. The sentences that `--help` prints beside an argument
/// of the command line are written for a prompt, and stay: `#[arg]` follows them.
fn riddles(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for run in runs(tokens(file)) {
        let mut before = None;
        let mut place = 0;
        while place < run.len() {
            let Some(attribute) = attribute(&run[place..]) else {
                before = None;
                place += 1;
                continue;
            };
            let text = attribute.doc();
            let first = text.is_some() && before != Some(attribute.length);
            before = text.is_some().then_some(attribute.length);
            let word = text.as_deref().and_then(first_word);
            if first
                && let Some(word) = word.filter(|word| QUESTIONS.contains(word))
                && !is_help(&run[place..])
            {
                let sentence =
                    format!("this comment begins with \"{word}\": say what it is, or what it does");
                problems.push(problem(file, &run[place], &sentence));
            }
            place += attribute.length;
        }
    }
    problems
}

/// An attribute, a line of a doc comment included.
struct Attribute {
    /// Tokens it is made of: one more inside of what it is about.
    length: usize,
    inner: Vec<TokenTree>,
}

impl Attribute {
    /// The text of a line of a doc comment.
    fn doc(&self) -> Option<String> {
        let [name, equals, text] = self.inner.as_slice() else {
            return None;
        };
        let is_doc = ident(name).is_some_and(|name| *name == "doc") && is_punct(equals, '=');
        is_doc.then(|| text.to_string())
    }

    fn is_argument(&self) -> bool {
        self.inner
            .first()
            .and_then(ident)
            .is_some_and(|name| *name == "arg" || *name == "command")
    }
}

/// The attribute at the beginning of these tokens.
fn attribute(tokens: &[TokenTree]) -> Option<Attribute> {
    is_punct(tokens.first()?, '#').then_some(())?;
    let place = 1 + usize::from(is_punct(tokens.get(1)?, '!'));
    let inner = group(tokens.get(place)?)?;
    (inner.delimiter() == Delimiter::Bracket).then(|| Attribute {
        length: place + 1,
        inner: inner.stream().into_iter().collect(),
    })
}

/// Returns true if an argument of the command line follows.
fn is_help(mut tokens: &[TokenTree]) -> bool {
    while let Some(attribute) = attribute(tokens) {
        if attribute.is_argument() {
            return true;
        }
        tokens = &tokens[attribute.length..];
    }
    false
}

/// The first word of a literal.
fn first_word(literal: &str) -> Option<&str> {
    let text = literal.trim_start_matches(['r', '#', '"']);
    text.split(|char: char| !char.is_alphanumeric())
        .find(|word| !word.is_empty())
}

#[test]
fn no_comment_begins_with_a_question() {
    for directory in ["host", "guest-sdk", "tests/tidy"] {
        none(all(directory, riddles));
    }
}

#[test]
fn a_comment_that_begins_with_a_question_is_found() {
    for word in QUESTIONS {
        one(
            riddles(&rust(&format!(
                "\n/// {word} it is.\n/// More.\nfn f() {{}}"
            ))),
            "a.rs:2: this comment begins",
        );
        one(
            riddles(&rust(&format!("//! {word} these are.\n\nfn f() {{}}"))),
            word,
        );
    }
    one(
        riddles(&rust(
            "struct S {\n    /** **Where** it is. */\n    a: u8,\n}",
        )),
        "a.rs:2:",
    );
    one(
        riddles(&rust("//! A file.\n\n/// How it is done.\nfn f() {}")),
        "a.rs:3:",
    );
    none(riddles(&rust(
        "/// The way.\n/// How it is done.\nfn f() { \"/// What\"; } // What\n\
         /// Whatever.\nfn g() {}",
    )));
    none(riddles(&rust(
        "struct Arguments {\n    /// How to print\n    #[arg(long)]\n    format: Format,\n}",
    )));
}
