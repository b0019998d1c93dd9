//! A text becomes a program: a script, a module, or the body of an async function.
//!
//! Scripts are what Node runs. A module is taken where a script does not parse, and a function body
//! where neither does: `return` and `await` then work at the top, as people write them.

use std::ops::ControlFlow;

use boa_engine::ast::expression::{Expression, Identifier};
use boa_engine::ast::scope::Scope;
use boa_engine::ast::visitor::{VisitWith, Visitor};
use boa_engine::ast::{ModuleItem, Position, Spanned, Statement, StatementList, StatementListItem};
use boa_engine::interner::{Interner, Sym};
use boa_engine::parser::error::Error as ParserError;
use boa_engine::parser::lexer::Error as LexerError;
use boa_engine::parser::{Parser, Source};

use crate::nesting::{DEEPEST, is_too_deep};

/// The name to which a module assigns the value of its last expression.
pub(crate) const VALUE: &str = "$value";

/// The operator that scripts have in async functions alone.
const AWAIT: &str = "await";

/// Words that functions alone have.
const BODY: [&str; 2] = [AWAIT, "return"];

/// The beginning of a function body, on the first line of the text.
const BEFORE_BODY: &str = "(async () => {";
const AFTER_BODY: &str = "\n})()";

/// A text that parses.
#[derive(Debug)]
pub(crate) struct Program {
    /// The text that is run.
    pub(crate) text: String,
    pub(crate) form: Form,
    /// The last statement is an expression.
    pub(crate) ends_in_value: bool,
    /// Text that is not the author's.
    pub(crate) insertions: Vec<Insertion>,
}

/// The form of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Script,
    Module,
    /// The body of an async function, which is called.
    Body,
}

/// Text in the line of an author.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Insertion {
    pub(crate) line: u32,
    /// The column before which it stands.
    pub(crate) column: u32,
    pub(crate) width: u32,
}

/// The reason why a text does not parse.
#[derive(Debug)]
pub(crate) struct Unparsed {
    pub(crate) sentence: String,
    /// Unknown at the end of the text, for one.
    pub(crate) place: Option<Place>,
    /// The text ends where more is expected: nothing is further.
    pub(crate) is_end: bool,
    /// No other form of the text would be right.
    is_final: bool,
}

/// A line and a column, both from 1 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Returns true if a script ends in an expression.
pub(crate) fn ends_in_value(text: &str) -> bool {
    script(text).is_ok_and(|last| last.is_some())
}

/// Parses a text as whatever it can be. `module` takes modules alone.
pub(crate) fn parse(text: &str, module: bool) -> Result<Program, Unparsed> {
    if is_too_deep(text) {
        return Err(refused(format!(
            "brackets nest more than {DEEPEST} deep: give names to inner parts"
        )));
    }
    let mut failures = Vec::new();
    if !module {
        match script(text) {
            Ok(last) => {
                return Ok(Program {
                    text: text.to_owned(),
                    form: Form::Script,
                    ends_in_value: last.is_some(),
                    insertions: Vec::new(),
                });
            }
            Err(failure) if failure.is_final => return Err(failure),
            Err(failure) => failures.push(failure),
        }
    }
    match self::module(text) {
        Ok(Some(last)) => {
            let prefix = format!("{VALUE} = ");
            let changed = insert(text, last, &prefix);
            let changed = changed.filter(|(changed, _)| self::module(changed).is_ok());
            return Ok(module_program(text, changed));
        }
        Ok(_) => return Ok(module_program(text, None)),
        Err(failure) => failures.push(failure),
    }
    // In a function the engine overlooks some mistakes, so only what needs one is one.
    if !module && BODY.iter().any(|word| has_word(text, word)) {
        match body(text) {
            Ok(program) => return Ok(program),
            // What stands behind the text is not the author's.
            Err(failure) => {
                let lines = text.lines().count();
                let line = failure.place.map_or(u32::MAX, |place| place.line);
                let is_inside = usize::try_from(line).is_ok_and(|line| line <= lines);
                failures.extend(is_inside.then_some(failure));
            }
        }
    }
    // The form that fits best fails last.
    let furthest = failures.into_iter().reduce(|best, other| {
        if (other.is_end, other.place) > (best.is_end, best.place) {
            other
        } else {
            best
        }
    });
    Err(furthest.unwrap_or_else(|| refused("it does not parse".to_owned())))
}

/// A reason that holds for each form of a text.
fn refused(sentence: String) -> Unparsed {
    Unparsed {
        sentence,
        place: None,
        is_end: false,
        is_final: true,
    }
}

fn module_program(text: &str, changed: Option<(String, Insertion)>) -> Program {
    let ends_in_value = changed.is_some();
    let (text, insertions) = match changed {
        Some((text, insertion)) => (text, vec![insertion]),
        None => (text.to_owned(), Vec::new()),
    };
    Program {
        text,
        form: Form::Module,
        ends_in_value,
        insertions,
    }
}

/// Parses a text as the body of a function, and returns the value of its last expression from it.
fn body(text: &str) -> Result<Program, Unparsed> {
    let wrapped = |text: &str| format!("{BEFORE_BODY}{text}{AFTER_BODY}");
    let width = u32::try_from(BEFORE_BODY.len()).unwrap_or_default();
    let before = Insertion {
        line: 1,
        column: 1,
        width,
    };
    script(&wrapped(text)).map_err(|failure| Unparsed {
        place: failure.place.map(|place| before.author(place)),
        ..failure
    })?;
    Ok(Program {
        text: wrapped(text),
        form: Form::Body,
        ends_in_value: true,
        insertions: vec![before],
    })
}

