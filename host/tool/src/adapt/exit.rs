//! The exit code of an adapted command.
//!
//! The adapter makes `proc_exit` the `exit` of WASI 0.2, which says success or failure. WASI 0.2.12
//! has `exit-with-code`, of the same type in core WebAssembly as `proc_exit`: so a command calls
//! that instead, and not the adapter.

use std::borrow::Cow;
use std::convert::Infallible;

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{CustomSection, EntityType, ImportSection, Module};
use wasmparser::{ImportSectionReader, Parser, Payload};
use wit_component::StringEncoding;
use wit_parser::Resolve;

use crate::error::EmbedError;

/// The module that a command of preview 1 imports.
const PREVIEW1: &str = WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;

/// The function of preview 1 that ends a program.
const PROC_EXIT: &str = "proc_exit";

/// The function that is called instead.
const EXIT_WITH_CODE: &str = "exit-with-code";

/// The interface of that function, which is the adapter's too.
const EXIT: &str = "wasi:cli/exit@0.2.12";

/// The interface in WIT: a component says the types of its imports.
const WIT: &str = "
    package wasi:cli@0.2.12;
    interface exit {
      exit: func(status: result);
      exit-with-code: func(status-code: u8);
    }
    world exits { import exit; }
";

/// Puts one import in the place of another.
struct Renamed;

/// Returns the module with its exit code carried as a number. A module that never exits by itself
/// stays as it is.
pub(super) fn carry(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, EmbedError> {
    if !imports_exit(&bytes).map_err(|error| wrong(&error))? {
        return Ok(bytes);
    }
    let mut module = Module::new();
    Renamed
        .parse_core_module(&mut module, Parser::new(0), &bytes)
        .map_err(|error| wrong(&error))?;
    let types = types()?;
    module.section(&CustomSection {
        name: "component-type:exit".into(),
        data: types.into(),
    });
    Ok(Cow::Owned(module.finish()))
}

fn imports_exit(bytes: &[u8]) -> wasmparser::Result<bool> {
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                let import = import?;
                if import.module == PREVIEW1 && import.name == PROC_EXIT {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// The types of the interface, as `wit-component` reads them from a module.
fn types() -> Result<Vec<u8>, EmbedError> {
    let mut resolve = Resolve::default();
    let package = resolve.push_source("exit.wit", WIT);
    package
        .and_then(|package| resolve.select_world(&[package], None))
        .and_then(|world| {
            wit_component::metadata::encode(&resolve, world, StringEncoding::UTF8, None)
        })
        .map_err(|error| wrong(&error))
}

fn wrong(problem: &dyn std::fmt::Display) -> EmbedError {
    EmbedError::Module(format!("cannot be made a component: {problem}"))
}

impl Reencode for Renamed {
    type Error = Infallible;

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        for import in section.into_imports() {
            let import = import?;
            if import.module == PREVIEW1 && import.name == PROC_EXIT {
                let ty: EntityType = self.entity_type(import.ty)?;
                imports.import(EXIT, EXIT_WITH_CODE, ty);
            } else {
                utils::parse_import(self, imports, import)?;
            }
        }
        Ok(())
    }
}
