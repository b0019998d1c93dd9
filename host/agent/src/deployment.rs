//! The operator's choices for one agent, beyond what its image says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::str::FromStr;

use cofferdam_capability::{Access, ForeignText, GuestPath, is_hiding};
use serde::{Deserialize, Serialize};

/// The most mounts of one agent. Each is a directory that is open for as long as the agent runs,
/// and a preopen in every call of a tool that sees it.
pub(crate) const MAX_MOUNTS: usize = 32;

/// The longest description of a mount, in bytes: a sentence. It is in every prompt.
const MAX_DESCRIPTION: usize = 512;

/// The longest target of a mount, in bytes. Models read it.
const MAX_TARGET: usize = 255;

/// Variables, settings or labels of one agent: far more than a person gives. Each is read again at
/// every start.
const MAX_PAIRS: usize = 1_024;

/// The largest value, in bytes (64 KiB): a certificate, or a short document.
const MAX_VALUE: usize = 64 << 10;

/// All keys and values together, in bytes (1 MiB). They are stored, and held while the host runs.
const MAX_BYTES: usize = 1 << 20;

/// Guest directories that the host gives a meaning to. No mount stands in their place, holds one of
/// them or lies in one.
const RESERVED: [&str; 7] = [
    "/etc/context",
    "/etc/data",
    "/usr/bin",
    "/usr/local/bin",
    "/var",
    "/dev",
    "/tmp",
];

/// The choices with which an agent is created. They are stored with it, and hold at every start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deployment {
    /// The model, in place of the image's.
    pub model: Option<String>,
    /// Variables, in place of those of the image with the same key or beside them.
    pub envs: BTreeMap<String, String>,
    /// Settings, in place of those of the image with the same key or beside them.
    pub configs: BTreeMap<String, String>,
    /// Directories of this machine.
    pub mounts: Vec<Mount>,
    /// Labels, in place of those of the image with the same key or beside them.
    pub labels: BTreeMap<String, String>,
    /// The agent's own address on loopback, where older clients dial it without a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr: Option<SocketAddr>,
}

/// The choices that the database keeps for an agent.
///
/// # Errors
///
/// They cannot be read: an agent is not run without what its operator chose.
pub(crate) fn stored(json: &str) -> Result<Deployment, DeploymentError> {
    serde_json::from_str(json).map_err(|error| {
        DeploymentError(format!(
            "what it was created with cannot be read from the database ({error}): create it again"
        ))
    })
}

/// A directory of this machine that tools of the agent see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// The absolute path on this machine.
    pub host: String,
    /// The absolute path that tools see.
    pub target: String,
    /// The words that a model reads about it; may be empty.
    #[serde(default)]
    pub description: String,
    /// True if no tool may change anything in it.
    pub read_only: bool,
}

/// A choice of the operator that cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DeploymentError(pub(crate) String);

impl Deployment {
    /// These choices, and those of `base` where these say nothing. A mount goes before one of
    /// `base` at the same target.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        let Self {
            model,
            envs,
            configs,
            mounts,
            labels,
            addr,
        } = self.clone();
        let both = |own: BTreeMap<String, String>, base: &BTreeMap<String, String>| {
            let mut both = base.clone();
            both.extend(own);
            both
        };
        let replaced = |mount: &&Mount| mounts.iter().all(|own| own.target != mount.target);
        let below: Vec<_> = base.mounts.iter().filter(replaced).cloned().collect();
        Self {
            model: model.or_else(|| base.model.clone()),
            envs: both(envs, &base.envs),
            configs: both(configs, &base.configs),
            mounts: below.into_iter().chain(mounts).collect(),
            labels: both(labels, &base.labels),
            addr: addr.or(base.addr),
        }
    }

    /// Refuses choices that no agent can have, whatever lies on this machine: too many or too
    /// large ones, and mounts that could not be as they are written.
    ///
    /// # Errors
    ///
    /// The first of them, and what would be right.
    pub fn check(&self) -> Result<(), DeploymentError> {
        let mut bytes = 0_usize;
        let all = [
            ("variables", &self.envs),
            ("settings", &self.configs),
            ("labels", &self.labels),
        ];
        for (what, pairs) in all {
            if pairs.len() > MAX_PAIRS {
                return Err(DeploymentError(format!(
                    "there are {} {what}: an agent is given at most {MAX_PAIRS}",
                    pairs.len()
                )));
            }
            for (key, value) in pairs {
                if value.len() > MAX_VALUE {
                    return Err(DeploymentError(format!(
                        "one of its {what} has a value of {} bytes: at most {MAX_VALUE} are taken; \
                         put more into a file of its workspace",
                        value.len()
                    )));
                }
                bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
            }
        }
        if bytes > MAX_BYTES {
            return Err(DeploymentError(format!(
                "its variables, settings and labels have {bytes} bytes together: at most \
                 {MAX_BYTES} are taken"
            )));
        }
        self.check_addr()?;
        self.check_mounts()
    }

    /// The choices as the database keeps them.
    pub(crate) fn json(&self) -> Result<String, DeploymentError> {
        serde_json::to_string(self).map_err(|error| DeploymentError(error.to_string()))
    }

    fn check_addr(&self) -> Result<(), DeploymentError> {
        match self.addr {
            Some(addr) if !addr.ip().is_loopback() => Err(DeploymentError(format!(
                "address {addr}: who dials an agent's own address sends no token, so it has to be \
                 one of loopback, such as 127.0.0.1:9001"
            ))),
            Some(addr) if addr.port() == 0 => Err(DeploymentError(format!(
                "address {addr}: older clients dial the same port after every start, so it has to \
                 be chosen, such as 9001"
            ))),
            _ => Ok(()),
        }
    }

    fn check_mounts(&self) -> Result<(), DeploymentError> {
        if self.mounts.len() > MAX_MOUNTS {
            return Err(DeploymentError(format!(
                "there are {} mounts: an agent has at most {MAX_MOUNTS}",
                self.mounts.len()
            )));
        }
        let mut targets: Vec<GuestPath> = Vec::new();
        for mount in &self.mounts {
            let target = mount.check()?;
            if targets.contains(&target) {
                return Err(DeploymentError(format!(
                    "two mounts have the target {target}: give one of them another"
                )));
            }
            targets.push(target);
        }
        Ok(())
    }
}

