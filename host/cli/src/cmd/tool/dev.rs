//! `cofferdam tool dev`: builds a tool and tests it, again each time that a file changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use cofferdam_workbench::build::Sources;
use cofferdam_workbench::test::Cases;
use cofferdam_workbench::watch::Watched;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::test::{built, report, tested, verdict};
use crate::config::Config;
use crate::console;
use crate::error::Failure;
use crate::paths::DataDir;

/// The pause between two looks at the files: a person does not notice it.
const PAUSE: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// A directory with a Cargo.toml, a capabilities.toml and cases/*.json
    #[arg(default_value = ".", value_name = "DIR")]
    directory: PathBuf,

    /// The directory of the component, for `tool run` and `mcp`
    #[arg(long, default_value = "target/tools", value_name = "DIR")]
    out: PathBuf,
}

pub(super) async fn run(dev: Dev, config: &Config, data: &DataDir) -> Result<(), Failure> {
    let Dev { directory, out } = dev;
    // From now on an interrupt ends the loop, and the last verdict is on the screen.
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::work)?;
    loop {
        // Before the build, so that what changes while it runs is seen afterwards.
        let before = Watched::look(&directory, &out)?;
        let ended = tokio::select! {
            ended = round(&directory, &out, config, data) => ended,
            _ = interrupt.recv() => return Ok(()),
        };
        if let Err(failure) = ended {
            console::complain(&failure.sentence());
        }
        let shown = directory.display();
        console::note(&format!("waiting for a change in {shown}; Ctrl-C ends"));
        let Some(changes) = changed(&directory, &out, before, &mut interrupt).await? else {
            return Ok(());
        };
        console::note(&format!("changed: {changes}"));
    }
}

/// One build, and one run of all cases.
async fn round(
    directory: &Path,
    out: &Path,
    config: &Config,
    data: &DataDir,
) -> Result<(), Failure> {
    let cases = Cases::read(directory)?;
    let sources = Sources {
        paths: vec![directory.to_owned()],
        ..Sources::default()
    };
    let mut all = Vec::new();
    for built in built(&sources, config, data).await? {
        std::fs::create_dir_all(out)
            .map_err(|error| Failure::work(format!("{}: {error}", out.display())))?;
        built.write(&out.join(format!("{}.wasm", built.manifest.tool.name)))?;
        let tested = tested(directory, &cases, &built, config, data).await?;
        report::print(&tested);
        all.push(tested);
    }
    verdict(&all)
}

/// Waits until something has changed and nothing changes any more. Nothing for an interrupt.
async fn changed(
    directory: &Path,
    out: &Path,
    before: Watched,
    interrupt: &mut Signal,
) -> Result<Option<String>, Failure> {
    let mut last = before.clone();
    loop {
        let now = Watched::look(directory, out)?;
        let is_still = now == last;
        if let Some(changes) = before.changes(&now).filter(|_| is_still) {
            return Ok(Some(changes));
        }
        last = now;
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = interrupt.recv() => return Ok(None),
        }
    }
}
