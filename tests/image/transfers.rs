//! Pulls beside each other and beside `image prune`, and disks that are full.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::images::{files, keep, listed};
use crate::support::liar::{Answer, COMPONENT, Liar, Shelf, digest};
use crate::support::{Registry, Scratch, binary, cofferdam};

/// The size of the layers here: more than any buffer on the way.
const LARGE: usize = 16 << 20;

/// How long a pull may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);

/// A shelf with a large image `args:1`, and the digest of its layer.
fn large() -> (Shelf, String) {
    let component = [COMPONENT, &vec![7; LARGE]].concat();
    let mut shelf = Shelf::default();
    let (config, layer) = shelf.sound(&component);
    let described = shelf.manifest(config, json!([layer]));
    shelf.tag("1", &described);
    (shelf, digest(&component))
}

/// A liar that answers for the layer only when two parties have come to the barrier.
fn waiting() -> (Liar, Arc<Barrier>) {
    let (shelf, layer) = large();
    let barrier = Arc::new(Barrier::new(2));
    let gate = Arc::clone(&barrier);
    let liar = Liar::start(shelf, move |request| {
        if request.path.ends_with(&layer) {
            gate.wait();
        }
        None
    });
    (liar, barrier)
}

#[test]
fn two_pulls_of_one_image_at_once_both_work() {
    // Both must have begun the layer before either gets it.
    let (liar, _) = waiting();
    let scratch = Scratch::new();
    let name = liar.reference("args:1");
    let pull = || cofferdam(&scratch, ["tool", "pull", &name, "--plain-http"]).start();
    for child in [pull(), pull()] {
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_eq!(listed(&scratch).len(), 1);
    assert_eq!(
        (
            files(&scratch, "blobs/sha256"),
            files(&scratch, ".cofferdam.incoming")
        ),
        (3, 0)
    );
}

#[test]
fn pruning_takes_what_nobody_needs_and_leaves_a_pull_under_way_alone() {
    let scratch = Scratch::new();
    keep(&scratch, "args:1", "Prints its arguments");
    let prune = || {
        cofferdam(&scratch, ["image", "prune", "--format", "json"])
            .run()
            .exits(0)
            .json()
    };
    assert_eq!(prune(), json!({ "blobs": 0, "bytes": 0 }));

    let (liar, barrier) = waiting();
    let name = liar.reference("args:1");
    let child = cofferdam(&scratch, ["tool", "pull", &name, "--plain-http"]).start();
    // A blob without a name, and what a pull that was killed has left.
    let images = scratch.data().join("images");
    std::fs::write(images.join("blobs/sha256").join("0".repeat(64)), "orphan").unwrap();
    std::fs::create_dir_all(images.join(".cofferdam.incoming")).unwrap();
    std::fs::write(images.join(".cofferdam.incoming/dead.0"), "four").unwrap();
    let begun = Instant::now();
    while !liar.asked().iter().any(|asked| asked.contains("/blobs/"))
        || files(&scratch, ".cofferdam.incoming") < 2
    {
        assert!(begun.elapsed() < PATIENCE, "the pull did not begin");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    assert_eq!(prune(), json!({ "blobs": 1, "bytes": 10 }));
    barrier.wait();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(listed(&scratch).len(), 2);
    assert_eq!(
        (
            files(&scratch, "blobs/sha256"),
            files(&scratch, ".cofferdam.incoming")
        ),
        (6, 0)
    );
    cofferdam(&scratch, ["tool", "run", "args:1"])
        .run()
        .exits(0);
}

/// Pulls a large image where `shell`, which goes before, leaves too little room; it must end
/// cleanly.
#[track_caller]
fn check_no_room(scratch: &Scratch, shell: &[&str], said: &str) {
    let (shelf, _) = large();
    let liar = Liar::honest(shelf);
    let script = "COFFERDAM_DATA_DIR=$1/full/data; export COFFERDAM_DATA_DIR
        \"$0\" tool pull \"$2\" --plain-http; code=$?
        find \"$1/full/data/images/blobs\" \"$1/full/data/images/.cofferdam.incoming\" -type f
        \"$0\" tool ls --format json
        exit $code";
    let script = format!("{}\n{script}", shell.last().expect("a script"));
    let mut command = Command::new(shell[0]);
    command
        .args(&shell[1..shell.len() - 1])
        .arg(script)
        .arg(binary());
    command
        .arg(scratch.directory("full").parent().unwrap())
        .arg(liar.reference("args:1"));
    let output = command.stdin(Stdio::null()).output().expect("a shell");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(1),
        "signal {:?}: {stderr}",
        output.status.signal()
    );
    let complaint = stderr
        .lines()
        .find(|line| line.starts_with("error: "))
        .unwrap_or_default();
    assert!(
        complaint.contains("write the component to the image store") && complaint.contains(said),
        "{stderr}"
    );
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "[]\n",
        "no file and no name is left"
    );
}

