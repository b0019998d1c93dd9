//! The operator's choices for one agent on the command line.

use clap::Args;
use cofferdam_agent::{Deployment, DeploymentError, Mount};

use crate::error::Failure;

/// Choices with which an agent is created.
#[derive(Debug, Args)]
pub(crate) struct DeploymentArgs {
    /// Let its tools see a directory of this machine, as far as their manifests ask for it;
    /// read-write unless it says ro; may be repeated
    #[arg(long, short, value_name = "HOST:TARGET[:DESCRIPTION][:ro|rw]")]
    pub(crate) volume: Vec<String>,

    /// Set a variable that its tools see whose manifests declare it; with KEY alone to the value
    /// that it has here; may be repeated
    #[arg(long, short, value_name = "KEY[=VALUE]")]
    pub(crate) env: Vec<String>,

    /// Set a CONFIG of its Agentfile; a text that looks like a number stands in double quotes; may
    /// be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// Use this model in place of the Agentfile's
    #[arg(long, value_name = "PROVIDER/NAME")]
    pub(crate) model: Option<String>,

    /// Also listen on this address of loopback for older clients of the agent, which send no token:
    /// every user of this machine can dial it
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) addr: Option<std::net::SocketAddr>,

    /// Set a label; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) label: Vec<String>,
}

impl DeploymentArgs {
    /// Reads the words. What they mean for an agent is checked when it is made.
    pub(crate) fn deployment(self) -> Result<Deployment, Failure> {
        let Self {
            volume,
            env,
            set,
            model,
            label,
            addr,
        } = self;
        let mounts = volume
            .iter()
            .map(|written| written.parse())
            .collect::<Result<Vec<Mount>, DeploymentError>>()
            .map_err(|error| Failure::usage(format!("--volume: {error}")))?;
        let mut deployment = Deployment {
            model,
            mounts,
            addr,
            ..Deployment::default()
        };
        for written in &env {
            let Pair { key, value } = match written.split_once('=') {
                Some(_) => Pair::of("--env", written)?,
                None => Pair {
                    key: written.clone(),
                    value: own_variable(written)?,
                },
            };
            deployment.envs.insert(key, value);
        }
        for written in &set {
            let Pair { key, value } = Pair::of("--set", written)?;
            deployment.configs.insert(key, value);
        }
        for written in &label {
            let Pair { key, value } = Pair::of("--label", written)?;
            deployment.labels.insert(key, value);
        }
        deployment.check().map_err(Failure::usage)?;
        Ok(deployment)
    }
}

/// A key and its value.
struct Pair {
    key: String,
    value: String,
}

impl Pair {
    fn of(flag: &str, written: &str) -> Result<Self, Failure> {
        match written.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err(Failure::usage(format!(
                "{flag} {written}: expected KEY=VALUE"
            ))),
        }
    }
}

/// The value of a variable of this process.
fn own_variable(name: &str) -> Result<String, Failure> {
    std::env::var(name).map_err(|error| {
        Failure::usage(format!(
            "--env {name}: {error}; write {name}=VALUE, or set it where this command is started"
        ))
    })
}
