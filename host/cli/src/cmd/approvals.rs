//! `cofferdam approvals`: calls that wait for a person.

use std::path::Path;

use clap::{Args, Subcommand};
use cofferdam_server::{ApprovalClient, ApprovalEntry};

use crate::args::Listing;
use crate::connect::connect;
use crate::console::{self, Format};
use crate::error::Failure;

/// `cofferdam approvals`.
#[derive(Debug, Subcommand)]
pub(crate) enum Approvals {
    /// List the calls that wait.
    Ls(Ls),
    /// Show everything about one of them.
    Show {
        /// Id of the question, or its beginning
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// Let a call happen.
    Approve(Approve),
    /// Refuse a call, or take back its approval.
    Deny {
        /// Ids of questions, or their beginnings
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        /// The reason, which the model reads
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
}

/// `cofferdam approvals ls`.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// List the questions of this agent alone
    #[arg(long, value_name = "AGENT")]
    pub(crate) agent: Option<String>,

    /// List questions too that wait no more
    #[arg(long, short)]
    pub(crate) all: bool,

    /// Print them again whenever they change, until Ctrl-C
    #[arg(long, conflicts_with = "all")]
    pub(crate) watch: bool,

    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// `cofferdam approvals approve`.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// Ids of questions, or their beginnings
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,

    /// For every call of the tool in the session, whatever its arguments, for eight hours
    #[arg(long)]
    pub(crate) session: bool,

    /// The reason, for the record
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
}

pub(crate) async fn run(approvals: Approvals, data: &Path) -> Result<(), Failure> {
    let mut host = ApprovalClient::new(&connect(data).await?);
    match approvals {
        Approvals::Ls(ls) => ls.run(&mut host).await,
        Approvals::Show { id, listing } => {
            let shown = host.get(id).await?;
            if listing.format == Format::Json {
                return console::json(&shown);
            }
            show(&shown);
            Ok(())
        }
        Approvals::Approve(approve) => approve.run(&mut host).await,
        Approvals::Deny { ids, reason } => {
            for id in ids {
                let denied = host.deny(id, reason.clone()).await?;
                console::line(format!("{} denied", denied.id));
            }
            Ok(())
        }
    }
}

impl Ls {
    async fn run(self, host: &mut ApprovalClient) -> Result<(), Failure> {
        let Self {
            agent,
            all,
            watch,
            listing: Listing { format },
        } = self;
        if !watch {
            return print(host.list(agent, all).await?, format);
        }
        let mut told = host.watch(agent).await?;
        while let Some(waiting) = told.next().await? {
            print(waiting, format)?;
        }
        Ok(())
    }
}

impl Approve {
    async fn run(self, host: &mut ApprovalClient) -> Result<(), Failure> {
        for id in self.ids {
            let shown = host.get(id).await?;
            let reason = self.reason.clone();
            let approved = host.approve(&shown, self.session, reason).await?;
            let ApprovalEntry { id, tool, .. } = &approved;
            console::line(format!("{id} approved"));
            if self.session {
                console::note(&format!(
                    "every such call of `{tool}` in session {} happens from now on, for eight \
                     hours; `cofferdam approvals deny {id}` takes it back",
                    approved.session
                ));
            }
        }
        Ok(())
    }
}

fn print(approvals: Vec<ApprovalEntry>, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return console::json(&approvals);
    }
    let row = |approval: ApprovalEntry| {
        vec![
            approval.id,
            approval.agent,
            approval.tool,
            approval.effect,
            approval.arguments,
            approval.state,
            console::when(approval.expires_at),
        ]
    };
    console::table(
        &[
            "id",
            "agent",
            "tool",
            "effect",
            "arguments",
            "state",
            "expires",
        ],
        approvals.into_iter().map(row).collect(),
    );
    Ok(())
}

/// Everything that a person decides about.
pub(crate) fn show(approval: &ApprovalEntry) {
    let ApprovalEntry {
        id,
        agent,
        session,
        principal,
        tool,
        caller,
        effect,
        arguments,
        arguments_digest,
        component,
        grant,
        reason,
        policies,
        state,
        scope,
        created_at,
        expires_at,
        decided_at: _,
        decided_by,
        decision_reason,
    } = approval;
    let policies = policies.join("\n");
    let created = console::when(*created_at);
    let expires = console::when(*expires_at);
    let mut fields = vec![
        ("agent", agent.as_str().into()),
        ("session", session.as_str().into()),
        ("asked by", principal.as_str().into()),
        ("tool", tool.as_str().into()),
        ("called by", caller.as_str().into()),
        ("effect", effect.as_str().into()),
        ("arguments", arguments.as_str().into()),
        ("why", reason.as_str().into()),
        ("policies", policies.as_str().into()),
        ("state", state.as_str().into()),
        ("scope", scope.as_str().into()),
        ("asked at", created.as_str().into()),
        ("expires", expires.as_str().into()),
        ("of the arguments", arguments_digest.as_str().into()),
        ("of the component", component.as_str().into()),
        ("of the grant", grant.as_str().into()),
    ];
    if !decided_by.is_empty() {
        fields.push(("decided by", decided_by.as_str().into()));
        fields.push(("reason", decision_reason.as_str().into()));
    }
    console::fields(id, fields);
}
