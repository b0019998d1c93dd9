//! `--learn`: the smallest manifest with which the cases pass.
//!
//! The cases run with every power, in directories of their own and with web servers on loopback, so
//! nothing of the machine or the network is reached. What they touched is then taken away row by
//! row: a row stays when a case fails without it.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_capability::{
    Access, EnvRow, FsRow, GuestPath, HostPattern, HttpRow, LOCKED_ENVIRONMENT, LimitsRequest,
    Manifest, Port, Scheme, UnusedRow,
};

use super::case::Case;
use super::check::{self, Checked};
use super::limits;
use super::requests;
use super::subject::Subject;
use super::toml;
use super::unused;
use super::unwritten;
use crate::error::Error;

/// Imports that are linked where a manifest has [[http]], and must be acknowledged where it has
/// not.
const HTTP: &str = "wasi:http/";

/// Wall clock while it is found out what a tool needs: its own default is what is in question, but
/// a tool that hangs must not hang for ever.
const WALL: &str = "120s";

/// The most doublings of a limit: a default of 1 MiB becomes a TiB, beyond every ceiling.
const DOUBLINGS: usize = 20;

/// The smallest manifest with which the cases of a tool pass.
#[derive(Debug)]
pub struct Learned {
    /// Its rows have their author's reasons, or none that counts.
    manifest: Manifest,
    /// Cases that fail with it all the same.
    failing: Vec<String>,
    /// The number of cases.
    cases: usize,
}

impl Learned {
    /// Returns true if there are cases and none of them passes with it.
    pub fn passes_none(&self) -> bool {
        self.cases > 0 && self.failing.len() == self.cases
    }

    /// A capabilities.toml, with comments on the cases; reasons that the author has still to write
    /// are empty.
    ///
    /// # Errors
    /// A manifest that TOML cannot express.
    pub fn to_toml(&self) -> Result<String, Error> {
        let Self {
            manifest,
            failing,
            cases,
        } = self;
        toml::written(manifest, failing, *cases)
    }
}

/// A tool whose manifest is looked for.
struct Search<'a> {
    subject: Subject<'a>,
    imports: Vec<String>,
    cases: Vec<&'a Case>,
    /// Limits while other rows are looked for.
    raised: LimitsRequest,
}

/// Finds the smallest manifest with which these cases pass.
pub(crate) async fn manifest(subject: &Subject<'_>, cases: &[Case]) -> Result<Learned, Error> {
    let declared = &subject.manifest;
    let open = Subject {
        manifest: everything(declared, cases)?,
        ..subject.clone()
    };
    let (_, imports) = open.offered().await?;
    let raised = raised(subject);
    let mut search = Search {
        subject: open.clone(),
        imports,
        cases: cases.iter().collect(),
        raised,
    };
    let mut calls = Vec::new();
    for case in cases {
        calls.push(search.call(case, &search.raised).await?);
    }
    // A case that wants something refused fails with every power, and says nothing of what is
    // needed.
    calls.retain(|call| call.passed);
    search
        .cases
        .retain(|case| calls.iter().any(|call| call.name == case.name));
    search.subject.manifest = search.acknowledged(touched(declared, &open.manifest, &calls)?)?;
    search.drop_failing().await;
    search.drop_rows().await?;
    search.limits().await;
    search.keep_lowered(&declared.limits).await;
    let mut failing = Vec::new();
    for case in cases {
        if !check::golden(&search.subject, case, &case.given)
            .await
            .is_ok_and(|call| call.passed)
        {
            failing.push(case.name.clone());
        }
    }
    Ok(Learned {
        manifest: search.subject.manifest.clone(),
        failing,
        cases: cases.len(),
    })
}

fn directory(path: &str, access: Access) -> Result<FsRow, Error> {
    Ok(FsRow {
        path: path.parse().map_err(Error::work)?,
        access,
        reason: unwritten::reason()?,
    })
}

/// Every limit at its ceiling that a default could hold a case back by. What cuts output stays,
/// because cases see it.
fn raised(subject: &Subject<'_>) -> LimitsRequest {
    let ceiling = subject.ceiling.limits.rows();
    let held = |name: &str| !matches!(name, "stdout" | "stderr" | "result" | "wall");
    let request = limits::with(&LimitsRequest::default(), "wall", WALL);
    ceiling
        .iter()
        .filter(|row| held(row.name))
        .fold(request, |request, row| {
            limits::with(&request, row.name, &row.value)
        })
}

