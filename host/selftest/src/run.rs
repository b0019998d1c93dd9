//! Runs rows and looks at them from outside.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::dns::Dns;
use crate::ended::{self, Ended};
use crate::guest::in_mode;
use crate::host::Host;
use crate::place::Place;
use crate::plant;
use crate::problem::Problem;
use crate::program::Ran;
use crate::row::{REFUSED, Row};
use crate::secret::{HOST_SECRET, SECRET, SPELLINGS};
use crate::web::{Reply, Web};

/// Names that the corpus's nameserver knows, and where they lead.
const NAMES: [(&str, &[&str]); 15] = [
    ("a.test", &["127.0.0.1"]),
    ("b.test", &["127.0.0.1"]),
    ("own.test", &["127.0.0.1"]),
    ("other.test", &["127.0.0.1"]),
    ("loopback6.test", &["::1"]),
    ("mapped-loopback.test", &["::ffff:127.0.0.1"]),
    ("metadata.test", &["169.254.169.254"]),
    ("mapped-metadata.test", &["::ffff:169.254.169.254"]),
    ("metadata6.test", &["fd00:ec2::254"]),
    ("zero.test", &["0.0.0.0"]),
    ("private.test", &["10.0.0.1"]),
    ("carrier.test", &["100.64.0.1"]),
    ("translated.test", &["64:ff9b::7f00:1"]),
    ("mixed.test", &["169.254.169.254", "127.0.0.1"]),
    ("mixed-last.test", &["127.0.0.1", "169.254.169.254"]),
];

/// Characters of a guest's output that a verdict shows.
const MOST_SHOWN: usize = 2_000;

/// The answer that leads to the place where clouds keep their credentials.
const TO_METADATA: &str = "302 Found\r\nlocation: http://169.254.169.254/latest/meta-data/";

/// The corpus with what its rows need around them: a nameserver, a web server, a host.
#[derive(Debug)]
pub struct Corpus {
    binary: PathBuf,
    /// Compiled code of all rows but those that are about it.
    cache: tempfile::TempDir,
    dns: Dns,
    web: Web,
    host: Host,
    /// Guests that the host serves, each with the first row that can be served.
    served: Vec<(&'static str, String)>,
}

/// Resources that the process of a call took, seen from outside.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Measured {
    /// Time it ran, in microseconds.
    pub wall_us: u64,
    /// The most memory it held, in KiB.
    pub peak_kib: u64,
    /// The most descriptors it had open.
    pub descriptors: usize,
    /// Entries it left in its scratch directory.
    pub left: usize,
}

/// The result of a row.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// The guest.
    pub guest: &'static str,
    /// The input it was given.
    pub variant: String,
    /// The act it tries.
    pub tries: &'static str,
    /// The outcome it must have.
    pub expected: &'static str,
    /// The outcome it had; empty when that could not be seen.
    pub ended: String,
    /// The resources it took.
    pub measured: Measured,
    /// The check that failed; nothing when the row passed.
    pub problem: Option<String>,
}

