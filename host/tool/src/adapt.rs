//! Making a component of a core module: of one that says itself which interfaces it has, as a typed
//! tool does that needs no WASI, and of a command for WASI preview 1, as C compilers leave one
//! behind.
//!
//! The adapter is that of wasmtime: a module that implements preview 1 by calling WASI 0.2. What of
//! it the command does not need is left out, so a component imports little more than the module
//! did.

mod exit;
mod memory;

use std::borrow::Cow;

use wasi_preview1_component_adapter_provider as adapter;
use wasmparser::{Export, ExternalKind, MemoryType, Parser, Payload, TypeRef, Validator};
use wit_component::ComponentEncoder;

use crate::error::EmbedError;

/// The module that a command of preview 1 imports.
const PREVIEW1: &str = adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;

/// The beginning of the names of custom sections in which bindings say which interfaces a module
/// imports and exports.
const INTERFACES: &str = "component-type";

/// The pages of memory that the adapter takes for itself: a stack, and what it keeps.
const ADAPTER_PAGES: u64 = 2;

/// Advice for a module that is no such command.
const OTHERWISE: &str =
    "build it for wasm32-wasip2, or make a component of it with its own toolchain";

/// Returns these bytes as a component: themselves, unless they are a core module, and then the
/// component that is made of it. A module that names no interfaces and is not a command for WASI
/// preview 1 is refused.
pub fn adapt(bytes: &[u8]) -> Result<Cow<'_, [u8]>, EmbedError> {
    if !Parser::is_core_wasm(bytes) {
        return Ok(Cow::Borrowed(bytes));
    }
    Validator::new()
        .validate_all(bytes)
        .map_err(|error| module(format!("is not valid: {error}")))?;
    let encoder = ComponentEncoder::default().validate(true);
    let component = if names_interfaces(bytes)? {
        encoder
            .module(bytes)
            .and_then(|mut encoder| encoder.encode())
    } else {
        let memory = command(bytes)?;
        let own = exit::carry(memory::keep_apart(bytes, memory)?)?;
        encoder
            .module(&own)
            .and_then(|encoder| {
                encoder.adapter(PREVIEW1, adapter::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)
            })
            .and_then(|mut encoder| encoder.encode())
    };
    // What is wrong with types is said in several lines.
    let sentence = |error| {
        format!("{error:#}")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    component
        .map(Cow::Owned)
        .map_err(|error| module(format!("cannot be made a component: {}", sentence(error))))
}

/// Returns true if the module carries the interfaces that it was built for.
fn names_interfaces(bytes: &[u8]) -> Result<bool, EmbedError> {
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(broken)? {
            Payload::CustomSection(section) if section.name().starts_with(INTERFACES) => {
                return Ok(true);
            }
            _ => {}
        }
    }
    Ok(false)
}

/// The memory that a command for preview 1 exports, by its index and type, or why the module is no
/// such command.
fn command(bytes: &[u8]) -> Result<(u32, MemoryType), EmbedError> {
    let mut memories = Vec::new();
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(broken)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(broken)?;
                    if import.module != PREVIEW1
                        || !matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_))
                    {
                        let from = import.module.escape_debug();
                        let name = import.name.escape_debug();
                        let only =
                            format!("a command imports functions of {PREVIEW1} alone; {OTHERWISE}");
                        return Err(module(format!("imports `{name}` of `{from}`: {only}")));
                    }
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    memories.push(memory.map_err(broken)?);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    exports.push(export.map_err(broken)?);
                }
            }
            _ => {}
        }
    }
    let exported = |name: &str, kind| {
        exports
            .iter()
            .find(|export: &&Export<'_>| export.name == name && export.kind == kind)
    };
    if exported("_initialize", ExternalKind::Func).is_some() {
        return Err(module(format!(
            "exports `_initialize`: it is a library (a reactor) and no command; {OTHERWISE}"
        )));
    }
    if exported("_start", ExternalKind::Func).is_none() {
        return Err(module(format!(
            "exports no function `_start`: it is no command for WASI; {OTHERWISE}"
        )));
    }
    // None is imported, so the index is that of the section.
    let memory = exported("memory", ExternalKind::Memory).and_then(|export| {
        let memory = memories.get(usize::try_from(export.index).ok()?)?;
        Some((export.index, *memory))
    });
    let (index, memory) = memory.ok_or_else(|| {
        module(format!(
            "exports no `memory`: WASI could hand nothing over; {OTHERWISE}"
        ))
    })?;
    if memory.memory64 || memory.shared {
        return Err(module(format!(
            "has a 64-bit or shared memory: a command has a 32-bit one of its own; {OTHERWISE}"
        )));
    }
    if let Some(most) = memory
        .maximum
        .filter(|most| *most < memory.initial.saturating_add(ADAPTER_PAGES))
    {
        let problem = format!(
            "begins with {} pages of memory and may have {most}",
            memory.initial
        );
        return Err(module(format!(
            "{problem}: WASI needs {ADAPTER_PAGES} more; link it with a larger maximum, or none"
        )));
    }
    Ok((index, memory))
}

fn module(problem: String) -> EmbedError {
    EmbedError::Module(problem)
}

fn broken(error: wasmparser::Error) -> EmbedError {
    module(format!("is not valid: {error}"))
}
