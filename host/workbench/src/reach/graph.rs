//! Everything that may run, and the calls between: functions of instances, tables, imports.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::error::{ReachError, missing};
use super::module::{Body, Indirect, Module, Signature, at};
use super::work::Work;

/// Modules that are instantiated at most (4,096). Interpreters with their libraries have hundreds.
const MOST_INSTANCES: usize = 1 << 12;

/// A function of the component, or something that it calls.
pub(super) type Node = u32;

/// A table of the component.
pub(super) type TableId = u32;

/// A function that a component imports. Names are shared: one has up to 100,000 bytes, and every
/// export may reach it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportedFunction {
    /// The interface with its version; empty for a function that is imported by itself.
    pub interface: Rc<str>,
    /// The function: `[method]descriptor.open-at`; `[resource-drop]descriptor` where a resource of
    /// the host is dropped.
    pub function: Rc<str>,
}

#[derive(Debug)]
enum Kind {
    /// A function of an instance.
    Body {
        instance: u32,
        body: u32,
    },
    /// Calls all of these.
    All(Vec<Node>),
    Import,
}

/// An instance of a core module.
#[derive(Debug)]
struct Instance<'a> {
    module: Rc<Module<'a>>,
    /// Every function of its index space.
    functions: Vec<Node>,
    tables: Vec<TableId>,
}

/// A function in a table or behind a reference.
#[derive(Debug, Clone, Copy)]
struct Taken {
    node: Node,
    signature: Signature,
}

/// A table, and what is in it.
#[derive(Debug, Default)]
struct Table {
    entries: Vec<Taken>,
    slots: BTreeMap<u64, Vec<Taken>>,
    /// Some slots are not known, because their places are not constant.
    is_loose: bool,
    /// Instructions write it: any function that is taken may be in it.
    is_open: bool,
}

/// The calls that may lead to many functions: through this table, or none for references; of this
/// type.
type Class = (Option<TableId>, Signature);

/// Everything that may run.
#[derive(Debug, Default)]
pub(super) struct Graph<'a> {
    kinds: Vec<Kind>,
    instances: Vec<Instance<'a>>,
    tables: Vec<Table>,
    taken: Vec<Taken>,
    /// Every imported function that the component names, and every interface of one.
    imports: BTreeMap<ImportedFunction, Node>,
    interfaces: BTreeSet<Rc<str>>,
    /// Functions that run when the component is instantiated.
    pub(super) starts: Vec<Node>,
    classes: HashMap<Class, Rc<Vec<Node>>>,
}

impl<'a> Graph<'a> {
    /// The node of an import.
    pub(super) fn import(
        &mut self,
        interface: &str,
        function: &str,
        work: &mut Work,
    ) -> Result<Node, ReachError> {
        // They are compared byte by byte.
        work.spend(interface.len())?;
        work.spend(function.len())?;
        let import = ImportedFunction {
            interface: self.interface(interface),
            function: Rc::from(function),
        };
        if let Some(node) = self.imports.get(&import) {
            return Ok(*node);
        }
        let node = self.add(Kind::Import)?;
        self.imports.insert(import, node);
        Ok(node)
    }

    /// The one copy of the name of an interface.
    fn interface(&mut self, name: &str) -> Rc<str> {
        if let Some(known) = self.interfaces.get(name) {
            return Rc::clone(known);
        }
        let new: Rc<str> = Rc::from(name);
        self.interfaces.insert(Rc::clone(&new));
        new
    }

    /// A node that calls all of these.
    pub(super) fn all(&mut self, nodes: Vec<Node>) -> Result<Node, ReachError> {
        self.add(Kind::All(nodes))
    }

    /// Every imported function that the component names, sorted.
    pub(super) fn imports(&self) -> Vec<ImportedFunction> {
        self.imports.keys().cloned().collect()
    }

