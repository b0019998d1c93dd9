//! Which variables are arrays: those used as one, and those passed where one is expected.

use std::collections::HashSet;

use crate::op::{Function, Variable};

/// A variable of a function, or of the whole program.
type Place = (Option<usize>, Variable);

/// Uses of variables, as they were read.
#[derive(Default)]
pub(super) struct Uses {
    arrays: HashSet<Place>,
    /// Arguments that are a bare name, and the parameters they become.
    arguments: Vec<(Place, usize, usize)>,
    /// Globals that are arrays, once that is known.
    pub(super) globals: Vec<bool>,
    /// First steps of BEGIN, the rules and END.
    pub(super) entries: [Option<usize>; 3],
}

impl Uses {
    /// A variable is used as an array.
    pub(super) fn array(&mut self, inside: Option<usize>, variable: Variable) {
        self.arrays.insert(place(inside, variable));
    }

    /// A variable is an argument of a function.
    pub(super) fn argument(
        &mut self,
        inside: Option<usize>,
        variable: Variable,
        function: usize,
        number: usize,
    ) {
        self.arguments
            .push((place(inside, variable), function, number));
    }

    /// Finds all arrays: what is passed for one is one, and so is the parameter of one that is
    /// passed.
    pub(super) fn infer(&mut self, functions: &mut [Function], globals: usize) {
        loop {
            let mut changed = false;
            for (place, function, number) in &self.arguments {
                let parameter = (Some(*function), Variable::Local(*number));
                if self.arrays.contains(&parameter) {
                    changed |= self.arrays.insert(*place);
                } else if self.arrays.contains(place) {
                    changed |= self.arrays.insert(parameter);
                }
            }
            if !changed {
                break;
            }
        }
        self.globals = (0..globals)
            .map(|slot| self.arrays.contains(&(None, Variable::Global(slot))))
            .collect();
        for (index, function) in functions.iter_mut().enumerate() {
            let is_array = |slot| self.arrays.contains(&(Some(index), Variable::Local(slot)));
            function.arrays = (0..function.parameters).map(is_array).collect();
        }
    }
}

/// Globals are the same in every function.
fn place(inside: Option<usize>, variable: Variable) -> Place {
    match variable {
        Variable::Global(_) => (None, variable),
        Variable::Local(_) => (inside, variable),
    }
}
