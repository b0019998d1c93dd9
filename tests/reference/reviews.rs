//! The example of a CI job that compares manifests.

use std::process::Command;

use super::block;
use crate::support::{Scratch, binary};

const PAGE: &str = "host/capability/README.md";

#[test]
fn the_ci_job_of_the_page_tells_what_is_wider() {
    let scratch = Scratch::new();
    let script = block(PAGE, "review.sh");
    let wide = block(PAGE, "capabilities.toml");
    let narrow = wide.replace("read-write", "read-only");
    assert_ne!(narrow, wide);
    let programs = binary().parent().expect("a folder").display().to_string();
    for (released, current, code) in [(&wide, &narrow, 0), (&narrow, &wide, 3)] {
        scratch.file("released/capabilities.toml", released);
        scratch.file("capabilities.toml", current);
        let ran = Command::new("sh")
            .args(["-c", &script])
            .current_dir(scratch.path())
            .envs(scratch.variables())
            .env("PATH", format!("{programs}:/usr/bin:/bin"))
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(code), "{said}");
        let review = std::fs::read_to_string(scratch.path().join("review.md")).expect("a review");
        assert!(review.contains("directory /workspace"), "{review}");
        let wider = String::from_utf8_lossy(&ran.stdout).contains("a reviewer has to see");
        assert_eq!(wider, code == 3);
    }
}
