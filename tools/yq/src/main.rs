//! `yq`: filters over YAML, with the flags of mikefarah's yq v4 and the language of jq.

mod args;
mod documents;
mod output;

use std::process::ExitCode;

use args::{Args, Format};
use cofferdam_command::{Complaints, Ending, Output, STDIN, Stop, path_error, run};
use cofferdam_filter::{Program, Val};
use documents::{One, Source, sources};
use output::Printer;

fn main() -> ExitCode {
    run("yq", include_str!("../USAGE.md"), yq)
}

fn yq(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let program = Program::new(&args.filter, &[])?;
    let mut run = Run {
        args: &args,
        program,
        complaints,
        failed: false,
        truthy: false,
    };
    let first = args.files.first().map_or(STDIN, String::as_str);
    if args.null_input {
        let mut printer = Printer::new(&args, args.output.unwrap_or(Format::Yaml));
        run.document(out, &mut printer, &Source::null(), None)?;
    } else if args.all {
        // `eval-all` sees all documents of all files at once.
        let mut all = Vec::new();
        for file in &args.files {
            all.extend(
                sources(file, args.input_for(file))?
                    .into_iter()
                    .map(|one| one.value),
            );
        }
        let all = Source {
            value: Val::array(all),
            document: None,
        };
        let mut printer = Printer::new(&args, args.output_for(first));
        run.document(out, &mut printer, &all, None)?;
    } else if args.in_place {
        for file in &args.files {
            run.in_place(file)?;
        }
    } else {
        let mut printer = Printer::new(&args, args.output_for(first));
        for file in &args.files {
            let documents = sources(file, args.input_for(file))?;
            run.documents(out, &mut printer, &documents, file)?;
        }
    }
    Ok((!run.failed && (run.truthy || !args.exit_status)).into())
}

struct Run<'a> {
    args: &'a Args,
    program: Program,
    complaints: &'a Complaints,
    failed: bool,
    /// The last output was neither `null` nor `false`.
    truthy: bool,
}

impl Run<'_> {
    /// Runs the filter for each document and prints what it gives.
    fn documents(
        &mut self,
        out: &mut dyn std::io::Write,
        printer: &mut Printer,
        documents: &[Source],
        file: &str,
    ) -> Result<(), Stop> {
        for document in documents {
            let file = (file != STDIN).then(|| file.to_owned());
            if self.document(out, printer, document, file)? {
                break;
            }
        }
        Ok(())
    }

    /// Returns true if the filter said `halt`.
    fn document(
        &mut self,
        out: &mut dyn std::io::Write,
        printer: &mut Printer,
        source: &Source,
        file: Option<String>,
    ) -> Result<bool, Stop> {
        printer.next_document();
        let complaints = self.complaints;
        let mut complain = |sentence: String| complaints.say(sentence);
        let inputs = One::new(source.value.clone(), file);
        let ended = self
            .program
            .run(Vec::new(), &inputs, false, &mut complain, &mut |value| {
                self.truthy = value.is_true();
                printer.print(out, value, source.document.as_ref())
            })?;
        if printer.take_comments_lost() {
            complaints.say(
                "warning: comments of the document are not in the output, because its structure \
                 was rebuilt",
            );
        }
        self.failed |= ended.failed || ended.halted.is_some_and(|code| code != 0);
        Ok(ended.halted.is_some())
    }

    /// `-i`: the file is replaced when everything went well, and not before.
    fn in_place(&mut self, file: &str) -> Result<(), Stop> {
        let documents = sources(file, self.args.input_for(file))?;
        let mut whole = Vec::new();
        let mut printer = Printer::new(self.args, self.args.output_for(file));
        self.documents(&mut whole, &mut printer, &documents, file)?;
        if self.failed {
            return Err(Stop::new(format!("{file} is left as it was")));
        }
        std::fs::write(file, whole).map_err(|error| Stop::new(path_error(file, &error)))
    }
}
