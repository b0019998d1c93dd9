//! `cofferdam review key`: the keys of reviewers.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use cofferdam_capability::SigningKey;
use cofferdam_image::{KeyFiles, read_signing_key, read_verifying_key};
use cofferdam_tool::{
    KeptDecision, ReviewDirectory, SignedDecision, ToolScope, TrustError, TrustedKey,
};
use serde_json::{Value, json};

use crate::args::Listing;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::paths::DataDir;

/// The key with which this host's own reviewer signs, in the data directory.
const OWN_KEY: &str = "reviews/key.pem";

/// The name under which it is trusted, unless the reviewer says another one.
const OWN_NAME: &str = "own";

/// `cofferdam review key`.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key to sign decisions with, and trust it on this host.
    New(New),
    /// Let the decisions of another reviewer count on this host.
    Trust(Trust),
    /// List the keys whose decisions count.
    Ls(Listing),
    /// Let the decisions of a reviewer count no longer.
    Rm {
        /// Name of the key
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        listing: Listing,
    },
}

/// `cofferdam review key new`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// Name of the reviewer on this host
    #[arg(long, value_name = "NAME", default_value = OWN_NAME)]
    name: String,

    /// File of the key, with the public half beside it as FILE.pub [default: reviews/key.pem in the
    /// data directory]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    listing: Listing,
}

/// `cofferdam review key trust`.
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// The public key (PEM)
    #[arg(value_name = "FILE")]
    key: PathBuf,

    /// Name of the reviewer on this host
    #[arg(long, value_name = "NAME")]
    name: String,

    /// Tools that the reviewer decides about, by the names in their manifests: a name, the
    /// beginning of names (`team-*`), or `*` for all; may be repeated
    #[arg(long, value_name = "TOOL", default_value = "*")]
    scope: Vec<String>,

    #[command(flatten)]
    listing: Listing,
}

/// The reviews in a data directory.
pub(super) fn reviews(data: &DataDir) -> Result<ReviewDirectory, Failure> {
    let dir = data.dir().map_err(Failure::work)?;
    Ok(ReviewDirectory::new(dir, data.path().to_owned()))
}

/// The key to sign with: the one in `file`, or this host's own.
pub(super) fn signing_key(file: Option<PathBuf>, data: &DataDir) -> Result<SigningKey, Failure> {
    let named = file.is_some();
    let path = file.unwrap_or_else(|| data.path().join(OWN_KEY));
    if !named && !path.exists() {
        let problem = format!("there is no key to sign with at {}", path.display());
        return Err(Failure::usage(problem)
            .hint("make one with `cofferdam review key new`, or name another with --key"));
    }
    read_signing_key(&path).map_err(Failure::usage)
}

impl Key {
    pub(super) fn run(self, data: &DataDir) -> Result<(), Failure> {
        match self {
            Self::New(new) => new.run(data),
            Self::Trust(trust) => trust.run(data),
            Self::Ls(Listing { format }) => list(format, data),
            Self::Rm { name, listing } => remove(&name, listing.format, data),
        }
    }
}

impl New {
    fn run(self, data: &DataDir) -> Result<(), Failure> {
        let Self { name, out, listing } = self;
        let own = data.path().join(OWN_KEY);
        if out.is_none() && own.exists() {
            return Err(
                Failure::usage(format!("there is a key already, {}", own.display())).hint(
                    "for a second reviewer write `cofferdam review key new --name NAME --out FILE`",
                ),
            );
        }
        let reviews = reviews(data)?;
        let lock = reviews.lock().map_err(Failure::work)?;
        let mut trusted = reviews.trusted().map_err(Failure::work)?;
        let key = SigningKey::generate().map_err(Failure::work)?;
        // Before a file is written: a name that is taken or wrong leaves none.
        trusted
            .add(TrustedKey {
                name: name.clone(),
                key: key.verifying_key().clone(),
                scopes: vec![ToolScope::all()],
            })
            .map_err(Failure::usage)?;
        let path = match out {
            Some(path) => path,
            None => {
                data.private("reviews")?;
                own
            }
        };
        let files = KeyFiles::create(&path, &key).map_err(Failure::usage)?;
        reviews.trust(&trusted, &lock).map_err(Failure::work)?;
        let fingerprint = key.verifying_key().fingerprint();
        if listing.format == Format::Json {
            return console::json(&json!({
                "name": name,
                "fingerprint": fingerprint,
                "private": files.private,
                "public": files.public,
            }));
        }
        console::fields(
            "KEY",
            vec![
                ("name", name.as_str().into()),
                ("fingerprint", fingerprint.to_string().into()),
                ("private", files.private.display().to_string().into()),
                ("public", files.public.display().to_string().into()),
            ],
        );
        console::note(
            "decisions that it signs count on this host for every tool; give the public half to \
             other hosts, for `cofferdam review key trust`",
        );
        Ok(())
    }
}

