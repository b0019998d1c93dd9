//! Exact inclusion of HTTP requests: the calls that one row allows and several other rows do not.
//!
//! A row is a box: hosts × methods × ports × paths. Hosts and paths are trees and every other set
//! of a rule is finite or everything, so each part of a row has one hardest value: a fresh name
//! below a pattern, a fresh path below a prefix, a fresh method where none is named. A row is
//! covered exactly if every combination of its hardest values is in some other row. Values that the
//! same rows cover are one, which keeps the combinations few; in general covering a box by boxes is
//! coNP-complete, so the steps are bounded, and beyond the bound a row counts as not covered.
//!
//! Names are taken as if there were always another one below a pattern. DNS ends at 253 bytes,
//! which nobody lists to the end.

use std::collections::BTreeMap;

use super::steps::Steps;
use crate::change::Category;
use crate::network::{HttpRule, Method, PathPrefix, Scheme};

/// Parts of a row beside its host: methods, ports and paths.
const PARTS: usize = 3;

/// A request that a row allows and no other row does.
pub(super) struct Uncovered {
    /// The part in which it is beyond the row that comes closest.
    pub(super) category: Category,
    /// The request in words.
    pub(super) example: String,
}

/// A hardest value of the ports of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Endpoint {
    /// This port in this scheme, whether an offer names it or none does.
    At { port: u16, secure: bool },
    /// A port that no row names, and an offer does. Only a row that leaves its hosts and ports to
    /// the operator has it.
    Offered,
}

/// Rows, as bits.
type Rows = Vec<u64>;

/// The values of one part of a row that differ in the rows that cover them: one value for each set
/// of rows.
type Values<T> = BTreeMap<Rows, T>;

/// Returns requests of `row` that none of `others` allows: one for each part in which they are
/// beyond. Nothing if all are covered.
pub(super) fn uncovered(row: &HttpRule, others: &[HttpRule], steps: &mut Steps) -> Vec<Uncovered> {
    if others.iter().any(|other| row.is_within(other)) {
        return Vec::new();
    }
    steps.take(others.len());
    let reach: Vec<&HttpRule> = others
        .iter()
        .filter(|other| row.host().is_within(other.host()))
        .collect();
    let mut search = Search {
        row,
        found: Vec::new(),
    };
    let methods = hardest_methods(row);
    let endpoints = hardest_endpoints(row);
    let paths = hardest_paths(row);
    if reach.is_empty() {
        let first = methods.first().zip(endpoints.first()).zip(paths.first());
        if let Some(((method, endpoint), path)) = first {
            search.add(Category::Host, *method, *endpoint, *path);
        }
        return search.found;
    }
    let named = |part: fn(&HttpRule) -> usize| reach.iter().map(|rule| 1 + part(rule)).sum();
    let sizes: [usize; 3] = [
        named(|rule| rule.methods().len()),
        named(|rule| rule.ports().len()),
        named(|rule| rule.paths().len()),
    ];
    let [each_method, each_port, each_path] = sizes;
    let mut sort = Sort {
        rows: &reach,
        steps,
    };
    let methods = sort.values(&methods, each_method, has_method);
    let endpoints = sort.values(&endpoints, each_port, has_endpoint);
    let paths = sort.values(&paths, each_path, has_path);
    search.combine(&methods, &endpoints, &paths, steps);
    search.found
}

/// The search for requests that are not covered.
struct Search<'a> {
    row: &'a HttpRule,
    found: Vec<Uncovered>,
}

impl<'a> Search<'a> {
    fn combine(
        &mut self,
        methods: &Values<Option<&'a Method>>,
        endpoints: &Values<Endpoint>,
        paths: &Values<Option<&'a PathPrefix>>,
        steps: &mut Steps,
    ) {
        for (with_method, &method) in methods {
            for (with_endpoint, &endpoint) in endpoints {
                let both = common(with_method, with_endpoint);
                for (with_path, &path) in paths {
                    if !steps.take(both.len()) {
                        self.add(Category::Host, method, endpoint, path);
                        return;
                    }
                    if !is_empty(&common(&both, with_path)) {
                        continue;
                    }
                    if self.found.len() == PARTS {
                        return;
                    }
                    let category = if is_empty(with_method) {
                        Category::Method
                    } else if is_empty(&both) {
                        Category::Port
                    } else {
                        Category::Path
                    };
                    self.add(category, method, endpoint, path);
                }
            }
        }
    }

