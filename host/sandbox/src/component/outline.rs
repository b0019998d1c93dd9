//! The outline of a component, read and counted before anything is compiled.

use cofferdam_call::MAX_COMPONENT;
use cofferdam_capability::Manifest;
use wasmparser::{Encoding, Parser, Payload};

use super::needs::Needs;
use crate::error::LoadError;
use crate::other_wasi::Signs;
use crate::reflect::Docs;
use crate::sentence;

/// The custom section of a component of typed tools that says which tools it has, so that nothing
/// of it runs to know.
pub const DESCRIPTORS_SECTION: &str = "cofferdam:descriptors";

/// The most that this section holds, in bytes (1 MiB): a model reads all of it, and a quarter of a
/// million tokens is more than any of them is given for tools.
pub const MAX_DESCRIPTORS: usize = 1 << 20;

/// The custom section of a component with the words of its author about calling it, Markdown.
pub const USAGE_SECTION: &str = "cofferdam:usage";

/// The most that this section holds, in bytes (64 KiB): a model reads it in every turn.
pub const MAX_USAGE: usize = 64 << 10;

/// The most imports, and the most exports (1,000). Those of the largest world of WASI are below a
/// hundred.
const MAX_NAMES: u32 = 1_000;

/// The most sections of a component and of all that is in it (16,384). An interpreter with its
/// libraries, each a module of a dozen sections, has some hundreds; an empty section takes three
/// bytes, and each is looked at.
const MAX_SECTIONS: u32 = 1 << 14;

/// The most functions of all modules together (1 Mi). The largest interpreters have a tenth of it.
const MAX_CODE: u32 = 1 << 20;

/// The outline, with the custom sections that this host reads.
pub(crate) struct Outline<'a> {
    pub(crate) manifest: Option<&'a [u8]>,
    pub(crate) docs: Docs,
    pub(crate) descriptors: Option<&'a [u8]>,
    pub(crate) usage: Option<&'a [u8]>,
    pub(crate) needs: Needs,
}

/// Reads the outline of a component: that it is one, that it is whole, and the manifest it carries.
pub(crate) fn read<'a>(bytes: &'a [u8], origin: &str) -> Result<Outline<'a>, LoadError> {
    let size = bytes.len() as u64;
    let max = MAX_COMPONENT;
    if size > max {
        return Err(LoadError::TooLarge {
            origin: origin.to_owned(),
            size,
            max,
        });
    }
    if let Some(found) = other_than_component(bytes) {
        return Err(LoadError::NotAComponent {
            origin: origin.to_owned(),
            found,
        });
    }
    let invalid = |problem: String| LoadError::Invalid {
        origin: origin.to_owned(),
        problem,
    };
    let mut manifest = None;
    let mut docs = None;
    let mut descriptors = None;
    let mut usage = None;
    let mut depth = 0_u32;
    let mut counts = Counts::default();
    let mut signs = Signs::default();
    let mut needs = Needs::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| invalid(sentence::problem(&error)))?;
        counts.add(&payload, depth).map_err(invalid)?;
        signs.add(&payload, depth);
        needs.add(&payload, depth);
        match payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => {
                return Err(LoadError::CoreModule {
                    origin: origin.to_owned(),
                });
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section)
                if depth == 0 && section.name() == Manifest::SECTION =>
            {
                let another = manifest.replace(section.data());
                // Two manifests would leave open which of them a reviewer has read.
                if another.is_some() {
                    return Err(invalid(format!(
                        "it has two `{}` sections: keep one",
                        Manifest::SECTION
                    )));
                }
            }
            Payload::CustomSection(section) if depth == 0 && section.name() == Docs::SECTION => {
                let another = docs.replace(
                    Docs::read(section.data()).map_err(|problem| invalid(problem.to_string()))?,
                );
                if another.is_some() {
                    return Err(invalid(format!(
                        "it has two `{}` sections: keep one",
                        Docs::SECTION
                    )));
                }
            }
            Payload::CustomSection(section)
                if depth == 0 && section.name() == DESCRIPTORS_SECTION =>
            {
                let size = section.data().len();
                if size > MAX_DESCRIPTORS {
                    let name = DESCRIPTORS_SECTION;
                    return Err(invalid(format!(
                        "its section `{name}` has {size} bytes: at most {MAX_DESCRIPTORS}"
                    )));
                }
                let another = descriptors.replace(section.data());
                if another.is_some() {
                    return Err(invalid(format!(
                        "it has two `{DESCRIPTORS_SECTION}` sections: keep one"
                    )));
                }
            }
            Payload::CustomSection(section) if depth == 0 && section.name() == USAGE_SECTION => {
                check_usage(section.data()).map_err(invalid)?;
                if usage.replace(section.data()).is_some() {
                    return Err(invalid(format!(
                        "it has two `{USAGE_SECTION}` sections: keep one"
                    )));
                }
            }
            _ => {}
        }
    }
    if let Some(refusal) = signs.refusal(origin) {
        return Err(refusal);
    }
    Ok(Outline {
        manifest,
        docs: docs.unwrap_or_default(),
        descriptors,
        usage,
        needs,
    })
}

