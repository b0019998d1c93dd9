//! Where components are served from, what tools may write, and the host's own data: apart from each
//! other.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::support::mcp::{Server, next};
use crate::support::{Host, Ran, Scratch, cofferdam, content_of, guest, tool};

/// A guest that may write to `/workspace`, as a component of this name.
fn writer(scratch: &Scratch, place: &Path) {
    let head = "schema = 1\n[tool]\nname = \"writer\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n";
    let row = "[[fs]]\npath = \"/workspace\"\naccess = \"read-write\"\nreason = \"to try\"\n";
    let capabilities = scratch.file("capabilities.toml", format!("{head}{row}"));
    let out = scratch.path().join("out");
    let build = [
        "tool".into(),
        "build".into(),
        guest("fs_write").into_os_string(),
        "--capabilities".into(),
    ];
    let build = build.into_iter().chain([
        capabilities.into(),
        "--out".into(),
        out.clone().into_os_string(),
    ]);
    cofferdam(scratch, build).run().exits(0);
    std::fs::create_dir_all(place.parent().expect("a directory")).expect("a directory");
    std::fs::rename(out.join("writer.wasm"), place).expect("a name");
}

/// `mcp SERVED --dir OFFERED:/workspace`, which ends when its client says nothing.
fn serve(scratch: &Scratch, served: &Path, offered: &Path, access: &str) -> Ran {
    let dir = format!("{}:/workspace{access}", offered.display());
    cofferdam(
        scratch,
        [
            "mcp".as_ref(),
            served.as_os_str(),
            "--dir".as_ref(),
            dir.as_ref(),
        ],
    )
    .run()
}

#[test]
fn no_tool_may_write_where_components_are_served_from() {
    let scratch = Scratch::new();
    let project = scratch.directory("project");
    let tools = project.join("tools");
    writer(&scratch, &tools.join("writer.wasm"));
    let work = scratch.directory("project/tools/work");
    let (links, elsewhere) = (scratch.directory("links"), scratch.directory("elsewhere"));
    symlink(&tools, links.join("tools")).unwrap();
    symlink(tools.join("writer.wasm"), elsewhere.join("writer.wasm")).unwrap();
    // A file that is reached by a link which the tool could put elsewhere.
    std::fs::copy(
        tools.join("writer.wasm"),
        scratch.path().join("writer.wasm"),
    )
    .unwrap();
    symlink("../writer.wasm", links.join("writer.wasm")).unwrap();
    symlink(&project, links.join("project")).unwrap();
    let file = tools.join("writer.wasm");
    let refused: [(&Path, PathBuf); 9] = [
        (&tools, tools.clone()),
        (&tools, project.clone()),
        (&tools, scratch.path().to_owned()),
        (&tools, work),
        (&file, tools.clone()),
        (&links.join("tools"), project.clone()),
        (&elsewhere, tools.clone()),
        (&links.join("writer.wasm"), links.clone()),
        (&links.join("project/tools"), links.clone()),
    ];
    for (served, offered) in refused {
        let ran = serve(&scratch, served, &offered, "").exits(2);
        if offered == scratch.path() {
            ran.complains(&["the data directory"]);
        } else {
            let offer = format!(
                "{}, offered read-write as /workspace",
                offered.canonicalize().unwrap().display()
            );
            ran.complains(&[
                "writer",
                &offer,
                "leads to a",
                served.to_str().unwrap(),
                ":ro",
            ]);
        }
    }
    // What is only read, or lies beside, is fine.
    serve(&scratch, &tools, &project, ":ro").exits(0);
    serve(&scratch, &tools, &scratch.directory("project/work"), "").exits(0);
}

#[test]
fn the_data_directory_is_never_offered() {
    let scratch = Scratch::new();
    let cat = tool("cat").display().to_string();
    let data = scratch.directory("home/.local/share/data");
    let inside = scratch.directory("home/.local/share/data/agents/inner");
    let link = scratch.path().join("link");
    symlink(&data, &link).unwrap();
    let run = |offered: &Path, access: &str, tool_run: &[&str]| {
        let dir = format!("{}:/workspace{access}", offered.display());
        let line = [tool_run, &[cat.as_str(), "--dir", &dir]].concat();
        cofferdam(&scratch, line)
            .env("COFFERDAM_DATA_DIR", &data)
            .run()
    };
    let home = scratch.path().join("home");
    for offered in [
        &home,
        &data,
        &inside,
        &link,
        &home.join(".local/../.local/share"),
    ] {
        for (access, command) in [
            (":ro", &["tool", "run"][..]),
            ("", &["tool", "run"]),
            (":ro", &["mcp"]),
        ] {
            let ran = run(offered, access, command).exits(2);
            ran.complains(&[
                &offered.display().to_string(),
                "/workspace",
                "the data directory",
                "--data-dir",
            ]);
        }
    }
    run(&scratch.directory("home/project"), ":ro", &["mcp"]).exits(0);
}

