//! Several threads and several processes with one store.

use std::env;
use std::fs::File;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::fixture::{Fixture, reference, tool};
use crate::Error;
use crate::store::lock::Lock;
use crate::store::{Store, layout};

const WORKERS: usize = 4;
const IMAGES: usize = 8;

/// The variable that tells a child process the store's path and its own name. Only this test sets
/// it.
const CHILD: &str = "COFFERDAM_IMAGE_TEST_CHILD";

/// Puts images of its own, and one that everybody puts; loads them, and removes every other of its
/// own.
fn work(store: &Store, worker: &str) {
    for image in 0..IMAGES {
        let name = reference(&format!("{worker}:{image}"));
        let component = format!("{worker} {image}");
        store
            .put_tool(&name, &tool(worker, component.as_bytes()))
            .unwrap();
        store
            .put_tool(
                &reference("shared"),
                &tool("shared", format!("{image}").as_bytes()),
            )
            .unwrap();
        assert_eq!(store.tool(&name).unwrap().1.component, component.as_bytes());
        store.tool(&reference("shared")).unwrap();
        if image % 2 == 1 {
            store.remove(&name).unwrap();
        }
    }
}

#[track_caller]
fn check_nothing_lost(fixture: &Fixture, workers: &[String]) {
    let store = fixture.store();
    for worker in workers {
        for image in 0..IMAGES {
            let found = store.tool(&reference(&format!("{worker}:{image}")));
            match image % 2 {
                0 => assert_eq!(
                    found.unwrap().1.component,
                    format!("{worker} {image}").as_bytes()
                ),
                _ => assert!(matches!(found, Err(Error::NotFound(_)))),
            }
        }
    }
    // Each worker's images, and the shared one with all it has been.
    assert_eq!(
        store.list().unwrap().len(),
        workers.len() * IMAGES / 2 + IMAGES
    );
    for row in store.list().unwrap() {
        assert_eq!(store.tool(&row.reference).unwrap().0, row.digest);
    }
}

fn workers() -> Vec<String> {
    (0..WORKERS).map(|n| format!("worker{n}")).collect()
}

#[test]
fn threads() {
    let fixture = Fixture::empty();
    let workers = workers();
    thread::scope(|scope| {
        for worker in &workers {
            // Each opens the store itself, so they also make it at once.
            scope.spawn(|| work(&fixture.store(), worker));
        }
    });
    check_nothing_lost(&fixture, &workers);
}

/// Whoever comes while the store is being made finds it empty, half made or made, but never
/// something else.
#[test]
fn made_by_many_at_once() {
    for _ in 0..20 {
        let fixture = Fixture::empty();
        let made = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                fixture.store();
                made.store(true, Ordering::Relaxed);
            });
            // This one only looks, as fast as it can, so that it also looks just when the last file
            // appears.
            scope.spawn(|| {
                let dir = fixture.dir();
                while !made.load(Ordering::Relaxed) {
                    if !layout::check(&dir).unwrap() {
                        layout::refuse_other_content(&dir).unwrap();
                    }
                }
            });
        });
    }
}

#[test]
fn one_store_shared_by_threads() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let workers = workers();
    thread::scope(|scope| {
        for worker in &workers {
            scope.spawn(|| work(&store, worker));
        }
    });
    check_nothing_lost(&fixture, &workers);
}

#[test]
fn processes() {
    let fixture = Fixture::empty();
    let workers = workers();
    let start = |worker: &String| {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "store::tests::concurrent::child", "--ignored"])
            .env(CHILD, format!("{}={worker}", fixture.path("").display()))
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = workers.iter().map(start).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    check_nothing_lost(&fixture, &workers);
}

/// The child that `processes` starts.
#[test]
#[ignore = "the other half of `processes`: only that test says where the store is"]
fn child() {
    let Ok(child) = env::var(CHILD) else { return };
    let (dir, worker) = child.rsplit_once('=').unwrap();
    let dir = Dir::open_ambient_dir(dir, ambient_authority()).unwrap();
    work(&Store::open(dir).unwrap(), worker);
}

/// An image that is removed while it is loaded is there or not there, never half there.
#[test]
fn loading_while_removing() {
    let fixture = Fixture::new();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let store = fixture.store();
            for _ in 0..50 {
                store.put_tool(&reference("wc"), &tool("wc", b"a")).unwrap();
                store.remove(&reference("wc")).unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            let store = fixture.store();
            while !done.load(Ordering::Relaxed) {
                match store.tool(&reference("wc")) {
                    Ok(_) | Err(Error::NotFound(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
    });
}

#[test]
fn a_lock_keeps_others_out_only_so_long() {
    let fixture = Fixture::new();
    let dir = || fixture.dir();
    let now = Duration::ZERO;
    let busy = |lock: Result<Lock, Error>| matches!(lock, Err(Error::Busy));

    let reader = Lock::shared(&dir()).unwrap();
    assert!(!busy(Lock::within(&dir(), now, File::try_lock_shared)));
    assert!(busy(Lock::within(&dir(), now, File::try_lock)));
    drop(reader);

    let writer = Lock::exclusive(&dir()).unwrap();
    assert!(busy(Lock::within(&dir(), now, File::try_lock_shared)));
    assert!(busy(Lock::within(
        &dir(),
        Duration::from_millis(20),
        File::try_lock
    )));
    drop(writer);
    assert!(!busy(Lock::within(&dir(), now, File::try_lock)));
}
