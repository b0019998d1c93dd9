//! From parts to what automata are made of.

use regex_syntax::hir::{
    Capture, Class, ClassUnicode, ClassUnicodeRange, Dot, Hir, Look, Repetition,
};

use crate::Error;
use crate::node::{Assert, Node};

/// The expression for regex-automata. Back-references have none.
pub(crate) fn hir(node: &Node, fold: bool) -> Result<Hir, Error> {
    let all = |nodes: &[Node]| {
        let hirs = nodes.iter().map(|node| hir(node, fold));
        hirs.collect::<Result<Vec<_>, _>>()
    };
    Ok(match node {
        Node::Empty => Hir::empty(),
        Node::Char(char) if fold => Hir::class(Class::Unicode(folded(*char)?)),
        Node::Char(char) => Hir::literal(char.encode_utf8(&mut [0; 4]).as_bytes()),
        Node::Byte(byte) => Hir::literal([*byte]),
        Node::Any => Hir::dot(Dot::AnyChar),
        Node::Class(set) => Hir::class(Class::Unicode(set.clone())),
        Node::Assert(assert) => Hir::look(look(*assert)),
        Node::Group(number, node) => Hir::capture(Capture {
            index: u32::try_from(*number).map_err(|_| Error::new("too many groups"))?,
            name: None,
            sub: Box::new(hir(node, fold)?),
        }),
        Node::BackReference(_) => return Err(Error::new("a back-reference is no automaton")),
        Node::Concat(nodes) => Hir::concat(all(nodes)?),
        Node::Alternate(nodes) => Hir::alternation(all(nodes)?),
        Node::Repeat(node, times) => Hir::repetition(Repetition {
            min: times.least,
            max: times.most,
            greedy: true,
            sub: Box::new(hir(node, fold)?),
        }),
    })
}

/// A character in both cases.
pub(crate) fn folded(char: char) -> Result<ClassUnicode, Error> {
    let mut set = ClassUnicode::new([ClassUnicodeRange::new(char, char)]);
    match set.try_case_fold_simple() {
        Ok(()) => Ok(set),
        Err(_) => Err(Error::new("letters cannot be folded here")),
    }
}

fn look(assert: Assert) -> Look {
    match assert {
        Assert::TextStart => Look::Start,
        Assert::TextEnd => Look::End,
        Assert::LineStart => Look::StartLF,
        Assert::LineEnd => Look::EndLF,
        Assert::Boundary => Look::WordUnicode,
        Assert::NoBoundary => Look::WordUnicodeNegate,
        Assert::WordStart => Look::WordStartUnicode,
        Assert::WordEnd => Look::WordEndUnicode,
    }
}