    fn add(&mut self, kind: Kind) -> Result<Node, ReachError> {
        let node = number(self.kinds.len())?;
        self.kinds.push(kind);
        Ok(node)
    }

    /// Instantiates a module with these imports. Returns its index.
    pub(super) fn instantiate(
        &mut self,
        module: &Rc<Module<'a>>,
        imported: Vec<Node>,
        imported_tables: Vec<TableId>,
        work: &mut Work,
    ) -> Result<u32, ReachError> {
        if self.instances.len() >= MOST_INSTANCES {
            return Err(ReachError::TooMuch);
        }
        let index = number(self.instances.len())?;
        let mut functions = imported;
        work.make(module.bodies.len())?;
        for body in 0..number(module.bodies.len())? {
            functions.push(self.add(Kind::Body {
                instance: index,
                body,
            })?);
        }
        let mut tables = imported_tables;
        for _ in 0..module.tables {
            tables.push(number(self.tables.len())?);
            self.tables.push(Table::default());
            work.make(1)?;
        }
        let taken = |function: u32| -> Result<Taken, ReachError> {
            Ok(Taken {
                node: *at(&functions, function).ok_or_else(|| missing("function"))?,
                signature: module.signature_of(function)?,
            })
        };
        for &function in &module.taken {
            work.make(1)?;
            self.taken.push(taken(function)?);
        }
        for &table in &module.written {
            self.table(&tables, table)?.is_open = true;
        }
        for segment in &module.segments {
            work.make(segment.functions.len())?;
            let table = self.table(&tables, segment.table)?;
            table.is_loose |= segment.offset.is_none();
            let first = u64::from(segment.offset.unwrap_or_default());
            for (slot, function) in (first..).zip(&segment.functions) {
                if let Some(function) = function {
                    let taken = taken(*function)?;
                    table.entries.push(taken);
                    table.slots.entry(slot).or_default().push(taken);
                }
            }
        }
        if let Some(start) = module.start {
            let start = at(&functions, start).ok_or_else(|| missing("function"))?;
            self.starts.push(*start);
        }
        self.instances.push(Instance {
            module: Rc::clone(module),
            functions,
            tables,
        });
        Ok(index)
    }

    /// A function of an instance.
    pub(super) fn function(&self, instance: u32, function: u32) -> Result<Node, ReachError> {
        let functions = at(&self.instances, instance).map(|instance| &instance.functions);
        let node = functions.and_then(|functions| at(functions, function));
        node.copied().ok_or_else(|| missing("function"))
    }

    /// A table of an instance.
    pub(super) fn table_of(&self, instance: u32, table: u32) -> Result<TableId, ReachError> {
        let tables = at(&self.instances, instance).map(|instance| &instance.tables);
        let id = tables.and_then(|tables| at(tables, table));
        id.copied().ok_or_else(|| missing("table"))
    }

    fn table(&mut self, tables: &[TableId], table: u32) -> Result<&mut Table, ReachError> {
        let id = *at(tables, table).ok_or_else(|| missing("table"))?;
        let index = usize::try_from(id).map_err(|_| ReachError::TooMuch)?;
        self.tables.get_mut(index).ok_or_else(|| missing("table"))
    }

    /// Every imported function that may be called once these run, sorted. The answer is charged for
    /// every interface too: an export either reaches it or does not, and a page says which.
    pub(super) fn reached(
        &mut self,
        from: &[Node],
        work: &mut Work,
    ) -> Result<Vec<ImportedFunction>, ReachError> {
        work.spend(self.kinds.len() / 64)?;
        let mut seen = vec![false; self.kinds.len()];
        let mut classes: HashSet<Class> = HashSet::new();
        let mut next = from.to_vec();
        while let Some(node) = next.pop() {
            work.spend(1)?;
            let index = usize::try_from(node).map_err(|_| ReachError::TooMuch)?;
            let seen = seen.get_mut(index).ok_or_else(|| missing("function"))?;
            if std::mem::replace(seen, true) {
                continue;
            }
            match self.kinds.get(index) {
                Some(Kind::All(nodes)) => next.extend(nodes),
                Some(Kind::Import) => {}
                Some(&Kind::Body { instance, body }) => {
                    self.calls_of(instance, body, &mut classes, &mut next, work)?;
                }
                None => return Err(missing("function")),
            }
        }
        for interface in &self.interfaces {
            work.answer(interface.len())?;
        }
        work.spend(self.imports.len())?;
        let mut found = Vec::new();
        for (import, node) in &self.imports {
            if at(&seen, *node) == Some(&true) {
                work.answer(import.function.len())?;
                found.push(import.clone());
            }
        }
        Ok(found)
    }

