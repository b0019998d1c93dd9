//! Files, as scripts reach them: functions that the module `fs` is made of.

use std::fs::{self, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use boa_engine::object::JsObject;
use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsError, JsNativeError, JsResult, JsString, JsValue, js_string};
use cofferdam_command::words;

use crate::bytes::{self, bytes_of};
use crate::inspect::text;
use crate::streams::{self, Stream};

/// Names that mean standard input.
const STDIN: [&str; 3] = ["0", "/dev/stdin", "/proc/self/fd/0"];

/// `readFile(path)`: the bytes.
pub(crate) fn read_file(
    _: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let path = path(arguments, 0, context)?;
    let bytes = read(&path).map_err(|error| system_error(&error, "open", &path, context))?;
    bytes::array(bytes, context)
}

/// `readText(path)`: the text, in which what is no UTF-8 is replaced.
pub(crate) fn read_text(
    _: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let path = path(arguments, 0, context)?;
    let bytes = read(&path).map_err(|error| system_error(&error, "open", &path, context))?;
    Ok(JsString::from(String::from_utf8_lossy(&bytes).as_ref()).into())
}

/// Reads a file, or standard input by one of its names.
pub(crate) fn read(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if STDIN.contains(&path) {
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    let mut file = fs::File::open(path)?;
    // Opening a directory works, and only reading it does not.
    if file.metadata()?.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// `writeFile(path, data, append)`: a text or bytes.
pub(crate) fn write_file(
    _: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let path = path(arguments, 0, context)?;
    let bytes = bytes_of(arguments.get_or_undefined(1), context)?;
    let append = arguments.get_or_undefined(2).to_boolean();
    let written = match path.as_str() {
        "1" | "/dev/stdout" => Stream::Stdout.write(&bytes),
        "2" | "/dev/stderr" => Stream::Stderr.write(&bytes),
        _ if append => OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .and_then(|mut file| file.write_all(&bytes)),
        _ => fs::write(&path, &bytes),
    };
    written.map_err(|error| system_error(&error, "open", &path, context))?;
    Ok(JsValue::undefined())
}

/// `stat(path, follow)`: type, size and times; undefined if there is no such file.
pub(crate) fn stat(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let path = path(arguments, 0, context)?;
    let follow = arguments.get_or_undefined(1).to_boolean();
    let metadata = if follow {
        fs::metadata(&path)
    } else {
        fs::symlink_metadata(&path)
    };
    let call = if follow { "stat" } else { "lstat" };
    let metadata = match metadata {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(JsValue::undefined()),
        other => other.map_err(|error| system_error(&error, call, &path, context))?,
    };
    facts(&metadata, context)
}

fn facts(metadata: &Metadata, context: &mut Context) -> JsResult<JsValue> {
    let facts = JsObject::with_object_proto(context.intrinsics());
    let set = |name: &str, value: JsValue, context: &mut Context| {
        facts.set(JsString::from(name), value, false, context)
    };
    set(
        "type",
        js_string!(kind(metadata.file_type())).into(),
        context,
    )?;
    set("size", number(metadata.len()).into(), context)?;
    for (name, time) in [
        ("mtimeMs", metadata.modified()),
        ("atimeMs", metadata.accessed()),
        ("birthtimeMs", metadata.created()),
    ] {
        let time = time.unwrap_or(UNIX_EPOCH);
        set(name, milliseconds(time).into(), context)?;
    }
    Ok(facts.into())
}

fn kind(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "directory"
    } else if kind.is_symlink() {
        "link"
    } else if kind.is_file() {
        "file"
    } else {
        "other"
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "sizes of files have fewer than 53 bits"
)]
fn number(size: u64) -> f64 {
    size as f64
}

fn milliseconds(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs_f64() * 1_000.0
}

/// `list(path)`: names and types, in the order of their names.
pub(crate) fn list(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let path = path(arguments, 0, context)?;
    let entries = entries(&path);
    let entries = entries.map_err(|error| system_error(&error, "scandir", &path, context))?;
    let list = JsArray::new(context)?;
    for (name, kind) in entries {
        let entry = [JsString::from(name).into(), JsString::from(kind).into()];
        let entry = JsArray::from_iter(entry, context);
        list.push(entry, context)?;
    }
    Ok(list.into())
}

fn entries(path: &str) -> io::Result<Vec<(String, &'static str)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        entries.push((name, kind(entry.file_type()?)));
    }
    entries.sort();
    Ok(entries)
}

/// `mkdir(path, recursive)`
pub(crate) fn mkdir(
    _: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let path = path(arguments, 0, context)?;
    let recursive = arguments.get_or_undefined(1).to_boolean();
    let made = if recursive {
        fs::create_dir_all(&path)
    } else {
        fs::create_dir(&path)
    };
    made.map_err(|error| system_error(&error, "mkdir", &path, context))?;
    Ok(JsValue::undefined())
}

