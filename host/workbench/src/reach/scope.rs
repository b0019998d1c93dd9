//! The values that a component works with while it is instantiated.

use std::collections::BTreeMap;
use std::rc::Rc;

use wasmparser::{ComponentExternalKind, ComponentOuterAliasKind};

use super::definition::Definition;
use super::error::{ReachError, missing};
use super::graph::{Node, TableId};
use super::module::{Module, at};
use super::work::DEEPEST;

/// Values by their names.
pub(super) type Values<'a> = BTreeMap<&'a str, Value<'a>>;

/// The place of a component that is being instantiated, or was, among all of them.
pub(super) type ScopeId = usize;

/// Something that a component can be given, or exports.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Function(Node),
    Instance(Rc<InstanceValue<'a>>),
    Type(TypeValue<'a>),
    Module(Rc<Module<'a>>),
    Component(Closure<'a>),
}

/// An instance of a component.
#[derive(Debug)]
pub(super) enum InstanceValue<'a> {
    /// The host's, by the name of its interface.
    Imported(&'a str),
    /// One of this component, with the number of instances inside one another.
    Own { exports: Values<'a>, depth: u32 },
}

/// A type, as far as dropping a value of it runs something.
#[derive(Debug, Clone, Copy)]
pub(super) enum TypeValue<'a> {
    /// A resource of the host, or a type of it that is none.
    Imported { interface: &'a str, name: &'a str },
    /// A resource of a component, with the function that ends it.
    Resource { destructor: Option<Node> },
    /// No resource.
    Plain,
}

/// A component, and the one that it was defined in.
#[derive(Debug, Clone)]
pub(super) struct Closure<'a> {
    pub(super) definition: Rc<Definition<'a>>,
    pub(super) around: ScopeId,
}

/// A core instance.
#[derive(Debug)]
pub(super) enum CoreInstance<'a> {
    Module {
        module: Rc<Module<'a>>,
        instance: u32,
    },
    Exports(BTreeMap<&'a str, CoreValue>),
}

/// Something that a core instance exports.
#[derive(Debug, Clone, Copy)]
pub(super) enum CoreValue {
    Function(Node),
    Table(TableId),
    Other,
}

/// The definitions of a component that components in it can name, when they are instantiated.
#[derive(Debug, Default)]
struct Outer<'a> {
    modules: Vec<Rc<Module<'a>>>,
    types: Vec<TypeValue<'a>>,
    components: Vec<Closure<'a>>,
    around: Option<ScopeId>,
}

/// The definitions of all components. They stand in one list, so that none of them owns another.
#[derive(Debug, Default)]
pub(super) struct Outers<'a>(Vec<Outer<'a>>);

/// The other index spaces of a component that is being instantiated.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    pub(super) id: ScopeId,
    pub(super) core_functions: Vec<Node>,
    pub(super) core_tables: Vec<TableId>,
    pub(super) core_instances: Vec<Rc<CoreInstance<'a>>>,
    pub(super) functions: Vec<Node>,
    pub(super) instances: Vec<Rc<InstanceValue<'a>>>,
    pub(super) exports: Values<'a>,
}

impl<'a> InstanceValue<'a> {
    /// An instance with these exports.
    pub(super) fn own(exports: Values<'a>) -> Result<Rc<Self>, ReachError> {
        let depths = exports.values().map(|value| match value {
            Value::Instance(instance) => match &**instance {
                Self::Own { depth, .. } => *depth,
                Self::Imported(_) => 0,
            },
            _ => 0,
        });
        let depth = depths.max().unwrap_or_default() + 1;
        if depth > DEEPEST {
            return Err(ReachError::TooMuch);
        }
        Ok(Rc::new(Self::Own { exports, depth }))
    }
}

impl<'a> Scope<'a> {
    /// A component function.
    pub(super) fn function(&self, index: u32) -> Result<Node, ReachError> {
        let function = at(&self.functions, index).copied();
        function.ok_or_else(|| missing("function"))
    }

