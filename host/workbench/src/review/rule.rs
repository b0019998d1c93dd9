//! The rules by which something stands out on the page of a review. A rule holds or it does not:
//! there are no scores.

use serde::Serialize;

/// The subject of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Secrets and variables that open something.
    Credentials,
    /// Hosts, and what goes to them.
    Network,
    /// Directories.
    Files,
    /// Calls of other tools.
    Calls,
    /// Imports, and the rows that are for them.
    Imports,
    /// Limits.
    Limits,
    /// Words that somebody reads.
    Words,
    /// The making of the component.
    Build,
}

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its name, which does not change.
    pub id: &'static str,
    /// Its subject.
    pub category: Category,
    /// The reason to look.
    pub sentence: &'static str,
}

/// Something that stands out, by a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the rule.
    pub rule: &'static str,
    /// Its subject.
    pub category: Category,
    /// The row, import or file that it is about.
    pub what: String,
    /// The reason to look.
    pub why: &'static str,
}

macro_rules! rules {
    ($($name:ident, $id:literal, $category:ident, $sentence:literal;)*) => {
        $(pub(super) const $name: Rule = Rule {
            id: $id,
            category: Category::$category,
            sentence: $sentence,
        };)*

        /// Every rule, in the order of the page.
        pub const RULES: &[Rule] = &[$($name),*];
    };
}

rules! {
    CREDENTIAL_VARIABLE, "credential-variable", Credentials,
        "The tool reads the value of a variable by whose name credentials go.";
    CREDENTIAL_SECRET, "credential-secret", Credentials,
        "A secret has a name by which credentials go. The host puts it into requests; the tool \
         never sees it.";
    SECRET_AND_ANY_HOST, "secret-and-any-host", Credentials,
        "The tool has a secret, and may be granted hosts that its manifest does not name.";
    ANY_HOST, "any-host", Network,
        "The manifest leaves the hosts to the operator: decide about the grant, not about this \
         row. Write the hosts in `[[grant]] http` of cofferdam.toml, or `--http`.";
    WILDCARD_HOST, "wildcard-host", Network,
        "The row covers every host below a name, also those that are added later.";
    ANY_METHOD, "any-method", Network,
        "The row names no methods, so requests may also change something on the host.";
    TCP, "tcp", Network,
        "Over TCP the tool speaks a protocol that this host does not read.";
    READS_AND_SENDS, "reads-and-sends", Network,
        "The tool reads files or variables and reaches the network, so it can send what it reads.";
    ROOT, "root-directory", Files,
        "The row covers the whole tree that the operator offers.";
    FETCHES_AND_WRITES, "fetches-and-writes", Files,
        "The tool reaches the network and writes files that other tools may read, so a host can \
         place text in front of them.";
    CALL, "call-with-everything", Calls,
        "The row passes on all that the called tool was granted: it names no directories, access \
         or hosts.";
    CALL_AND_NETWORK, "call-reaches-network", Calls,
        "The called tool reaches the network, so the caller does too.";
    UNDECLARED_IMPORT, "undeclared-import", Imports,
        "The component imports what its manifest does not declare. No host loads it.";
    UNUSED_IMPORT, "acknowledged-import", Imports,
        "The manifest says that an import is never called. The host denies every call of it.";
    NEEDLESS_ROW, "needless-row", Imports,
        "No import needs the row: the tool asks for more than it can use.";
    UNREACHED_ROW, "unreached-row", Imports,
        "No exported function can reach the import that the row is for.";
    NOT_FOLLOWED, "not-followed", Imports,
        "The calls in the code could not be followed, so every import counts as reachable.";
    LIMIT_ABOVE_DEFAULT, "limit-above-default", Limits,
        "The manifest asks for more than the default, which the operator alone can give.";
    LIMIT_ABOVE_CEILING, "limit-above-ceiling", Limits,
        "The manifest asks for more than this host gives to any tool.";
    HIDDEN_CHARACTER, "hidden-character", Words,
        "A text holds a character that a reader does not see as it is.";
    NO_MANIFEST, "no-manifest", Build,
        "The component carries no manifest: it asks for nothing and gets nothing.";
    NO_DESCRIPTORS, "no-descriptors", Build,
        "The component does not carry its list of tools: `tool inspect`, `review diff` and a host \
         that offers it run it once, under a grant that gives nothing, to get one. This page does \
         not.";
    NO_PACKAGES, "no-packages", Build,
        "The component does not say of which packages it was built (`cargo auditable` makes it \
         say so).";
    PACKAGES_UNREADABLE, "packages-unreadable", Build,
        "A list of packages in the component cannot be read, so packages and advisories may be \
         missing on this page.";
    ADVISORY, "advisory", Build,
        "An advisory of RustSec is about a package of this version.";
}

impl Rule {
    /// The finding that this rule makes of something.
    pub(super) fn finds(&self, what: impl Into<String>) -> Finding {
        Finding {
            rule: self.id,
            category: self.category,
            what: what.into(),
            why: self.sentence,
        }
    }
}

impl Category {
    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Network => "network",
            Self::Files => "files",
            Self::Calls => "calls",
            Self::Imports => "imports",
            Self::Limits => "limits",
            Self::Words => "words",
            Self::Build => "build",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_of_the_documentation_has_every_rule() {
        let table: String = RULES
            .iter()
            .map(|rule| {
                let Rule {
                    id,
                    category,
                    sentence,
                } = rule;
                format!("| `{id}` | {} | {sentence} |\n", category.as_str())
            })
            .collect();
        let page = include_str!("../../README.md");
        assert!(page.contains(&table), "expected this table:\n{table}");
    }

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let names: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(names.len(), RULES.len());
    }
}
