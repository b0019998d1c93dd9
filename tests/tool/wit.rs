//! The interfaces in `wit/`: documented, and never another thing under the same version.

use std::path::PathBuf;

use crate::support::checkout;

/// The interfaces as a contract: their text without words and empty lines.
fn contract(wit: &str) -> String {
    let lines = wit
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default().trim_end());
    lines
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect()
}

/// `cofferdam:tool@0.1.0` of `package cofferdam:tool@0.1.0;`.
fn package(wit: &str) -> &str {
    let package = wit
        .lines()
        .find_map(|line| line.strip_prefix("package ")?.strip_suffix(';'));
    package.expect("the file names its package")
}

/// Lines that name something and have nothing said above them.
fn undocumented(wit: &str) -> Vec<String> {
    let mut documented = false;
    let mut found = Vec::new();
    for line in wit.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let names = line.ends_with(['{', ',', ';']);
        let refers = ["package ", "import ", "export ", "include "]
            .iter()
            .any(|word| line.starts_with(word));
        if names && !refers && !documented {
            found.push(line.to_owned());
        }
        documented = line.starts_with("///");
    }
    found
}

fn wit() -> String {
    std::fs::read_to_string(checkout().join("wit/tool.wit")).expect("the file is there")
}

#[test]
fn the_interfaces_do_not_change_under_their_version() {
    let wit = wit();
    let (package, contract) = (package(&wit), contract(&wit));
    let golden = format!("tests/golden/{}.wit", package.replace(':', "-"));
    let kept = std::fs::read_to_string(PathBuf::from(checkout()).join(&golden)).unwrap_or_default();
    assert!(
        !kept.is_empty(),
        "{package} is new: keep what it is in {golden}:\n{contract}"
    );
    assert_eq!(
        contract, kept,
        "wit/tool.wit is no longer {package}: give it a new version, and keep {golden} for the \
         components that are out"
    );
}

#[test]
fn a_changed_interface_is_found() {
    let text = "package a:b@1.0.0;\n\n/// Words.\ninterface c \
        {\n    /// More.\n    d: func(); // why\n}\n";
    assert_eq!(package(text), "a:b@1.0.0");
    assert_eq!(
        contract(text),
        "package a:b@1.0.0;\ninterface c {\n    d: func();\n}\n"
    );
    assert_eq!(
        contract(text),
        contract(&text.replace("Words", "Other words"))
    );
    assert_ne!(
        contract(text),
        contract(&text.replace("func()", "func(e: u8)"))
    );
}

#[test]
fn everything_in_the_interfaces_is_documented() {
    assert_eq!(undocumented(&wit()), Vec::<String>::new());
    let text = "/// Words.\ninterface c \
        {\n    d: func();\n    /// Words.\n    enum e {\n        f,\n    }\n}\n";
    assert_eq!(undocumented(text), ["d: func();", "f,"]);
}