impl Mount {
    /// The target as a guest path. Refuses a mount that is not written as it should be.
    pub(crate) fn check(&self) -> Result<GuestPath, DeploymentError> {
        let Self {
            host,
            target,
            description,
            read_only: _,
        } = self;
        let wrong = |problem: String| Err(DeploymentError(format!("mount {target}: {problem}")));
        if !host.starts_with('/') || host.contains('\0') {
            return wrong(format!(
                "`{host}` is not an absolute path of this machine, such as /srv/notes"
            ));
        }
        if description.len() > MAX_DESCRIPTION || description.chars().any(is_hiding) {
            return wrong(format!(
                "its description is one line of at most {MAX_DESCRIPTION} bytes"
            ));
        }
        if target.len() > MAX_TARGET || target.chars().any(is_hiding) {
            let shown =
                ForeignText::line(target.get(..target.floor_char_boundary(80)).unwrap_or(""));
            return Err(DeploymentError(format!(
                "mount {shown}: its target is one line of at most {MAX_TARGET} bytes"
            )));
        }
        let guest: GuestPath = match target.parse() {
            Ok(guest) => guest,
            Err(problem) => return wrong(problem),
        };
        if guest == GuestPath::working_directory() {
            return wrong(format!(
                "{guest} is the agent's own: write a target below it, such as {guest}/notes"
            ));
        }
        for reserved in RESERVED {
            let Ok(reserved) = GuestPath::from_str(reserved) else {
                continue;
            };
            if reserved.contains(&guest) || guest.contains(&reserved) {
                return wrong(format!(
                    "{reserved} is the host's: write another target, such as /workspace/notes"
                ));
            }
        }
        if guest.contains(&GuestPath::working_directory()) {
            return wrong(format!(
                "it would hold {}: write another target, such as /workspace/notes",
                GuestPath::working_directory()
            ));
        }
        Ok(guest)
    }

    /// The most that a tool may do in it.
    pub(crate) fn access(&self) -> Access {
        if self.read_only {
            Access::ReadOnly
        } else {
            Access::ReadWrite
        }
    }
}

/// Reads `HOST:TARGET[:DESCRIPTION][:ro|rw]`; read-write unless it says `ro`. A single word at the
/// end is a mode, so that none that is mistyped becomes a description.
impl FromStr for Mount {
    type Err = DeploymentError;

