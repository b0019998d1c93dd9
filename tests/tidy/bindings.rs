//! A binding has one name, a choice of two is an `if`, and a parameter is a name: no tuples where
//! a line holds two thoughts.

use proc_macro2::{Delimiter, TokenTree};

use super::rust_tokens::{group, is_parenthesis, is_punct, keyword, problem, runs, tokens};
use super::{File, all, none, one, rust};

/// Returns true for parentheses with a comma in them.
fn is_tuple(token: &TokenTree) -> bool {
    let commas = |token: &TokenTree| {
        let inner = group(token)?.stream().into_iter();
        Some(inner.filter(|token| is_punct(token, ',')).count())
    };
    is_parenthesis(token) && commas(token).is_some_and(|commas| commas > 0)
}

/// `let (a, b) = (x, y);`
fn paired(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for run in runs(tokens(file)) {
        for five in run.windows(5) {
            let binds = keyword(&five[0], "let") && is_tuple(&five[1]) && is_punct(&five[2], '=');
            if binds && is_tuple(&five[3]) && is_punct(&five[4], ';') {
                let sentence = "a tuple is bound to a tuple: write a `let` for each name";
                problems.push(problem(file, &five[0], sentence));
            }
        }
    }
    problems
}

/// A `match` with an arm for `true` or `false`.
fn matched(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for run in runs(tokens(file)) {
        for (place, _) in run
            .iter()
            .enumerate()
            .filter(|(_, token)| keyword(token, "match"))
        {
            let brace = |token: &&TokenTree| {
                group(token).is_some_and(|group| group.delimiter() == Delimiter::Brace)
            };
            let Some(arms) = run[place..].iter().find(brace).and_then(group) else {
                continue;
            };
            let arms: Vec<_> = arms.stream().into_iter().collect();
            let is_arm = |place: usize| {
                let begins =
                    place == 0 || is_punct(&arms[place - 1], ',') || brace(&&arms[place - 1]);
                let bool = keyword(&arms[place], "true") || keyword(&arms[place], "false");
                begins && bool && arms.get(place + 1).is_some_and(|next| is_punct(next, '='))
            };
            if (0..arms.len()).any(is_arm) {
                let sentence = "this `match` is on a bool: write `if` and `else`";
                problems.push(problem(file, &run[place], sentence));
            }
        }
    }
    problems
}

/// Functions that take a parameter apart in their signature. Closures may.
fn apart(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for run in runs(tokens(file)) {
        for (place, _) in run
            .iter()
            .enumerate()
            .filter(|(_, token)| keyword(token, "fn"))
        {
            let Some(parameters) = run[place..]
                .iter()
                .find(|token| is_parenthesis(token))
                .and_then(group)
            else {
                continue;
            };
            let parameters: Vec<_> = parameters.stream().into_iter().collect();
            for (place, two) in parameters.windows(2).enumerate() {
                let begins = parameters[..place]
                    .iter()
                    .rev()
                    .find(|token| !is_punct(token, '&'))
                    .is_none_or(|token| is_punct(token, ','));
                if begins && is_tuple(&two[0]) && is_punct(&two[1], ':') {
                    let sentence = "a function takes a tuple apart in its signature: name the \
                                    parameter, or a struct";
                    problems.push(problem(file, &two[0], sentence));
                }
            }
        }
    }
    problems
}

#[test]
fn every_let_binds_one_value() {
    for directory in ["host", "tests/tidy", "guest-sdk"] {
        none(all(directory, paired));
    }
}

#[test]
fn a_choice_of_two_is_an_if() {
    for directory in ["host", "tests/tidy", "guest-sdk"] {
        none(all(directory, matched));
    }
}

#[test]
fn every_parameter_has_a_name() {
    for directory in ["host", "tests/tidy", "guest-sdk"] {
        none(all(directory, apart));
    }
}

#[test]
fn a_tuple_bound_to_a_tuple_is_found() {
    one(
        paired(&rust("fn f() {\n    let (a, b) = (x, y(1));\n}")),
        "a.rs:2: a tuple is bound",
    );
    one(
        paired(&rust("fn f() { g(|| { let (mut a, _) = (1,\n2); }) }")),
        "a `let` for each",
    );
    none(paired(&rust(
        "fn f() { let (a, b) = x; let (a, b) = g(x, y); let (a, b) = (x, y).swap(); \
         // let (a, b) = (x, y);\n \"let (a, b) = (x, y);\"; let (a) = (x); }",
    )));
}

#[test]
fn a_match_on_a_bool_is_found() {
    one(
        matched(&rust(
            "fn f() {\n    match a() {\n true => 1, false => 2 }\n}",
        )),
        "a.rs:2: this `match`",
    );
    one(
        matched(&rust("fn f() { match a { _ if b => {} true => {} }; }")),
        "`if` and `else`",
    );
    none(matched(&rust(
        "fn f() { match a { Some(true) => b == true, (false, _) => { true } None => false } }",
    )));
}

#[test]
fn a_parameter_taken_apart_is_found() {
    one(
        apart(&rust("fn f(\n    a: u8,\n    (b, c): (u8, u8),\n) {}")),
        "a.rs:3: a function takes a tuple apart",
    );
    one(
        apart(&rust("fn f<T>(&(a, b): &(u8, T)) {}")),
        "name the parameter",
    );
    none(apart(&rust(
        "fn f(a: (u8, u8), b: Map<u8, (u8, u8)>) { g(|(a, b): (u8, u8)| a + b) }",
    )));
}
