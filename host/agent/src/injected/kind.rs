//! The tools of this host: their names, their words, and the schemas of their input.

use cofferdam_tool::Effect;
use serde_json::{Value, json};

/// One of these tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ContextList,
    ContextShow,
    EnvList,
    MountList,
    NoteDelete,
    NoteList,
    NotePin,
    NoteSave,
    NoteShow,
    NoteUnpin,
}

/// All of them, by the names of their capabilities.
pub(super) const KINDS: [(&str, Kind); 10] = [
    ("context_list", Kind::ContextList),
    ("context_show", Kind::ContextShow),
    ("env_list", Kind::EnvList),
    ("mount_list", Kind::MountList),
    ("note_delete", Kind::NoteDelete),
    ("note_list", Kind::NoteList),
    ("note_pin", Kind::NotePin),
    ("note_save", Kind::NoteSave),
    ("note_show", Kind::NoteShow),
    ("note_unpin", Kind::NoteUnpin),
];

impl Kind {
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::ContextList => "Lists the documents that your author wrote for you.",
            Self::ContextShow => "Shows one of the documents that your author wrote for you.",
            Self::EnvList => "Lists the variables that your tools may see, without their values.",
            Self::MountList => "Lists the directories of the machine that your tools may see.",
            Self::NoteDelete => "Deletes one of your notes.",
            Self::NoteList => {
                "Lists your notes with the beginning of each. They outlive this conversation."
            }
            Self::NotePin => "Pins one of your notes, so that it stands out in the list.",
            Self::NoteSave => {
                "Saves a note under a key, in place of one of that key. Notes outlive this \
                 conversation: save what you will need to know in another one."
            }
            Self::NoteShow => "Shows one of your notes.",
            Self::NoteUnpin => "Unpins one of your notes.",
        }
    }

    /// Its effect class: a note is something that stays.
    pub(super) fn effect(self) -> Effect {
        match self {
            Self::ContextList
            | Self::ContextShow
            | Self::EnvList
            | Self::MountList
            | Self::NoteList
            | Self::NoteShow => Effect::Read,
            Self::NoteDelete | Self::NotePin | Self::NoteSave | Self::NoteUnpin => Effect::Write,
        }
    }

    /// The schema of the input: an object with texts, all of them required but `pin`.
    pub(super) fn schema(self) -> Value {
        let text = |description: &str| json!({ "type": "string", "description": description });
        let key = || text("1 to 64 of a-z, 0-9, _ and -; the first a letter or a digit");
        let properties = match self {
            Self::ContextList | Self::EnvList | Self::MountList | Self::NoteList => json!({}),
            Self::ContextShow => json!({ "name": text("the name of the document") }),
            Self::NoteSave => json!({
                "key": key(),
                "content": text("the text of the note"),
                "pin": { "type": "boolean", "description": "pins the note, or unpins it" },
            }),
            Self::NoteDelete | Self::NotePin | Self::NoteShow | Self::NoteUnpin => {
                json!({ "key": key() })
            }
        };
        let names = properties.as_object().into_iter().flatten();
        let required: Vec<_> = names
            .map(|(name, _)| name.clone())
            .filter(|name| name != "pin")
            .collect();
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use cofferdam_capability::ToolName;

    use super::*;

    #[test]
    fn the_names_of_all_tools_are_in_order() {
        assert!(KINDS.is_sorted_by_key(|(name, _)| *name));
        for (name, kind) in KINDS {
            assert_eq!(ToolName::made_of(name).to_string(), name);
            assert!(kind.description().ends_with('.'));
        }
    }
}