    /// A core function.
    pub(super) fn core_function(&self, index: u32) -> Result<Node, ReachError> {
        let function = at(&self.core_functions, index).copied();
        function.ok_or_else(|| missing("function"))
    }
}

impl<'a> Outers<'a> {
    /// The scope of a component that is instantiated, defined in the scope `around`.
    pub(super) fn open(&mut self, around: Option<ScopeId>) -> Scope<'a> {
        self.0.push(Outer {
            around,
            ..Outer::default()
        });
        Scope {
            id: self.0.len() - 1,
            ..Scope::default()
        }
    }

    fn get(&self, id: ScopeId) -> Result<&Outer<'a>, ReachError> {
        self.0.get(id).ok_or_else(|| missing("component"))
    }

    /// Adds a value to its index space.
    pub(super) fn add(&mut self, scope: &mut Scope<'a>, value: Value<'a>) {
        let Some(outer) = self.0.get_mut(scope.id) else {
            return;
        };
        match value {
            Value::Function(function) => scope.functions.push(function),
            Value::Instance(instance) => scope.instances.push(instance),
            Value::Type(ty) => outer.types.push(ty),
            Value::Module(module) => outer.modules.push(module),
            Value::Component(component) => outer.components.push(component),
        }
    }

    /// A type.
    pub(super) fn ty(&self, scope: &Scope<'a>, index: u32) -> Result<TypeValue<'a>, ReachError> {
        let ty = at(&self.get(scope.id)?.types, index).copied();
        ty.ok_or_else(|| missing("type"))
    }

    /// A core module.
    pub(super) fn module(
        &self,
        scope: &Scope<'a>,
        index: u32,
    ) -> Result<Rc<Module<'a>>, ReachError> {
        let module = at(&self.get(scope.id)?.modules, index).cloned();
        module.ok_or_else(|| missing("module"))
    }

    /// A component.
    pub(super) fn component(
        &self,
        scope: &Scope<'a>,
        index: u32,
    ) -> Result<Closure<'a>, ReachError> {
        let component = at(&self.get(scope.id)?.components, index).cloned();
        component.ok_or_else(|| missing("component"))
    }

    /// The value of an index space.
    pub(super) fn value(
        &self,
        scope: &Scope<'a>,
        kind: ComponentExternalKind,
        index: u32,
    ) -> Result<Value<'a>, ReachError> {
        Ok(match kind {
            ComponentExternalKind::Func => Value::Function(scope.function(index)?),
            ComponentExternalKind::Type => Value::Type(self.ty(scope, index)?),
            ComponentExternalKind::Instance => {
                let instance = at(&scope.instances, index).cloned();
                Value::Instance(instance.ok_or_else(|| missing("instance"))?)
            }
            ComponentExternalKind::Module => Value::Module(self.module(scope, index)?),
            ComponentExternalKind::Component => Value::Component(self.component(scope, index)?),
            ComponentExternalKind::Value => return Err(ReachError::NotFollowed("values")),
        })
    }

    /// A definition of a component around this one. Core types lead to no calls.
    pub(super) fn outer(
        &self,
        scope: &Scope<'a>,
        kind: ComponentOuterAliasKind,
        count: u32,
        index: u32,
    ) -> Result<Option<Value<'a>>, ReachError> {
        let mut of = self.get(scope.id)?;
        if count > DEEPEST {
            return Err(ReachError::TooMuch);
        }
        for _ in 0..count {
            of = self.get(of.around.ok_or_else(|| missing("component"))?)?;
        }
        let value = match kind {
            ComponentOuterAliasKind::CoreType => return Ok(None),
            ComponentOuterAliasKind::CoreModule => {
                at(&of.modules, index).cloned().map(Value::Module)
            }
            ComponentOuterAliasKind::Type => at(&of.types, index).copied().map(Value::Type),
            ComponentOuterAliasKind::Component => {
                at(&of.components, index).cloned().map(Value::Component)
            }
        };
        value.map(Some).ok_or_else(|| missing("definition"))
    }
}
