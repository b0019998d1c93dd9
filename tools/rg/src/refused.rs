//! Options that rg has and this one does not, with the reason.

use cofferdam_command::Stop;

/// The sentence for an option.
pub(crate) fn option(option: &str) -> Stop {
    let reason = match option {
        "-z" | "--search-zip" => "decompress with `gzip -dk` first",
        "-L" | "--follow" => "symbolic links are not followed here",
        "--pre" | "--pre-glob" | "--hostname-bin" => "a tool cannot start another one",
        "--generate" => "this is Cofferdam's rg; --help says what there is",
        "--pcre2-version" => "-P is searched by fancy-regex, and there is no PCRE2",
        "-V" => "ask for --version",
        "-h" => "ask for --help",
        _ => "there is no such option here; --help says what there is",
    };
    Stop::new(format!("{option}: {reason}"))
}

/// The sentence for colors.
pub(crate) fn color(when: &str) -> Stop {
    Stop::new(format!(
        "--color {when}: the output of a tool has no colors; leave it out, -o prints what matches"
    ))
}
