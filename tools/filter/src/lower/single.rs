//! Which terms have exactly one output (or an error): for those the order does not show.

use std::collections::BTreeSet;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Term};
use jaq_core::path::{Opt, Part};

/// Filters of jq that have one output, whatever they get.
const SINGLE: [&str; 29] = [
    "add",
    "ascii_downcase",
    "ascii_upcase",
    "ceil",
    "explode",
    "floor",
    "fromjson",
    "implode",
    "keys",
    "keys_unsorted",
    "length",
    "max",
    "min",
    "not",
    "null",
    "true",
    "false",
    "reverse",
    "round",
    "sort",
    "sqrt",
    "to_entries",
    "tojson",
    "tonumber",
    "tostring",
    "trim",
    "type",
    "unique",
    "utf8bytelength",
];

/// Names that a program defines itself.
pub(super) fn defined<'s>(term: &Term<&'s str>, names: &mut BTreeSet<&'s str>) {
    if let Term::Def(defs, body) = term {
        for Def { name, args, body } in defs {
            names.insert(name);
            names.extend(args.iter().copied());
            defined(body, names);
        }
        defined(body, names);
    } else if let Term::BinOp(left, _, right) = term {
        defined(left, names);
        defined(right, names);
    } else {
        // Definitions elsewhere are rare: nothing is taken for single then.
        for name in SINGLE {
            if mentions_definition(term) {
                names.insert(name);
            }
        }
    }
}

fn mentions_definition(term: &Term<&str>) -> bool {
    let any = |terms: &[Term<&str>]| terms.iter().any(mentions_definition);
    match term {
        Term::Def(..) => true,
        Term::Arr(Some(inner)) | Term::Neg(inner) | Term::Label(_, inner) => {
            mentions_definition(inner)
        }
        Term::Obj(pairs) => pairs.iter().any(|(key, value)| {
            mentions_definition(key) || value.as_ref().is_some_and(mentions_definition)
        }),
        Term::BinOp(left, _, right) => mentions_definition(left) || mentions_definition(right),
        Term::Fold(_, source, _, arguments) => mentions_definition(source) || any(arguments),
        Term::TryCatch(body, handler) => {
            mentions_definition(body) || handler.as_deref().is_some_and(mentions_definition)
        }
        Term::IfThenElse(branches, other) => {
            branches.iter().any(|(condition, then)| {
                mentions_definition(condition) || mentions_definition(then)
            }) || other.as_deref().is_some_and(mentions_definition)
        }
        Term::Call(_, arguments) => any(arguments),
        Term::Path(head, path) => {
            mentions_definition(head)
                || path.0.iter().any(|(part, _)| match part {
                    Part::Index(key) => mentions_definition(key),
                    Part::Range(from, to) => from.iter().chain(to.iter()).any(mentions_definition),
                })
        }
        Term::Str(_, parts) => parts.iter().any(|part| match part {
            StrPart::Term(term) => mentions_definition(term),
            _ => false,
        }),
        _ => false,
    }
}

/// Returns true if a term has exactly one output, or fails.
pub(super) fn is_single(term: &Term<&str>, own: &BTreeSet<&str>) -> bool {
    let single = |term: &Term<&str>| is_single(term, own);
    match term {
        Term::Id | Term::Num(_) | Term::Arr(_) | Term::Var(_) => true,
        Term::Str(_, parts) => parts.iter().all(|part| match part {
            StrPart::Term(term) => single(term),
            _ => true,
        }),
        Term::Obj(pairs) => pairs
            .iter()
            .all(|(key, value)| single(key) && value.as_ref().is_none_or(&single)),
        Term::Neg(inner) => single(inner),
        Term::BinOp(left, operator, right) => {
            let one_each = matches!(
                operator,
                BinaryOp::Pipe(None)
                    | BinaryOp::Math(_)
                    | BinaryOp::Cmp(_)
                    | BinaryOp::And
                    | BinaryOp::Or
            );
            one_each && single(left) && single(right)
        }
        Term::IfThenElse(branches, other) => {
            branches
                .iter()
                .all(|(condition, then)| single(condition) && single(then))
                && other.as_deref().is_none_or(&single)
        }
        Term::Call(name, arguments) => {
            arguments.is_empty() && SINGLE.contains(name) && !own.contains(name)
        }
        Term::Path(head, path) => {
            single(head)
                && path.0.iter().all(|(part, optional)| {
                    matches!(optional, Opt::Essential)
                        && match part {
                            Part::Index(key) => single(key),
                            Part::Range(None, None) => false,
                            Part::Range(from, to) => from.iter().chain(to.iter()).all(&single),
                        }
                })
        }
        _ => false,
    }
}