    /// Keeps the first request of each category.
    fn add(
        &mut self,
        category: Category,
        method: Option<&Method>,
        endpoint: Endpoint,
        path: Option<&PathPrefix>,
    ) {
        if self.found.iter().any(|found| found.category == category) {
            return;
        }
        let method = method.map_or_else(|| "any method".to_owned(), ToString::to_string);
        let host = self.row.host();
        let at = match endpoint {
            Endpoint::At { port, secure } => {
                let scheme = if secure { Scheme::Https } else { Scheme::Http };
                let name = if secure { "https" } else { "http" };
                if port == scheme.default_port() {
                    format!("{name}://{host}")
                } else {
                    format!("{name}://{host}:{port}")
                }
            }
            Endpoint::Offered => format!("http://{host}, at any port that is granted,"),
        };
        let path = path.map_or_else(
            || " with any path".to_owned(),
            |path| String::from(path.clone()),
        );
        self.found.push(Uncovered {
            category,
            example: format!("{method} {at}{path}"),
        });
    }
}

fn hardest_methods(row: &HttpRule) -> Vec<Option<&Method>> {
    match row.methods() {
        [] => vec![None],
        methods => methods.iter().map(Some).collect(),
    }
}

fn hardest_endpoints(row: &HttpRule) -> Vec<Endpoint> {
    let at = |port: u16, secure| Endpoint::At { port, secure };
    let usual = [at(80, false), at(443, true)];
    match row.ports() {
        [] if row.is_open() => usual.into_iter().chain([Endpoint::Offered]).collect(),
        [] => usual.to_vec(),
        ports => ports
            .iter()
            .flat_map(|&port| [false, true].map(|secure| at(port.into(), secure)))
            .collect(),
    }
}

/// None stands for a path that no prefix covers, such as one with `..`: a row without prefixes
/// allows it.
fn hardest_paths(row: &HttpRule) -> Vec<Option<&PathPrefix>> {
    match row.paths() {
        [] => vec![None],
        paths => paths.iter().map(Some).collect(),
    }
}

fn has_method(rule: &HttpRule, method: &Option<&Method>) -> bool {
    let named = rule.methods();
    named.is_empty() || method.is_some_and(|method| named.contains(method))
}

fn has_endpoint(rule: &HttpRule, endpoint: &Endpoint) -> bool {
    match (endpoint, rule.ports()) {
        (Endpoint::Offered, ports) => rule.is_open() && ports.is_empty(),
        (Endpoint::At { port, secure }, []) => {
            let scheme = if *secure { Scheme::Https } else { Scheme::Http };
            *port == scheme.default_port()
        }
        (Endpoint::At { port, .. }, ports) => ports.iter().any(|&own| u16::from(own) == *port),
    }
}

fn has_path(rule: &HttpRule, path: &Option<&PathPrefix>) -> bool {
    let prefixes = rule.paths();
    prefixes.is_empty()
        || path.is_some_and(|path| prefixes.iter().any(|prefix| path.is_within(prefix)))
}

/// Sorts the values of the parts of a row by the rows that cover them.
struct Sort<'a> {
    rows: &'a [&'a HttpRule],
    steps: &'a mut Steps,
}

impl Sort<'_> {
    /// The values of one part. `size` is the number of steps for each of them.
    fn values<T: Copy>(
        &mut self,
        all: &[T],
        size: usize,
        has: impl Fn(&HttpRule, &T) -> bool,
    ) -> Values<T> {
        let mut values = Values::new();
        for value in all {
            let mut covering = vec![0_u64; self.rows.len().div_ceil(64)];
            // Without steps left nothing is known to cover it.
            if self.steps.take(size) {
                for (bits, rows) in covering.iter_mut().zip(self.rows.chunks(64)) {
                    for (place, row) in rows.iter().enumerate() {
                        *bits |= u64::from(has(row, value)) << place;
                    }
                }
            }
            values.entry(covering).or_insert(*value);
        }
        values
    }
}

fn common(one: &Rows, other: &Rows) -> Rows {
    one.iter()
        .zip(other)
        .map(|(one, other)| one & other)
        .collect()
}

fn is_empty(rows: &Rows) -> bool {
    rows.iter().all(|bits| *bits == 0)
}
