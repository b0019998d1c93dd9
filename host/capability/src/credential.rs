//! Names by which credentials go everywhere: a reviewer must not pass over one.
//!
//! A rule says that a name looks like one, and which. It is no score: a name fits a rule or none.

use serde::Serialize;

/// A rule that the name of a secret or a variable fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CredentialRule {
    /// The name of the rule.
    pub name: &'static str,
    /// The access that such a credential gives.
    pub means: &'static str,
    #[serde(skip)]
    names: &'static [&'static str],
    #[serde(skip)]
    endings: &'static [&'static str],
}

/// The rules. The first that a name fits counts, so those of whole names stand before those of
/// endings.
const RULES: [CredentialRule; 12] = [
    of_names(
        "aws",
        "an account at AWS",
        &[
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
        ],
    ),
    of_names(
        "cloud",
        "an account at a cloud, or a cluster",
        &[
            "ARM_CLIENT_SECRET",
            "AZURE_CLIENT_SECRET",
            "DOCKER_AUTH_CONFIG",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "KUBECONFIG",
        ],
    ),
    of_names(
        "code",
        "repositories of source code, and what is built from them",
        &["CI_JOB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN"],
    ),
    of_names(
        "packages",
        "packages that others install",
        &[
            "CARGO_REGISTRY_TOKEN",
            "NODE_AUTH_TOKEN",
            "NPM_TOKEN",
            "PYPI_TOKEN",
            "TWINE_PASSWORD",
        ],
    ),
    of_names(
        "database",
        "a database",
        &[
            "DATABASE_URL",
            "MONGODB_URI",
            "MYSQL_PWD",
            "PGPASSWORD",
            "REDIS_URL",
        ],
    ),
    of_names(
        "ssh",
        "machines that take this user's SSH key",
        &["SSH_AUTH_SOCK", "SSH_PRIVATE_KEY"],
    ),
    of_endings("token", "what the token is for", &["TOKEN"]),
    of_endings(
        "password",
        "what the password is for",
        &["PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD"],
    ),
    of_endings(
        "private-key",
        "what the key signs or decrypts",
        &["PRIVATE_KEY", "SIGNING_KEY"],
    ),
    of_endings(
        "secret",
        "what the secret is for",
        &["SECRET", "SECRET_KEY"],
    ),
    of_endings(
        "api-key",
        "an account at a service",
        &["API_KEY", "APIKEY", "ACCESS_KEY", "AUTH_KEY"],
    ),
    of_endings(
        "credentials",
        "what the credentials are for",
        &["CREDENTIALS", "CREDENTIAL", "CREDS"],
    ),
];

const fn of_names(
    name: &'static str,
    means: &'static str,
    names: &'static [&'static str],
) -> CredentialRule {
    CredentialRule {
        name,
        means,
        names,
        endings: &[],
    }
}

const fn of_endings(
    name: &'static str,
    means: &'static str,
    endings: &'static [&'static str],
) -> CredentialRule {
    CredentialRule {
        name,
        means,
        names: &[],
        endings,
    }
}

impl CredentialRule {
    /// Returns the rule that a name fits, if it looks like that of a credential. `api-key` is read
    /// as `API_KEY`.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
        RULES.into_iter().find(|rule| rule.fits(&name))
    }

    /// An ending is whole words: `MY_TOKEN` and `TOKEN`, not `BROKEN`.
    fn fits(&self, name: &str) -> bool {
        let ends = |ending: &str| {
            name.strip_suffix(ending)
                .is_some_and(|before| before.is_empty() || before.ends_with('_'))
        };
        self.names.contains(&name) || self.endings.iter().any(|ending| ends(ending))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_its_rule_or_none() {
        for (name, rule) in [
            ("AWS_SECRET_ACCESS_KEY", Some("aws")),
            ("aws-secret-access-key", Some("aws")),
            ("GITHUB_TOKEN", Some("code")),
            ("NPM_TOKEN", Some("packages")),
            ("MY_SERVICE_TOKEN", Some("token")),
            ("token", Some("token")),
            ("jina-api-key", Some("api-key")),
            ("DB_PASSWORD", Some("password")),
            ("PGPASSWORD", Some("database")),
            ("CLIENT_SECRET", Some("secret")),
            ("deploy.private.key", Some("private-key")),
            ("BROKEN", None),
            ("TEAM", None),
            ("TOKENS_PER_MINUTE", None),
            ("COMPASS", None),
            ("", None),
        ] {
            let found = CredentialRule::of(name).map(|rule| rule.name);
            assert_eq!(found, rule, "{name}");
        }
    }
}