/// `remove(path, what)`: `what` is `file`, `directory` or `tree`.
pub(crate) fn remove(
    _: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let path = path(arguments, 0, context)?;
    let what = text(&arguments.get_or_undefined(1).to_string(context)?);
    let (call, removed) = match what.as_str() {
        "directory" => ("rmdir", fs::remove_dir(&path)),
        "tree" => ("rm", remove_tree(&path)),
        _ => ("unlink", fs::remove_file(&path)),
    };
    removed.map_err(|error| system_error(&error, call, &path, context))?;
    Ok(JsValue::undefined())
}

fn remove_tree(path: &str) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}

/// `move(from, to)`
pub(crate) fn rename(
    _: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    two(
        arguments,
        "rename",
        |from, to| fs::rename(from, to),
        context,
    )
}

/// `copy(from, to)`
pub(crate) fn copy(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    // What is read is a file: a directory would be copied as an empty one.
    let copy = |from: &str, to: &str| read(from).and_then(|bytes| fs::write(to, bytes));
    two(arguments, "copyfile", copy, context)
}

fn two(
    arguments: &[JsValue],
    call: &str,
    work: impl Fn(&str, &str) -> io::Result<()>,
    context: &mut Context,
) -> JsResult<JsValue> {
    let from = path(arguments, 0, context)?;
    let to = path(arguments, 1, context)?;
    let worked = work(&from, &to);
    worked.map_err(|error| {
        let both = format!("{from}' -> '{to}");
        system_error(&error, call, &both, context)
    })?;
    Ok(JsValue::undefined())
}

/// `realpath(path)`
pub(crate) fn realpath(
    _: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let path = path(arguments, 0, context)?;
    let real = fs::canonicalize(Path::new(&path));
    let real = real.map_err(|error| system_error(&error, "realpath", &path, context))?;
    Ok(JsString::from(real.to_string_lossy().as_ref()).into())
}

/// `write(stream, data)`: 1 is standard output, 2 standard error.
pub(crate) fn write(
    _: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let stream = match arguments.get_or_undefined(0).to_u32(context)? {
        2 => Stream::Stderr,
        _ => Stream::Stdout,
    };
    let bytes = bytes_of(arguments.get_or_undefined(1), context)?;
    stream
        .write(&bytes)
        .map_err(|error| system_error(&error, "write", "", context))?;
    Ok(true.into())
}

/// `exit(code)`: ends the script here.
pub(crate) fn exit(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let code = arguments.get_or_undefined(0).to_i32(context)?;
    // Nobody is left to be told that it failed.
    let _ = streams::flush();
    let [code, ..] = code.to_le_bytes();
    cofferdam_command::exit(code)
}

fn path(arguments: &[JsValue], place: usize, context: &mut Context) -> JsResult<String> {
    let path = arguments.get_or_undefined(place);
    if path.is_string() || path.is_number() {
        return Ok(text(&path.to_string(context)?));
    }
    Err(JsNativeError::typ()
        .with_message("the path of a file is a string")
        .into())
}

/// An error of the system, as Node makes it: with `code`, `syscall` and `path`.
pub(crate) fn system_error(
    error: &io::Error,
    call: &str,
    path: &str,
    context: &mut Context,
) -> JsError {
    let (code, sentence) = match error.kind() {
        ErrorKind::NotFound => ("ENOENT", "no such file or directory".to_owned()),
        ErrorKind::AlreadyExists => ("EEXIST", "file already exists".to_owned()),
        ErrorKind::NotADirectory => ("ENOTDIR", "not a directory".to_owned()),
        ErrorKind::IsADirectory => ("EISDIR", "illegal operation on a directory".to_owned()),
        ErrorKind::DirectoryNotEmpty => ("ENOTEMPTY", "directory not empty".to_owned()),
        ErrorKind::PermissionDenied => ("EPERM", words(error)),
        ErrorKind::InvalidInput => ("EINVAL", words(error)),
        ErrorKind::StorageFull => ("ENOSPC", words(error)),
        ErrorKind::ReadOnlyFilesystem => ("EROFS", words(error)),
        _ => ("EIO", words(error)),
    };
    let place = if path.is_empty() {
        String::new()
    } else {
        format!(" '{path}'")
    };
    let native = JsNativeError::error().with_message(format!("{code}: {sentence}, {call}{place}"));
    let object = native.into_opaque(context);
    for (name, value) in [("code", code), ("syscall", call), ("path", path)] {
        let key = JsString::from(name);
        // A new object takes every property.
        let _ = object.set(key, JsString::from(value), false, context);
    }
    JsError::from_opaque(object.into())
}

/// Names of the functions that scripts see as `native`.
pub(crate) const FUNCTIONS: [(&str, boa_engine::native_function::NativeFunctionPointer); 12] = [
    ("readFile", read_file),
    ("readText", read_text),
    ("writeFile", write_file),
    ("stat", stat),
    ("list", list),
    ("mkdir", mkdir),
    ("remove", remove),
    ("rename", rename),
    ("copy", copy),
    ("realpath", realpath),
    ("write", write),
    ("exit", exit),
];
