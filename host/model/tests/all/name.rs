use cofferdam_model::{Error, ModelName};

use crate::open;

#[test]
fn a_name_splits_at_its_first_slash() {
    let check = |text: &str, provider: &str, rest: &str| {
        let name: ModelName = text.parse().unwrap();
        assert_eq!(
            (name.provider(), name.name(), name.to_string().as_str()),
            (provider, rest, text)
        );
    };
    check(
        "anthropic/claude-sonnet-4-5",
        "anthropic",
        "claude-sonnet-4-5",
    );
    check("openrouter/openai/gpt-4.1", "openrouter", "openai/gpt-4.1");
    check("ollama/llama3.2:1b", "ollama", "llama3.2:1b");
    check("script/days/monday.jsonl", "script", "days/monday.jsonl");
}

#[test]
fn a_bad_name_is_refused_with_an_example() {
    for bad in [
        "",
        "claude",
        "/claude",
        "anthropic/",
        "an thropic/x",
        "anthropic/a b",
        "anthropic/a\nb",
        "öpenai/x",
    ] {
        let error = bad.parse::<ModelName>().unwrap_err().to_string();
        let start = format!("{bad:?} is not a model: write provider/name, for example anthropic/");
        assert!(error.starts_with(&start), "{error}");
    }
    let long = format!("openai/{}", "x".repeat(10_000));
    assert!(long.parse::<ModelName>().unwrap_err().to_string().len() < 400);
}

#[test]
fn what_cannot_be_asked_is_refused_at_open() {
    let check = |name: &str, variables: &[(&str, &str)], expected: &str| {
        let error = open(name, variables).err().unwrap().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    };
    check(
        "builtin/other",
        &[],
        "builtin has no model other: there is builtin/commands",
    );
    check(
        "nobody/x",
        &[],
        "no model provider is called nobody: there are builtin, script, aihubmix",
    );
    check("nobody/x", &[], "needs its address in NOBODY_API_BASE");
    check(
        "anthropic/x",
        &[("OPENAI_API_KEY", "k")],
        "anthropic needs an API key: set ANTHROPIC_API_KEY",
    );
    check("ollama-cloud/x", &[], "set OLLAMA_CLOUD_API_KEY");
    check(
        "openai/x",
        &[("OPENAI_API_KEY", " \n")],
        "set OPENAI_API_KEY",
    );
    check(
        "bedrock/x",
        &[("BEDROCK_API_KEY", "k")],
        "set BEDROCK_API_BASE, for example to https://bedrock-runtime.",
    );
    check(
        "vllm/x",
        &[("VLLM_API_BASE", "localhost")],
        "VLLM_API_BASE is not a usable address: it is not a URL",
    );
    // genai would read `zai` as the provider, and send it this provider's key.
    check(
        "openai/zai::glm",
        &[("OPENAI_API_KEY", "k")],
        "is not a model",
    );
}

#[test]
fn what_can_be_asked_opens_without_a_network() {
    for (name, variables) in [
        ("builtin/commands", [].as_slice()),
        ("ollama/llama3.2", &[]),
        ("openai/gpt-5", &[("OPENAI_API_KEY", "k")]),
        (
            "vllm/qwen",
            &[("VLLM_API_BASE", "http://localhost:8000/v1")],
        ),
    ] {
        assert!(open(name, variables).is_ok(), "{name}");
    }
}

#[test]
fn a_missing_key_names_its_variable_for_who_branches() {
    match open("groq/x", &[]).err() {
        Some(Error::MissingKey { provider, variable }) => {
            assert_eq!(
                (provider.as_str(), variable.as_str()),
                ("groq", "GROQ_API_KEY")
            );
        }
        other => panic!("{other:?}"),
    }
}
