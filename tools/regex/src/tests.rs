//! Matches that the C library of GNU gives, group by group.

use crate::{Options, Regex, Syntax};

/// Checks what the groups of the first match are; `-` for one that took no part.
fn check(syntax: Syntax, pattern: &str, text: &str, groups: &[&str]) {
    let options = Options {
        syntax,
        ignore_case: false,
        multi_line: false,
    };
    let regex = Regex::new(pattern, options).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let captures = regex.captures(text.as_bytes(), 0).expect("in time");
    let found = regex.find(text.as_bytes(), 0).expect("in time");
    let Some(captures) = captures else {
        assert!(
            groups.is_empty() && found.is_none(),
            "{pattern} on {text}: no match"
        );
        return;
    };
    assert_eq!(captures.get(0), found, "{pattern} on {text}");
    let said: Vec<_> = (0..=regex.groups())
        .map(|group| captures.get(group).map_or("-", |span| &text[span]))
        .collect();
    assert_eq!(said, groups, "{pattern} on {text}");
}

#[test]
fn the_longest_of_the_leftmost_matches_is_found() {
    let check = |pattern, text, groups: &[&str]| check(Syntax::Extended, pattern, text, groups);
    check("a|ab", "xab", &["ab"]);
    check("(a|ab)(c|bcd)(d*)", "abcd", &["abcd", "a", "bcd", ""]);
    check("(x|xy|xya)(ya|a)?(b*)", "xyab", &["xyab", "x", "ya", "b"]);
    check("(a?)(ab)?(b*)", "aab", &["aab", "a", "ab", ""]);
    check(
        "(foo|foobar)(barfoo)?",
        "foobarfoo",
        &["foobarfoo", "foo", "barfoo"],
    );
    check("(ab|aba|bab)*", "ababab", &["ababab", "ab"]);
    check("((a)|b)*", "ab", &["ab", "b", "a"]);
    check("a?(ab)?", "ab", &["ab", "ab"]);
    check("\\<(é|éa)\\>", "x éa", &["éa", "éa"]);
    check("a{2,3}", "aaaa", &["aaa"]);
    check("x", "y", &[]);
}

#[test]
fn back_references_match_what_a_group_said() {
    let check = |pattern, text, groups: &[&str]| check(Syntax::Basic, pattern, text, groups);
    check("\\(.\\)\\1", "abccd", &["cc", "c"]);
    check("^\\(.*\\)\\n\\1$", "one\none", &["one\none", "one"]);
    check("\\(a*\\)\\1", "aaaaa", &["aaaa", "aa"]);
    check("\\(a\\|ab\\)\\1*c", "ababc", &["ababc", "ab"]);
    check("\\([a-z]\\{2,3\\}\\)-\\1", "abc-abc", &["abc-abc", "abc"]);
}

#[test]
fn operators_stand_for_themselves_where_they_repeat_nothing() {
    let basic = |pattern, text, groups: &[&str]| check(Syntax::Basic, pattern, text, groups);
    basic("*b", "a*b", &["*b"]);
    basic("^*a", "*a", &["*a"]);
    basic("a^b$c", "a^b$c", &["a^b$c"]);
    basic("[].]*", "].x", &["]."]);
    basic("[\\.]", "\\", &["\\"]);
    basic("a\\{1,\\}", "caa", &["aa"]);
    check(Syntax::Awk, "a{x", "a{x", &["a{x"]);
    check(Syntax::Awk, "[\\]x]+", "ax]", &["x]"]);
}

#[test]
fn an_expression_that_is_none_says_why() {
    let check = |syntax, pattern: &str, why: &str| {
        let options = Options {
            syntax,
            ignore_case: false,
            multi_line: false,
        };
        let error = Regex::new(pattern, options).err().expect("an error");
        assert!(error.to_string().contains(why), "{pattern}: {error}");
    };
    check(Syntax::Extended, "(a", "Unmatched (");
    check(Syntax::Extended, "a)", "Unmatched )");
    check(Syntax::Extended, "*a", "Invalid preceding");
    check(Syntax::Extended, "a{2", "Unmatched {");
    check(Syntax::Basic, "a\\{3,2\\}", "Invalid content");
    check(Syntax::Basic, "a\\{99999\\}", "too big");
    check(Syntax::Basic, "[a", "Unmatched [");
    check(Syntax::Basic, "[z-a]", "Invalid range end");
    check(Syntax::Basic, "[[:foo:]]", "foo");
    check(Syntax::Basic, "\\(a\\)\\2", "Invalid back reference");
    check(Syntax::Basic, "a\\", "Trailing backslash");
    check(Syntax::Extended, &"(".repeat(1000), "deep");
    check(Syntax::Extended, "((a{1000}){1000}){1000}", "too big");
}
