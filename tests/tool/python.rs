//! The tool that runs Python. Its interpreter starts from a memory that was made when the component
//! was built: what has to be new in every call is.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::support::{Scratch, cofferdam, tool};

/// The most that a call with a program of one line costs, in calls of `wc`.
const MOST_CALLS_OF_WC: u64 = 20;

/// Calls a tool and returns the receipt, with what it printed.
#[track_caller]
fn receipt(scratch: &Scratch, name: &str, args: &[&str]) -> Value {
    let run = ["tool".into(), "run".into(), tool(name).into_os_string()];
    let flags = ["--format", "json", "--"]
        .into_iter()
        .chain(args.iter().copied());
    let all = run.into_iter().chain(flags.map(Into::into));
    cofferdam(scratch, all).run().exits(0).json()
}

/// The lines that a program prints.
#[track_caller]
fn lines(scratch: &Scratch, program: &str) -> Vec<String> {
    let receipt = receipt(scratch, "python", &["-c", program]);
    let printed = receipt["stdout"].as_str().expect("text");
    printed.lines().map(str::to_owned).collect()
}

#[test]
fn random_numbers_are_new_in_every_call() {
    let scratch = Scratch::new();
    let program = "import os, random, secrets, tempfile, uuid\n\
        print(random.random())\n\
        print(random.Random().random())\n\
        print(random.SystemRandom().random())\n\
        print(secrets.token_hex(8))\n\
        print(uuid.uuid4())\n\
        print(uuid.uuid1())\n\
        print(os.urandom(8).hex())\n\
        print(tempfile.mktemp())\n";
    let calls = [(); 3].map(|()| lines(&scratch, program));
    for place in 0..calls[0].len() {
        let told: BTreeSet<_> = calls.iter().map(|lines| &lines[place]).collect();
        assert_eq!(told.len(), calls.len(), "line {place}: {told:?}");
    }
}

#[test]
fn hashes_of_texts_are_the_same_in_every_call() {
    let scratch = Scratch::new();
    let program = "print(hash('a'), {'b', 'c', 'a', 'd'})";
    assert_eq!(lines(&scratch, program), lines(&scratch, program));
}

#[test]
fn times_and_variables_are_those_of_the_call() {
    let scratch = Scratch::new();
    let program = "import datetime, logging, os, time\n\
        print(time.time())\n\
        print(datetime.datetime.now(datetime.UTC).timestamp())\n\
        print(logging._startTime / 1e9)\n\
        print(time.process_time() >= 0, time.thread_time() >= 0)\n\
        print(sorted(os.environ))\n";
    let before = now();
    let printed = lines(&scratch, program);
    let after = now();
    for line in &printed[..3] {
        let time: f64 = line.parse().expect("a number");
        assert!(before <= time && time <= after, "{before} {time} {after}");
    }
    assert_eq!(printed[3], "True True");
    let variables = receipt(&scratch, "printenv", &[]);
    let variables = variables["stdout"].as_str().expect("text").lines();
    let mut names: Vec<_> = variables
        .map(|line| format!("'{}'", line.split('=').next().unwrap_or_default()))
        .collect();
    names.sort();
    assert_eq!(printed[4], format!("[{}]", names.join(", ")));
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("after 1970").as_secs_f64()
}

#[test]
fn a_short_program_costs_few_calls_of_wc() {
    let scratch = Scratch::new();
    let fuel = |name: &str, args: &[&str]| {
        let receipt = receipt(&scratch, name, args);
        receipt["fuel"].as_u64().expect("a number")
    };
    let python = fuel("python", &["-c", "print(1 + 1)"]);
    let wc = fuel("wc", &["--version"]);
    assert!(
        python <= MOST_CALLS_OF_WC * wc,
        "python used {python} of fuel, wc {wc}"
    );
}