    /// Adds what a body may call.
    fn calls_of(
        &mut self,
        instance: u32,
        body: u32,
        classes: &mut HashSet<Class>,
        next: &mut Vec<Node>,
        work: &mut Work,
    ) -> Result<(), ReachError> {
        let Some(of) = at(&self.instances, instance) else {
            return Err(missing("instance"));
        };
        let module = Rc::clone(&of.module);
        let Some(Body {
            calls,
            indirect,
            by_reference,
        }) = at(&module.bodies, body)
        else {
            return Err(missing("function"));
        };
        work.spend(calls.len() + indirect.len() + by_reference.len())?;
        for &call in calls {
            next.push(*at(&of.functions, call).ok_or_else(|| missing("function"))?);
        }
        let mut many: Vec<Class> = Vec::new();
        // They are sorted: the slots of one table and type, which make one class, are neighbours.
        let mut before = None;
        for &Indirect { table, ty, slot } in indirect {
            let id = *at(&of.tables, table).ok_or_else(|| missing("table"))?;
            let table = at(&self.tables, id).ok_or_else(|| missing("table"))?;
            let signature = module.signature(ty)?;
            match slot {
                Some(slot) if !table.is_open && !table.is_loose => {
                    if let Some(there) = table.slots.get(&u64::from(slot)) {
                        work.spend(there.len())?;
                        let fits = there.iter();
                        let fits = fits.filter(|taken| may_be(taken.signature, signature));
                        next.extend(fits.map(|taken| taken.node));
                    }
                }
                _ => {
                    let class = ((!table.is_open).then_some(id), signature);
                    if before.replace(class) != Some(class) && classes.insert(class) {
                        many.push(class);
                    }
                }
            }
        }
        for &ty in by_reference {
            let class = (None, module.signature(ty)?);
            if classes.insert(class) {
                many.push(class);
            }
        }
        for class in many {
            let members = self.members(class, work)?;
            work.spend(members.len())?;
            next.extend(members.iter());
        }
        Ok(())
    }

    /// The functions that a call of a class may go to.
    fn members(&mut self, class: Class, work: &mut Work) -> Result<Rc<Vec<Node>>, ReachError> {
        if let Some(members) = self.classes.get(&class) {
            return Ok(Rc::clone(members));
        }
        let among = match class.0 {
            Some(table) => {
                &at(&self.tables, table)
                    .ok_or_else(|| missing("table"))?
                    .entries
            }
            None => &self.taken,
        };
        work.spend(among.len())?;
        let fits = among
            .iter()
            .filter(|taken| may_be(taken.signature, class.1));
        let members = Rc::new(fits.map(|taken| taken.node).collect::<Vec<_>>());
        self.classes.insert(class, Rc::clone(&members));
        Ok(members)
    }
}

/// Returns true if a call of the type `called` may go to a function of the type `taken`.
fn may_be(taken: Signature, called: Signature) -> bool {
    match (taken, called) {
        (Some(taken), Some(called)) => taken == called,
        _ => true,
    }
}

fn number(count: usize) -> Result<u32, ReachError> {
    u32::try_from(count).map_err(|_| ReachError::TooMuch)
}
