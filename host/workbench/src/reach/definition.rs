//! A component as it is written: its definitions, in order.

use std::rc::Rc;

use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExport, ComponentImport, ComponentInstance,
    ComponentType, Encoding, Instance, Parser, Payload,
};

use super::error::ReachError;
use super::module::{Module, Signatures};
use super::work::{DEEPEST, Work};

/// A component, as far as its calls go.
#[derive(Debug, Default)]
pub(super) struct Definition<'a> {
    pub(super) items: Vec<Item<'a>>,
}

/// One definition of a component. Each adds to an index space.
#[derive(Debug)]
pub(super) enum Item<'a> {
    Module(Rc<Module<'a>>),
    Component(Rc<Definition<'a>>),
    CoreInstance(Instance<'a>),
    Instance(ComponentInstance<'a>),
    Alias(ComponentAlias<'a>),
    /// A resource, with the function that ends it.
    Resource {
        destructor: Option<u32>,
    },
    /// Any other type.
    Type,
    Canonical(CanonicalFunction),
    Import(ComponentImport<'a>),
    Export(ComponentExport<'a>),
}

/// A module or a component that is being read.
enum Open<'a> {
    Module(Box<Module<'a>>),
    Component(Definition<'a>),
}

/// Reads a component with everything that is in it.
pub(super) fn read<'a>(bytes: &'a [u8], work: &mut Work) -> Result<Definition<'a>, ReachError> {
    let mut open: Vec<Open<'a>> = Vec::new();
    let mut signatures = Signatures::default();
    for payload in Parser::new(0).parse_all(bytes) {
        work.spend(1)?;
        match payload? {
            Payload::Version { encoding, .. } => {
                if open.len() > usize::try_from(DEEPEST).unwrap_or(usize::MAX) {
                    return Err(ReachError::TooMuch);
                }
                open.push(match encoding {
                    Encoding::Module => Open::Module(Box::default()),
                    Encoding::Component => Open::Component(Definition::default()),
                });
            }
            Payload::End(_) => {
                let Some(read) = open.pop() else { continue };
                match (read, open.last_mut()) {
                    (Open::Module(module), Some(Open::Component(outer))) => {
                        outer.items.push(Item::Module(Rc::from(module)));
                    }
                    (Open::Component(inner), Some(Open::Component(outer))) => {
                        outer.items.push(Item::Component(Rc::new(inner)));
                    }
                    (Open::Component(whole), None) => return Ok(whole),
                    _ => return Err(ReachError::Broken("it is no component".to_owned())),
                }
            }
            payload => match open.last_mut() {
                Some(Open::Module(module)) => module.add(payload, &mut signatures, work)?,
                Some(Open::Component(component)) => component.add(payload, work)?,
                None => {}
            },
        }
    }
    Err(ReachError::Broken("it has no end".to_owned()))
}

impl<'a> Definition<'a> {
    fn add(&mut self, payload: Payload<'a>, work: &mut Work) -> Result<(), ReachError> {
        match payload {
            Payload::InstanceSection(section) => {
                for instance in section {
                    self.items.push(Item::CoreInstance(instance?));
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    self.items.push(Item::Instance(instance?));
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.items.push(Item::Alias(alias?));
                }
            }
            Payload::ComponentTypeSection(section) => {
                for ty in section {
                    self.items.push(match ty? {
                        ComponentType::Resource { dtor, .. } => Item::Resource { destructor: dtor },
                        _ => Item::Type,
                    });
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    self.items.push(Item::Canonical(function?));
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    self.items.push(Item::Import(import?));
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    self.items.push(Item::Export(export?));
                }
            }
            Payload::ComponentStartSection { .. } => {
                return Err(ReachError::NotFollowed("a start function of a component"));
            }
            _ => {}
        }
        work.spend(1)
    }
}