/// A tool that may replace a link on the way to the data directory would choose its keys, tokens
/// and components.
#[test]
fn a_link_to_the_data_directory_is_not_offered_to_be_written() {
    let scratch = Scratch::new();
    let component = scratch.path().join("tools/writer.wasm");
    writer(&scratch, &component);
    scratch.directory("real/data");
    let links = scratch.directory("links");
    symlink("../real/data", links.join("data")).unwrap();
    let run = |access: &str| {
        let dir = format!("{}:/workspace{access}", links.display());
        let args = [
            "mcp".as_ref(),
            component.as_os_str(),
            "--dir".as_ref(),
            dir.as_ref(),
        ];
        cofferdam(&scratch, args)
            .env("COFFERDAM_DATA_DIR", links.join("data"))
            .run()
    };
    let offer = format!(
        "{}, offered read-write as /workspace",
        links.canonicalize().unwrap().display()
    );
    run("")
        .exits(2)
        .complains(&[&offer, "the data directory", "links/data", ":ro"]);
    run(":ro").exits(0);
}

/// The kernel shows the memory and the environment of the host there.
#[test]
fn no_directory_of_the_kernel_is_offered() {
    let scratch = Scratch::new();
    let cat = tool("cat").display().to_string();
    let run = |offered: &Path, tool_run: &[&str]| {
        let dir = format!("{}:/workspace:ro", offered.display());
        cofferdam(
            &scratch,
            [tool_run, &[cat.as_str(), "--dir", &dir]].concat(),
        )
        .run()
    };
    let link = scratch.path().join("link");
    symlink("/proc/self", &link).unwrap();
    for offered in [
        "/proc",
        "/proc/self",
        "/proc/self/task",
        "/proc/self/root/proc",
        "/sys",
        "/sys/kernel",
        "/dev/pts",
    ] {
        run(Path::new(offered), &["tool", "run"])
            .exits(2)
            .complains(&[offered, "/workspace", "the kernel"]);
    }
    for offered in [&link, Path::new("/")] {
        run(offered, &["mcp"]).exits(2).complains(&[
            &offered.display().to_string(),
            "/workspace",
            "the kernel",
        ]);
    }
    // One in which it is mounted.
    let inner = scratch.directory("outer/inner/proc");
    let Some(mounted) = Bind::mount(Path::new("/proc"), inner.clone()) else {
        return;
    };
    for offered in ["outer", "outer/inner"] {
        let offered = scratch.path().join(offered);
        run(&offered, &["mcp"]).exits(2).complains(&[&inner
            .canonicalize()
            .unwrap()
            .display()
            .to_string()]);
    }
    drop(mounted);
    run(&scratch.path().join("outer"), &["mcp"]).exits(0);
}

/// Also where it is mounted after the grant.
#[test]
fn what_the_kernel_shows_is_not_opened() {
    let scratch = Scratch::new();
    let file = scratch.file(
        "Agentfile",
        format!(
            "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN cat {}\n",
            tool("cat").display()
        ),
    );
    scratch.file("outer/notes", "notes");
    let inner = scratch.directory("outer/inner");
    let row = "[[grant]]\nagent = \"a\"\ntool = \"cat\"\nworkspace = \"none\"\ndirs = \
        [\"../outer:/workspace:ro\"]\n";
    scratch.file("data/cofferdam.toml", row);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let read = |path: &str| content_of(&host.chat("a", &format!("run cat {path}")), "tool.result");
    let Some(_mounted) = Bind::mount(Path::new("/proc"), inner) else {
        return;
    };
    let environment = read("inner/self/environ");
    assert!(
        environment.contains("not permitted") && !environment.contains("PATH="),
        "{environment}"
    );
    assert!(read("notes").contains("notes"));
}

