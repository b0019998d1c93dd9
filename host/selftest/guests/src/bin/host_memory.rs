//! Makes the host hold memory for it, in the way that its first argument names, without end. The
//! host must stop it at the limit of its account or of its handles, and stay small.

#![allow(clippy::disallowed_methods, reason = "a guest reads its own arguments")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a guest reports by printing"
)]

use std::process::ExitCode;

use wasip2::cli::stdout::get_stdout;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};
use wasip2::http::types::{
    Fields, Method, OutgoingBody, OutgoingRequest, OutgoingResponse, RequestOptions, Scheme,
};

/// More of anything than a host can hold for one call: whoever gets there has escaped.
const ESCAPE: usize = 100_000;

/// As much as one host call hands over.
const LARGE: usize = 7 << 20;

/// Nearly as much as one list of headers may have.
const HEADERS: usize = 48 << 10;

/// Nearly as many headers as one list may have.
const MANY: usize = 400;

fn main() -> ExitCode {
    let way = std::env::args().nth(1).unwrap_or_default();
    if way == "output" {
        // What goes beyond the account is dropped, and the guest runs on.
        for _ in 0..64 {
            print!("{}", "x".repeat(1 << 20));
        }
        return ExitCode::SUCCESS;
    }
    match held(&way) {
        Ok(held) => {
            println!("ESCAPED: the host holds {held}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(1)
        }
    }
}

fn held(way: &str) -> Result<usize, String> {
    match way {
        "methods" => requests(|request| request.set_method(&Method::Other("M".repeat(LARGE)))),
        "paths" => requests(|request| {
            request.set_path_with_query(Some(&format!("/{}", "p".repeat(15 << 10))))
        }),
        "long-paths" => requests(|request| {
            request.set_path_with_query(Some(&format!("/{}", "p".repeat(60 << 10))))
        }),
        "authorities" => requests(|request| request.set_authority(Some(&"a".repeat(LARGE)))),
        "schemes" => {
            requests(|request| request.set_scheme(Some(&Scheme::Other("s".repeat(LARGE)))))
        }
        "bodies" => many(|| {
            let response = OutgoingResponse::new(Fields::new());
            let body = response.body().map_err(|()| "no body")?;
            let stream = body.write().map_err(|()| "no stream")?;
            let room = stream.check_write().map_err(|error| error.to_string())?;
            stream
                .write(&vec![b'x'; usize::try_from(room).unwrap_or_default()])
                .map_err(|error| error.to_string())?;
            drop(stream);
            Ok((response, body))
        }),
        "written-bodies" => many(|| {
            let request = OutgoingRequest::new(Fields::new());
            let body = request.body().map_err(|()| "no body")?;
            let stream = body.write().map_err(|()| "no stream")?;
            let room = stream.check_write().map_err(|error| error.to_string())?;
            let chunk = vec![b'x'; usize::try_from(room).unwrap_or_default()];
            stream.write(&chunk).map_err(|error| error.to_string())?;
            Ok((request, body, stream))
        }),
        "finished-bodies" => many(|| {
            let (request, body) = written()?;
            OutgoingBody::finish(body, None).map_err(|error| error.to_string())?;
            Ok(request)
        }),
        "dropped-bodies" => many(|| written().map(|(request, _)| request)),
        "trailers" => many(|| {
            let request = OutgoingRequest::new(Fields::new());
            let body = request.body().map_err(|()| "no body")?;
            OutgoingBody::finish(body, Some(headers())).map_err(|error| error.to_string())?;
            Ok(request)
        }),
        "headers" => many(|| Ok(headers())),
        "listed-headers" => many(|| {
            let entries = vec![("x-large".to_owned(), vec![b'v'; HEADERS])];
            Fields::from_list(&entries).map_err(|error| error.to_string())
        }),
        // A copy shares what it was copied from until it is changed. Values are shared all the
        // same, so there are many.
        "cloned-headers" => {
            let original = Fields::new();
            for number in 0..MANY {
                original
                    .append(&format!("x-{number}"), b"v")
                    .map_err(|error| error.to_string())?;
            }
            many(|| {
                let copy = original.clone();
                copy.append("x-more", b"v")
                    .map_err(|error| error.to_string())?;
                Ok(copy)
            })
        }
        "set-headers" => many(|| {
            let fields = Fields::new();
            fields
                .set("x-large", &vec![vec![b'v'; 1 << 10]; HEADERS >> 10])
                .map_err(|error| error.to_string())?;
            Ok(fields)
        }),
        "viewed-headers" => many(|| Ok(OutgoingRequest::new(headers()).headers())),
        "requests" => many(|| Ok(OutgoingRequest::new(headers()))),
        "responses" => many(|| Ok(OutgoingResponse::new(headers()))),
        "options" => many(|| Ok(RequestOptions::new())),
        "timers" => many(|| Ok(subscribe_duration(u64::MAX))),
        "streams" => many(|| Ok(get_stdout())),
        "poll" => {
            let pollable = subscribe_duration(u64::MAX);
            let list = vec![&pollable; 20_000];
            Ok(wasip2::io::poll::poll(&list).len())
        }
        "listings" => {
            let workspace = workspace()?;
            let flags = (
                PathFlags::empty(),
                OpenFlags::DIRECTORY,
                DescriptorFlags::READ,
            );
            let crowd = workspace
                .open_at(flags.0, "crowd", flags.1, flags.2)
                .map_err(|error| error.to_string())?;
            many(|| crowd.read_directory().map_err(|error| error.to_string()))
        }
        "read-ahead" => {
            let file = large_file()?;
            many(|| {
                let stream = file
                    .read_via_stream(0)
                    .map_err(|error| format!("{error:?}"))?;
                // What it read stays with the host, if it reads more than it hands over.
                let _ = stream.read(1 << 20).map_err(|error| error.to_string())?;
                Ok(stream)
            })
        }
        "pending-writes" => {
            let file = large_file()?;
            many(|| {
                let stream = file
                    .write_via_stream(0)
                    .map_err(|error| format!("{error:?}"))?;
                let room = stream.check_write().map_err(|error| error.to_string())?;
                let chunk = vec![b'x'; usize::try_from(room).unwrap_or_default()];
                stream.write(&chunk).map_err(|error| error.to_string())?;
                Ok(stream)
            })
        }
        "links" => {
            let workspace = workspace()?;
            let target = "t".repeat(LARGE);
            many(|| {
                workspace
                    .symlink_at(&target, "link")
                    .map_err(|error| format!("{error:?}"))
            })
        }
        "names" => {
            let workspace = workspace()?;
            let name = "n".repeat(LARGE);
            let open = || {
                workspace.open_at(
                    PathFlags::empty(),
                    &name,
                    OpenFlags::CREATE,
                    DescriptorFlags::WRITE,
                )
            };
            many(|| open().map_err(|error| format!("{error:?}")))
        }
        other => Err(format!("UNTESTED: {other}")),
    }
}

/// Makes things and keeps all of them.
fn many<T>(mut make: impl FnMut() -> Result<T, String>) -> Result<usize, String> {
    let mut kept = Vec::new();
    while kept.len() < ESCAPE {
        kept.push(make()?);
    }
    Ok(kept.len())
}

fn requests(set: impl Fn(&OutgoingRequest) -> Result<(), ()>) -> Result<usize, String> {
    many(|| {
        let request = OutgoingRequest::new(Fields::new());
        set(&request)
            .map(|()| request)
            .map_err(|()| "refused".to_owned())
    })
}

/// A request, and its body with as much in it as the host takes.
fn written() -> Result<(OutgoingRequest, OutgoingBody), String> {
    let request = OutgoingRequest::new(Fields::new());
    let body = request.body().map_err(|()| "no body")?;
    let stream = body.write().map_err(|()| "no stream")?;
    loop {
        let room = stream.check_write().map_err(|error| error.to_string())?;
        if room == 0 {
            drop(stream);
            return Ok((request, body));
        }
        let chunk = vec![b'x'; usize::try_from(room).unwrap_or_default()];
        stream.write(&chunk).map_err(|error| error.to_string())?;
    }
}

fn headers() -> Fields {
    let fields = Fields::new();
    // What does not fit is not held.
    let _ = fields.append("x-large", &vec![b'v'; HEADERS]);
    fields
}

/// A file of one mebibyte.
fn large_file() -> Result<Descriptor, String> {
    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let file = workspace()?
        .open_at(PathFlags::empty(), "large", OpenFlags::CREATE, flags)
        .map_err(|error| format!("{error:?}"))?;
    file.set_size(1 << 20)
        .map_err(|error| format!("{error:?}"))?;
    Ok(file)
}

fn workspace() -> Result<Descriptor, String> {
    let found = get_directories()
        .into_iter()
        .find(|(_, name)| name == "/workspace");
    found
        .map(|(directory, _)| directory)
        .ok_or_else(|| "UNTESTED: no workspace".to_owned())
}
