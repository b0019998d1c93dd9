//! Documents that an agent's model reads before anything else. These documents tell the truth about
//! the sandbox: what each tool reaches, what it was refused, and what a call may take.

mod access;

use std::fmt::Write;

use cofferdam_capability::{Access, Bytes, Count, Grant, GuestPath, Preopen, RoomBounds};
use cofferdam_image::agentfile::Agentfile;
use cofferdam_tool::Toolbox;

use crate::mounts::{Mounts, OpenMount};
use access::Bin;

/// Text between two documents in the system prompt.
const BETWEEN: &str = "\n\n---\n\n";

/// Limits that a model should know before it makes a call.
const TOLD_LIMITS: [(&str, &str); 4] = [
    ("wall", "time"),
    ("memory", "memory"),
    ("stdout", "output"),
    ("written", "bytes written"),
];

/// A document, by the name of its file below `etc/context`.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) name: String,
    /// Its purpose, for a person.
    pub(crate) description: String,
    pub(crate) text: String,
}

/// Everything that the documents of an agent tell.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The agent's id.
    pub(crate) id: &'a str,
    /// The Agentfile, with the operator's choices in it.
    pub(crate) agentfile: &'a Agentfile,
    pub(crate) toolbox: &'a Toolbox,
    pub(crate) mounts: &'a Mounts,
    pub(crate) room: RoomBounds,
}

/// The documents of an agent, in the order of its system prompt.
pub(crate) fn of(subject: Subject<'_>) -> Vec<Document> {
    let bins = access::bins(subject.toolbox);
    let document = |name: &str, description: &str, text: String| Document {
        name: name.to_owned(),
        description: description.to_owned(),
        text,
    };
    let mut documents = vec![
        document(
            "AGENT",
            "who the agent is and what its tools reach",
            agent(subject, &bins),
        ),
        document(
            "WORKSPACE",
            "what a tool call sees and may take",
            workspace(subject, &bins),
        ),
    ];
    if !subject.mounts.is_empty() {
        let text = mounts(subject.mounts, &bins);
        documents.push(document("MOUNTS", "directories of the machine", text));
    }
    let contexts = subject.agentfile.contexts.iter();
    documents.extend(contexts.map(|context| {
        let description = context.description.as_deref().unwrap_or_default();
        document(&context.name, description, context.content.clone())
    }));
    documents
}

/// `AGENT.md`: who the agent is, which tools it has, and what each of them reaches.
fn agent(subject: Subject<'_>, bins: &[Bin<'_>]) -> String {
    let Subject {
        id,
        agentfile,
        toolbox,
        mounts: _,
        room: _,
    } = subject;
    let mut text = format!("# {}\n", agentfile.name());
    if let Some(description) = agentfile.labels.get("description") {
        let _ = write!(text, "\n{description}\n");
    }
    let _ = write!(
        text,
        "\n## Identity\n\nYour agent id is `{id}`.\n\n## Tools\n\n"
    );
    if toolbox.iter().len() == 0 {
        text.push_str(
            "You have no tools. Answer from what you know, and say so when that is not enough.\n",
        );
    } else {
        text.push_str(
            "These are all the tools there are. There is no shell, and nothing else can \
            be started.\n\n",
        );
        for tool in toolbox.iter() {
            let line = tool
                .descriptor()
                .description
                .lines()
                .next()
                .unwrap_or_default();
            let _ = writeln!(text, "- `{}`: {line}", tool.name());
        }
        text.push_str(
            "\nThe description of each tool says how to call it. A command takes its arguments as \
             a list of strings: `{\"args\": [\"-l\", \"notes.txt\"]}`, never as one string that \
             holds a list.\n",
        );
        if !bins.is_empty() {
            reaches(&mut text, bins);
        }
    }
    memory(&mut text, toolbox);
    data_files(&mut text, agentfile, bins);
    variables(&mut text, agentfile);
    if !agentfile.capabilities.is_empty() {
        let names: Vec<_> = agentfile
            .capabilities
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let _ = write!(
            text,
            "\n## Capabilities\n\nYour author asked for {}. You have one only if a tool above says \
             so.\n",
            names.join(", ")
        );
    }
    text
}