#[test]
fn a_full_disk_is_told_and_nothing_stays() {
    // A file may only become so large: this works wherever the tests run.
    let limited = ["bash", "-c", "trap '' XFSZ; ulimit -f 4096"];
    check_no_room(&Scratch::new(), &limited, "File too large");
    // A disk that is really full, where this user may have one of its own.
    let own = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "bash",
        "-c",
    ];
    let may = Command::new(own[0])
        .args(&own[1..4])
        .args(["mount", "-t", "tmpfs", "none", "/mnt"])
        .output();
    if may.is_ok_and(|output| output.status.success()) {
        let mount = "mount -t tmpfs -o size=4m none \"$1/full\"";
        check_no_room(
            &Scratch::new(),
            &[&own[..], &[mount]].concat(),
            "the disk is full",
        );
    }
}

#[test]
fn a_pull_takes_only_what_is_not_here() {
    let (shelf, layer) = large();
    let liar = Liar::start(shelf, |request| {
        request.path.contains("nothing").then(|| Answer::ok(""))
    });
    let scratch = Scratch::new();
    let name = liar.reference("args:1");
    let pull = || {
        let args = ["tool", "pull", &name, "--plain-http", "--format", "json"];
        cofferdam(&scratch, args).run().exits(0).json()
    };
    let fetched = || {
        liar.asked()
            .iter()
            .filter(|asked| asked.contains(&layer))
            .count()
    };
    pull();
    let again = pull();
    assert_eq!(
        (again["present"].clone(), fetched()),
        (again["size"].clone(), 1)
    );
    // A blob that was damaged on disk is not what is here.
    let hex = layer.strip_prefix("sha256:").unwrap();
    let blob = scratch.data().join("images/blobs/sha256").join(hex);
    std::fs::write(&blob, vec![0; LARGE + COMPONENT.len()]).unwrap();
    pull();
    assert_eq!(
        (std::fs::metadata(&blob).unwrap().len(), fetched()),
        ((LARGE + COMPONENT.len()) as u64, 2)
    );
}

#[test]
fn what_was_damaged_on_disk_is_not_pushed() {
    let (scratch, registry) = (Scratch::new(), Registry::start());
    let manifest = keep(&scratch, "args:1", "Prints its arguments");
    let blobs = scratch.data().join("images/blobs/sha256");
    let described: serde_json::Value = {
        let hex = manifest.strip_prefix("sha256:").unwrap();
        serde_json::from_slice(&std::fs::read(blobs.join(hex)).unwrap()).unwrap()
    };
    let layer = described["layers"][0]["digest"].as_str().unwrap();
    let blob = blobs.join(layer.strip_prefix("sha256:").unwrap());
    let sound = std::fs::read(&blob).unwrap();
    let damaged = |change: fn(&mut Vec<u8>)| {
        let mut bytes = sound.clone();
        change(&mut bytes);
        std::fs::write(&blob, bytes).unwrap();
    };
    let target = registry.reference("args:1");
    let push = || {
        cofferdam(
            &scratch,
            ["tool", "push", "args:1", &target, "--plain-http"],
        )
        .run()
    };
    // Its last byte, which is on its way only when everything has been checked.
    damaged(|bytes| *bytes.last_mut().unwrap() ^= 1);
    push()
        .exits(1)
        .complains(&[layer, "holds other content", "put or pull the image again"]);
    damaged(|bytes| bytes.truncate(bytes.len() - 1));
    push()
        .exits(1)
        .complains(&[layer, "where its descriptor says"]);
    std::fs::remove_file(&blob).unwrap();
    push().exits(1).complains(&[layer, "is missing"]);
    assert!(!registry.blob(layer).exists() && !registry.blob(&manifest).exists());
    damaged(|_| {});
    push().exits(0);
    assert!(registry.blob(layer).exists() && registry.blob(&manifest).exists());
}

#[test]
fn an_upload_that_fails_is_sent_again_whole() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    let liar = Liar::start(Shelf::default(), move |request| {
        match request.method.as_str() {
            "POST" => {
                Some(Answer::new("202 Accepted", "").header("location: /v2/args/blobs/uploads/1"))
            }
            "PUT" if request.path.contains("/uploads/") => {
                let named = request
                    .path
                    .split_once("digest=")
                    .map(|(_, digest)| digest.replace("%3A", ":"));
                seen.lock()
                    .unwrap()
                    .push((named.unwrap_or_default(), digest(&request.body)));
                Some(match request.before {
                    0 => Answer::new("503 Service Unavailable", "").header("retry-after: 0"),
                    _ => Answer::new("201 Created", ""),
                })
            }
            "PUT" => Some(Answer::new("201 Created", "")),
            _ => None,
        }
    });
    let scratch = Scratch::new();
    keep(&scratch, "args:1", "Prints its arguments");
    cofferdam(
        &scratch,
        [
            "tool",
            "push",
            "args:1",
            &liar.reference("args:1"),
            "--plain-http",
        ],
    )
    .run()
    .exits(0);
    let sent = sent.lock().unwrap();
    assert_eq!(sent.len(), 4, "config and component, each twice: {sent:?}");
    assert!(sent.iter().all(|(named, came)| named == came), "{sent:?}");
}
