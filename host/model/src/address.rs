//! Addresses of providers.

use reqwest::Url;

/// An address genai can append a path to, or what is wrong with it.
pub(crate) fn checked(base: &str) -> Result<String, &'static str> {
    let mut url = Url::parse(base).map_err(|_| "it is not a URL")?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("it is neither an http nor an https URL");
    }
    // It would be repeated wherever the address is.
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it holds a query or a fragment, and a path has to be added to it");
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url.into())
}