/// The use of notes, for an agent that can save some.
fn memory(text: &mut String, toolbox: &Toolbox) {
    if toolbox.get("note_save").is_err() {
        return;
    }
    text.push_str(
        "\n## Notes\n\nA conversation ends, and your notes stay. Save what you will need in \
         another one, such as a decision or a preference, and look for it there before you ask for \
         it again.\n",
    );
}

/// The part of `AGENT.md` that tells what each tool of an agent reaches.
pub(crate) fn access(toolbox: &Toolbox) -> String {
    let mut text = String::new();
    let bins = access::bins(toolbox);
    if !bins.is_empty() {
        reaches(&mut text, &bins);
    }
    text
}

fn reaches(text: &mut String, bins: &[Bin<'_>]) {
    text.push_str("\n## Access\n\nWhat each tool reaches; nothing else is there for it.\n\n");
    for bin in bins {
        let _ = writeln!(text, "- {}: {}", bin.names(), bin.reaches());
    }
}

/// The files that the author added, and who sees them.
fn data_files(text: &mut String, agentfile: &Agentfile, bins: &[Bin<'_>]) {
    if agentfile.adds.is_empty() {
        return;
    }
    let place = GuestPath::data();
    let tools: Vec<_> = bins
        .iter()
        .filter(|bin| access_in(bin.grant, &place).is_some())
        .map(Bin::names)
        .collect();
    let seen = match tools.as_slice() {
        [] => "No tool can read them.".to_owned(),
        tools => format!("Read by {}.", tools.join(", ")),
    };
    let _ = write!(text, "\n## Data files\n\n{seen}\n\n");
    for add in &agentfile.adds {
        let description = add.description.as_deref().unwrap_or_default();
        let _ = match description {
            "" => writeln!(text, "- `{place}/{}`", add.name),
            description => writeln!(text, "- `{place}/{}`: {description}", add.name),
        };
    }
}

/// The variables that an author or an operator set, without their values.
fn variables(text: &mut String, agentfile: &Agentfile) {
    if agentfile.envs.is_empty() {
        return;
    }
    text.push_str("\n## Environment\n\nTools that know these variables see their values.\n\n");
    for variable in &agentfile.envs {
        let description = variable.description.as_deref().unwrap_or_default();
        let _ = match description {
            "" => writeln!(text, "- `{}`", variable.key),
            description => writeln!(text, "- `{}`: {description}", variable.key),
        };
    }
}

/// `WORKSPACE.md`: what a tool sees of the world, and what a call may take.
fn workspace(subject: Subject<'_>, bins: &[Bin<'_>]) -> String {
    let mut text = "# Workspace\n\n\
         Every tool call runs alone in a fresh sandbox. A tool sees the directories that AGENT.md \
         lists for it, and nothing else of the machine. A path outside, also through `..` or a \
         symbolic link, is refused. Only files stay between calls: no variable, no running \
         program.\n"
        .to_owned();
    let sees = |place: &GuestPath| bins.iter().any(|bin| bin.sees(place));
    let mut places = Vec::new();
    let working = GuestPath::working_directory();
    if sees(&working) {
        places.push(format!(
            "`{working}` is yours. Relative paths resolve there, and files there stay."
        ));
    }
    let home = GuestPath::home();
    if sees(&home) {
        places.push(format!("`{home}` holds what tools keep for themselves."));
    }
    if bins.iter().any(Bin::has_scratch) {
        places.push("`/tmp` is empty when a call begins and gone when it ends.".to_owned());
    }
    if !subject.mounts.is_empty() {
        places.push("MOUNTS.md lists directories of the machine.".to_owned());
    }
    if !places.is_empty() {
        text.push('\n');
    }
    for place in places {
        let _ = writeln!(text, "- {place}");
    }
    if bins.is_empty() {
        return text;
    }
    text.push_str("\n## Limits\n\n");
    limits(&mut text, bins);
    if sees(&working) || sees(&home) {
        let RoomBounds { bytes, entries } = subject.room;
        let _ = writeln!(
            text,
            "Your files may have {} and {} entries together, over all calls. When a write fails \
             because there is no space, remove files that you do not need.",
            Bytes(bytes),
            Count(entries)
        );
    }
    text
}

/// The limits of most tools, and those of the others.
fn limits(text: &mut String, bins: &[Bin<'_>]) {
    let common: Vec<_> = TOLD_LIMITS
        .iter()
        .map(|(key, what)| TheirLimit {
            key,
            what,
            value: most_common(key, bins),
        })
        .collect();
    let of_most: Vec<_> = common
        .iter()
        .map(|limit| format!("{} of {}", limit.value, limit.what))
        .collect();
    let _ = writeln!(
        text,
        "A call has at most {}. A result that was cut says so.",
        of_most.join(", ")
    );
    for bin in bins {
        let others: Vec<_> = common
            .iter()
            .filter_map(|limit| Some((limit, bin.limit(limit.key)?)))
            .filter(|(limit, value)| *value != limit.value)
            .map(|(limit, value)| format!("{value} of {}", limit.what))
            .collect();
        if !others.is_empty() {
            let _ = writeln!(text, "{} has {}.", bin.names(), others.join(", "));
        }
    }
}

/// A limit that most tools have.
struct TheirLimit {
    key: &'static str,
    what: &'static str,
    value: String,
}

/// The value of a limit that the most tools have; of two, the first.
fn most_common(key: &str, bins: &[Bin<'_>]) -> String {
    let values: Vec<_> = bins.iter().filter_map(|bin| bin.limit(key)).collect();
    let count = |value: &String| values.iter().filter(|other| *other == value).count();
    let most = values.iter().rev().max_by_key(|value| count(value));
    most.cloned().unwrap_or_default()
}

/// `MOUNTS.md`: directories of the machine, and who sees them.
fn mounts(mounts: &Mounts, bins: &[Bin<'_>]) -> String {
    let mut text = "# Mounts\n\nDirectories of the machine beside your own:\n\n".to_owned();
    for mount in mounts.iter() {
        let target = mount.target();
        let description = match mount.description.as_str() {
            "" => String::new(),
            description => format!(": {description}"),
        };
        let seen = seen_by(mount, bins);
        let _ = writeln!(
            text,
            "- `{target}` ({}){description}. {seen}",
            mount.access()
        );
    }
    text
}

/// The tools that see some of a mount, and what they may do there.
fn seen_by(mount: &OpenMount, bins: &[Bin<'_>]) -> String {
    let target = mount.target();
    let tools: Vec<_> = bins
        .iter()
        .filter_map(|bin| {
            let access = access_in(bin.grant, target)?;
            Some(if access == mount.access() {
                bin.names()
            } else {
                format!("{} ({access})", bin.names())
            })
        })
        .collect();
    match tools.as_slice() {
        [] => "No tool sees it.".to_owned(),
        tools => format!("Seen by {}.", tools.join(", ")),
    }
}

/// The most that a tool may do in a mount or below; nothing where it sees none of it.
pub(crate) fn access_in(grant: &Grant, target: &GuestPath) -> Option<Access> {
    let preopens = grant.preopens().iter();
    // In the agent's own directories the name of a mount is an empty directory.
    let inside =
        preopens.filter(|preopen| target.contains(preopen.guest()) && preopen.room().is_none());
    inside.map(Preopen::access).max()
}

/// These parts of a prompt, one after the other, without those that are empty.
pub(crate) fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(BETWEEN)
}

/// The system prompt: every document under its name, in this order.
pub(crate) fn system_prompt(documents: &[Document]) -> String {
    let documents: Vec<_> = documents
        .iter()
        .map(|document| format!("## {}\n\n{}", document.name, document.text.trim_end()))
        .collect();
    documents.join(BETWEEN)
}
