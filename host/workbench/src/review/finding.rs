//! Everything about a tool that stands out, by the rules.

use cofferdam_capability::{
    Access, Ceiling, CredentialRule, ForeignText, GuestPath, LowerLimit, Manifest,
};

use super::reached::ReachPage;
use super::rule::{self, Finding};
use super::tool_facts::{Built, Fate, ImportLine};

/// Everything about a tool that the rules read.
pub(super) struct Grounds<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) has_manifest: bool,
    pub(super) is_described: bool,
    pub(super) exports: &'a [String],
    pub(super) imports: &'a [ImportLine],
    pub(super) needless: &'a [String],
    pub(super) reach: &'a ReachPage,
    pub(super) built: &'a Built,
    /// The reason why a list of its packages could not be read.
    pub(super) unreadable: Option<&'a str>,
    pub(super) usage: Option<&'a str>,
    pub(super) ceiling: &'a Ceiling,
}

/// Everything that stands out, in the order of the rules.
pub(super) fn findings(facts: &Grounds<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    credentials(facts.manifest, &mut found);
    network(facts.manifest, &mut found);
    files(facts.manifest, &mut found);
    calls(facts.manifest, &mut found);
    imports(facts, &mut found);
    limits(facts, &mut found);
    build(facts, &mut found);
    found
}

fn has_network(manifest: &Manifest) -> bool {
    !manifest.http.is_empty() || !manifest.tcp.is_empty()
}

fn credentials(manifest: &Manifest, found: &mut Vec<Finding>) {
    let looks = |kind: &str, name: &str| {
        let rule = CredentialRule::of(name)?;
        Some(format!(
            "{kind} {name}: opens {} (`{}`)",
            rule.means, rule.name
        ))
    };
    let variables = manifest.env.iter();
    let variables = variables.filter_map(|row| looks("variable", &row.name));
    found.extend(variables.map(|what| rule::CREDENTIAL_VARIABLE.finds(what)));
    let secrets = manifest.secret.iter();
    let secrets = secrets.filter_map(|row| looks("secret", row.name.as_str()));
    found.extend(secrets.map(|what| rule::CREDENTIAL_SECRET.finds(what)));
    let is_open = manifest.http.iter().any(|row| row.host.is_any());
    if is_open {
        let secrets = manifest.secret.iter();
        found.extend(secrets.map(|row| {
            let what = format!("secret {} toward {}", row.name, row.host);
            rule::SECRET_AND_ANY_HOST.finds(what)
        }));
    }
}

fn network(manifest: &Manifest, found: &mut Vec<Finding>) {
    let http = |host: &dyn std::fmt::Display| format!("[[http]] {host}");
    for row in &manifest.http {
        if row.host.is_any() {
            found.push(rule::ANY_HOST.finds(http(&row.host)));
        }
    }
    let all = manifest.http.iter().map(|row| ("http", &row.host));
    let all = all.chain(manifest.tcp.iter().map(|row| ("tcp", &row.host)));
    for (table, host) in all {
        if host.to_string().starts_with("*.") {
            found.push(rule::WILDCARD_HOST.finds(format!("[[{table}]] {host}")));
        }
    }
    for row in &manifest.http {
        if row.methods.is_empty() {
            found.push(rule::ANY_METHOD.finds(http(&row.host)));
        }
    }
    for row in &manifest.tcp {
        found.push(rule::TCP.finds(format!("[[tcp]] {}", row.host)));
    }
    if has_network(manifest) {
        let scratch = GuestPath::scratch();
        let directories = manifest.fs.iter().filter(|row| row.path != scratch);
        let directories = directories.map(|row| row.path.to_string());
        let variables = manifest.env.iter();
        let variables = variables.map(|row| format!("variable {}", row.name));
        let reads: Vec<_> = directories.chain(variables).collect();
        if !reads.is_empty() {
            found.push(rule::READS_AND_SENDS.finds(reads.join(", ")));
        }
    }
}

