//! The address of a collector.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;

/// The longest address, in bytes. A name on the network has at most 253.
const MOST: usize = 512;

/// The address of a collector that takes OTLP over gRPC, `http://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpUrl(String);

/// A text that is no address of a collector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}: expected http://HOST:PORT, where a collector takes OTLP over gRPC")]
pub struct OtlpUrlError {
    problem: &'static str,
}

impl OtlpUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OtlpUrl {
    type Err = OtlpUrlError;

    fn from_str(written: &str) -> Result<Self, OtlpUrlError> {
        let wrong = |problem| Err(OtlpUrlError { problem });
        if written.len() > MOST {
            return wrong("the address is too long");
        }
        let Ok(uri) = written.parse::<Uri>() else {
            return wrong("this is no URL");
        };
        let authority = uri.authority().map(|authority| authority.as_str());
        let authority = authority.unwrap_or_default();
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return wrong("spans go to the collector in clear, so it is one near this host");
            }
            _ => return wrong("the address does not begin with http://"),
        }
        if authority.contains('@') {
            return wrong("an address holds no user and no password");
        }
        if uri.host().is_none_or(str::is_empty) || uri.port_u16().is_none_or(|port| port == 0) {
            return wrong("the host or the port is missing");
        }
        if uri
            .path_and_query()
            .is_some_and(|rest| rest.as_str() != "/")
        {
            return wrong("gRPC has no path in its address");
        }
        Ok(Self(format!("http://{authority}")))
    }
}

impl fmt::Display for OtlpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port_and_nothing_else() {
        for written in [
            "http://127.0.0.1:4317",
            "http://[::1]:4317/",
            "HTTP://otel:1",
        ] {
            assert!(written.parse::<OtlpUrl>().is_ok(), "{written}");
        }
        for (written, part) in [
            ("", "no URL"),
            ("127.0.0.1:4317", "begin with http://"),
            ("ftp://a:1", "begin with http://"),
            ("https://a:4317", "in clear"),
            ("http://a", "port is missing"),
            ("http://a:0", "port is missing"),
            ("http://a:65536", "port is missing"),
            ("http://:4317", "missing"),
            ("http://u:p@a:4317", "no user"),
            ("http://a:4317/v1/traces", "no path"),
            ("http://a:4317/?x", "no path"),
        ] {
            let error = written.parse::<OtlpUrl>().unwrap_err().to_string();
            let is_told = error.contains(part) || error.contains("no URL");
            assert!(is_told, "{written}: {error}");
            assert!(error.contains("http://HOST:PORT"), "{error}");
        }
        assert!(
            format!("http://{}:1", "a".repeat(512))
                .parse::<OtlpUrl>()
                .is_err()
        );
    }
}
