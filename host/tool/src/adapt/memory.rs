//! The memory of an adapted command, which is the adapter's too.
//!
//! The adapter takes two pages of the command's memory with `memory.grow`, at the first call of
//! WASI, which is before the program's own first allocation. The allocator of wasi-libc before 2023
//! takes everything up to `memory.size` to be free then
//! (<https://github.com/WebAssembly/wasi-libc/pull/377>), and Debian 12 has that one: a program
//! that used more than the rest of its first pages would write over the adapter. So until a program
//! has grown its memory itself, it is told the size that it was linked with.

use std::borrow::Cow;
use std::convert::Infallible;

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, GlobalSection, GlobalType, Instruction, Module, SectionId, ValType,
};
use wasmparser::{
    CustomSectionReader, FunctionBody, GlobalSectionReader, MemoryType, Operator, Parser, Payload,
};

use crate::error::EmbedError;

type Result<T> = std::result::Result<T, reencode::Error<Infallible>>;

/// A module on its way to being told of its own memory alone.
struct Apart {
    /// The memory that is shared with the adapter.
    memory: u32,
    /// The pages of it that the module was linked with.
    linked: i32,
    /// The global that is 1 once the module has grown its memory. It comes after all others.
    grown: u32,
    declared: bool,
}

/// The module with `memory.size` answering for what is its own. A module that never asks stays as
/// it is.
pub(super) fn keep_apart(
    bytes: &[u8],
    memory: (u32, MemoryType),
) -> std::result::Result<Cow<'_, [u8]>, EmbedError> {
    let (memory, ty) = memory;
    let wrong = |problem: &dyn std::fmt::Display| {
        EmbedError::Module(format!("cannot be made a component: {problem}"))
    };
    let mut asks = false;
    let mut globals = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| wrong(&error))? {
            Payload::GlobalSection(section) => globals = section.count(),
            Payload::CodeSectionEntry(body) if !asks => {
                asks = asks_for_size(&body, memory).map_err(|error| wrong(&error))?;
            }
            _ => {}
        }
    }
    if !asks {
        return Ok(Cow::Borrowed(bytes));
    }
    let linked =
        i32::try_from(ty.initial).map_err(|_| wrong(&"its memory is larger than 4 GiB"))?;
    let mut module = Module::new();
    let mut apart = Apart {
        memory,
        linked,
        grown: globals,
        declared: false,
    };
    apart
        .parse_core_module(&mut module, Parser::new(0), bytes)
        .map_err(|error| wrong(&error))?;
    Ok(Cow::Owned(module.finish()))
}

fn asks_for_size(body: &FunctionBody<'_>, memory: u32) -> wasmparser::Result<bool> {
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        if matches!(reader.read()?, Operator::MemorySize { mem } if mem == memory) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Apart {
    fn declare(&mut self, globals: &mut GlobalSection) {
        let ty = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        globals.global(ty, &ConstExpr::i32_const(0));
        self.declared = true;
    }
}

impl Reencode for Apart {
    type Error = Infallible;

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Result<()> {
        utils::parse_global_section(self, globals, section)?;
        self.declare(globals);
        Ok(())
    }

    /// A module without globals gets its first one where the section belongs: before the exports,
    /// which a command has.
    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result<()> {
        if before == Some(SectionId::Export) && !self.declared {
            let mut globals = GlobalSection::new();
            self.declare(&mut globals);
            module.section(&globals);
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<()> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let instruction = self.parse_instruction(&mut reader)?;
            function.instruction(&instruction);
            match instruction {
                Instruction::MemorySize(memory) if memory == self.memory => {
                    function
                        .instructions()
                        .i32_const(self.linked)
                        .global_get(self.grown)
                        .select();
                }
                Instruction::MemoryGrow(memory) if memory == self.memory => {
                    function.instructions().i32_const(1).global_set(self.grown);
                }
                _ => {}
            }
        }
        code.function(&function);
        Ok(())
    }

    /// Code has moved, and debugging information would speak of other places.
    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<()> {
        if section.name().starts_with(".debug_") {
            return Ok(());
        }
        utils::parse_custom_section(self, module, section)
    }
}