/// A manifest that asks for every directory, and for all that the cases give.
fn everything(declared: &Manifest, cases: &[Case]) -> Result<Manifest, Error> {
    let mut manifest = Manifest {
        limits: LimitsRequest::default(),
        ..declared.clone()
    };
    let workspace = GuestPath::working_directory();
    let scratch = GuestPath::scratch();
    let narrower = declared.fs.iter().map(|row| row.path.as_str());
    let directories: BTreeSet<&str> = ["/", workspace.as_str(), scratch.as_str()]
        .into_iter()
        .chain(narrower)
        .collect();
    manifest.fs = directories
        .into_iter()
        .map(|path| directory(path, Access::ReadWrite))
        .collect::<Result<_, _>>()?;
    let named = cases
        .iter()
        .flat_map(|case| case.given.http.keys())
        .map(super::web::Url::port);
    let ports: BTreeSet<u16> = named
        .chain([Scheme::Http, Scheme::Https].map(Scheme::default_port))
        .collect();
    let ports = ports
        .into_iter()
        .map(Port::try_from)
        .collect::<Result<_, _>>()
        .map_err(Error::work)?;
    let row = HttpRow {
        host: HostPattern::ANY,
        methods: Vec::new(),
        ports,
        paths: Vec::new(),
        idempotency_header: None,
        reason: unwritten::reason()?,
    };
    manifest.http = vec![row];
    let given = cases.iter().flat_map(|case| case.given.env.keys());
    let names: BTreeSet<&String> = given
        .filter(|name| !LOCKED_ENVIRONMENT.iter().any(|(locked, _)| locked == name))
        .collect();
    let row = |name: &String| {
        Ok(EnvRow {
            name: name.clone(),
            reason: unwritten::reason()?,
        })
    };
    manifest.env = names.into_iter().map(row).collect::<Result<_, Error>>()?;
    manifest
        .unused
        .retain(|row| !row.interface.starts_with(HTTP));
    Ok(manifest)
}

/// The rows for what the calls touched, with the reasons that the author has written already.
fn touched(declared: &Manifest, open: &Manifest, calls: &[Checked]) -> Result<Manifest, Error> {
    let mut directories: BTreeMap<&str, Access> = BTreeMap::new();
    for call in calls {
        for (place, access) in &call.directories {
            let most = directories.entry(place).or_insert(*access);
            *most = access.max(most).to_owned();
        }
    }
    let mut manifest = open.clone();
    manifest.fs = directories
        .into_iter()
        .map(|(place, access)| {
            // It is empty when a call starts, so it is there to be written to.
            let access = if place == GuestPath::scratch().as_str() {
                Access::ReadWrite
            } else {
                access
            };
            let mut row = directory(place, access)?;
            if let Some(before) = declared.fs.iter().find(|before| before.path == row.path) {
                row.reason = before.reason.clone();
            }
            Ok(row)
        })
        .collect::<Result<_, Error>>()?;
    manifest.http = requests::rows(&declared.http, calls)?;
    manifest.secret = declared.secret.clone();
    manifest
        .secret
        .retain(|row| calls.iter().any(|call| unused::sends(call, row)));
    for row in &mut manifest.env {
        if let Some(before) = declared.env.iter().find(|before| before.name == row.name) {
            row.reason = before.reason.clone();
        }
    }
    Ok(manifest)
}

