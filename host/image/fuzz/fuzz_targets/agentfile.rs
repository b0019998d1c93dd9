//! Any bytes as an Agentfile: nothing panics, what is read is written and read as the same, and a
//! formatted file is a fixed point.

#![no_main]

use cofferdam_image::agentfile::{Needed, Source, format, parse};
use cofferdam_image::{config_json, from_config_json};
use libfuzzer_sys::fuzz_target;

/// The name of the file in errors.
const FILE: &str = "Agentfile";

fuzz_target!(|bytes: &[u8]| {
    // Files that it names lie nowhere.
    if let Ok(source) = Source::of(bytes.to_vec(), FILE.into(), "/nonexistent".into()) {
        let _ = source.parse(Default::default(), Needed::IMAGE);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(read) = parse(text, FILE) {
        // A BIN that is a file is no part of a config.
        let config = config_json(&read).expect("what is read can be written");
        if let Ok(again) = from_config_json(&config) {
            assert_eq!(again.name, read.name);
            assert_eq!(again.model, read.model);
            assert_eq!(again.configs, read.configs);
            assert_eq!(again.envs, read.envs);
            assert_eq!(again.labels, read.labels);
            assert_eq!(again.exec, read.exec);
            assert_eq!(again.capabilities, read.capabilities);
            assert_eq!(again.requests, read.requests);
        }
    }
    if let Ok(formatted) = format(text, FILE) {
        let again = format(&formatted, FILE).expect("a formatted file is an Agentfile");
        assert_eq!(again, formatted);
    }
});
