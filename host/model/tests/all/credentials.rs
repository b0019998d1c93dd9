use cofferdam_model::Credentials;

#[test]
fn names_are_printed_and_values_never() {
    let variables = [
        ("OPENAI_API_KEY", "sk-very-secret"),
        ("OPENAI_API_BASE", "http://inner.example/"),
        ("GROQ_API_KEY", ""),
        ("HOME", "/home/me"),
    ];
    let credentials =
        Credentials::new(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(
        format!("{credentials:?}"),
        r#"Credentials{"OPENAI_API_BASE", "OPENAI_API_KEY"}"#
    );
}
