//! Instantiates a component without running it: follows what is given to what.

use std::collections::BTreeMap;
use std::rc::Rc;

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentImport,
    ComponentInstance, ComponentTypeRef, ExternalKind, Instance, TypeBounds,
};

use super::definition::{Definition, Item};
use super::error::{ReachError, missing};
use super::graph::Graph;
use super::module::{Exported, at};
use super::scope::{
    Closure, CoreInstance, CoreValue, InstanceValue, Outers, Scope, ScopeId, TypeValue, Value,
    Values,
};
use super::work::{DEEPEST, Work};

/// A component that is instantiated into a graph.
pub(super) struct Instantiation<'a, 'g> {
    pub(super) graph: &'g mut Graph<'a>,
    pub(super) outers: Outers<'a>,
    pub(super) work: &'g mut Work,
}

impl<'a> Instantiation<'a, '_> {
    /// Instantiates a component. Without arguments its imports are the host's. Returns its exports.
    pub(super) fn run(
        &mut self,
        definition: &Definition<'a>,
        arguments: Option<&Values<'a>>,
        around: Option<ScopeId>,
        depth: u32,
    ) -> Result<Values<'a>, ReachError> {
        if depth > DEEPEST {
            return Err(ReachError::TooMuch);
        }
        let mut scope = self.outers.open(around);
        for item in &definition.items {
            self.work.make(1)?;
            match item {
                Item::Module(module) => self
                    .outers
                    .add(&mut scope, Value::Module(Rc::clone(module))),
                Item::Component(inner) => {
                    let closure = Closure {
                        definition: Rc::clone(inner),
                        around: scope.id,
                    };
                    self.outers.add(&mut scope, Value::Component(closure));
                }
                Item::CoreInstance(instance) => {
                    let instance = self.core_instance(instance, &scope)?;
                    scope.core_instances.push(Rc::new(instance));
                }
                Item::Instance(instance) => {
                    let exports = self.instance(instance, &scope, depth)?;
                    let instance = InstanceValue::own(exports)?;
                    self.outers.add(&mut scope, Value::Instance(instance));
                }
                Item::Alias(alias) => self.alias(alias, &mut scope)?,
                Item::Resource { destructor } => {
                    let destructor = destructor.map(|index| scope.core_function(index));
                    let destructor = destructor.transpose()?;
                    // The host drops what it was given, whenever it likes.
                    self.graph.starts.extend(destructor);
                    self.outers
                        .add(&mut scope, Value::Type(TypeValue::Resource { destructor }));
                }
                Item::Type => self.outers.add(&mut scope, Value::Type(TypeValue::Plain)),
                Item::Canonical(function) => self.canonical(function, &mut scope)?,
                Item::Import(import) => {
                    if let Some(value) = self.import(import, arguments, &scope)? {
                        self.outers.add(&mut scope, value);
                    }
                }
                Item::Export(export) => {
                    self.work.spend(export.name.name.len())?;
                    let value = self.outers.value(&scope, export.kind, export.index)?;
                    scope.exports.insert(export.name.name, value.clone());
                    self.outers.add(&mut scope, value);
                }
            }
        }
        Ok(scope.exports)
    }

    fn core_instance(
        &mut self,
        instance: &Instance<'a>,
        scope: &Scope<'a>,
    ) -> Result<CoreInstance<'a>, ReachError> {
        match instance {
            Instance::FromExports(exports) => {
                let mut values = BTreeMap::new();
                for export in exports {
                    self.work.make(1)?;
                    let value = match export.kind {
                        ExternalKind::Func | ExternalKind::FuncExact => {
                            CoreValue::Function(scope.core_function(export.index)?)
                        }
                        ExternalKind::Table => {
                            let table = at(&scope.core_tables, export.index);
                            CoreValue::Table(*table.ok_or_else(|| missing("table"))?)
                        }
                        ExternalKind::Memory | ExternalKind::Global | ExternalKind::Tag => {
                            CoreValue::Other
                        }
                    };
                    values.insert(export.name, value);
                }
                Ok(CoreInstance::Exports(values))
            }
            Instance::Instantiate { module_index, args } => {
                let module = self.outers.module(scope, *module_index)?;
                let mut given = BTreeMap::new();
                for argument in args {
                    let instance = at(&scope.core_instances, argument.index);
                    given.insert(
                        argument.name,
                        Rc::clone(instance.ok_or_else(|| missing("instance"))?),
                    );
                }
                let find = |from: &str, name: &str, graph: &Graph<'a>| {
                    let instance = given.get(from).ok_or_else(|| missing("instance"))?;
                    exported(instance, name, graph)
                };
                let mut functions = Vec::new();
                for import in &module.imported_functions {
                    self.work.make(1)?;
                    self.work.spend(import.bytes())?;
                    match find(import.module, import.name, self.graph)? {
                        CoreValue::Function(function) => functions.push(function),
                        _ => return Err(missing("function")),
                    }
                }
                let mut tables = Vec::new();
                for import in &module.imported_tables {
                    self.work.make(1)?;
                    self.work.spend(import.bytes())?;
                    match find(import.module, import.name, self.graph)? {
                        CoreValue::Table(table) => tables.push(table),
                        _ => return Err(missing("table")),
                    }
                }
                let instance = self
                    .graph
                    .instantiate(&module, functions, tables, self.work)?;
                Ok(CoreInstance::Module { module, instance })
            }
        }
    }

    fn instance(
        &mut self,
        instance: &ComponentInstance<'a>,
        scope: &Scope<'a>,
        depth: u32,
    ) -> Result<Values<'a>, ReachError> {
        let mut values = Values::new();
        match instance {
            ComponentInstance::FromExports(exports) => {
                for export in exports {
                    self.work.make(1)?;
                    let value = self.outers.value(scope, export.kind, export.index)?;
                    values.insert(export.name.name, value);
                }
                Ok(values)
            }
            ComponentInstance::Instantiate {
                component_index,
                args,
            } => {
                for argument in args {
                    self.work.make(1)?;
                    let value = self.outers.value(scope, argument.kind, argument.index)?;
                    values.insert(argument.name, value);
                }
                let component = self.outers.component(scope, *component_index)?;
                let around = Some(component.around);
                self.run(&component.definition, Some(&values), around, depth + 1)
            }
        }
    }

    fn alias(
        &mut self,
        alias: &ComponentAlias<'a>,
        scope: &mut Scope<'a>,
    ) -> Result<(), ReachError> {
        match alias {
            ComponentAlias::InstanceExport {
                kind,
                instance_index,
                name,
            } => {
                self.work.spend(name.len())?;
                let instance = at(&scope.instances, *instance_index);
                let instance = Rc::clone(instance.ok_or_else(|| missing("instance"))?);
                let value = match &*instance {
                    InstanceValue::Own { exports, .. } => {
                        exports.get(name).ok_or_else(|| missing("export"))?.clone()
                    }
                    InstanceValue::Imported(interface) => self.of_host(interface, name, *kind)?,
                };
                self.outers.add(scope, value);
            }
            ComponentAlias::CoreInstanceExport {
                kind,
                instance_index,
                name,
            } => {
                self.work.spend(name.len())?;
                let instance = at(&scope.core_instances, *instance_index);
                let instance = instance.ok_or_else(|| missing("instance"))?;
                match kind {
                    ExternalKind::Func | ExternalKind::FuncExact | ExternalKind::Table => {}
                    ExternalKind::Memory | ExternalKind::Global | ExternalKind::Tag => {
                        return Ok(());
                    }
                }
                match exported(instance, name, self.graph)? {
                    CoreValue::Function(function) => scope.core_functions.push(function),
                    CoreValue::Table(table) => scope.core_tables.push(table),
                    CoreValue::Other => return Err(missing("export")),
                }
            }
            ComponentAlias::Outer { kind, count, index } => {
                if let Some(value) = self.outers.outer(scope, *kind, *count, *index)? {
                    self.outers.add(scope, value);
                }
            }
        }
        Ok(())
    }

    /// The export of an imported instance.
    fn of_host(
        &mut self,
        interface: &'a str,
        name: &'a str,
        kind: ComponentExternalKind,
    ) -> Result<Value<'a>, ReachError> {
        Ok(match kind {
            ComponentExternalKind::Func => {
                Value::Function(self.graph.import(interface, name, self.work)?)
            }
            ComponentExternalKind::Type => Value::Type(TypeValue::Imported { interface, name }),
            ComponentExternalKind::Instance => {
                return Err(ReachError::NotFollowed("an interface inside an interface"));
            }
            ComponentExternalKind::Module | ComponentExternalKind::Component => {
                return Err(ReachError::NotFollowed("code that the host would give it"));
            }
            ComponentExternalKind::Value => return Err(ReachError::NotFollowed("values")),
        })
    }

    fn import(
        &mut self,
        import: &ComponentImport<'a>,
        arguments: Option<&Values<'a>>,
        scope: &Scope<'a>,
    ) -> Result<Option<Value<'a>>, ReachError> {
        let name = import.name.name;
        self.work.spend(name.len())?;
        if let Some(arguments) = arguments {
            let value = arguments.get(name).ok_or_else(|| missing("argument"))?;
            return Ok(Some(value.clone()));
        }
        Ok(Some(match import.ty {
            ComponentTypeRef::Func(_) => Value::Function(self.graph.import("", name, self.work)?),
            ComponentTypeRef::Instance(_) => {
                Value::Instance(Rc::new(InstanceValue::Imported(name)))
            }
            ComponentTypeRef::Type(TypeBounds::Eq(index)) => {
                Value::Type(self.outers.ty(scope, index)?)
            }
            ComponentTypeRef::Type(TypeBounds::SubResource) => Value::Type(TypeValue::Imported {
                interface: "",
                name,
            }),
            ComponentTypeRef::Module(_) | ComponentTypeRef::Component(_) => {
                return Err(ReachError::NotFollowed("code that the host would give it"));
            }
            ComponentTypeRef::Value(_) => return Err(ReachError::NotFollowed("values")),
        }))
    }

    fn canonical(
        &mut self,
        function: &CanonicalFunction,
        scope: &mut Scope<'a>,
    ) -> Result<(), ReachError> {
        match function {
            CanonicalFunction::Lift {
                core_func_index,
                options,
                ..
            } => {
                let mut called = vec![scope.core_function(*core_func_index)?];
                add_options(options, scope, &mut called)?;
                let node = self.graph.all(called)?;
                scope.functions.push(node);
            }
            CanonicalFunction::Lower {
                func_index,
                options,
            } => {
                let mut called = vec![scope.function(*func_index)?];
                add_options(options, scope, &mut called)?;
                let node = self.graph.all(called)?;
                scope.core_functions.push(node);
            }
            CanonicalFunction::ResourceNew { .. } | CanonicalFunction::ResourceRep { .. } => {
                let node = self.graph.all(Vec::new())?;
                scope.core_functions.push(node);
            }
            CanonicalFunction::ResourceDrop { resource } => {
                let called = match self.outers.ty(scope, *resource)? {
                    TypeValue::Imported { interface, name } => {
                        let function = format!("[resource-drop]{name}");
                        vec![self.graph.import(interface, &function, self.work)?]
                    }
                    TypeValue::Resource { destructor } => destructor.into_iter().collect(),
                    TypeValue::Plain => return Err(missing("resource")),
                };
                let node = self.graph.all(called)?;
                scope.core_functions.push(node);
            }
            _ => return Err(ReachError::NotFollowed("async functions or threads")),
        }
        Ok(())
    }
}

