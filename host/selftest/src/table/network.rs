//! Hosts that tools reach over HTTP, and what becomes of secrets on the way.

use crate::ended;
use crate::guest;
use crate::row::{Row, row};

/// The manifest's declarations: every name of the corpus, at the port of its web server.
const EVERY_NAME: &str = "[[http]]\nhost = \"*.test\"\nports = [{port}]\nreason = \"to try\"\n";

/// One name alone.
const ONE_NAME: &str = "[[http]]\nhost = \"a.test\"\nports = [{port}]\nreason = \"to try\"\n";

/// The operator's offers: everything, with loopback for the web server.
const OFFERED: &[&str] = &["--http", "*", "--allow-address", "127.0.0.1/32"];

/// The same without loopback: a name that leads inside is not reached.
const PUBLIC: &[&str] = &["--http", "*"];

/// A guest that sends requests to the corpus's web server, as much as it may.
const fn client(guest: guest::Guest, args: &'static [&'static str], outcome: &'static str) -> Row {
    Row {
        manifest: EVERY_NAME,
        flags: OFFERED,
        args,
        reaches: 1,
        ..row(guest, outcome)
    }
}

/// A request that must reach nobody.
const fn refused(args: &'static [&'static str], says: &'static str) -> Row {
    Row {
        reaches: 0,
        says,
        ..client(guest::HTTP_FETCH, args, "guest-error")
    }
}

/// A name that leads where no tool may go.
const fn inside(args: &'static [&'static str], says: &'static str) -> Row {
    Row {
        flags: PUBLIC,
        ..refused(args, says)
    }
}

/// A host that is declared, offered, and this machine.
const fn literal(manifest: &'static str, args: &'static [&'static str]) -> Row {
    Row {
        manifest,
        ..inside(args, "loopback")
    }
}

/// A request with a secret for `own.test`.
const fn with_secret(args: &'static [&'static str], says: &'static str) -> Row {
    Row {
        manifest: "[[http]]\nhost = \"*.test\"\nports = [{port}]\nreason = \"to try\"\n\
                   [[secret]]\nname = \"token\"\nhost = \"own.test\"\nreason = \"to try\"\n\
                   inject = { header = \"Authorization\", format = \"Bearer {}\" }\n",
        flags: &[
            "--http",
            "*",
            "--allow-address",
            "127.0.0.1/32",
            "--secret",
            "token={secret}",
        ],
        says,
        ..client(guest::HTTP_FETCH, args, "ok")
    }
}

