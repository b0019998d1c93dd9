//! `cofferdam token`: tokens with which others than the operator reach the host.

use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand};
use cofferdam_server::{MadeTokenEntry, Rotated, TokenClient, TokenEntry};
use serde_json::json;

use crate::args::Listing;
use crate::connect::connect;
use crate::console::{self, Format};
use crate::error::Failure;

/// `cofferdam token`.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token for a client or an agent, and print it this once.
    Create(Create),
    /// List the tokens, and those that have ended within thirty days.
    Ls(Listing),
    /// End tokens at once, with the requests that are under way with them.
    Revoke {
        /// Names of tokens
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
        /// Format of the output: json gives one object for each token
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Make another key that signs the tokens of agents from now on.
    Rotate {
        /// End every token that a former key has signed
        #[arg(long)]
        revoke: bool,
        #[command(flatten)]
        listing: Listing,
    },
}

/// `cofferdam token create`.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Name of the token
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// Let it reach this agent alone [default: every agent]
    #[arg(long, value_name = "AGENT")]
    pub(crate) agent: Option<String>,

    /// Let it do this: chat (turns), read (agents, sessions), write (delete sessions), tools (call
    /// tools without a model)
    #[arg(
        long,
        value_name = "SCOPE,…",
        value_delimiter = ',',
        required_unless_present = "for_agent"
    )]
    pub(crate) scope: Vec<String>,

    /// Let it expire after this time, such as 12h or 30d [default: 90d]
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,

    /// Make a token of this agent itself, a signed JWT, with which it reads its own sessions
    #[arg(long, value_name = "AGENT", conflicts_with_all = ["agent", "scope"])]
    pub(crate) for_agent: Option<String>,

    /// Let that agent talk to this one; may be repeated
    #[arg(long, value_name = "AGENT", requires = "for_agent")]
    pub(crate) link: Vec<String>,

    /// Name a capability in the agent's token; may be repeated
    #[arg(long, value_name = "NAME", requires = "for_agent")]
    pub(crate) capability: Vec<String>,

    #[command(flatten)]
    pub(crate) listing: Listing,
}

pub(crate) async fn run(token: Token, data: &Path) -> Result<(), Failure> {
    match token {
        Token::Create(create) => create.run(data).await,
        Token::Ls(Listing { format }) => list(format, data).await,
        Token::Revoke { names, format } => revoke(names, format, data).await,
        Token::Rotate { revoke, listing } => rotate(revoke, listing.format, data).await,
    }
}

impl Create {
    async fn run(self, data: &Path) -> Result<(), Failure> {
        let Self {
            name,
            agent,
            scope,
            expires,
            for_agent,
            link,
            capability,
            listing: Listing { format },
        } = self;
        let lifetime = expires.as_deref().map(lifetime).transpose()?;
        let lifetime = lifetime.unwrap_or_default();
        let mut host = TokenClient::new(&connect(data).await?);
        let made = match for_agent {
            Some(agent) => {
                host.create_for_agent(name, agent, link, capability, lifetime)
                    .await?
            }
            None => host.create(name, agent, scope, lifetime).await?,
        };
        if format == Format::Json {
            return console::json(&made);
        }
        let MadeTokenEntry { secret, token } = made;
        console::line(secret);
        console::note(&format!(
            "this is the only time that the token is shown; it expires at {}, and `cofferdam token \
             revoke {}` ends it",
            console::when(token.expires_at),
            token.name
        ));
        Ok(())
    }
}

/// Seconds of a time as it is written.
fn lifetime(written: &str) -> Result<u64, Failure> {
    let wrong = || {
        Failure::usage(format!(
            "--expires {written}: expected a time of at least a second, such as 12h or 30d"
        ))
    };
    let time: Duration = humantime::parse_duration(written).map_err(|_| wrong())?;
    Some(time.as_secs())
        .filter(|seconds| *seconds > 0)
        .ok_or_else(wrong)
}

async fn list(format: Format, data: &Path) -> Result<(), Failure> {
    let tokens = TokenClient::new(&connect(data).await?).all().await?;
    if format == Format::Json {
        return console::json(&tokens);
    }
    let row = |token: TokenEntry| {
        let permits = match token.kind.as_str() {
            "agent" => token.links.iter().map(|link| format!("→ {link}")).collect(),
            _ => token.scopes,
        };
        let agent = match token.agent.as_str() {
            "" => "all".to_owned(),
            agent => agent.to_owned(),
        };
        vec![
            token.name,
            token.kind,
            agent,
            permits.join(", "),
            token.status,
            console::when(token.expires_at),
        ]
    };
    console::table(
        &["name", "of", "agent", "scopes", "status", "expires"],
        tokens.into_iter().map(row).collect(),
    );
    Ok(())
}

async fn revoke(names: Vec<String>, format: Format, data: &Path) -> Result<(), Failure> {
    let mut host = TokenClient::new(&connect(data).await?);
    for name in names {
        host.revoke(name.clone()).await?;
        match format {
            Format::Json => console::json(&json!({ "name": name }))?,
            Format::Table => console::line(name),
        }
    }
    Ok(())
}

async fn rotate(revoke: bool, format: Format, data: &Path) -> Result<(), Failure> {
    let rotated = TokenClient::new(&connect(data).await?)
        .rotate(revoke)
        .await?;
    if format == Format::Json {
        return console::json(&rotated);
    }
    let Rotated { key_id, revoked } = rotated;
    console::line(key_id);
    console::note(&match (revoke, revoked) {
        (false, _) => "tokens of agents that were made before go on until they expire".to_owned(),
        (true, count) => format!("{count} tokens of agents have ended"),
    });
    Ok(())
}
