//! Redirects. The host follows none, so that every hop is a request it has decided about.

use url::Url;

use crate::{Failure, Kind, Request, Response, send};

/// Hops that are followed before it is a loop; most clients have 10 to 50.
pub const MAX_REDIRECTS: usize = 10;

/// Headers that are for the first host alone.
const PRIVATE: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// Sends a request and follows redirects, at most `limit` of them. `hop` sees every response but
/// the last one. Returns the last response with the URL it came from. `keep_method` also resends a
/// `POST` where others make it a `GET`.
///
/// # Errors
///
/// Why there is no response, or more redirects than that.
pub fn follow(
    mut request: Request,
    limit: usize,
    keep_method: bool,
    mut hop: impl FnMut(&Response),
) -> Result<(Response, Url), Failure> {
    for _ in 0..=limit {
        let response = send(&request)?;
        let Some(target) = target(&response, &request.url)? else {
            return Ok((response, request.url));
        };
        hop(&response);
        // 307 and 308 repeat the request; the others ask for another one (RFC 9110, section 15.4).
        let becomes_get = match response.status {
            303 => request.method != "HEAD",
            301 | 302 => request.method == "POST",
            _ => false,
        };
        if becomes_get && !keep_method {
            request.method = "GET".to_owned();
            request.body = None;
            request
                .headers
                .retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
        }
        if request.url.origin() != target.origin() {
            request
                .headers
                .retain(|(name, _)| !PRIVATE.contains(&name.to_ascii_lowercase().as_str()));
        }
        request.url = target;
    }
    Err(Failure::new(
        Kind::Redirects,
        format!("more than {limit} redirects"),
    ))
}

/// The URL to which a response sends its reader, if it does.
fn target(response: &Response, from: &Url) -> Result<Option<Url>, Failure> {
    let is_redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
    let Some(location) = response.header("location").filter(|_| is_redirect) else {
        return Ok(None);
    };
    match from.join(location) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.username().is_empty() => {
            Ok(Some(url))
        }
        _ => Err(Failure::new(
            Kind::Denied,
            format!("{from} redirects to {location:?}, which cannot be followed"),
        )),
    }
}