/// Functions that run beside a lifted or lowered one.
fn add_options(
    options: &[CanonicalOption],
    scope: &Scope<'_>,
    called: &mut Vec<u32>,
) -> Result<(), ReachError> {
    for option in options {
        match option {
            CanonicalOption::Realloc(function) | CanonicalOption::PostReturn(function) => {
                called.push(scope.core_function(*function)?);
            }
            CanonicalOption::UTF8
            | CanonicalOption::UTF16
            | CanonicalOption::CompactUTF16
            | CanonicalOption::Memory(_) => {}
            CanonicalOption::Async
            | CanonicalOption::Callback(_)
            | CanonicalOption::CoreType(_)
            | CanonicalOption::Gc => {
                return Err(ReachError::NotFollowed("async functions or threads"));
            }
        }
    }
    Ok(())
}

/// The export of a core instance.
fn exported<'a>(
    instance: &CoreInstance<'a>,
    name: &str,
    graph: &Graph<'a>,
) -> Result<CoreValue, ReachError> {
    match instance {
        CoreInstance::Exports(values) => values.get(name).copied(),
        CoreInstance::Module { module, instance } => match module.exports.get(name) {
            Some(Exported::Function(function)) => {
                Some(CoreValue::Function(graph.function(*instance, *function)?))
            }
            Some(Exported::Table(table)) => {
                Some(CoreValue::Table(graph.table_of(*instance, *table)?))
            }
            Some(Exported::Other) => Some(CoreValue::Other),
            None => None,
        },
    }
    .ok_or_else(|| missing("export"))
}