impl Corpus {
    /// Starts what the rows need around them.
    ///
    /// # Errors
    /// Loopback has no free port, or the binary does not serve.
    pub fn start(binary: &Path, rows: &[&'static Row]) -> Result<Self, Problem> {
        // What a normal call is made with comes first, as it is for everybody.
        let mut served: Vec<&Row> = crate::rows()
            .filter(|row| row.is_normal())
            .take(1)
            .collect();
        for row in rows {
            if row.is_servable()
                && !served
                    .iter()
                    .any(|other| other.guest.name == row.guest.name)
            {
                served.push(row);
            }
        }
        let host = Host::start(Place::new(binary)?, &served)?;
        let replies = [
            ("/", Reply::Full("200 OK", "hello".to_owned())),
            ("/echo", Reply::Echo),
            ("/endless", Reply::Endless),
            ("/headers", Reply::Headers(200)),
            ("/hold", Reply::Hold),
            ("/redirect", Reply::Full(TO_METADATA, String::new())),
            ("/say", Reply::Full("200 OK", SPELLINGS.join("\n"))),
            ("/sink", Reply::Sink),
        ];
        let served = served
            .iter()
            .map(|row| (row.guest.name, row.variant()))
            .collect();
        Ok(Self {
            binary: binary.to_owned(),
            cache: Problem::at("a temporary directory", tempfile::tempdir())?,
            dns: Dns::start(&NAMES)?,
            web: Web::start(&replies)?,
            host,
            served,
        })
    }

    /// Runs a row: alone in a process of its own, then in the host if it can be served, then a
    /// normal call there.
    pub fn run(&self, row: &'static Row) -> Verdict {
        let mut verdict = Verdict {
            guest: row.guest.name,
            variant: row.variant(),
            tries: row.guest.about,
            expected: row.outcome,
            ended: String::new(),
            measured: Measured::default(),
            problem: None,
        };
        let alone = self.alone(row, &mut verdict);
        let after = || {
            if self
                .served
                .iter()
                .any(|(guest, variant)| *guest == row.guest.name && *variant == verdict.variant)
            {
                self.host.hostile_call(row)?;
            }
            self.host.normal_call()?;
            self.host.has_not_grown()
        };
        verdict.problem = alone
            .and_then(|()| after())
            .err()
            .map(|problem| problem.to_string());
        verdict
    }

    fn alone(&self, row: &'static Row, verdict: &mut Verdict) -> Result<(), Problem> {
        let place = Place::new(&self.binary)?;
        let place = if row.own_cache {
            place
        } else {
            place.with_cache(self.cache.path())
        };
        plant::workspace(&place)?;
        (row.plant)(&place)?;
        let component = place.file("guest.wasm", in_mode(row.guest.bytes, row.mode))?;
        if row.outcome != REFUSED {
            // Compiles it, which is not what the row is about.
            place
                .cofferdam(["tool".as_ref(), "inspect".as_ref(), component.as_os_str()])
                .run()?;
        }
        let line = self.command_line(row, &place)?;
        let mut before = (self.web.connections(), self.web.heads().len());
        let mut ran = place.cofferdam(&line).stdin(vec![b'x'; row.stdin]).run()?;
        if ran.wall > row.envelope.wall {
            // A machine that stood still is not the guest's doing. A deadline that does not hold
            // fails again.
            before = (self.web.connections(), self.web.heads().len());
            ran = place.cofferdam(&line).stdin(vec![b'x'; row.stdin]).run()?;
        }
        let reached = self.web.connections() - before.0;
        let requests: Vec<_> = self.web.requests().into_iter().skip(before.1).collect();
        let left = ended::left(&place);
        verdict.measured = Measured {
            wall_us: u64::try_from(ran.wall.as_micros()).unwrap_or(u64::MAX),
            peak_kib: ran.peak_kib,
            descriptors: ran.descriptors,
            left,
        };
        // A call that is repeated has a receipt each time; a failed one is the last.
        let receipt =
            serde_json::from_str::<Value>(ran.stdout.lines().next_back().unwrap_or_default());
        let name = receipt
            .as_ref()
            .ok()
            .and_then(|receipt| receipt.pointer("/outcome/name")?.as_str());
        verdict.ended = match name {
            Some(name) => name.to_owned(),
            None if ran.code == Some(2) => REFUSED.to_owned(),
            None => String::new(),
        };
        check(row, &ran, &verdict.ended, self.web.port())?;
        within(row, &verdict.measured)?;
        Problem::unless(reached == row.reaches, || {
            format!("{reached} connections reached a server")
        })?;
        match &receipt {
            Ok(receipt) => (row.after)(&Ended {
                place: &place,
                receipt,
                requests: &requests,
            }),
            Err(_) => Ok(()),
        }
    }

    /// `tool run` as the row says.
    fn command_line(&self, row: &Row, place: &Place) -> Result<Vec<String>, Problem> {
        let secret = place
            .file("token", format!("{SECRET}\n"))?
            .display()
            .to_string();
        let fill = |text: &str| {
            text.replace("{port}", &self.web.port().to_string())
                .replace("{secret}", &secret)
        };
        let capabilities = place
            .file("capabilities.toml", fill(&row.capabilities()))?
            .display()
            .to_string();
        let mut line: Vec<String> = ["tool", "run", "guest.wasm", "--format", "json"]
            .map(str::to_owned)
            .into();
        // A file that is no component has no manifest either.
        line.extend(["--capabilities".to_owned(), capabilities]);
        line.extend(["--nameserver".to_owned(), self.dns.address.to_string()]);
        line.extend([
            "--dir".to_owned(),
            format!("{}:/workspace", place.workspace().display()),
        ]);
        for (host, guest, _) in row.dirs.iter().filter(|(host, ..)| !host.is_empty()) {
            line.extend([
                "--dir".to_owned(),
                format!("{}:{guest}", place.directory(host)?.display()),
            ]);
        }
        line.extend(["--env".to_owned(), format!("MODE={}", row.mode)]);
        for (key, value) in row.given_limits() {
            line.extend(["--limit".to_owned(), format!("{key}={value}")]);
        }
        line.extend(row.flags.iter().map(|flag| fill(flag)));
        line.push("--".to_owned());
        line.extend(row.args.iter().map(|arg| fill(arg)));
        Ok(line)
    }
}

/// The outcome, what was said with it, and what must never be said.
fn check(row: &Row, ran: &Ran, ended: &str, port: u16) -> Result<(), Problem> {
    let both = format!("{}{}", ran.stdout, ran.stderr);
    let shown = || both.chars().take(MOST_SHOWN).collect::<String>();
    for word in [HOST_SECRET.1, "ESCAPED", "UNTESTED"]
        .into_iter()
        .chain(SPELLINGS)
    {
        Problem::unless(!both.contains(word), || {
            format!("`{word}` came out: {}", shown())
        })?;
    }
    // A guest may panic; the host complains in its own words.
    Problem::unless(!ran.stderr.contains("panicked"), || {
        format!("the host panicked: {}", ran.stderr)
    })?;
    Problem::unless(ended == row.outcome, || {
        format!("it ended as {ended}: {}", shown())
    })?;
    let says = row.says.replace("{port}", &port.to_string());
    Problem::unless(both.contains(&says), || {
        format!("`{says}` is not in: {}", shown())
    })?;
    let code = match row.outcome {
        "ok" => 0,
        "guest-error" | "trap" => 1,
        REFUSED => 2,
        // Policy or a limit.
        _ => 3,
    };
    Problem::unless(ran.code == Some(code), || {
        format!("the exit code is {:?} instead of {code}", ran.code)
    })
}

fn within(row: &Row, measured: &Measured) -> Result<(), Problem> {
    let envelope = &row.envelope;
    let wall = Duration::from_micros(measured.wall_us);
    Problem::unless(wall <= envelope.wall, || {
        format!("it ran for {wall:.1?}, at most {:.1?}", envelope.wall)
    })?;
    Problem::unless(measured.peak_kib <= envelope.memory_kib, || {
        format!(
            "its process held {} KiB, at most {}",
            measured.peak_kib, envelope.memory_kib
        )
    })?;
    Problem::unless(measured.descriptors <= envelope.descriptors, || {
        format!(
            "its process had {} descriptors open, at most {}",
            measured.descriptors, envelope.descriptors
        )
    })?;
    Problem::unless(measured.left == 0, || {
        format!(
            "{} entries are left in its scratch directory",
            measured.left
        )
    })
}
