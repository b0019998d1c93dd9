//! The differences between two versions of a tool.

use std::collections::BTreeSet;

use cofferdam_call::Descriptor;
use cofferdam_capability::{Category, Ceiling, Change, ChangeKind, Diff, Manifest};

/// One version of a tool.
#[derive(Debug, Clone)]
pub struct ToolVersion {
    /// Its manifest.
    pub manifest: Manifest,
    /// The facts about its component; none where the manifest is all there is.
    pub surface: Option<Surface>,
}

/// The facts about a component that a reviewer sees beside its manifest.
#[derive(Debug, Clone)]
pub struct Surface {
    /// The form in which it is called, such as `command`.
    pub form: String,
    /// Interfaces that it imports and may use.
    pub imports: Vec<String>,
    /// Interfaces that it imports and that stay denied.
    pub denied: Vec<String>,
    /// The tools that it offers, as a model reads them.
    pub tools: Vec<Descriptor>,
}

/// Returns the differences between two versions of a tool: the widened ones first. `ceiling` says
/// what a limit is that a manifest leaves out.
pub fn tools(old: &ToolVersion, new: &ToolVersion, ceiling: &Ceiling) -> Vec<Change> {
    let mut changes = Diff::new(&old.manifest, &new.manifest, ceiling).into_changes();
    match (&old.surface, &new.surface) {
        (Some(old), Some(new)) => {
            let words = offered(&old.tools, &new.tools);
            // The descriptions have the summary in them, where a model reads it.
            if words
                .iter()
                .any(|change| change.category == Category::Description)
            {
                changes.retain(|change| change.category != Category::Description);
            }
            changes.extend(words);
            changes.extend(imports(old, new));
            if old.form != new.form {
                let form = change(Category::Form, ChangeKind::Changed, "form");
                changes.push(form.between(Some(old.form.clone()), Some(new.form.clone())));
            }
        }
        // The host shows the summary to a model, and the name, where a component says nothing else.
        _ => changes.iter_mut().for_each(read_by_a_model),
    }
    sorted(changes)
}

/// Sorts the widened ones first, then the narrowed ones, each as they came.
pub(super) fn sorted(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by_key(|change| change.kind);
    changes
}

/// A difference of this kind, without any version of it.
pub(super) fn change(category: Category, kind: ChangeKind, subject: &str) -> Change {
    Change::new(category, kind, subject)
}

fn read_by_a_model(change: &mut Change) {
    if matches!(change.category, Category::Name | Category::Description) {
        change.kind = ChangeKind::Widened;
    }
}

/// The differences of the tools that two components offer.
fn offered(old: &[Descriptor], new: &[Descriptor]) -> Vec<Change> {
    if let ([old], [new]) = (old, new)
        && old.name != new.name
    {
        // The only tool of a component has another name, and is the same tool.
        let name = change(Category::Name, ChangeKind::Widened, &old.name);
        let name = name.between(Some(old.name.to_string()), Some(new.name.to_string()));
        return std::iter::once(name).chain(words(old, new)).collect();
    }
    let mut changes = Vec::new();
    for tool in new {
        match old.iter().find(|old| old.name == tool.name) {
            Some(old) => changes.extend(words(old, tool)),
            None => changes.push(
                change(Category::Tool, ChangeKind::Widened, &tool.name)
                    .between(None, Some(tool.description.clone())),
            ),
        }
    }
    let gone = old
        .iter()
        .filter(|old| !new.iter().any(|tool| tool.name == old.name));
    changes.extend(gone.map(|tool| {
        change(Category::Tool, ChangeKind::Narrowed, &tool.name)
            .between(Some(tool.description.clone()), None)
    }));
    changes
}

/// The differences of what a model reads about one tool.
fn words(old: &Descriptor, new: &Descriptor) -> Vec<Change> {
    let Descriptor {
        name,
        description,
        input_schema,
        output_schema,
    } = new;
    let mut changes = Vec::new();
    let widened = |category, subject: String| change(category, ChangeKind::Widened, &subject);
    if *description != old.description {
        changes.push(
            widened(Category::Description, name.to_string())
                .between(Some(old.description.clone()), Some(description.clone())),
        );
    }
    if *input_schema != old.input_schema {
        changes.push(
            widened(Category::Schema, format!("input of {name}")).between(
                Some(old.input_schema.to_string()),
                Some(input_schema.to_string()),
            ),
        );
    }
    if *output_schema != old.output_schema {
        let text = |schema: &Option<serde_json::Value>| schema.as_ref().map(ToString::to_string);
        changes.push(
            widened(Category::Schema, format!("output of {name}"))
                .between(text(&old.output_schema), text(output_schema)),
        );
    }
    changes
}

/// The differences of what two components import. A newer version of the same interface gives the
/// same.
fn imports(old: &Surface, new: &Surface) -> Vec<Change> {
    let usable = |surface: &Surface| -> BTreeSet<String> {
        let usable = surface
            .imports
            .iter()
            .filter(|name| !surface.denied.contains(name));
        usable.map(|name| unversioned(name)).collect()
    };
    let before = usable(old);
    let now = usable(new);
    let come = now.difference(&before).map(|name| {
        change(Category::Import, ChangeKind::Widened, name).between(None, Some(name.clone()))
    });
    let gone = before.difference(&now).map(|name| {
        change(Category::Import, ChangeKind::Narrowed, name).between(Some(name.clone()), None)
    });
    let mut changes: Vec<_> = come.chain(gone).collect();
    let versioned = |surface: &Surface, name: &String| {
        let all = surface.imports.iter();
        all.filter(|import| unversioned(import) == *name)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ")
    };
    for name in before.intersection(&now) {
        let before = versioned(old, name);
        let now = versioned(new, name);
        if before != now {
            let change = change(Category::Import, ChangeKind::Changed, name);
            changes.push(change.between(Some(before), Some(now)));
        }
    }
    let denied = |surface: &Surface| -> BTreeSet<String> {
        surface
            .denied
            .iter()
            .map(|name| unversioned(name))
            .collect()
    };
    let newly_denied: Vec<_> = denied(new).difference(&denied(old)).cloned().collect();
    changes.extend(
        newly_denied
            .into_iter()
            .filter(|name| !before.contains(name))
            .map(|name| {
                change(Category::Import, ChangeKind::Changed, &name)
                    .between(None, Some("denied".to_owned()))
            }),
    );
    changes
}

/// The name of an interface without its version.
fn unversioned(name: &str) -> String {
    name.split('@').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests;