pub(super) const ROWS: &[Row] = &[
    // What is not granted.
    Row {
        manifest: ONE_NAME,
        ..refused(&["GET", "http://b.test:{port}/"], "the host is not granted")
    },
    Row {
        flags: &["--http", "b.test", "--allow-address", "127.0.0.1/32"],
        ..refused(&["GET", "http://a.test:{port}/"], "the host is not granted")
    },
    refused(
        &["GET", "http://127.0.0.1:{port}/"],
        "the host is not granted",
    ),
    refused(
        &["CONNECT", "http://a.test:{port}/"],
        "method CONNECT is permitted to no tool",
    ),
    // Names that lead inside.
    inside(&["GET", "http://a.test:{port}/"], "loopback"),
    inside(&["GET", "http://loopback6.test:{port}/"], "loopback"),
    inside(&["GET", "http://mapped-loopback.test:{port}/"], "loopback"),
    inside(&["GET", "http://metadata.test:{port}/"], "metadata"),
    inside(&["GET", "http://mapped-metadata.test:{port}/"], "metadata"),
    inside(&["GET", "http://metadata6.test:{port}/"], "unique local"),
    inside(&["GET", "http://zero.test:{port}/"], "this host"),
    inside(&["GET", "http://private.test:{port}/"], "private"),
    inside(&["GET", "http://carrier.test:{port}/"], "carrier"),
    inside(&["GET", "http://translated.test:{port}/"], "loopback"),
    // One bad address among good ones is enough, wherever it stands.
    refused(&["GET", "http://mixed.test:{port}/"], "metadata"),
    refused(&["GET", "http://mixed-last.test:{port}/"], "metadata"),
    // Every address of the internet is not loopback.
    Row {
        flags: &["--http", "*", "--allow-address", "0.0.0.0/0"],
        ..inside(&["GET", "http://a.test:{port}/"], "loopback")
    },
    literal(
        "[[http]]\nhost = \"127.0.0.1\"\nports = [{port}]\nreason = \"to try\"\n",
        &["GET", "http://127.0.0.1:{port}/"],
    ),
    literal(
        "[[http]]\nhost = \"localhost\"\nports = [{port}]\nreason = \"to try\"\n",
        &["GET", "http://localhost:{port}/"],
    ),
    literal(
        "[[http]]\nhost = \"[::ffff:127.0.0.1]\"\nports = [{port}]\nreason = \"to try\"\n",
        &["GET", "http://[::ffff:127.0.0.1]:{port}/"],
    ),
    // Handed over and not followed.
    Row {
        says: "location: http://169.254.169.254/latest/meta-data/",
        ..client(
            guest::HTTP_FETCH,
            &["GET", "http://a.test:{port}/redirect"],
            "ok",
        )
    },
    // Other hosts in a request than the granted one.
    Row {
        manifest: ONE_NAME,
        limits: "http-requests = 128",
        reaches: 9,
        after: ended::granted_host_alone,
        says: "control",
        ..client(
            guest::HTTP_TARGET,
            &["a.test:{port}", "b.test:{port}"],
            "ok",
        )
    },
    // Headers and bodies.
    Row {
        limits: "http-requests = 128",
        reaches: 18,
        after: ended::lengths_agree,
        says: "[\\\"5\\\"] 5: 200",
        ..client(guest::HTTP_LENGTHS, &["http://a.test:{port}/"], "ok")
    },
    Row {
        reaches: 0,
        says: "a line break in a value: Header",
        ..client(guest::HTTP_HEADERS, &[], "guest-error")
    },
    Row {
        reaches: 0,
        says: "more HTTP headers",
        ..client(guest::HTTP_HEADER_FLOOD, &[], "guest-error")
    },
    Row {
        says: "HttpResponseHeaderSectionSize",
        ..client(
            guest::HTTP_FETCH,
            &["GET", "http://a.test:{port}/headers"],
            "guest-error",
        )
    },
    Row {
        says: "response body: more than 10485760 bytes",
        ..client(
            guest::HTTP_DRAIN,
            &["http://a.test:{port}/endless"],
            "guest-error",
        )
    },
    Row {
        limits: "http-response = \"1MiB\"",
        says: "response body: more than 1048576 bytes",
        ..client(
            guest::HTTP_DRAIN,
            &["http://a.test:{port}/endless"],
            "guest-error",
        )
    },
    Row {
        limits: "http-request-body = \"1MiB\"",
        says: "request body: more than 1048576 bytes",
        ..client(
            guest::HTTP_UPLOAD,
            &["http://a.test:{port}/sink"],
            "guest-error",
        )
    },
    // A server that says nothing is left when the guest no longer waits.
    Row {
        says: "ConnectionReadTimeout",
        ..client(
            guest::HTTP_PATIENCE,
            &["http://a.test:{port}/sink"],
            "guest-error",
        )
    },
    // No time at all, and all of it.
    Row {
        reaches: 6,
        says: ": 200 hello\\nthe host answered every time",
        ..client(
            guest::HTTP_PATIENCE,
            &["http://a.test:{port}", "http://nowhere.test:{port}/"],
            "ok",
        )
    },
    // Counts.
    Row {
        reaches: 32,
        says: "http-requests: 1 refused beyond 32",
        ..client(guest::HTTP_MANY, &["http://a.test:{port}/"], "guest-error")
    },
    Row {
        reaches: 5,
        says: "4 exchanges are open already",
        ..client(
            guest::HTTP_CONCURRENT,
            &["http://a.test:{port}/hold"],
            "guest-error",
        )
    },
    // Secrets: sent to their own host, seen by nobody.
    with_secret(
        &["GET", "http://own.test:{port}/echo"],
        "authorization: Bearer [redacted:token]",
    ),
    Row {
        after: ended::redacted,
        ..with_secret(&["GET", "http://own.test:{port}/say"], "[redacted:token]")
    },
    // The argument is the secret, hidden as the guest says.
    Row {
        guest: guest::SECRET_SEARCH,
        ..with_secret(
            &[
                "http://own.test:{port}/",
                "2666362766217a2539343b2130317e23343920306864",
            ],
            "found nothing but what was planted",
        )
    },
    Row {
        after: ended::no_header,
        ..with_secret(
            &["GET", "http://other.test:{port}/echo"],
            "host: other.test",
        )
    },
];
