//! The room of an agent's files over all calls.

use crate::support::components::{built, directory};
use crate::support::{Host, Scratch, cofferdam, tool};

#[test]
fn the_files_of_an_agent_have_a_bound_over_all_calls() {
    let scratch = Scratch::new();
    let rows = directory("/workspace", "read-write");
    let filler = built(&scratch, "filler", "fs_fill", &rows);
    let maker = built(&scratch, "maker", "fs_many_files", &rows);
    let bins: String = ["cp", "rm", "ls", "mv", "touch"]
        .iter()
        .map(|name| format!("BIN {name} {}\n", tool(name).display()))
        .collect();
    let file = scratch.file(
        "Agentfile",
        format!(
            "FROM scratch\nNAME otter\nMODEL builtin/commands\nBIN filler {}\nBIN maker {}\n{bins}\
             CONFIG limit.workspace.bytes=3MiB\nCONFIG limit.workspace.entries=20\n",
            filler.display(),
            maker.display()
        ),
    );
    let line = ["--agentfile".as_ref(), file.as_os_str()];
    let mut host = Some(Host::start(&scratch, line));
    // Calls after calls, and hosts after hosts.
    for _ in 0..2 {
        let running = host.take().expect("a host");
        for how in ["", "append", "over"] {
            let said = running.tool_result("otter", &format!("filler {how}"));
            if how == "over" {
                // One MiB again and again is no more than one.
                assert!(said.contains("after 64 MiB"), "{said}");
                continue;
            }
            assert!(said.contains("after "), "{said}");
            assert!(said.contains("3MiB (`workspace-bytes`)"), "{how}: {said}");
        }
        assert!(
            running
                .tool_result("otter", "filler")
                .contains("after 3 MiB"),
            "a file that is written anew"
        );
        let said = running.tool_result("otter", "cp fill.bin more.bin");
        assert!(said.contains("workspace-bytes"), "{said}");
        running.tool_result("otter", "rm -f more.bin");
        drop(running);
        host = Some(Host::start::<&str>(&scratch, []));
    }
    let host = host.expect("a host");
    let said = host.tool_result("otter", "filler append");
    assert!(said.contains("after 0 MiB"), "{said}");
    let inspected = cofferdam(&scratch, ["inspect", "--format", "json"]).run();
    let room = &inspected.exits(0).json()["room"];
    assert_eq!(room["bytes"], 3 << 20, "{room}");
    assert_eq!(room["max_bytes"], 3 << 20, "{room}");
    assert_eq!(room["max_entries"], 20, "{room}");
    // What is removed or replaced is free again.
    host.tool_result("otter", "mv fill.bin moved.bin");
    host.tool_result("otter", "touch empty.bin");
    host.tool_result("otter", "mv empty.bin moved.bin");
    let said = host.tool_result("otter", "filler append");
    assert!(said.contains("after 3 MiB"), "{said}");
    host.tool_result("otter", "rm fill.bin");
    host.tool_result("otter", "rm moved.bin");
    let said = host.tool_result("otter", "maker files");
    assert!(said.contains("20 files made: "), "{said}");
    assert!(said.contains("20 (`workspace-entries`)"), "{said}");
    let said = host.tool_result("otter", "touch one-more");
    assert!(said.contains("No space left"), "{said}");
}

#[test]
fn a_file_that_is_copied_in_needs_room_too() {
    let scratch = Scratch::new();
    let big = scratch.file("big.bin", "x".repeat(2 << 20));
    let file = scratch.file(
        "Agentfile",
        format!(
            "FROM scratch\nNAME otter\nMODEL builtin/commands\nBIN ls {}\n",
            tool("ls").display()
        ),
    );
    let row = "[[agent]]\nname = \"otter\"\nworkspace-bytes = \"3MiB\"\nworkspace-entries = 5\n";
    scratch.file("data/cofferdam.toml", row);
    let copy = |name: &str| format!("otter:{name}");
    let line = ["--agentfile".to_owned(), file.display().to_string()];
    let copies = ["--copy-in".to_owned(), copy(&big.display().to_string())];
    // The same file again takes no more room.
    for _ in 0..2 {
        let args = line.iter().chain(&copies).chain(&copies);
        let host = Host::start(&scratch, args);
        assert_eq!(host.tool_result("otter", "ls"), "big.bin\n");
    }
    let other = scratch.file("other.bin", "x".repeat(2 << 20));
    let copies = ["--copy-in".to_owned(), copy(&other.display().to_string())];
    let mut host = Host::start(&scratch, line.iter().chain(&copies));
    let said = host.hears("there is no room for 2MiB");
    assert!(
        said.contains("2MiB of 3MiB") && said.contains("raise workspace-bytes"),
        "{said}"
    );
    assert_eq!(host.tool_result("otter", "ls"), "big.bin\n");
    drop(host);
    // Where the files have more than they may, they can only shrink.
    scratch.file("data/cofferdam.toml", row.replace("3MiB", "1MiB"));
    let _host = Host::start::<&str>(&scratch, []);
    cofferdam(&scratch, ["ps"]).run().exits(0);
}
