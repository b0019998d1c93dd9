//! `yq`: filters over YAML, with the flags of mikefarah's yq v4 and the language of jq.

mod args;
mod output;

use std::process::ExitCode;

use args::{Args, Format};
use cofferdam_command::{Complaints, Ending, Output, STDIN, Stop, path_error, read, run};
use cofferdam_filter::{Program, Val, array, json_values, yaml_values};
use output::Printer;

fn main() -> ExitCode {
    run("yq", include_str!("../USAGE.md"), yq)
}

fn yq(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let program = Program::new(&args.filter, &["ENV".to_owned()])?;
    let mut run = Run {
        args: &args,
        program,
        complaints,
        failed: false,
        truthy: false,
    };
    if args.null_input {
        run.documents(
            out,
            &mut Printer::new(&args, args.output.unwrap_or(Format::Yaml)),
            Vec::new(),
        )?;
    } else if args.all {
        // `eval-all` sees all documents of all files at once.
        let mut all = Vec::new();
        for file in &args.files {
            all.extend(run.read(file)?);
        }
        let first = args.files.first().map_or(STDIN, String::as_str);
        run.documents(
            out,
            &mut Printer::new(&args, args.output_for(first)),
            vec![Ok(array(
                all.into_iter()
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(Stop::new)?,
            ))],
        )?;
    } else if args.in_place {
        for file in &args.files {
            run.in_place(file)?;
        }
    } else {
        let first = args.files.first().map_or(STDIN, String::as_str);
        let mut printer = Printer::new(&args, args.output_for(first));
        for file in &args.files {
            let documents = run.read(file)?;
            run.documents(out, &mut printer, documents)?;
        }
    }
    Ok((!run.failed && (run.truthy || !args.exit_status)).into())
}

type Documents = Vec<Result<Val, String>>;

struct Run<'a> {
    args: &'a Args,
    program: Program,
    complaints: &'a Complaints,
    failed: bool,
    /// The last output was neither `null` nor `false`.
    truthy: bool,
}

impl Run<'_> {
    fn read(&self, file: &str) -> Result<Documents, Stop> {
        let bytes = read(file)?;
        let documents = match self.args.input_for(file) {
            Format::Json => json_values(&bytes)?.collect(),
            Format::Yaml => yaml_values(&bytes)?.collect(),
        };
        Ok(documents)
    }

    /// Runs the filter for each document and prints what it gives.
    fn documents(
        &mut self,
        out: &mut dyn std::io::Write,
        printer: &mut Printer,
        documents: Documents,
    ) -> Result<(), Stop> {
        let null_input = self.args.null_input;
        let documents: Documents = if null_input {
            vec![Ok(Val::Null)]
        } else {
            documents
        };
        for document in documents {
            printer.next_document();
            let environment = args::environment();
            let complaints = self.complaints;
            let mut complain = |sentence: String| complaints.say(format!("error: {sentence}"));
            let ended = self.program.run(
                vec![environment],
                std::iter::once(document),
                false,
                &mut complain,
                &mut |value| {
                    self.truthy = !matches!(value, Val::Null | Val::Bool(false));
                    printer.print(out, value)
                },
            )?;
            self.failed |= ended.failed || ended.halted.is_some_and(|code| code != 0);
            if ended.halted.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// `-i`: the file is replaced when everything went well, and not before.
    fn in_place(&mut self, file: &str) -> Result<(), Stop> {
        let documents = self.read(file)?;
        let mut whole = Vec::new();
        self.documents(
            &mut whole,
            &mut Printer::new(self.args, self.args.output_for(file)),
            documents,
        )?;
        if self.failed {
            return Err(Stop::new(format!("{file} is left as it was")));
        }
        std::fs::write(file, whole).map_err(|error| Stop::new(path_error(file, &error)))
    }
}
