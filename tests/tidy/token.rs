//! The operator's token is compared by one function, whose time says nothing about the token.

use super::{File, file, files, none, one};

/// The file that has the token.
const TOKEN: &str = "host/server/src/token.rs";

/// The comparison: the only line that reads the token.
const COMPARISON: &str = "sent.ct_eq(self.value.as_bytes())";

/// Files that let requests in.
const DOORS: [&str; 2] = [
    "host/server/src/grpc/connection.rs",
    "host/server/src/mcp/http.rs",
];

/// The layer of the edge that asks for a token, and its only file.
const LAYER: &str = "AuthenticateLayer::<";
const LAYER_FILE: &str = "host/server/src/edge/authenticate.rs";

/// The only file that has the operator's token compared.
const CREDENTIALS: &str = "host/server/src/edge/credentials.rs";

/// The line of it that does.
const COMPARED: &str = "self.operator.is(sent)";

/// The header that carries the token, which the layer alone reads.
const HEADER: &str = "AUTHORIZATION";

/// Readings of the token that are not the comparison, and comparisons that are missing.
fn readings(token: &File) -> Vec<String> {
    let own = token.text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = own
        .lines()
        .zip(1..)
        .filter(|(line, _)| line.contains(".value"));
    let (compared, other): (Vec<_>, Vec<_>) =
        lines.partition(|(line, _)| line.contains(COMPARISON));
    let mut problems: Vec<_> = other
        .into_iter()
        .map(|(_, number)| {
            format!(
                "{}:{number}: this reads the token: `is` alone compares it",
                token.path
            )
        })
        .collect();
    if compared.len() != 1 {
        problems.push(format!(
            "{}: {} lines compare the token by `{COMPARISON}`",
            token.path,
            compared.len()
        ));
    }
    problems
}

/// Files other than the layer that read the header, credentials that are not compared, and doors
/// without the layer.
fn strangers(sources: &[File]) -> Vec<String> {
    let reads = |source: &&File| source.text.contains(HEADER) && source.path != LAYER_FILE;
    let problem = |source: &File| {
        format!(
            "{}: this reads {HEADER}: {LAYER_FILE} alone does",
            source.path
        )
    };
    let mut problems: Vec<_> = sources.iter().filter(reads).map(problem).collect();
    let compares = |source: &File| source.text.contains(COMPARED);
    let comparing = sources.iter().filter(|source| compares(source));
    if !comparing.map(|source| &*source.path).eq([CREDENTIALS]) {
        problems.push(format!(
            "{CREDENTIALS}: it alone, and by `{COMPARED}`, has the operator's token compared"
        ));
    }
    let asks = |door: &&&str| {
        sources
            .iter()
            .any(|source| source.path == **door && source.text.contains(LAYER))
    };
    problems.extend(
        DOORS
            .iter()
            .filter(|door| !asks(door))
            .map(|door| format!("{door}: this door asks for no token")),
    );
    problems
}

#[test]
fn one_function_compares_the_token() {
    none(readings(&file(TOKEN).expect("the repository has it")));
    none(strangers(&files("host/server/src", ".rs")));
}

#[test]
fn a_second_way_to_compare_the_token_is_found() {
    let token = |text: &str| File {
        path: TOKEN.to_owned(),
        text: text.to_owned(),
    };
    let good = format!("fn is() {{\n{COMPARISON}\n}}\n");
    none(readings(&token(&good)));
    one(readings(&token("")), "0 lines compare");
    one(
        readings(&token(&format!("{good}self.value.as_str() == sent"))),
        "token.rs:4: this reads the token",
    );
    let door = |path: &str, text: &str| File {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let good = || {
        vec![
            door(DOORS[0], "AuthenticateLayer::<Grpc>::new(token)"),
            door(DOORS[1], "AuthenticateLayer::<PlainHttp>::new(token)"),
            door(LAYER_FILE, "AUTHORIZATION"),
            door(CREDENTIALS, COMPARED),
        ]
    };
    none(strangers(&good()));
    one(
        strangers(&good()[1..]),
        "connection.rs: this door asks for no token",
    );
    let mut careless = good();
    careless[3].text = "sent == token".to_owned();
    one(strangers(&careless), "has the operator's token compared");
    let mut third = good();
    third.push(door("host/server/src/other.rs", "AUTHORIZATION"));
    one(strangers(&third), "other.rs: this reads AUTHORIZATION");
}
