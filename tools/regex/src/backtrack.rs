//! Expressions with back-references, which no automaton can match: ways through the expression are
//! tried one after another, and the longest match is taken.

use regex_syntax::hir::ClassUnicode;

use crate::hir::folded;
use crate::node::{Assert, Node, Times};
use crate::{Captures, Error, Options};

/// The longest program, in steps of an expression with its repetitions written out.
const MAX_PROGRAM: usize = 50_000;

/// Steps of one search: some seconds. An expression that needs more would need hours.
const MAX_STEPS: u64 = 20_000_000;

/// A step of a program.
#[derive(Debug)]
enum Step {
    Char(char),
    Byte(u8),
    Any,
    Class(ClassUnicode),
    Assert(Assert),
    BackReference(usize),
    /// Remembers the place in a slot.
    Save(usize),
    /// Goes no further if nothing was matched since the slot was saved: a loop that stands still.
    Progress(usize),
    Jump(usize),
    /// Tries one way and then the other.
    Split(usize, usize),
    Match,
}

/// A step back when a way leads nowhere.
enum Undo {
    /// Goes on at a step, from a place in the text.
    Branch(usize, usize),
    /// Gives a slot its former value.
    Slot(usize, Option<usize>),
}

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Program {
    steps: Vec<Step>,
    /// Slots for groups, two each, and then for loops.
    slots: usize,
    groups: usize,
    fold: bool,
}

impl Program {
    pub(crate) fn new(node: &Node, groups: usize, options: Options) -> Result<Self, Error> {
        let mut program = Self {
            steps: Vec::new(),
            slots: 2 * (groups + 1),
            groups,
            fold: options.ignore_case,
        };
        program.add(node)?;
        program.push(Step::Match)?;
        Ok(program)
    }

    pub(crate) fn captures(&self, text: &[u8], at: usize) -> Result<Option<Captures>, Error> {
        let mut steps = 0;
        let mut start = at;
        loop {
            if let Some(captures) = self.from(text, start, &mut steps)? {
                return Ok(Some(captures));
            }
            if start >= text.len() {
                return Ok(None);
            }
            start += char_at(text, start).map_or(1, char::len_utf8);
        }
    }

    /// The longest match that begins at a place; of several, the one found first.
    fn from(&self, text: &[u8], start: usize, taken: &mut u64) -> Result<Option<Captures>, Error> {
        let mut slots = vec![None; self.slots];
        let mut undo = vec![Undo::Branch(0, start)];
        let mut best: Option<(usize, Vec<Option<usize>>)> = None;
        while let Some(last) = undo.pop() {
            let (mut step, mut at) = match last {
                Undo::Branch(step, at) => (step, at),
                Undo::Slot(slot, value) => {
                    if let Some(place) = slots.get_mut(slot) {
                        *place = value;
                    }
                    continue;
                }
            };
            while let Some(current) = self.steps.get(step) {
                *taken += 1;
                if *taken > MAX_STEPS {
                    return Err(Error::new(
                        "this expression with back-references takes too long on this text",
                    ));
                }
                step += 1;
                match current {
                    Step::Jump(to) => step = *to,
                    Step::Split(first, second) => {
                        undo.push(Undo::Branch(*second, at));
                        step = *first;
                    }
                    Step::Save(slot) => {
                        if let Some(place) = slots.get_mut(*slot) {
                            undo.push(Undo::Slot(*slot, *place));
                            *place = Some(at);
                        }
                    }
                    Step::Progress(slot) => {
                        if slots.get(*slot) == Some(&Some(at)) {
                            break;
                        }
                    }
                    Step::Match => {
                        if best.as_ref().is_none_or(|(end, _)| at > *end) {
                            best = Some((at, slots.clone()));
                        }
                        break;
                    }
                    other => match self.take(other, text, at, &slots) {
                        Some(next) => at = next,
                        None => break,
                    },
                }
            }
            if best.as_ref().is_some_and(|(end, _)| *end == text.len()) {
                break;
            }
        }
        Ok(best.map(|(end, slots)| self.spans(start, end, &slots)))
    }

    fn spans(&self, start: usize, end: usize, slots: &[Option<usize>]) -> Captures {
        let group = |number: usize| {
            let slot = |place: usize| slots.get(place).copied().flatten();
            Some(slot(2 * number)?..slot(2 * number + 1)?)
        };
        let mut spans = vec![Some(start..end)];
        spans.extend((1..=self.groups).map(group));
        Captures { spans }
    }

    /// The place after what a step matches.
    fn take(&self, step: &Step, text: &[u8], at: usize, slots: &[Option<usize>]) -> Option<usize> {
        let char = || char_at(text, at);
        match step {
            Step::Char(wanted) => (char()? == *wanted).then(|| at + wanted.len_utf8()),
            Step::Byte(wanted) => (text.get(at)? == wanted).then_some(at + 1),
            Step::Any => Some(at + char()?.len_utf8()),
            Step::Class(set) => {
                let char = char()?;
                let ranges = set.ranges();
                let after = ranges.partition_point(|range| range.start() <= char);
                let range = ranges.get(after.checked_sub(1)?)?;
                (char <= range.end()).then(|| at + char.len_utf8())
            }
            Step::Assert(assert) => holds(*assert, text, at).then_some(at),
            Step::BackReference(group) => {
                let slot = |place: usize| slots.get(place).copied().flatten();
                let said = text.get(slot(2 * group)?..slot(2 * group + 1)?)?;
                let here = text.get(at..at + said.len())?;
                let same = said == here || (self.fold && lower(said) == lower(here));
                same.then_some(at + said.len())
            }
            _ => None,
        }
    }