    fn from_str(text: &str) -> Result<Self, DeploymentError> {
        let wrong = || {
            DeploymentError(format!(
                "mount `{text}`: expected HOST:TARGET[:DESCRIPTION][:ro|rw], such as \
                 /srv/notes:/workspace/notes:ro"
            ))
        };
        let (host, rest) = text.split_once(':').ok_or_else(wrong)?;
        let (target, rest) = match rest.split_once(':') {
            Some((target, rest)) => (target, Some(rest)),
            None => (rest, None),
        };
        if host.is_empty() || target.is_empty() {
            return Err(wrong());
        }
        let (description, mode) = match rest {
            None => ("", "rw"),
            Some(mode @ ("ro" | "rw")) => ("", mode),
            Some(rest) => match rest.rsplit_once(':') {
                Some((description, mode @ ("ro" | "rw"))) => (description, mode),
                _ => (rest, "rw"),
            },
        };
        let last = description.rsplit(':').next().unwrap_or_default();
        let has_mode = rest.is_some_and(|rest| rest.len() > description.len());
        if !has_mode && !description.is_empty() && !last.contains(char::is_whitespace) {
            return Err(DeploymentError(format!(
                "mount `{text}`: `{last}` is no mode: expected ro (read-only) or rw (read and \
                 write), also after a description of one word"
            )));
        }
        let mount = Self {
            host: host.to_owned(),
            target: target.to_owned(),
            description: description.to_owned(),
            read_only: mode == "ro",
        };
        mount.check()?;
        Ok(mount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_read_as_it_is_written() {
        for (text, description, read_only) in [
            ("/srv/a:/workspace/a", "", false),
            ("/srv/a:/workspace/a:ro", "", true),
            ("/srv/a:/workspace/a:rw", "", false),
            ("/srv/a:/workspace/a:the: notes:ro", "the: notes", true),
            ("/srv/a:/workspace/a:the: notes", "the: notes", false),
            ("/srv/a:/workspace/a:notes:rw", "notes", false),
        ] {
            let mount: Mount = text.parse().unwrap();
            assert_eq!(mount.host, "/srv/a", "{text}");
            assert_eq!(mount.target, "/workspace/a", "{text}");
            assert_eq!(mount.description, description, "{text}");
            assert_eq!(mount.read_only, read_only, "{text}");
        }
    }

    #[test]
    fn a_mount_that_cannot_be_is_refused() {
        for (text, says) in [
            ("/srv/a", "expected HOST:TARGET"),
            ("/srv/a:", "expected HOST:TARGET"),
            ("srv:/workspace/a", "not an absolute path"),
            ("/srv/a:workspace/a", "not a guest path"),
            ("/srv/a:/workspace/../a", "not a guest path"),
            ("/srv/a:/workspace", "the agent's own"),
            ("/srv/a:/", "/etc/context is the host's"),
            ("/srv/a:/etc", "/etc/context is the host's"),
            ("/srv/a:/etc/data/x", "/etc/data is the host's"),
            ("/srv/a:/usr/bin", "/usr/bin is the host's"),
            ("/srv/a:/usr/local/bin/x", "/usr/local/bin is the host's"),
            ("/srv/a:/var/lib", "/var is the host's"),
            ("/srv/a:/dev", "/dev is the host's"),
            ("/srv/a:/tmp/x", "/tmp is the host's"),
            ("/srv/a:/workspace/a:RO", "`RO` is no mode"),
            ("/srv/a:/workspace/a:readonly", "`readonly` is no mode"),
            ("/srv/a:/workspace/a:ro,z", "`ro,z` is no mode"),
            ("/srv/a:/workspace/a:the notes:wo", "`wo` is no mode"),
        ] {
            let error = text.parse::<Mount>().unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        let twice = Deployment {
            mounts: ["/a:/data", "/b:/data"]
                .map(|text| text.parse().unwrap())
                .into(),
            ..Deployment::default()
        };
        let error = twice.check().unwrap_err().to_string();
        assert!(error.contains("two mounts"), "{error}");
        for target in [
            "/workspace/a\n- forged".to_owned(),
            format!("/workspace/{}", "a/".repeat(200)),
        ] {
            let mount = Mount {
                host: "/srv".to_owned(),
                target,
                description: String::new(),
                read_only: true,
            };
            let error = mount.check().unwrap_err().to_string();
            assert!(error.contains("one line of at most 255 bytes"), "{error}");
        }
    }

    #[test]
    fn choices_are_bounded() {
        let many = |count: usize, bytes: usize| {
            let pairs = (0..count).map(|number| (format!("K{number}"), "v".repeat(bytes)));
            Deployment {
                envs: pairs.collect(),
                ..Deployment::default()
            }
        };
        many(1_024, 100).check().unwrap();
        for (deployment, says) in [
            (many(1_025, 1), "at most 1024"),
            (many(1, 65_537), "at most 65536"),
            (many(20, 65_000), "bytes together"),
        ] {
            let error = deployment.check().unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn choices_go_over_others() {
        let pairs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let base = Deployment {
            model: Some("a/b".to_owned()),
            envs: pairs(&[("A", "1"), ("B", "1")]),
            mounts: ["/a:/data", "/a:/other"]
                .map(|text| text.parse().unwrap())
                .into(),
            ..Deployment::default()
        };
        let own = Deployment {
            envs: pairs(&[("B", "2")]),
            mounts: ["/b:/data:ro"].map(|text| text.parse().unwrap()).into(),
            ..Deployment::default()
        };
        let both = own.over(&base);
        assert_eq!(both.model.as_deref(), Some("a/b"));
        assert_eq!(both.envs, pairs(&[("A", "1"), ("B", "2")]));
        let mounts: Vec<_> = both
            .mounts
            .iter()
            .map(|mount| (&*mount.host, &*mount.target))
            .collect();
        assert_eq!(mounts, [("/a", "/other"), ("/b", "/data")]);
    }
}