fn files(manifest: &Manifest, found: &mut Vec<Finding>) {
    for row in &manifest.fs {
        if row.path.as_str() == "/" {
            found.push(rule::ROOT.finds(format!("[[fs]] / {}", row.access)));
        }
    }
    let scratch = GuestPath::scratch();
    let written = manifest
        .fs
        .iter()
        .filter(|row| row.path != scratch && row.access == Access::ReadWrite);
    let written: Vec<_> = written.map(|row| row.path.to_string()).collect();
    if has_network(manifest) && !written.is_empty() {
        found.push(rule::FETCHES_AND_WRITES.finds(written.join(", ")));
    }
}

fn calls(manifest: &Manifest, found: &mut Vec<Finding>) {
    let whole = manifest.call.iter().filter(|row| row.bound().is_all());
    found.extend(whole.map(|row| rule::CALL.finds(format!("[[call]] {}", row.name))));
}

fn imports(facts: &Grounds<'_>, found: &mut Vec<Finding>) {
    let undeclared = facts.imports.iter();
    let undeclared = undeclared.filter(|import| import.fate == Fate::Undeclared);
    found.extend(undeclared.map(|import| rule::UNDECLARED_IMPORT.finds(&import.interface)));
    let manifest = facts.manifest;
    let unused = manifest.unused.iter();
    found.extend(unused.map(|row| rule::UNUSED_IMPORT.finds(&row.interface)));
    let needless = facts.needless.iter();
    found.extend(needless.map(|row| rule::NEEDLESS_ROW.finds(row)));
    if let ReachPage::Unknown { unknown } = facts.reach {
        found.push(rule::NOT_FOLLOWED.finds(unknown));
        return;
    }
    let rows = [
        (manifest.fs.len(), "[[fs]]", "wasi:filesystem/types@"),
        (
            manifest.http.len(),
            "[[http]]",
            "wasi:http/outgoing-handler@",
        ),
        (manifest.tcp.len(), "[[tcp]]", "wasi:sockets/tcp@"),
        (manifest.env.len(), "[[env]]", "wasi:cli/environment@"),
        (manifest.call.len(), "[[call]]", "cofferdam:tool/calls@"),
    ];
    for (count, row, interface) in rows {
        let imported = facts
            .imports
            .iter()
            .any(|import| import.interface.starts_with(interface));
        if count > 0 && imported && !facts.reach.may_reach(interface) {
            let interface = interface.trim_end_matches('@');
            found.push(rule::UNREACHED_ROW.finds(format!("{row} without a way to {interface}")));
        }
    }
}

fn limits(facts: &Grounds<'_>, found: &mut Vec<Finding>) {
    let asked = &facts.manifest.limits;
    let given = facts.ceiling.defaults.lowered(asked);
    for limit in asked.beyond(&given, &facts.ceiling.limits) {
        let LowerLimit {
            name,
            asked,
            given,
            ceiling,
        } = limit;
        let what = format!("{name} = {asked}, and the default is {given}");
        found.push(match ceiling {
            Some(most) => rule::LIMIT_ABOVE_CEILING.finds(format!("{what}, at most {most}")),
            None => rule::LIMIT_ABOVE_DEFAULT.finds(what),
        });
    }
}

fn build(facts: &Grounds<'_>, found: &mut Vec<Finding>) {
    if let Some(usage) = facts.usage
        && let Some(c) = usage
            .lines()
            .find_map(|line| ForeignText::line(line).hidden())
        && c != '\t'
    {
        let what = format!("its words about calling it hold U+{:04X}", u32::from(c));
        found.push(rule::HIDDEN_CHARACTER.finds(what));
    }
    if !facts.has_manifest {
        found.push(rule::NO_MANIFEST.finds(Manifest::SECTION));
    }
    let is_typed = facts
        .exports
        .iter()
        .any(|export| export.starts_with("cofferdam:tool/tools@"));
    if is_typed && !facts.is_described {
        found.push(rule::NO_DESCRIPTORS.finds("cofferdam:descriptors"));
    }
    match facts.unreadable {
        Some(reason) => found.push(rule::PACKAGES_UNREADABLE.finds(reason)),
        None if facts.built.packages.is_none() => {
            found.push(rule::NO_PACKAGES.finds(".dep-v0"));
        }
        None => {}
    }
    for advisory in facts.built.advisories.iter().flatten() {
        let what = format!("{} {}: {}", advisory.package, advisory.id, advisory.title);
        found.push(rule::ADVISORY.finds(what));
    }
}
