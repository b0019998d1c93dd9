//! A service manager that hands sockets over and hears how far the host is.

use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::{Host, Scratch, binary, checkout, cofferdam, python};

/// Plays systemd: makes the sockets of its second argument, puts them at 3 and up, and becomes the
/// host.
const SYSTEMD: &str = "\
import fcntl, os, socket, sys
binary, kinds, pid, args = sys.argv[1], sys.argv[2].split(','), sys.argv[3], sys.argv[4:]
def made(kind):
    kind, _, where = kind.partition('=')
    if kind == 'unix':
        one = socket.socket(socket.AF_UNIX); one.bind(where); one.listen()
    elif kind == 'tcp':
        one = socket.socket(); one.bind((where, 0)); one.listen()
    elif kind == 'datagram':
        one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    elif kind == 'connected':
        one, made.other = socket.socketpair()
    else:
        one = open('/dev/null')
    return fcntl.fcntl(one, fcntl.F_DUPFD, 100)
for place, number in enumerate([made(kind) for kind in kinds]):
    os.dup2(number, 3 + place)
    os.close(number)
os.environ['LISTEN_FDS'] = str(len(kinds))
os.environ['LISTEN_PID'] = pid or str(os.getpid())
os.execv(binary, [binary, *args])
";

fn started(kinds: &str, pid: &str) -> Command {
    let mut command = Command::new(python());
    command.args(["-c", SYSTEMD]).arg(binary());
    command.args([kinds, pid, "serve"]);
    command
}

/// The socket that hears how far a host is.
struct Notified(UnixDatagram);

impl Notified {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).expect("a socket");
        let patience = Some(Duration::from_secs(60));
        socket.set_read_timeout(patience).expect("a time");
        Self(socket)
    }

    /// Waits for a message with this line, and returns all of it.
    #[track_caller]
    fn hears(&self, line: &str) -> String {
        loop {
            let mut bytes = [0; 4_096];
            let size = self.0.recv(&mut bytes).expect("a message in time");
            let message = String::from_utf8_lossy(&bytes[..size]).into_owned();
            if message.lines().any(|one| one == line) {
                return message;
            }
        }
    }
}

#[test]
fn a_host_serves_what_it_was_handed_and_tells_how_far_it_is() {
    let scratch = Scratch::new();
    scratch.directory("data");
    let notify = scratch.path().join("notify");
    let notified = Notified::at(&notify);
    let own = scratch.data().join("cofferdam.sock");
    let other = scratch.path().join("other.sock");
    let kinds = format!(
        "unix={},tcp=127.0.0.1,unix={}",
        own.display(),
        other.display()
    );
    let mut command = started(&kinds, "");
    command.env("NOTIFY_SOCKET", &notify);
    let mut host = Host::run(&scratch, command);
    notified.hears("READY=1");
    let line = host.hears("listening on ");
    assert!(
        line.contains("http://127.0.0.1:") && line.contains("other.sock"),
        "{line}"
    );
    assert!(scratch.data().join("operator.token").exists());
    cofferdam(&scratch, ["ps"]).run().exits(0);
    UnixStream::connect(&other).expect("it listens");

    host.signal("HUP");
    let reloading = notified.hears("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    notified.hears("READY=1");
    host.signal("TERM");
    notified.hears("STOPPING=1");
    assert_eq!(host.ended(), Some(0));
    // The files are the service manager's, which goes on to listen there.
    assert!(own.exists() && other.exists());
}

#[test]
fn sockets_that_are_not_for_it_are_left_or_refused() {
    let scratch = Scratch::new();
    // Those of another process are not even looked at.
    let host = Host::run(&scratch, started("datagram,file", "1"));
    cofferdam(&scratch, ["ps"]).run().exits(0);
    assert_eq!(host.terminate(), Some(0));

    let refused = |kinds: &str, parts: &[&str]| {
        let mut command = started(kinds, "");
        command.envs(scratch.variables());
        let ran = command.output().expect("Python runs");
        let stderr = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(2), "{stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{part}: {stderr}");
        }
    };
    refused("datagram", &["descriptor 3", "ListenStream="]);
    refused("tcp=127.0.0.1,file", &["descriptor 4", "ListenStream="]);
    refused("connected", &["descriptor 3", "Accept=no"]);
    refused("tcp=0.0.0.0", &["0.0.0.0", "loopback"]);
    let many = ["file"; 17].join(",");
    refused(&many, &["LISTEN_FDS = \"17\"", "at most 16"]);
}

#[test]
fn the_unit_files_are_right() {
    let verify = |args: &[&Path]| {
        let mut command = Command::new("systemd-analyze");
        command.arg("verify").args(args).output()
    };
    let scratch = Scratch::new();
    let units = checkout().join("host/cli/systemd");
    let read = |name: &str| std::fs::read_to_string(units.join(name)).expect("a unit");
    let service = read("cofferdam.service");
    // It asks if the program is there.
    let program = format!("ExecStart={} serve", binary().display());
    let service = service.replace("ExecStart=/usr/bin/cofferdam serve", &program);
    assert!(service.contains(&program));
    let service = scratch.file("cofferdam.service", service);
    let socket = scratch.file("cofferdam.socket", read("cofferdam.socket"));
    let Ok(ran) = verify(&[&service, &socket]) else {
        eprintln!("not run: there is no systemd-analyze here");
        return;
    };
    let said = String::from_utf8_lossy(&ran.stderr);
    let about: Vec<_> = said
        .lines()
        .filter(|line| line.contains("cofferdam"))
        .collect();
    assert!(ran.status.success() && about.is_empty(), "{said}");
}
