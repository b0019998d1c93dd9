//! `[tls]`: the files with which the host speaks TLS.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::Failure;

/// The table as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Written {
    /// The certificate of the host and those that lead to its authority, in PEM: an absolute path.
    /// With it, every TCP address of `serve` speaks TLS, and may be any address.
    #[schemars(extend("pattern" = "^/."))]
    certificate: Option<PathBuf>,
    /// The private key of the certificate, in PEM, which no other user may read: an absolute path.
    #[schemars(extend("pattern" = "^/."))]
    key: Option<PathBuf>,
    /// Certificates of authorities, in PEM: clients need one that they have signed, beside their
    /// token. An absolute path.
    #[schemars(extend("pattern" = "^/."))]
    client_ca: Option<PathBuf>,
}

/// The files of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The certificate of the host.
    pub(crate) certificate: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
    /// The authorities of clients; none for clients without a certificate.
    pub(crate) client_ca: Option<PathBuf>,
}

impl TlsFiles {
    /// The keys of the table, with the files that they name.
    pub(super) fn shown(files: Option<&Self>) -> [(&'static str, Option<String>); 3] {
        let shown = |path: &PathBuf| path.display().to_string();
        [
            ("certificate", files.map(|files| shown(&files.certificate))),
            ("key", files.map(|files| shown(&files.key))),
            (
                "client-ca",
                files.and_then(|files| files.client_ca.as_ref().map(shown)),
            ),
        ]
    }
}

impl Written {
    /// The files, if TLS is spoken. `place` is the file of the table.
    pub(super) fn files(self, place: &str) -> Result<Option<TlsFiles>, Failure> {
        let Self {
            certificate,
            key,
            client_ca,
        } = self;
        let all = [
            ("certificate", &certificate),
            ("key", &key),
            ("client-ca", &client_ca),
        ];
        for (key, path) in all {
            if let Some(path) = path.as_ref().filter(|path| !path.is_absolute()) {
                return Err(Failure::usage(format!(
                    "{place}: [tls] `{key}` = {path:?}: expected an absolute path"
                )));
            }
        }
        let missing = |given: &str, missing: &str| {
            Err(Failure::usage(format!(
                "{place}: [tls] `{given}` needs `{missing}` beside it"
            )))
        };
        match (certificate, key, client_ca) {
            (Some(certificate), Some(key), client_ca) => Ok(Some(TlsFiles {
                certificate,
                key,
                client_ca,
            })),
            (Some(_), None, _) => missing("certificate", "key"),
            (None, Some(_), _) => missing("key", "certificate"),
            (None, None, Some(_)) => missing("client-ca", "certificate"),
            (None, None, None) => Ok(None),
        }
    }
}