impl Search<'_> {
    async fn call(&self, case: &Case, limits: &LimitsRequest) -> Result<Checked, Error> {
        let mut given = case.given.clone();
        for row in limits.rows() {
            given.limits = limits::with(&given.limits, row.name, &row.value);
        }
        check::golden(&self.subject, case, &given).await
    }

    /// Returns true if every case passes with this manifest. One that cannot be granted does not
    /// count as passing.
    async fn passes(&mut self, manifest: &Manifest, limits: &LimitsRequest) -> bool {
        let before = std::mem::replace(&mut self.subject.manifest, manifest.clone());
        let mut passes = true;
        for case in &self.cases {
            passes = self.call(case, limits).await.is_ok_and(|call| call.passed);
            if !passes {
                break;
            }
        }
        self.subject.manifest = before;
        passes
    }

    /// Forgets the cases that the manifest cannot make pass: they ask for a host that no case
    /// answers, or for a secret.
    async fn drop_failing(&mut self) {
        let mut kept = Vec::new();
        for case in &self.cases {
            if self
                .call(case, &self.raised)
                .await
                .is_ok_and(|call| call.passed)
            {
                kept.push(*case);
            }
        }
        self.cases = kept;
    }

    /// The manifest with a row for each import of `wasi:http` that it does not use.
    fn acknowledged(&self, mut manifest: Manifest) -> Result<Manifest, Error> {
        manifest
            .unused
            .retain(|row| !row.interface.starts_with(HTTP));
        if manifest.http.is_empty() {
            for import in self
                .imports
                .iter()
                .filter(|import| import.starts_with(HTTP))
            {
                let interface = import.split('@').next().unwrap_or_default().to_owned();
                manifest.unused.push(UnusedRow {
                    interface,
                    reason: unwritten::reason()?,
                });
            }
        }
        Ok(manifest)
    }

    /// Takes away every row that no case needs, and every right to write.
    async fn drop_rows(&mut self) -> Result<(), Error> {
        let raised = self.raised.clone();
        let counts = [
            self.subject.manifest.fs.len(),
            self.subject.manifest.http.len(),
            self.subject.manifest.env.len(),
            self.subject.manifest.fs.len(),
        ];
        for (kind, count) in counts.into_iter().enumerate() {
            for index in (0..count).rev() {
                let mut fewer = self.subject.manifest.clone();
                let changed = match kind {
                    0 => take(&mut fewer.fs, index),
                    1 => take(&mut fewer.http, index),
                    2 => take(&mut fewer.env, index),
                    _ => fewer.fs.get_mut(index).is_some_and(|row| {
                        let writes =
                            row.access == Access::ReadWrite && row.path != GuestPath::scratch();
                        row.access = if writes { Access::ReadOnly } else { row.access };
                        writes
                    }),
                };
                let fewer = self.acknowledged(fewer)?;
                if changed && self.passes(&fewer, &raised).await {
                    self.subject.manifest = fewer;
                }
            }
        }
        Ok(())
    }

    /// Finds the limits of which the default is not enough, and doubles each until it is.
    async fn limits(&mut self) {
        let mut needed = self.raised.clone();
        let defaults = LimitsRequest::default();
        let manifest = self.subject.manifest.clone();
        if self.cases.is_empty() || self.passes(&manifest, &defaults).await {
            return;
        }
        for row in self.raised.rows() {
            let fewer = without(&needed, row.name);
            if self.passes(&manifest, &fewer).await {
                needed = fewer;
            }
        }
        for row in needed.rows() {
            let mut value = limits::value(&self.subject.ceiling.defaults, row.name);
            for _ in 0..DOUBLINGS {
                let Some(next) = value.as_deref().and_then(limits::doubled) else {
                    break;
                };
                let less = limits::with(&without(&needed, row.name), row.name, &next);
                if less.above(&self.subject.ceiling.limits).is_some() {
                    break;
                }
                if self.passes(&manifest, &less).await {
                    needed = less;
                    break;
                }
                value = Some(next);
            }
        }
        self.subject.manifest.limits = needed;
    }

    /// Keeps limits of the author's that are below the defaults, where the cases pass with them.
    async fn keep_lowered(&mut self, declared: &LimitsRequest) {
        for row in declared.rows() {
            let alone = limits::with(&LimitsRequest::default(), row.name, &row.value);
            if alone.above(&self.subject.ceiling.defaults).is_some() {
                continue;
            }
            let manifest = self.subject.manifest.clone();
            let lowered = limits::with(&manifest.limits, row.name, &row.value);
            if self.passes(&manifest, &lowered).await {
                self.subject.manifest.limits = lowered;
            }
        }
    }
}

fn take<T>(rows: &mut Vec<T>, index: usize) -> bool {
    let there = index < rows.len();
    if there {
        rows.remove(index);
    }
    there
}

fn without(request: &LimitsRequest, key: &str) -> LimitsRequest {
    let kept = request.rows().into_iter().filter(|row| row.name != key);
    kept.fold(LimitsRequest::default(), |request, row| {
        limits::with(&request, row.name, &row.value)
    })
}
