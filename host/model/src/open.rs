//! Models opened by their names.

use std::path::Path;
use std::sync::Arc;

use crate::builtin::Commands;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::model::Model;
use crate::name::ModelName;
use crate::script::Script;
use crate::vendor::Vendor;

/// Opens the model called `name`.
///
/// `scripts` is the directory that `script/<file>` is relative to; it is only read for such a name.
/// Everything that can be refused without asking a vendor is refused here: unknown providers,
/// missing keys, bad addresses, bad scripts.
pub fn open(
    name: &ModelName,
    credentials: &Credentials,
    scripts: &Path,
) -> Result<Arc<dyn Model>, Error> {
    Ok(match name.provider() {
        "builtin" => Arc::new(Commands::open(name.name())?),
        "script" => Arc::new(Script::open(name.name(), scripts)?),
        _ => Arc::new(Vendor::open(name, credentials)?),
    })
}
