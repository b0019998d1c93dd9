//! A text read twice: for the values that are known, and for shapes of credentials.

use aho_corasick::BuildError;
use cofferdam_capability::{Account, Overdrawn};

use super::known::KnownValues;
use super::scan::Scan;
use super::search::Search;
use super::shapes::Shapes;
use super::spellings::Spellings;

/// Bytes that are read between two moments at which others run: about a millisecond.
const PIECE: usize = 16 << 10;

/// Memory that redaction takes, by the names under which it is charged.
const FOUND: &str = "secrets that were found";
const CLEAN: &str = "output without secrets";

/// The finders of one moment.
pub(super) struct Finders {
    /// Nothing is told where this is an error.
    built: Result<Built, BuildError>,
}

struct Built {
    spellings: Spellings,
    shapes: Shapes,
}

impl Finders {
    /// For the values that are known now.
    pub(super) fn new(known: &KnownValues) -> Self {
        let built = Built::new(known).inspect_err(|error| {
            tracing::error!("secrets cannot be looked for, so nothing is told: {error}")
        });
        Self { built }
    }

    /// Spellings that are looked for.
    pub(super) fn len(&self) -> usize {
        self.built.as_ref().map_or(0, |built| built.spellings.len())
    }

    /// `bytes` with a mark in the place of every secret, if there is one. Where they were `cut`,
    /// the beginning of one at their end goes as well.
    pub(super) fn redacted(&self, bytes: &[u8], cut: bool) -> Option<Vec<u8>> {
        let Ok(built) = &self.built else {
            return Some(Vec::new());
        };
        let known = built.known(bytes, cut);
        let shaped = built.shaped(known.as_deref().unwrap_or(bytes), cut);
        shaped.or(known)
    }

    /// The same as [`Self::redacted`], in pieces between which others run, with what is found
    /// charged to `account`.
    pub(super) async fn slowly(
        &self,
        bytes: &[u8],
        cut: bool,
        account: &Account,
    ) -> Result<Option<Vec<u8>>, Overdrawn> {
        let Ok(built) = &self.built else {
            return Ok(Some(Vec::new()));
        };
        let known = built.known_slowly(bytes, cut, account).await?;
        let bytes = known.as_deref().unwrap_or(bytes);
        let shaped = built.shaped_slowly(bytes, cut, account).await?;
        Ok(shaped.or(known))
    }
}

impl Built {
    fn new(known: &KnownValues) -> Result<Self, BuildError> {
        Ok(Self {
            spellings: Spellings::new(known)?,
            shapes: Shapes::new()?,
        })
    }

    /// The text without known values, if it holds one.
    fn known(&self, bytes: &[u8], cut: bool) -> Option<Vec<u8>> {
        if self.spellings.len() == 0 {
            return None;
        }
        let mut search = Search::new(&self.spellings, bytes, cut);
        while search.goes_on(usize::MAX) {}
        search.clean()
    }

    /// The text without what looks like a credential, if it holds one.
    fn shaped(&self, bytes: &[u8], cut: bool) -> Option<Vec<u8>> {
        let mut scan = Scan::new(&self.shapes, bytes, cut);
        while scan.goes_on(usize::MAX) {}
        scan.clean()
    }

    async fn known_slowly(
        &self,
        bytes: &[u8],
        cut: bool,
        account: &Account,
    ) -> Result<Option<Vec<u8>>, Overdrawn> {
        if self.spellings.len() == 0 {
            return Ok(None);
        }
        let mut search = Search::new(&self.spellings, bytes, cut);
        let _working = account.hold("the search for secrets", search.working())?;
        let mut charge = account.hold(FOUND, 0)?;
        while search.goes_on(PIECE) {
            charge.grow(FOUND, search.size().saturating_sub(charge.len()))?;
            tokio::task::yield_now().await;
        }
        if !search.has_found() {
            return Ok(None);
        }
        let found = search.size().saturating_sub(charge.len());
        charge.grow(CLEAN, found.saturating_add(bytes.len()))?;
        Ok(search.clean())
    }

    async fn shaped_slowly(
        &self,
        bytes: &[u8],
        cut: bool,
        account: &Account,
    ) -> Result<Option<Vec<u8>>, Overdrawn> {
        let mut scan = Scan::new(&self.shapes, bytes, cut);
        let mut charge = account.hold(FOUND, 0)?;
        while scan.goes_on(PIECE) {
            charge.grow(FOUND, scan.size().saturating_sub(charge.len()))?;
            tokio::task::yield_now().await;
        }
        if !scan.has_found() {
            return Ok(None);
        }
        let found = scan.size().saturating_sub(charge.len());
        charge.grow(CLEAN, found.saturating_add(bytes.len()))?;
        Ok(scan.clean())
    }
}
