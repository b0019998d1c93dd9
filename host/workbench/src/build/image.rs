//! A component as a tool image.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::time::{Duration, UNIX_EPOCH};

use cofferdam_capability::Manifest;
use cofferdam_image::{ToolImage, annotation};
use cofferdam_tool::Runner;

use super::built::Built;
use super::environment::BuildEnvironment;
use crate::error::Error;

/// The last second of the year 9999, after which RFC 3339 has no time.
const LAST_SECOND: u64 = 253_402_300_799;

/// Makes the image of a component, which carries the words about calling it.
///
/// # Errors
///
/// [`Error::Usage`] if `runner` refuses the component, or `SOURCE_DATE_EPOCH` is not a time.
pub async fn image(
    built: Built,
    environment: &BuildEnvironment,
    runner: &Runner,
) -> Result<ToolImage, Error> {
    let Built {
        manifest,
        component,
        ..
    } = built;
    image_of(&manifest, component, environment, runner).await
}

/// Makes the image of a component that is built, with the manifest that it carries.
pub(crate) async fn image_of(
    manifest: &Manifest,
    component: Vec<u8>,
    environment: &BuildEnvironment,
    runner: &Runner,
) -> Result<ToolImage, Error> {
    // Loading it says what it imports and exports, and that this host would run it.
    let installed = runner
        .load(component.clone().into(), &manifest.tool.name, None)
        .await
        .map_err(Error::usage)?;
    let mut annotations = BTreeMap::from([
        (annotation::NAME.to_owned(), manifest.tool.name.clone()),
        (
            annotation::DESCRIPTION.to_owned(),
            manifest.tool.summary.clone(),
        ),
        (
            annotation::VERSION.to_owned(),
            manifest.tool.version.clone(),
        ),
    ]);
    let created = created(environment.source_date_epoch.as_deref())?;
    annotations.extend(created.map(|created| (annotation::CREATED.to_owned(), created)));
    Ok(ToolImage {
        component,
        annotations,
        usage: None,
        imports: installed.imports().to_vec(),
        exports: installed.exports().to_vec(),
    })
}

/// The one time in an image (RFC 3339): the value of `SOURCE_DATE_EPOCH`. Without it there is none,
/// so that the same image has the same digest.
///
/// # Errors
///
/// [`Error::Usage`] if it is not a time.
pub fn created(source_date_epoch: Option<&OsStr>) -> Result<Option<String>, Error> {
    source_date_epoch
        .filter(|written| !written.is_empty())
        .map(created_at)
        .transpose()
}

fn created_at(written: &OsStr) -> Result<String, Error> {
    let wrong = || {
        Error::usage(format!(
            "SOURCE_DATE_EPOCH is `{}`: expected seconds since 1970, such as 1700000000",
            written.to_string_lossy().escape_debug()
        ))
    };
    let seconds = written
        .to_str()
        .and_then(|written| written.parse().ok())
        .filter(|seconds| *seconds <= LAST_SECOND);
    let time = UNIX_EPOCH + Duration::from_secs(seconds.ok_or_else(wrong)?);
    Ok(humantime::format_rfc3339_seconds(time).to_string())
}
