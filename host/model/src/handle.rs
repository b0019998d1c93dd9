//! Models that follow the operator's file of providers.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::credentials::Credentials;
use crate::error::Error;
use crate::model::Model;
use crate::name::ModelName;
use crate::open::open;

/// A model by its name. It is opened again when the file of providers has changed; a turn goes on
/// with the model that it began with.
pub struct ModelHandle {
    name: ModelName,
    scripts: PathBuf,
    credentials: Credentials,
    opened: Mutex<Opened>,
}

struct Opened {
    /// The version of the credentials that it was opened with.
    version: u64,
    model: Arc<dyn Model>,
}

impl ModelHandle {
    /// Opens the model called `name`; see [`open`].
    pub fn open(
        name: ModelName,
        credentials: &Credentials,
        scripts: PathBuf,
    ) -> Result<Self, Error> {
        // Before the model: a change in between opens it once more than needed.
        let version = credentials.version();
        let model = open(&name, credentials, &scripts)?;
        Ok(Self {
            name,
            scripts,
            credentials: credentials.clone(),
            opened: Mutex::new(Opened { version, model }),
        })
    }

    /// The model for a turn that begins now.
    ///
    /// # Errors
    ///
    /// If its provider can be asked no longer: it was removed, lost its key, or does not offer this
    /// model any more.
    pub fn current(&self) -> Result<Arc<dyn Model>, Error> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.name.is_vendors() {
            return Ok(Arc::clone(&opened.model));
        }
        let version = self.credentials.version();
        if opened.version != version {
            let model = open(&self.name, &self.credentials, &self.scripts)?;
            *opened = Opened { version, model };
        }
        Ok(Arc::clone(&opened.model))
    }
}
