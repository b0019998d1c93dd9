//! Terms that mean in the engine what they mean in jq.

use std::collections::BTreeSet;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::path::{Opt, Part, Path};

use super::single::is_single;

/// Rewrites the terms of one text of code.
pub(crate) struct Rewriter<'s> {
    /// Names that the program defines itself: nothing is known about those.
    own: BTreeSet<&'s str>,
}

type Tree<'s> = Term<&'s str>;

/// Names of our own variables, which no program can say.
const LEFT: &str = "$!left";
const RIGHT: &str = "$!right";
const PAIR: &str = "$!pair";
const PARTS: [&str; 8] = ["$!0", "$!1", "$!2", "$!3", "$!4", "$!5", "$!6", "$!7"];

impl<'s> Rewriter<'s> {
    pub(super) fn new(own: BTreeSet<&'s str>) -> Self {
        Self { own }
    }

    fn is_single(&self, term: &Tree<'s>) -> bool {
        is_single(term, &self.own)
    }

    #[allow(clippy::boxed_local, reason = "a tree has its parts boxed")]
    fn boxed(&mut self, term: Box<Tree<'s>>) -> Box<Tree<'s>> {
        Box::new(self.term(*term))
    }

    pub(super) fn term(&mut self, term: Tree<'s>) -> Tree<'s> {
        match term {
            Term::Str(format, parts) => self.text(format, parts),
            Term::Arr(inner) => Term::Arr(inner.map(|inner| self.boxed(inner))),
            Term::Obj(pairs) => self.object(pairs),
            Term::Neg(inner) => Term::Neg(self.boxed(inner)),
            Term::BinOp(left, operator, right) => self.binary(*left, operator, *right),
            Term::Label(name, body) => Term::Label(name, self.boxed(body)),
            Term::Fold(name, source, pattern, arguments) => {
                self.fold(name, *source, pattern, arguments)
            }
            Term::TryCatch(body, handler) => {
                Term::TryCatch(self.boxed(body), handler.map(|handler| self.boxed(handler)))
            }
            Term::IfThenElse(branches, other) => {
                let branches = branches
                    .into_iter()
                    .map(|(condition, then)| (self.term(condition), self.term(then)));
                Term::IfThenElse(branches.collect(), other.map(|other| self.boxed(other)))
            }
            Term::Def(defs, body) => {
                let defs = defs.into_iter().map(|def| self.definition(def)).collect();
                Term::Def(defs, self.boxed(body))
            }
            Term::Call(name, arguments) => {
                let arguments = arguments.into_iter().map(|argument| self.term(argument));
                Term::Call(name, arguments.collect())
            }
            Term::Path(head, path) => self.path(*head, path),
            other => other,
        }
    }

    /// An argument `$a` can be called as `a`, too.
    pub(super) fn definition(&mut self, def: Def<&'s str>) -> Def<&'s str> {
        let mut body = self.term(def.body);
        for argument in def.args.iter().copied().rev() {
            let plain = argument.strip_prefix('$');
            if let Some(plain) = plain.filter(|plain| !def.args.contains(plain)) {
                let alias = Def {
                    name: plain,
                    args: Vec::new(),
                    body: Term::Var(argument),
                };
                body = Term::Def(vec![alias], Box::new(body));
            }
        }
        Def { body, ..def }
    }

    /// An object: where a value may have no output, the values before it run all the same, so that
    /// their errors are told.
    fn object(&mut self, pairs: Vec<(Tree<'s>, Option<Tree<'s>>)>) -> Tree<'s> {
        let may_be_empty =
            |value: &Option<Tree<'s>>| value.as_ref().is_some_and(|value| !self.is_single(value));
        let bind = pairs.iter().any(|(_, value)| may_be_empty(value))
            && pairs.iter().all(|(key, _)| self.is_single(key))
            && (2..=PARTS.len()).contains(&pairs.len());
        let mut bound = Vec::new();
        let mut written = Vec::with_capacity(pairs.len());
        for ((key, value), name) in pairs.into_iter().zip(PARTS.iter().copied().cycle()) {
            let key = self.key(key);
            let value = value.map(|value| self.term(value));
            written.push(match value {
                Some(value) if bind => {
                    bound.push((name, value));
                    (key, Some(Term::Var(name)))
                }
                value => (key, value),
            });
        }
        bound
            .into_iter()
            .rev()
            .fold(Term::Obj(written), |body, (name, value)| {
                bind_as(value, Pattern::Var(name), body)
            })
    }

    /// A key of an object: a variable stands for its own name.
    fn key(&mut self, key: Tree<'s>) -> Tree<'s> {
        match key {
            Term::Var(_) => key,
            other => self.term(other),
        }
    }

    /// A text: where several parts have several outputs, the first part's change fastest.
    fn text(
        &mut self,
        format: Option<&'s str>,
        parts: Vec<StrPart<&'s str, Tree<'s>>>,
    ) -> Tree<'s> {
        let terms = || {
            parts.iter().filter_map(|part| match part {
                StrPart::Term(term) => Some(term),
                _ => None,
            })
        };
        let bind = (2..=PARTS.len()).contains(&terms().count())
            && !terms().all(|term| self.is_single(term));
        let mut names = PARTS.iter().copied();
        let mut bound = Vec::new();
        let mut written = Vec::with_capacity(parts.len());
        for part in parts {
            written.push(match part {
                StrPart::Term(term) => {
                    let term = self.term(term);
                    match names.next().filter(|_| bind) {
                        Some(name) => {
                            bound.push((name, term));
                            StrPart::Term(Term::Var(name))
                        }
                        None => StrPart::Term(term),
                    }
                }
                other => other,
            });
        }
        let mut result = Term::Str(format, written);
        for (name, term) in bound {
            result = bind_as(term, Pattern::Var(name), result);
        }
        result
    }

    fn binary(&mut self, left: Tree<'s>, operator: BinaryOp<&'s str>, right: Tree<'s>) -> Tree<'s> {
        let single = self.is_single(&left) && self.is_single(&right);
        let ordered = single || cannot_fail(&left) || cannot_fail(&right);
        let left = self.term(left);
        let right = self.term(right);
        match operator {
            BinaryOp::Pipe(pattern) => {
                let pattern = pattern.map(|pattern| self.pattern(pattern));
                operation(left, BinaryOp::Pipe(pattern), right)
            }
            BinaryOp::Math(_) | BinaryOp::Cmp(_) if !ordered => {
                let both = operation(Term::Var(LEFT), operator, Term::Var(RIGHT));
                let left = bind_as(left, Pattern::Var(LEFT), both);
                bind_as(right, Pattern::Var(RIGHT), left)
            }
            // Only outputs that are true have paths.
            BinaryOp::Alt => {
                let keep = Term::IfThenElse(
                    vec![(Term::Id, Term::Id)],
                    Some(Box::new(Term::Call("empty", Vec::new()))),
                );
                let left = operation(left, BinaryOp::Pipe(None), keep);
                operation(left, BinaryOp::Alt, right)
            }
            BinaryOp::Assign => Term::Call("!assign", vec![left, right]),
            BinaryOp::Update => Term::Call("!update", vec![left, right]),
            BinaryOp::UpdateMath(math) => self.calculated(left, BinaryOp::Math(math), right),
            BinaryOp::UpdateAlt => self.calculated(left, BinaryOp::Alt, right),
            other => operation(left, other, right),
        }
    }

    /// `left op= right` as `right as $r | left |= . op $r`.
    fn calculated(
        &mut self,
        left: Tree<'s>,
        operator: BinaryOp<&'s str>,
        right: Tree<'s>,
    ) -> Tree<'s> {
        let new = operation(Term::Id, operator, Term::Var(RIGHT));
        let update = Term::Call("!update", vec![left, new]);
        bind_as(right, Pattern::Var(RIGHT), update)
    }

    fn pattern(&mut self, pattern: Pattern<&'s str>) -> Pattern<&'s str> {
        match pattern {
            Pattern::Var(name) => Pattern::Var(name),
            Pattern::Arr(parts) => {
                Pattern::Arr(parts.into_iter().map(|part| self.pattern(part)).collect())
            }
            Pattern::Obj(fields) => Pattern::Obj(
                fields
                    .into_iter()
                    .map(|(key, part)| (self.term(key), self.pattern(part)))
                    .collect(),
            ),
        }
    }

    fn fold(
        &mut self,
        name: &'s str,
        source: Tree<'s>,
        pattern: Pattern<&'s str>,
        arguments: Vec<Tree<'s>>,
    ) -> Tree<'s> {
        let single = arguments.get(1).is_none_or(|update| self.is_single(update));
        let source = self.term(source);
        let pattern = self.pattern(pattern);
        let mut arguments: Vec<_> = arguments.into_iter().map(|term| self.term(term)).collect();
        match (name, arguments.len()) {
            ("reduce", 2) if !single => {
                if let Some(update) = arguments.get_mut(1) {
                    let whole = std::mem::take(update);
                    *update = Term::Call("!last", vec![whole]);
                }
                Term::Fold(name, Box::new(source), pattern, arguments)
            }
            ("foreach", 2 | 3) if !single => {
                let mut arguments = arguments.into_iter();
                let init = arguments.next().unwrap_or_default();
                let update = arguments.next().unwrap_or_default();
                let extract = arguments.next().unwrap_or_default();
                let update = with_state(pattern.clone(), update);
                let extract = with_state(pattern, extract);
                Term::Call("!foreach", vec![source, init, update, extract])
            }
            _ => Term::Fold(name, Box::new(source), pattern, arguments),
        }
    }

    fn path(&mut self, head: Tree<'s>, path: Path<Tree<'s>>) -> Tree<'s> {
        let several_heads = !self.is_single(&head);
        let head = self.term(head);
        let mut parts = Vec::with_capacity(path.0.len());
        for (part, optional) in path.0 {
            let part = match part {
                Part::Index(key) => Part::Index((self.is_single(&key), self.term(key))),
                Part::Range(from, to) => Part::Range(
                    from.map(|from| (true, self.term(from))),
                    to.map(|to| (true, self.term(to))),
                ),
            };
            parts.push((part, optional));
        }
        // The key's outputs are the outer loop, where both have several.
        if several_heads && let [(Part::Index((false, _)), _)] = parts.as_slice() {
            if let Some((Part::Index((_, key)), optional)) = parts.pop() {
                let part = (Part::Index(Term::Var(RIGHT)), optional);
                let indexed = Term::Path(Box::new(head), Path(vec![part]));
                return bind_as(key, Pattern::Var(RIGHT), indexed);
            }
            return head;
        }
        let parts = parts.into_iter().map(|(part, optional)| {
            let part = match part {
                Part::Index((_, key)) => Part::Index(key),
                Part::Range(from, to) => {
                    Part::Range(from.map(|(_, from)| from), to.map(|(_, to)| to))
                }
            };
            (part, optional)
        });
        Term::Path(Box::new(head), Path(parts.collect()))
    }
}

/// A filter over `[state, element]` out of one that gets the state and has the element bound.
fn with_state<'s>(pattern: Pattern<&'s str>, filter: Tree<'s>) -> Tree<'s> {
    let part = |index| {
        let part = (Part::Index(Term::Num(index)), Opt::Essential);
        Term::Path(Box::new(Term::Var(PAIR)), Path(vec![part]))
    };
    let filter = operation(part("0"), BinaryOp::Pipe(None), filter);
    let filter = bind_as(part("1"), pattern, filter);
    bind_as(Term::Id, Pattern::Var(PAIR), filter)
}

/// Returns true for terms that have one output, whatever the input is.
fn cannot_fail(term: &Tree<'_>) -> bool {
    match term {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(None) => true,
        Term::Str(_, parts) => !parts.iter().any(|part| matches!(part, StrPart::Term(_))),
        _ => false,
    }
}

fn operation<'s>(left: Tree<'s>, operator: BinaryOp<&'s str>, right: Tree<'s>) -> Tree<'s> {
    Term::BinOp(Box::new(left), operator, Box::new(right))
}

/// `term as pattern | body`
fn bind_as<'s>(term: Tree<'s>, pattern: Pattern<&'s str>, body: Tree<'s>) -> Tree<'s> {
    operation(term, BinaryOp::Pipe(Some(pattern)), body)
}
