//! The export that a call enters, by the shape of its component.

use wasmtime::component::InstancePre;
use wasmtime_wasi::p2::bindings::CommandPre;

use super::shape::{COMMAND, Shape, is_of_typed_tools};
use crate::bindings::CallingToolPre;
use crate::error::LoadError;
use crate::reflect::{Function, Functions, Reflected};
use crate::sentence;
use crate::state::State;

/// The export that a call enters, found once.
pub(crate) enum Callable {
    Command(CommandPre<State>),
    Typed(CallingToolPre<State>),
    Reflected(Reflected<State>),
}

/// The export of a component, with the functions that nobody can call, each with the reason.
pub(super) struct Found {
    pub(super) callable: Callable,
    pub(super) refused: Vec<(String, String)>,
}

impl Found {
    fn whole(callable: Callable) -> Self {
        Self {
            callable,
            refused: Vec::new(),
        }
    }
}

impl Callable {
    pub(super) fn shape(&self) -> Shape {
        match self {
            Self::Command(_) => Shape::Command,
            Self::Typed(_) => Shape::Typed,
            Self::Reflected(_) => Shape::Reflected,
        }
    }

    /// The functions of a reflected component; other shapes have none.
    pub(super) fn functions(&self) -> Vec<Function> {
        match self {
            Self::Reflected(reflected) => reflected.functions().cloned().collect(),
            Self::Command(_) | Self::Typed(_) => Vec::new(),
        }
    }

    /// Finds the export that a call enters.
    pub(super) fn find(
        pre: InstancePre<State>,
        exports: &[String],
        functions: impl FnOnce() -> Functions,
        origin: &str,
    ) -> Result<Found, LoadError> {
        let host = |error: wasmtime::Error| LoadError::in_host(origin, &error);
        let exported = |interface: &str| exports.iter().any(|name| name.starts_with(interface));
        if exported(COMMAND) {
            return Ok(Found::whole(Self::Command(
                CommandPre::new(pre).map_err(host)?,
            )));
        }
        if exports.iter().any(|name| is_of_typed_tools(name)) {
            return Ok(Found::whole(Self::Typed(
                CallingToolPre::new(pre).map_err(host)?,
            )));
        }
        let functions = functions();
        if functions.entries.is_empty() && !functions.refused.is_empty() {
            let refused = functions
                .refused
                .iter()
                .map(|(name, reason)| format!("{name}: {reason}"));
            let refused = sentence::listed(refused, functions.refusals(), "; ");
            return Err(LoadError::Unreflected {
                origin: origin.to_owned(),
                refused,
            });
        }
        let (entries, refused) = functions.with_count();
        if !entries.is_empty() {
            return Ok(Found {
                callable: Self::Reflected(Reflected::new(pre, entries)),
                refused,
            });
        }
        let exports = if exports.is_empty() {
            "nothing".to_owned()
        } else {
            sentence::names(exports)
        };
        Err(LoadError::NothingToCall {
            origin: origin.to_owned(),
            exports,
        })
    }
}
