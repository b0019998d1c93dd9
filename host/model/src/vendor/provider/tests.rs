//! The table against what genai says of itself, so that an upgrade that moves an address is seen.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

use super::*;

#[test]
fn every_row_has_its_own_id() {
    let ids: HashSet<&str> = PROVIDERS.iter().map(|Row(id, ..)| *id).collect();
    assert_eq!(ids.len(), PROVIDERS.len());
}

#[test]
fn everything_genai_speaks_is_in_the_table() {
    // Each has a row that says why it goes through OpenAI's protocol.
    let instead = [Kind::Baidu, Kind::Cohere, Kind::Zai];
    let named: HashSet<Kind> = PROVIDERS
        .iter()
        .map(|Row(_, kind, ..)| *kind)
        .chain(instead)
        .collect();
    let missing: Vec<_> = Kind::all()
        .iter()
        .filter(|kind| !named.contains(kind))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn addresses_are_those_of_genai() {
    let genai = genai::Client::builder().build().unwrap();
    for Row(id, kind, _, need, base) in PROVIDERS {
        // OpenAI's protocol at another address is our own choice; genai has OpenAI's address for
        // it.
        let own = *kind == Kind::OpenAI && *id != "openai";
        let At(base) = base else { continue };
        if own || *need == Optional {
            continue;
        }
        let target = genai
            .resolve_service_target(genai::ModelIden::new(*kind, "any"))
            .await
            .unwrap();
        assert_eq!(target.endpoint.base_url(), *base, "{id}");
    }
}

#[test]
fn a_configured_address_is_checked() {
    let check = |given: &str, expected: Result<&str, &str>| {
        assert_eq!(checked(given), expected.map(str::to_owned), "{given}");
    };
    check(
        "https://gateway.example/v1",
        Ok("https://gateway.example/v1/"),
    );
    check(
        "https://gateway.example/v1/",
        Ok("https://gateway.example/v1/"),
    );
    check("http://127.0.0.1:8000", Ok("http://127.0.0.1:8000/"));
    check("gateway.example/v1", Err("it is not a URL"));
    check(
        "file:///etc/passwd",
        Err("it is neither an http nor an https URL"),
    );
    check(
        "https://me:secret@gateway.example/",
        Err("it holds a user name or a password"),
    );
    check(
        "https://gateway.example/v1?api-version=1",
        Err("it holds a query or a fragment, and a path has to be added to it"),
    );
}

#[test]
fn a_key_in_the_clear_is_noticed() {
    let check = |base: &str, expected: bool| {
        assert_eq!(crosses_a_network_in_the_clear(base), expected, "{base}")
    };
    check("http://gateway.example/v1/", true);
    check("http://10.0.0.7:4000/", true);
    check("https://gateway.example/v1/", false);
    check("http://localhost:11434/", false);
    check("http://127.0.0.1:8000/v1/", false);
    check("http://[::1]:8000/v1/", false);
}
