//! Opens 10,000 files, takes a stream from each and drops the descriptor. The stream keeps the file
//! open in the host, so it must be counted: the host must refuse. The argument says which streams:
//! `read`, `write` or `append`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest is told what to do by its arguments, and reports by printing"
)]

use std::process::ExitCode;

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};
use wasip2::io::streams::{InputStream, OutputStream};

const MANY: usize = 10_000;

enum Stream {
    In(#[expect(dead_code, reason = "it is held")] InputStream),
    Out(#[expect(dead_code, reason = "it is held")] OutputStream),
}

fn main() -> ExitCode {
    let which = std::env::args().nth(1).unwrap_or_else(|| "read".to_owned());
    let Some((workspace, _)) = get_directories()
        .into_iter()
        .find(|(_, name)| name == "/workspace")
    else {
        println!("UNTESTED: there is no /workspace");
        return ExitCode::SUCCESS;
    };
    let mut streams = Vec::new();
    while streams.len() < MANY {
        match one(&workspace, &which) {
            Ok(stream) => streams.push(stream),
            Err(error) => {
                eprintln!("{} streams are open: {error}", streams.len());
                return ExitCode::from(1);
            }
        }
    }
    println!("ESCAPED: {} streams are open", streams.len());
    ExitCode::SUCCESS
}

fn one(workspace: &Descriptor, which: &str) -> Result<Stream, ErrorCode> {
    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let file = workspace.open_at(PathFlags::empty(), "streams.txt", OpenFlags::CREATE, flags)?;
    match which {
        "write" => Ok(Stream::Out(file.write_via_stream(0)?)),
        "append" => Ok(Stream::Out(file.append_via_stream()?)),
        _ => Ok(Stream::In(file.read_via_stream(0)?)),
    }
}