impl Trust {
    fn run(self, data: &DataDir) -> Result<(), Failure> {
        let Self {
            key,
            name,
            scope,
            listing,
        } = self;
        let scopes = scope.iter().map(|scope| scope.parse());
        let key = TrustedKey {
            key: read_verifying_key(&key).map_err(Failure::usage)?,
            name,
            scopes: scopes
                .collect::<Result<Vec<ToolScope>, TrustError>>()
                .map_err(Failure::usage)?,
        };
        let reviews = reviews(data)?;
        let lock = reviews.lock().map_err(Failure::work)?;
        let mut trusted = reviews.trusted().map_err(Failure::work)?;
        trusted.add(key.clone()).map_err(Failure::usage)?;
        reviews.trust(&trusted, &lock).map_err(Failure::work)?;
        show(&[&key], listing.format)
    }
}

fn list(format: Format, data: &DataDir) -> Result<(), Failure> {
    let trusted = reviews(data)?.trusted().map_err(Failure::work)?;
    show(&trusted.iter().collect::<Vec<_>>(), format)
}

fn remove(name: &str, format: Format, data: &DataDir) -> Result<(), Failure> {
    let reviews = reviews(data)?;
    let lock = reviews.lock().map_err(Failure::work)?;
    let mut trusted = reviews.trusted().map_err(Failure::work)?;
    let Some(key) = trusted.remove(name) else {
        let names: Vec<_> = trusted.iter().map(|key| key.name.as_str()).collect();
        let there = if names.is_empty() {
            "none is trusted".to_owned()
        } else {
            format!("there are: {}", names.join(", "))
        };
        return Err(Failure::usage(format!("no key is named {name:?}; {there}")));
    };
    reviews.trust(&trusted, &lock).map_err(Failure::work)?;
    let kept = reviews.survey().map_err(Failure::work)?.decisions;
    let own = std::iter::once(&key.key);
    let is_own = |kept: &&KeptDecision| SignedDecision::verify(&kept.envelope, own.clone()).is_ok();
    let count = kept.iter().filter(is_own).count();
    console::note(&format!(
        "note: {count} decisions count no longer; `cofferdam review key trust FILE --name {name}` \
         with its public half brings them back"
    ));
    show(&[&key], format)
}

fn show(keys: &[&TrustedKey], format: Format) -> Result<(), Failure> {
    let scopes =
        |key: &TrustedKey| -> Vec<String> { key.scopes.iter().map(ToString::to_string).collect() };
    if format == Format::Json {
        let key = |key: &&TrustedKey| -> Value {
            json!({ "name": key.name, "fingerprint": key.key.fingerprint(),
                "algorithm": key.key.algorithm().to_string(), "scopes": scopes(key) })
        };
        return console::json(&keys.iter().map(key).collect::<Vec<_>>());
    }
    if keys.is_empty() {
        console::note("no key is trusted: `cofferdam review key new` makes one");
        return Ok(());
    }
    let row = |key: &&TrustedKey| {
        vec![
            key.name.clone(),
            key.key.algorithm().to_string(),
            scopes(key).join(", "),
            key.key.fingerprint().to_string(),
        ]
    };
    console::table(
        &["name", "algorithm", "decides about", "fingerprint"],
        keys.iter().map(row).collect(),
    );
    Ok(())
}
