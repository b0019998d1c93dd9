//! What curl can and this one cannot, with the reason: a model that reads it knows what to do
//! instead.

use cofferdam_command::Stop;

const SECRET: &str = "credentials are not given to a tool: the operator gives a secret, and the \
                      host adds it to the request";
const TRUST: &str = "the host connects, and trusts what its system trusts";
const ROUTE: &str = "the host connects, and chooses the way";
const SINGLE: &str = "not supported here: each call sends its requests once, one after another";
const COOKIES: &str = "cookies are not kept here: send one with -b NAME=VALUE";

/// Options and why they are refused.
const REASONS: [(Option<char>, &str, &str); 29] = [
    (Some('u'), "user", SECRET),
    (None, "oauth2-bearer", SECRET),
    (Some('n'), "netrc", SECRET),
    (Some('E'), "cert", SECRET),
    (None, "key", SECRET),
    (None, "digest", SECRET),
    (None, "basic", SECRET),
    (Some('k'), "insecure", TRUST),
    (None, "cacert", TRUST),
    (None, "capath", TRUST),
    (Some('x'), "proxy", ROUTE),
    (None, "resolve", ROUTE),
    (None, "connect-to", ROUTE),
    (None, "interface", ROUTE),
    (None, "unix-socket", ROUTE),
    (Some('6'), "ipv6", ROUTE),
    (Some('c'), "cookie-jar", COOKIES),
    (
        Some('C'),
        "continue-at",
        "use -r FROM- for the rest of a file",
    ),
    (Some('Z'), "parallel", SINGLE),
    (Some('K'), "config", "give the options as arguments"),
    (
        Some('J'),
        "remote-header-name",
        "the server does not choose file names here: use -o FILE",
    ),
    (
        None,
        "limit-rate",
        "the host bounds how much is read, not how fast",
    ),
    (Some('R'), "remote-time", "files have the time of now"),
    (Some(':'), "next", "make one call for each request"),
    (None, "location-trusted", SECRET),
    (None, "tlsv1.3", TRUST),
    (
        None,
        "path-as-is",
        "dots in a path are resolved, as browsers do",
    ),
    (None, "trace", "-v shows the heads"),
    (None, "trace-ascii", "-v shows the heads"),
];

/// The sentence for an option with one letter.
pub(crate) fn short(letter: char) -> Stop {
    let row = REASONS.iter().find(|(short, ..)| *short == Some(letter));
    sentence(&format!("-{letter}"), row.map(|(_, _, reason)| *reason))
}

/// The sentence for a long option.
pub(crate) fn long(name: &str) -> Stop {
    let row = REASONS.iter().find(|(_, long, _)| *long == name);
    sentence(&format!("--{name}"), row.map(|(_, _, reason)| *reason))
}

fn sentence(option: &str, reason: Option<&str>) -> Stop {
    let reason = reason.unwrap_or("there is no such option here; --help says what there is");
    Stop::new(format!("{option}: {reason}"))
}

/// `-b NAME=VALUE`; a name alone would be a file.
pub(crate) fn unless_cookie(text: String) -> Result<String, Stop> {
    if text.contains('=') {
        Ok(text)
    } else {
        Err(Stop::new(format!("-b {text}: {COOKIES}")))
    }
}