impl Insertion {
    /// The place that an author knows, of one in the changed text.
    pub(crate) fn author(self, place: Place) -> Place {
        if place.line != self.line || place.column <= self.column {
            return place;
        }
        Place {
            column: place.column.saturating_sub(self.width).max(self.column),
            ..place
        }
    }
}

/// Parses a script. Returns the beginning of its last statement if that is an expression.
fn script(text: &str) -> Result<Option<Position>, Unparsed> {
    let mut interner = Interner::default();
    let parsed = Parser::new(Source::from_bytes(text))
        .parse_script(&Scope::new_global(), &mut interner)
        .map_err(unparsed)?;
    let statements = parsed.statements();
    let is_await = |()| Unparsed {
        is_final: false,
        ..refused("await is only valid in async functions and at the top".to_owned())
    };
    let word = interner.get(AWAIT);
    word.map_or(Ok(()), |word| named(statements, word).map_err(is_await))?;
    Ok(statements.statements().last().and_then(value))
}

/// Fails where an identifier is called `await`: the author means the operator.
fn named(statements: &StatementList, word: Sym) -> Result<(), ()> {
    struct Named(Sym);
    impl<'ast> Visitor<'ast> for Named {
        type BreakTy = ();

        fn visit_identifier(&mut self, node: &'ast Identifier) -> ControlFlow<()> {
            if node.sym() == self.0 {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
    }
    if statements.visit_with(&mut Named(word)).is_break() {
        return Err(());
    }
    Ok(())
}

/// Returns true for code that the engine may get wrong: `await` outside of functions, which it
/// takes for a name, and brackets that nest too deep.
pub(crate) fn is_doubtful(text: &str) -> bool {
    has_word(text, AWAIT) || is_too_deep(text)
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || "_$".contains(character);
    text.split(|character| !is_part(character))
        .any(|other| other == word)
}

fn module(text: &str) -> Result<Option<Position>, Unparsed> {
    let mut interner = Interner::default();
    let parsed = Parser::new(Source::from_bytes(text))
        .parse_module(&Scope::new_global(), &mut interner)
        .map_err(unparsed)?;
    Ok(match parsed.items().items().last() {
        Some(ModuleItem::StatementListItem(item)) => value(item),
        _ => None,
    })
}

/// The beginning of a statement that is an expression.
fn value(item: &StatementListItem) -> Option<Position> {
    struct Leftmost(Position);
    impl<'ast> Visitor<'ast> for Leftmost {
        type BreakTy = ();

        fn visit_expression(&mut self, node: &'ast Expression) -> ControlFlow<()> {
            self.0 = self.0.min(node.span().start());
            node.visit_with(self)
        }
    }
    let StatementListItem::Statement(statement) = item else {
        return None;
    };
    let Statement::Expression(expression) = statement.as_ref() else {
        return None;
    };
    // That of a call is the place of its parentheses.
    let mut leftmost = Leftmost(expression.span().start());
    let _ = leftmost.visit_expression(expression);
    Some(leftmost.0)
}

/// Puts `prefix` before the place.
fn insert(text: &str, place: Position, prefix: &str) -> Option<(String, Insertion)> {
    let (before, after) = text.split_at_checked(offset(text, place)?)?;
    let insertion = Insertion {
        line: place.line_number(),
        column: place.column_number(),
        width: u32::try_from(prefix.len()).ok()?,
    };
    Some((format!("{before}{prefix}{after}"), insertion))
}

/// The byte at which a place begins. Lines end as the language has it.
fn offset(text: &str, place: Position) -> Option<usize> {
    let mut here = Position::new(1, 1);
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if here == place {
            return Some(at);
        }
        here = match character {
            '\r' if characters.peek().is_some_and(|(_, next)| *next == '\n') => here,
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => Position::new(here.line_number() + 1, 1),
            _ => Position::new(here.line_number(), here.column_number() + 1),
        };
    }
    None
}

fn unparsed(error: ParserError) -> Unparsed {
    let position = match &error {
        ParserError::Expected { span, .. } | ParserError::Unexpected { span, .. } => {
            Some(span.start())
        }
        ParserError::General { position, .. } => Some(*position),
        ParserError::Lex {
            err: LexerError::Syntax(_, position),
        } => Some(*position),
        _ => None,
    };
    let place = position.map(|position| Place {
        line: position.line_number(),
        column: position.column_number(),
    });
    let is_end = matches!(error, ParserError::AbruptEnd);
    let sentence = match &error {
        ParserError::AbruptEnd => "the code ends in the middle: a bracket, brace, quote or \
                                   expression is open"
            .to_owned(),
        _ => without_place(&error.to_string()).to_owned(),
    };
    Unparsed {
        sentence,
        place,
        is_end,
        is_final: false,
    }
}

/// The sentence without the place at its end.
fn without_place(sentence: &str) -> &str {
    sentence
        .rsplit_once(" at line ")
        .map_or(sentence, |(before, _)| before)
}
