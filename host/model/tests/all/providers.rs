use std::fs::File;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use cofferdam_model::{
    Answered, Credentials, Error, KeyState, ModelHandle, ProvidersFile, check, configured,
};
use serde_json::{Value, json};

use crate::server::{Answer, Server};

/// A file of providers in a directory of its own.
struct Written {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl Written {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("providers.yaml");
        let written = Self {
            _directory: directory,
            path,
        };
        written.write(text);
        written
    }

    /// Whole at once.
    fn write(&self, text: &str) {
        let new = self.path.with_extension("new");
        std::fs::write(&new, text).unwrap();
        std::fs::set_permissions(&new, PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::rename(new, &self.path).unwrap();
    }

    fn credentials(&self, variables: &[(&str, &str)]) -> Credentials {
        let of = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let variables: Vec<_> = variables.iter().map(of).collect();
        let named = variables.clone();
        let variable = move |asked: &str| {
            let found = named.iter().find(|(name, _)| name == asked);
            found.map(|(_, value)| value.clone())
        };
        let path = self.path.clone();
        let open = move || File::open(&path);
        let owner = self.path.metadata().unwrap().uid();
        let shown = self.path.display().to_string();
        let file = ProvidersFile::new(shown, owner, Box::new(open), Box::new(variable));
        Credentials::new(variables).with_file(file)
    }
}

fn listed(body: Value) -> Answer {
    let headers = "content-type: application/json\r\n";
    Answer::Status("200 OK", headers, body.to_string())
}

#[tokio::test]
async fn a_list_is_read_in_the_words_of_each_protocol() {
    let openai = json!({"data": [{"id": "a"}, {"id": "b"}]});
    let gemini = json!({"models": [{"name": "models/a"}, {"name": "models/b"}]});
    let ollama = json!({"models": [{"name": "a:latest"}, {"name": "b:7b"}]});
    for (provider, body) in [
        ("openai", openai.clone()),
        ("anthropic", openai),
        ("gemini", gemini),
        ("ollama", ollama),
    ] {
        let server = Server::start(vec![listed(body)]).await;
        let base = &server.address;
        let written = Written::new(&format!(
            "providers:\n- name: {provider}\n  api-key: k\n  api-base: {base}\n  models: [a]\n"
        ));
        let answered = check(provider, Some("c"), &written.credentials(&[])).await;
        let Answered { models, absent } = answered.unwrap();
        assert_eq!(models.len(), 2, "{provider}: {models:?}");
        assert_eq!(absent, ["c"], "{provider}");
    }
}

#[test]
fn an_entry_goes_before_a_variable_and_is_filled_from_it() {
    let written = Written::new("providers:\n- name: openai\n- name: groq\n  api-key: $MINE\n");
    let variables = [
        ("OPENAI_API_KEY", "k"),
        ("OPENAI_API_BASE", "http://127.0.0.1:1/v1"),
        ("MISTRAL_API_KEY", "k"),
        ("OTHER_PROGRAM_API_KEY", "k"),
        ("LOCAL_ONE_API_BASE", "http://127.0.0.1:2/v1"),
    ];
    let rows = configured(&written.credentials(&variables));
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.provider.as_str(),
                row.key,
                row.base.as_deref().unwrap_or(""),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("openai", KeyState::Set, "http://127.0.0.1:1/v1/"),
            ("groq", KeyState::Missing, ""),
            ("local-one", KeyState::Unneeded, "http://127.0.0.1:2/v1/"),
            ("mistral", KeyState::Set, "https://api.mistral.ai/v1/"),
            // Another name of openai, with the same variables.
            ("openai-responses", KeyState::Set, "http://127.0.0.1:1/v1/"),
        ]
    );
    assert!(
        rows[1]
            .problem
            .as_ref()
            .unwrap()
            .contains("set MINE in the environment of the host")
    );
}

#[test]
fn a_handle_follows_the_file_and_a_turn_does_not() {
    let written = Written::new("providers:\n- name: openai\n  api-key: a\n");
    let credentials = written.credentials(&[]);
    let name = "openai/m".parse().unwrap();
    let handle = ModelHandle::open(name, &credentials, Path::new("/").to_owned()).unwrap();
    let first = handle.current().unwrap();
    let same = |one: &std::sync::Arc<_>, other: &_| std::sync::Arc::ptr_eq(one, other);
    assert!(same(&first, &handle.current().unwrap()));
    // Text that means the same is no change.
    written.write("# mine\nproviders:\n- name: openai\n  api-key: a\n");
    written.write("providers:\n- name: openai\n  api-key: b\n");
    let second = handle.current().unwrap();
    assert!(!same(&first, &second));
    // A file that is wrong, or that others can read, changes nothing.
    written.write("providers: x\n");
    assert!(same(&second, &handle.current().unwrap()));
    std::fs::set_permissions(&written.path, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(same(&second, &handle.current().unwrap()));
    // The mistake is told once.
    let told = credentials.refresh();
    assert!(told.is_ok(), "{told:?}");
    written.write("providers:\n- name: groq\n  api-key: b\n");
    match handle.current().err() {
        Some(Error::NotConfigured { provider, .. }) => assert_eq!(provider, "openai"),
        other => panic!("{other:?}"),
    }
    std::fs::remove_file(&written.path).unwrap();
    assert!(handle.current().is_err());
    written.write("providers:\n- name: openai\n  api-key: b\n");
    assert!(handle.current().is_ok());
}