    fn push(&mut self, step: Step) -> Result<usize, Error> {
        if self.steps.len() >= MAX_PROGRAM {
            return Err(Error::new("Regular expression too big"));
        }
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }

    /// Sets where a jump that was written before leads.
    fn lead(&mut self, from: usize, step: Step) {
        if let Some(place) = self.steps.get_mut(from) {
            *place = step;
        }
    }

    fn add(&mut self, node: &Node) -> Result<(), Error> {
        match node {
            Node::Empty => {}
            Node::Char(char) if self.fold => drop(self.push(Step::Class(folded(*char)?))?),
            Node::Char(char) => drop(self.push(Step::Char(*char))?),
            Node::Byte(byte) => drop(self.push(Step::Byte(*byte))?),
            Node::Any => drop(self.push(Step::Any)?),
            Node::Class(set) => drop(self.push(Step::Class(set.clone()))?),
            Node::Assert(assert) => drop(self.push(Step::Assert(*assert))?),
            Node::BackReference(group) => drop(self.push(Step::BackReference(*group))?),
            Node::Group(number, node) => {
                self.push(Step::Save(2 * number))?;
                self.add(node)?;
                self.push(Step::Save(2 * number + 1))?;
            }
            Node::Concat(nodes) => {
                for node in nodes {
                    self.add(node)?;
                }
            }
            Node::Alternate(nodes) => self.alternate(nodes)?,
            Node::Repeat(node, times) => self.repeat(node, *times)?,
        }
        Ok(())
    }

    fn alternate(&mut self, nodes: &[Node]) -> Result<(), Error> {
        let mut exits = Vec::new();
        for (place, node) in nodes.iter().enumerate() {
            if place + 1 == nodes.len() {
                self.add(node)?;
                break;
            }
            let split = self.push(Step::Match)?;
            self.add(node)?;
            exits.push(self.push(Step::Match)?);
            self.lead(split, Step::Split(split + 1, self.steps.len()));
        }
        let end = self.steps.len();
        for exit in exits {
            self.lead(exit, Step::Jump(end));
        }
        Ok(())
    }

    fn repeat(&mut self, node: &Node, times: Times) -> Result<(), Error> {
        for _ in 0..times.least {
            self.add(node)?;
        }
        let Some(most) = times.most else {
            let slot = self.slots;
            self.slots += 1;
            let split = self.push(Step::Match)?;
            self.push(Step::Save(slot))?;
            self.add(node)?;
            self.push(Step::Progress(slot))?;
            self.push(Step::Jump(split))?;
            self.lead(split, Step::Split(split + 1, self.steps.len()));
            return Ok(());
        };
        let mut splits = Vec::new();
        for _ in times.least..most {
            splits.push(self.push(Step::Match)?);
            self.add(node)?;
        }
        let end = self.steps.len();
        for split in splits {
            self.lead(split, Step::Split(split + 1, end));
        }
        Ok(())
    }
}

fn lower(text: &[u8]) -> String {
    String::from_utf8_lossy(text).to_lowercase()
}

/// The character that begins at a place, if one does.
pub(crate) fn char_at(text: &[u8], at: usize) -> Option<char> {
    let rest = text.get(at..)?;
    let first = *rest.first()?;
    if first.is_ascii() {
        return Some(char::from(first));
    }
    let longest = rest.get(..rest.len().min(4))?;
    let valid = match std::str::from_utf8(longest) {
        Ok(valid) => valid,
        Err(error) => std::str::from_utf8(longest.get(..error.valid_up_to())?).ok()?,
    };
    valid.chars().next()
}

/// The character that ends at a place, if one does.
fn char_before(text: &[u8], at: usize) -> Option<char> {
    (1..=4).find_map(|length| {
        let start = at.checked_sub(length)?;
        char_at(text, start).filter(|char| char.len_utf8() == length)
    })
}

fn holds(assert: Assert, text: &[u8], at: usize) -> bool {
    let is_word =
        |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    let before = is_word(char_before(text, at));
    let after = is_word(char_at(text, at));
    match assert {
        Assert::TextStart => at == 0,
        Assert::TextEnd => at == text.len(),
        Assert::LineStart => at == 0 || text.get(at - 1) == Some(&b'\n'),
        Assert::LineEnd => at == text.len() || text.get(at) == Some(&b'\n'),
        Assert::Boundary => before != after,
        Assert::NoBoundary => before == after,
        Assert::WordStart => !before && after,
        Assert::WordEnd => before && !after,
    }
}
