//! `--proto`: which schemes may be used.

use cofferdam_command::Stop;

/// Schemes that are spoken here.
const SCHEMES: [&str; 2] = ["http", "https"];

/// All schemes there are.
pub(crate) fn all() -> Vec<String> {
    SCHEMES.map(str::to_owned).to_vec()
}

/// Changes a list of schemes by `=https`, `-http`, `+all` and the like, with commas between.
pub(crate) fn schemes(before: &[String], changes: &str) -> Result<Vec<String>, Stop> {
    let mut schemes = before.to_vec();
    for change in changes.split(',') {
        let name = change.trim_start_matches(['=', '+', '-']).to_lowercase();
        let named: Vec<String> = SCHEMES
            .iter()
            .filter(|scheme| name == "all" || **scheme == name)
            .map(|scheme| (*scheme).to_owned())
            .collect();
        match change.chars().next() {
            Some('=') => schemes = named,
            Some('-') => schemes.retain(|scheme| !named.contains(scheme)),
            Some(_) => schemes.extend(named),
            None => {
                return Err(Stop::new(format!(
                    "--proto {changes:?}: expected schemes with commas between, such as =https"
                )));
            }
        }
    }
    Ok(schemes)
}
