//! Remarks about an Agentfile: words that may be mistakes, and may be meant for another host.

use std::collections::BTreeSet;

use super::declared::{Agentfile, Config, ConfigValue};
use super::error::shown;
use super::nearest::nearest;

/// The keys of settings that this host knows, beside those for one BIN.
const KEYS: [&str; 23] = [
    "frequency-penalty",
    "limit.turn.bytes",
    "limit.turn.calls",
    "limit.turn.fuel",
    "limit.turn.tokens",
    "limit.turn.wall",
    "limit.workspace.bytes",
    "limit.workspace.entries",
    "max-iterations",
    "max-tokens",
    "memory-max-messages",
    "memory-max-tokens",
    "memory-strategy",
    "notes-max-bytes-per",
    "notes-max-count",
    "notes-prompt-section",
    "parallel-tool-calls",
    "presence-penalty",
    "seed",
    "stop",
    "temperature",
    "top-k",
    "top-p",
];

/// Letters of a name for each typo: a note about a word that is meant is worse than none.
const LETTERS_A_TYPO: usize = 3;

/// Most remarks about one file.
const MAX_REMARKS: usize = 16;

/// Returns a sentence for each word that looks like a mistake. `capabilities` are those that the
/// host has.
pub fn remarks(agentfile: &Agentfile, capabilities: &[&str]) -> Vec<String> {
    let settings = agentfile.configs.iter().filter_map(setting);
    let capabilities = agentfile
        .capabilities
        .iter()
        .filter_map(|name| capability(name, capabilities));
    let variables = variables(agentfile);
    let variables = variables.iter().map(|name| variable(agentfile, name));
    let remarks = settings.chain(capabilities).chain(variables);
    remarks.take(MAX_REMARKS).collect()
}

/// A key that is nearly one of this host.
fn setting(config: &Config) -> Option<String> {
    let key = config.key.as_str();
    let near = nearest(key, KEYS, LETTERS_A_TYPO).filter(|near| *near != key)?;
    Some(format!(
        "this host does not know CONFIG {}; if you mean `{near}`, write that",
        shown(key)
    ))
}

fn capability(name: &str, known: &[&str]) -> Option<String> {
    // Both spellings name one tool.
    let spelt = name.replace('-', "_");
    if known.contains(&&*spelt) {
        return None;
    }
    let near = nearest(&spelt, known.iter().copied(), LETTERS_A_TYPO);
    let near = near.map(|near| format!("; if you mean `{near}`, write that"));
    Some(format!(
        "this host has no CAPABILITY {}, so the agent does not get it{}",
        shown(name),
        near.unwrap_or_default()
    ))
}

fn variable(agentfile: &Agentfile, name: &str) -> String {
    let written = shown(&format!("${{{name}}}"));
    if agentfile.args.contains_key(name) {
        return format!("{written} stays as it is, because ARG {name} has no value above it");
    }
    format!("{written} stays as it is, because no ARG above it declares {name}")
}

/// The names in `${NAME}` that nothing was put in place of. Texts of contexts are verbatim.
fn variables(agentfile: &Agentfile) -> BTreeSet<String> {
    let Agentfile {
        from: _,
        name: _,
        runtime: _,
        model,
        contexts,
        configs,
        bins,
        adds,
        requests: _,
        exec,
        labels,
        args: _,
        envs,
        capabilities: _,
    } = agentfile;
    let text = |config: &Config| match &config.value {
        Some(ConfigValue::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let mut texts: Vec<String> = model
        .iter()
        .chain(exec)
        .chain(labels.values())
        .cloned()
        .collect();
    texts.extend(configs.iter().filter_map(text));
    texts.extend(envs.iter().map(|env| env.value.clone()));
    texts.extend(adds.iter().map(|add| add.source.display().to_string()));
    let descriptions = contexts
        .iter()
        .filter_map(|context| context.description.clone());
    texts.extend(descriptions);
    texts.extend(bins.iter().filter_map(|bin| bin.description.clone()));
    texts.iter().flat_map(|text| names_in(text)).collect()
}

fn names_in(text: &str) -> impl Iterator<Item = String> {
    let is_name = |name: &&str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !name.is_empty() && name.chars().all(fits)
    };
    let rests = text.split("${").skip(1);
    let names = rests.filter_map(|rest| Some(rest.split_once('}')?.0));
    names.filter(is_name).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::super::room_request::RoomKey;
    use super::super::sampling_request::SamplingKey;
    use super::super::turn_request::TurnKey;
    use super::*;

    #[test]
    fn the_keys_are_those_that_are_read_and_stand_on_the_page() {
        let page = include_str!("../../README.md");
        for key in KEYS {
            let is_read = RoomKey::of(key).is_some()
                || SamplingKey::of(key).is_some()
                || TurnKey::of(key).is_some()
                || key.starts_with("notes-");
            assert!(is_read, "{key}");
            let last = key.rsplit_once('.').map_or(key, |(_, last)| last);
            assert!(page.contains(last), "{key}");
        }
    }

    #[test]
    fn what_may_be_a_mistake_is_told_and_what_is_for_others_is_not() {
        let text = "FROM scratch\nNAME a\nMODEL builtin/commands\nARG there=1\nARG bare\n\
                    CONFIG max-iteration=3\nCONFIG max-tokens=5\nCONFIG their-own=1\n\
                    CONFIG max-steps=2\nCAPABILITY note_save note-list note_sav agent_exec\n\
                    ENV A=\"${nope}/${there}/${bare}/${no name}\"\n\
                    CONTEXT C <<EOF\n${verbatim}\nEOF\n";
        let agentfile = parse(text, "Agentfile").expect("an Agentfile");
        let expected = [
            "this host does not know CONFIG `max-iteration`; if you mean `max-iterations`, write \
             that",
            "this host has no CAPABILITY `agent_exec`, so the agent does not get it",
            "this host has no CAPABILITY `note_sav`, so the agent does not get it; if you mean \
             `note_save`, write that",
            "`${bare}` stays as it is, because ARG bare has no value above it",
            "`${nope}` stays as it is, because no ARG above it declares nope",
        ];
        assert_eq!(remarks(&agentfile, &["note_list", "note_save"]), expected);
    }
}
