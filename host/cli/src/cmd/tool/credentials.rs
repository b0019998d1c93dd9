//! Rows of a manifest that look like credentials, for its reviewer.

use cofferdam_capability::{CredentialRule, Manifest};
use cofferdam_workbench::describe::Power;
use serde::Serialize;

/// A secret or a variable whose name looks like that of a credential.
#[derive(Debug, Serialize)]
pub(super) struct Credential<'a> {
    /// Its kind of row, as the table of powers names it: `secret` or `variable`.
    kind: &'static str,
    name: &'a str,
    #[serde(flatten)]
    rule: Rule,
}

/// The rule that the name fits.
#[derive(Debug, Serialize)]
struct Rule {
    rule: &'static str,
    means: &'static str,
}

/// Every row of the manifest that looks like a credential, in the order of the table of powers.
pub(super) fn credentials(manifest: &Manifest) -> Vec<Credential<'_>> {
    let secrets = manifest.secret.iter();
    let secrets = secrets.map(|row| ("secret", row.name.as_str()));
    let variables = manifest.env.iter();
    let variables = variables.map(|row| ("variable", row.name.as_str()));
    let credential = |(kind, name)| {
        let CredentialRule {
            name: rule, means, ..
        } = CredentialRule::of(name)?;
        let rule = Rule { rule, means };
        Some(Credential { kind, name, rule })
    };
    secrets.chain(variables).filter_map(credential).collect()
}

impl Credential<'_> {
    /// Returns true if this is the row of the table.
    pub(super) fn is(&self, power: &Power) -> bool {
        let name = power.what.split_whitespace().next();
        self.kind == power.kind && name == Some(self.name)
    }

    /// The reason why it stands out, for a person.
    pub(super) fn sentence(&self) -> String {
        let Self { kind, name, rule } = self;
        let seen = match *kind {
            "variable" => "the tool reads its value",
            _ => "the host puts it into requests, and the tool never sees it",
        };
        format!(
            "the {kind} {name} looks like a credential (rule `{}`): it opens {}; {seen}",
            rule.rule, rule.means
        )
    }
}