fn check_usage(data: &[u8]) -> Result<(), String> {
    match data.len() {
        size if size > MAX_USAGE => Err(format!(
            "its section `{USAGE_SECTION}` has {size} bytes: at most {MAX_USAGE}"
        )),
        _ if std::str::from_utf8(data).is_err() => {
            Err(format!("its section `{USAGE_SECTION}` is not valid UTF-8"))
        }
        _ => Ok(()),
    }
}

/// Counts of sections, functions and names.
#[derive(Default)]
struct Counts {
    sections: u32,
    functions: u32,
    imports: u32,
    exports: u32,
}

impl Counts {
    /// Adds a section, `depth` components or modules below the outermost component. The error says
    /// what is too many.
    fn add(&mut self, payload: &Payload<'_>, depth: u32) -> Result<(), String> {
        let add = |sum: &mut u32, more: u32, most: u32, what: &str| {
            *sum = sum.saturating_add(more);
            if *sum > most {
                Err(format!("it has more than {most} {what}"))
            } else {
                Ok(())
            }
        };
        match payload {
            Payload::CodeSectionEntry(_) => return Ok(()),
            Payload::CodeSectionStart { count, .. } => {
                add(&mut self.functions, *count, MAX_CODE, "functions")?
            }
            Payload::ComponentImportSection(imports) if depth == 0 => {
                add(&mut self.imports, imports.count(), MAX_NAMES, "imports")?;
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                add(&mut self.exports, exports.count(), MAX_NAMES, "exports")?;
            }
            _ => {}
        }
        add(
            &mut self.sections,
            1,
            MAX_SECTIONS,
            "sections, those of its modules among them",
        )
    }
}

/// Returns the format that the first bytes show, when they do not begin a WebAssembly binary.
fn other_than_component(bytes: &[u8]) -> Option<&'static str> {
    const FORMATS: [(&[u8], &str); 6] = [
        (b"\x7fELF", "a native Linux program (ELF)"),
        (b"\xcf\xfa\xed\xfe", "a native macOS program (Mach-O)"),
        (b"\xca\xfe\xba\xbe", "a native macOS program (Mach-O)"),
        (b"MZ", "a native Windows program (PE)"),
        (b"#!", "a script"),
        (b"\x1f\x8b", "a gzip archive"),
    ];
    if bytes.starts_with(b"\0asm") {
        return None;
    }
    if bytes.is_empty() {
        return Some("an empty file");
    }
    let known = FORMATS.iter().find(|(magic, _)| bytes.starts_with(magic));
    Some(known.map_or("not a WebAssembly binary", |(_, name)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(bytes: &[u8], part: &str) {
        let Err(problem) = read(bytes, "it") else {
            panic!("it is read")
        };
        assert!(problem.to_string().contains(part), "{problem}");
    }

    #[test]
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the rest of a number is in its next byte"
    )]
    fn words_about_usage_are_bounded_text_once() {
        let with = |texts: &[&[u8]]| {
            let mut bytes = wat::parse_str("(component)").unwrap();
            for data in texts {
                let name = USAGE_SECTION.as_bytes();
                let size = 1 + name.len() + data.len();
                // The size in LEB128, always of three bytes.
                let size = [
                    size as u8 | 0x80,
                    (size >> 7) as u8 | 0x80,
                    (size >> 14) as u8,
                ];
                bytes.push(0);
                bytes.extend(size);
                bytes.push(name.len() as u8);
                bytes.extend(name);
                bytes.extend(*data);
            }
            bytes
        };
        let full = vec![b'a'; MAX_USAGE];
        read(&with(&[&full]), "it").unwrap();
        refused(&with(&[&[full, vec![b'a']].concat()]), "at most 65536");
        refused(&with(&[b"\xff"]), "not valid UTF-8");
        refused(&with(&[b"a", b"b"]), "two `cofferdam:usage` sections");
    }

    #[test]
    fn what_is_looked_at_is_bounded_before_it_is_compiled() {
        let with = |sections: usize| {
            let mut bytes = wat::parse_str("(component)").unwrap();
            bytes.extend([0, 1, 0].repeat(sections));
            bytes
        };
        read(&with(10_000), "it").unwrap();
        refused(&with(20_000), "more than 16384 sections");
        let functions = "(core module $m (func (export \"f\"))) (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i \"f\")))";
        let exports = |count: usize| {
            let exports: String = (0..count)
                .map(|n| format!("(export \"f{n}\" (func $f))"))
                .collect();
            wat::parse_str(format!("(component {functions} {exports})")).unwrap()
        };
        read(&exports(1_000), "it").unwrap();
        refused(&exports(1_001), "more than 1000 exports");
        let imports: String = (0..1_001)
            .map(|n| format!("(import \"f{n}\" (func))"))
            .collect();
        refused(
            &wat::parse_str(format!("(component {imports})")).unwrap(),
            "more than 1000 imports",
        );
    }
}