#[test]
fn a_changed_component_is_served_as_it_was() {
    let scratch = Scratch::new();
    let tools = scratch.directory("tools");
    let place = tools.join("probe.wasm");
    std::fs::copy(guest("args_echo"), &place).unwrap();
    let mut server = Server::start(&scratch, [tools.as_os_str()]);
    server.initialize();
    let call = |server: &mut Server, id: u64| {
        server
            .ask(
                id,
                "tools/call",
                json!({ "name": "probe", "arguments": { "args": ["said"] } }),
            )
            .to_string()
    };
    assert!(call(&mut server, 1).contains("said"));
    std::fs::copy(guest("env_dump"), tools.join("new")).unwrap();
    std::fs::rename(tools.join("new"), &place).unwrap();
    let told = server.complains("has changed since this was started");
    assert!(
        told.contains("probe.wasm") && told.contains("--reload"),
        "{told}"
    );
    assert!(call(&mut server, 2).contains("said"));
    std::fs::copy(guest("exit_zero"), tools.join("other.wasm")).unwrap();
    assert!(
        server
            .complains("is new since this was started, and is not served")
            .contains("other.wasm")
    );
    let list = server.ask(3, "tools/list", json!({}))["result"]["tools"].clone();
    assert_eq!(list.as_array().unwrap().len(), 1);

    // A file that is written again as it was is no change, and what follows it is told.
    std::fs::copy(guest("args_echo"), tools.join("new")).unwrap();
    std::fs::rename(tools.join("new"), &place).unwrap();
    std::fs::remove_file(tools.join("other.wasm")).unwrap();
    std::fs::remove_file(&place).unwrap();
    let told = next(&server.stderr, "");
    assert!(
        told.contains("probe.wasm is gone since this was started"),
        "{told}"
    );
    assert!(call(&mut server, 4).contains("said"));
    std::fs::copy(guest("args_echo"), &place).unwrap();

    // Unless the operator asked for it.
    let mut server = Server::start(&scratch, ["--reload".as_ref(), tools.as_os_str()]);
    server.initialize();
    std::fs::copy(guest("args_echo"), tools.join("new")).unwrap();
    std::fs::rename(tools.join("new"), tools.join("third.wasm")).unwrap();
    next(&server.stdout, "notifications/tools/list_changed");
}

/// A directory that is mounted a second time; unmounted when it is dropped.
struct Bind(PathBuf);

impl Bind {
    fn mount(from: &Path, to: PathBuf) -> Option<Self> {
        let mounted = Command::new("mount")
            .arg("--bind")
            .arg(from)
            .arg(&to)
            .output()
            .expect("mount runs");
        if !mounted.status.success() {
            let root = Command::new("id")
                .arg("-u")
                .output()
                .expect("id runs")
                .stdout
                == b"0\n";
            assert!(
                !root,
                "root cannot mount: {}",
                String::from_utf8_lossy(&mounted.stderr)
            );
            eprintln!("SKIPPED: mounting a directory a second time needs root");
            return None;
        }
        Some(Self(to))
    }
}

impl Drop for Bind {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

/// As containers have them: the project read-write, and its tools and the data directory once more
/// beside it.
#[test]
fn a_directory_that_is_mounted_twice_is_one_directory() {
    let scratch = Scratch::new();
    let project = scratch.directory("project");
    writer(&scratch, &project.join("tools/inner/writer.wasm"));
    let data = scratch.directory("project/data");
    let Some(tools) = Bind::mount(&project.join("tools"), scratch.directory("a b/tools")) else {
        return;
    };
    let Some(second) = Bind::mount(&data, scratch.directory("data")) else {
        return;
    };
    for served in [tools.0.join("inner"), tools.0.join("inner/writer.wasm")] {
        let ran = serve(&scratch, &served, &project, "").exits(2);
        ran.complains(&["/workspace"]);
    }
    drop(second);
    for (served, access, code) in [
        ("inner", "", 2),
        ("inner/writer.wasm", "", 2),
        ("inner", ":ro", 0),
    ] {
        serve(&scratch, &tools.0.join(served), &project, access).exits(code);
    }
    // The host's own data under its other name.
    let Some(_second) = Bind::mount(&data, scratch.directory("data")) else {
        return;
    };
    let ran = serve(&scratch, &tools.0.join("inner"), &data, ":ro").exits(2);
    ran.complains(&["the data directory"]);
    // Read-only under one name, and read-write under the other.
    let head = "schema = 1\n[tool]\nname = \"guest\"\nversion = \"0.0.0\"\nsummary = \"tries\"\n";
    let row = |path: &str, access: &str| {
        format!("[[fs]]\npath = \"{path}\"\naccess = \"{access}\"\nreason = \"r\"\n")
    };
    let rows = row("/workspace", "read-only") + &row("/out", "read-write");
    let capabilities = scratch
        .file("capabilities.toml", format!("{head}{rows}"))
        .display()
        .to_string();
    let dirs = [
        format!("{}:/workspace:ro", tools.0.display()),
        format!("{}:/out:rw", project.join("tools/inner").display()),
    ];
    let component = guest("fs_write").display().to_string();
    let line = [
        "tool",
        "run",
        &component,
        "--capabilities",
        &capabilities,
        "--dir",
        &dirs[0],
        "--dir",
        &dirs[1],
    ];
    cofferdam(&scratch, line)
        .run()
        .exits(2)
        .complains(&["/workspace", "/out", "same access"]);
}
