//! From a program's text to steps, in one pass: what is read is written down at once.

mod arrays;
mod call;
mod expression;
mod statement;

use std::collections::HashMap;

use cofferdam_command::Stop;
use cofferdam_regex::{Options, Regex, Syntax};

use crate::lexer::{Lexer, Token};
use crate::op::{Function, Op, Program, SPECIAL, Variable};
use arrays::Uses;

/// Maximum depth of parentheses and blocks, because each level takes stack of the guest.
const MAX_DEPTH: usize = 100;

/// Compiles a program.
pub(crate) fn compile(text: &[u8]) -> Result<Program, Stop> {
    let mut compiler = Compiler::new(text)?;
    compiler.program()?;
    compiler.finish()
}

pub(crate) struct Compiler {
    lexer: Lexer,
    token: Token,
    ops: Vec<Op>,
    globals: Vec<String>,
    global_slots: HashMap<String, usize>,
    /// Parameters of the function that is read.
    locals: HashMap<String, usize>,
    /// The function that is read.
    inside: Option<usize>,
    /// The name of the part that is read, when it runs for no record.
    outside: Option<&'static str>,
    functions: Vec<Function>,
    function_slots: HashMap<String, usize>,
    /// Functions that are defined, not only called.
    defined: Vec<bool>,
    loops: Vec<Loop>,
    depth: usize,
    ranges: usize,
    uses: Uses,
    /// In `print a > b` a `>` is no comparison.
    no_greater: bool,
    /// In `for (k in a)` an `in` is no operator.
    no_in: bool,
}

/// A loop or `switch` that is read.
#[derive(Default)]
struct Loop {
    /// Jumps to its end.
    breaks: Vec<usize>,
    /// Jumps to its next round; `None` for a `switch`.
    continues: Option<Vec<usize>>,
    /// It goes through subscripts.
    through: bool,
}

/// Parts of the program that run one after another.
#[derive(Default)]
struct Parts {
    begin: Vec<Op>,
    main: Vec<Op>,
    end: Vec<Op>,
    has_main: bool,
    has_end: bool,
}

impl Compiler {
    fn new(text: &[u8]) -> Result<Self, Stop> {
        let mut compiler = Self {
            lexer: Lexer::new(text),
            token: Token::End,
            ops: Vec::new(),
            globals: Vec::new(),
            global_slots: HashMap::new(),
            locals: HashMap::new(),
            inside: None,
            outside: None,
            functions: Vec::new(),
            function_slots: HashMap::new(),
            defined: Vec::new(),
            loops: Vec::new(),
            depth: 0,
            ranges: 0,
            uses: Uses::default(),
            no_greater: false,
            no_in: false,
        };
        for name in SPECIAL {
            compiler.global(name);
        }
        for name in ["ARGV", "ENVIRON", "PROCINFO"] {
            let variable = Variable::Global(compiler.global(name));
            compiler.uses.array(None, variable);
        }
        compiler.advance()?;
        Ok(compiler)
    }

    // Tokens.

    fn advance(&mut self) -> Result<Token, Stop> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn is(&self, sign: &str) -> bool {
        matches!(&self.token, Token::Sign(found) if *found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.token, Token::Word(found) if *found == word)
    }

    /// Takes a sign if it stands next.
    fn take(&mut self, sign: &str) -> Result<bool, Stop> {
        let found = self.is(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn take_word(&mut self, word: &str) -> Result<bool, Stop> {
        let found = self.is_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, sign: &str) -> Result<(), Stop> {
        if self.take(sign)? {
            return Ok(());
        }
        Err(self
            .lexer
            .stop(&format!("syntax error: `{sign}' is missing here")))
    }

    fn skip_newlines(&mut self) -> Result<(), Stop> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    fn skip_terminators(&mut self) -> Result<(), Stop> {
        while self.token == Token::Newline || self.is(";") {
            self.advance()?;
        }
        Ok(())
    }

    /// Goes a level deeper for as long as `read` runs.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        if self.depth == MAX_DEPTH {
            return Err(self.lexer.stop(&format!(
                "parentheses and blocks may stand {MAX_DEPTH} deep in each other, no deeper"
            )));
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        done
    }

    // Steps.

    fn emit(&mut self, op: Op) -> usize {
        self.ops.push(op);
        self.ops.len() - 1
    }

    /// Leads a jump that was written before to the next step.
    fn land(&mut self, jump: usize) {
        let here = self.ops.len();
        self.lead(jump, here);
    }

    fn lead(&mut self, jump: usize, to: usize) {
        match self.ops.get_mut(jump) {
            Some(
                Op::Jump(place)
                | Op::JumpIfFalse(place)
                | Op::JumpIfTrue(place)
                | Op::ForNext(place),
            ) => *place = to,
            _ => debug_assert!(false, "only jumps lead anywhere"),
        }
    }

    // Names.

    fn global(&mut self, name: &str) -> usize {
        if let Some(slot) = self.global_slots.get(name) {
            return *slot;
        }
        let slot = self.globals.len();
        self.globals.push(name.to_owned());
        self.global_slots.insert(name.to_owned(), slot);
        slot
    }

    fn variable(&mut self, name: &str) -> Variable {
        match self.locals.get(name) {
            Some(slot) => Variable::Local(*slot),
            None => Variable::Global(self.global(name)),
        }
    }

    fn function(&mut self, name: &str) -> usize {
        if let Some(slot) = self.function_slots.get(name) {
            return *slot;
        }
        let slot = self.functions.len();
        self.functions.push(Function {
            name: name.to_owned(),
            ..Function::default()
        });
        self.defined.push(false);
        self.function_slots.insert(name.to_owned(), slot);
        slot
    }

    fn regex(&self, text: &str) -> Result<Regex, Stop> {
        let options = Options {
            syntax: Syntax::Awk,
            ignore_case: false,
            multi_line: false,
        };
        Regex::new(text, options).map_err(|error| self.lexer.stop(&format!("/{text}/: {error}")))
    }

    // The whole.

    /// Reads all rules and functions. Functions are written first, rules in the order they run.
    fn program(&mut self) -> Result<(), Stop> {
        let mut parts = Parts::default();
        self.emit(Op::End);
        loop {
            self.skip_terminators()?;
            match &self.token {
                Token::End => break,
                Token::Word("function") => self.definition()?,
                _ => self.rule(&mut parts)?,
            }
        }
        let begin = self.append(parts.begin);
        let main = self.append(parts.main);
        let end = self.append(parts.end);
        self.uses.entries = [
            Some(begin),
            parts.has_main.then_some(main),
            parts.has_end.then_some(end),
        ];
        Ok(())
    }

    /// Puts a part behind the others. Its jumps were written for steps that begin at 0.
    fn append(&mut self, part: Vec<Op>) -> usize {
        let base = self.ops.len();
        self.ops.extend(part.into_iter().map(|op| moved(op, base)));
        self.emit(Op::End);
        base
    }

    fn rule(&mut self, parts: &mut Parts) -> Result<(), Stop> {
        let whole = std::mem::take(&mut self.ops);
        let part = if self.take_word("BEGIN")? {
            self.action("BEGIN")?;
            &mut parts.begin
        } else if self.take_word("END")? {
            self.action("END")?;
            parts.has_end = true;
            &mut parts.end
        } else if self.is_word("BEGINFILE") || self.is_word("ENDFILE") {
            return Err(self
                .lexer
                .stop("BEGINFILE and ENDFILE are not supported here: test FNR == 1 instead"));
        } else {
            self.pattern()?;
            parts.has_main = true;
            &mut parts.main
        };
        let base = part.len();
        part.extend(
            std::mem::replace(&mut self.ops, whole)
                .into_iter()
                .map(|op| moved(op, base)),
        );
        Ok(())
    }

    /// The action of BEGIN or END.
    fn action(&mut self, name: &'static str) -> Result<(), Stop> {
        if !self.is("{") {
            return Err(self
                .lexer
                .stop(&format!("{name} needs an action: {name} {{ … }}")));
        }
        self.outside = Some(name);
        self.block()?;
        self.outside = None;
        Ok(())
    }

    /// A pattern with its action, which is `print` if it is left out.
    fn pattern(&mut self) -> Result<(), Stop> {
        if self.is("{") {
            return self.block();
        }
        let skip = {
            let start = self.ops.len();
            self.expression()?;
            if self.take(",")? {
                self.skip_newlines()?;
                self.range(start)?
            } else {
                self.emit(Op::JumpIfFalse(0))
            }
        };
        if self.is("{") {
            self.block()?;
        } else {
            self.emit(Op::Print(0, crate::op::Redirect::Stdout));
        }
        self.land(skip);
        Ok(())
    }

    /// The second half of a range, whose first half was written from `start` on.
    fn range(&mut self, start: usize) -> Result<usize, Stop> {
        let range = self.ranges;
        self.ranges += 1;
        // The first pattern is asked only outside of a range.
        let first: Vec<Op> = self.ops.drain(start..).collect();
        let active = self.emit(Op::RangeIsActive(range));
        let inside = self.emit(Op::JumpIfTrue(0));
        debug_assert_eq!(inside, active + 1);
        self.ops.extend(first.into_iter().map(|op| moved(op, 2)));
        let skip = self.emit(Op::JumpIfFalse(0));
        self.emit(Op::SetRange(range, true));
        self.land(inside);
        self.expression()?;
        let body = self.emit(Op::JumpIfFalse(0));
        self.emit(Op::SetRange(range, false));
        self.land(body);
        Ok(skip)
    }

    fn definition(&mut self) -> Result<(), Stop> {
        self.advance()?;
        let Token::Name(name, _) = self.advance()? else {
            return Err(self.lexer.stop("syntax error: a function needs a name"));
        };
        let slot = self.function(&name);
        let defined = self.defined.get_mut(slot);
        if defined.is_some_and(|defined| std::mem::replace(defined, true)) {
            return Err(self
                .lexer
                .stop(&format!("function {name} is defined twice")));
        }
        self.expect("(")?;
        while let Token::Name(parameter, _) = self.token.clone() {
            self.advance()?;
            let index = self.locals.len();
            if self.locals.insert(parameter.clone(), index).is_some() {
                return Err(self
                    .lexer
                    .stop(&format!("parameter {parameter} stands twice")));
            }
            self.skip_newlines()?;
            if !self.take(",")? {
                break;
            }
            self.skip_newlines()?;
        }
        self.expect(")")?;
        self.skip_newlines()?;
        let entry = self.ops.len();
        let parameters = self.locals.len();
        if let Some(function) = self.functions.get_mut(slot) {
            function.entry = entry;
            function.parameters = parameters;
        }
        self.inside = Some(slot);
        self.block()?;
        self.emit(Op::Push(crate::value::Value::Unset));
        self.emit(Op::Return);
        self.inside = None;
        self.locals.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Program, Stop> {
        for (function, defined) in self.functions.iter().zip(&self.defined) {
            if !defined {
                let sentence = format!("function {} is not defined", function.name);
                return Err(Stop::new(sentence).with_code(crate::TROUBLE));
            }
        }
        for op in &self.ops {
            if let Op::Call(function, arguments) = op
                && let Some(function) = self.functions.get(*function)
                && *arguments > function.parameters
            {
                return Err(Stop::new(format!(
                    "function {} is called with {arguments} arguments, and it takes {}",
                    function.name, function.parameters
                )));
            }
        }
        self.uses.infer(&mut self.functions, self.globals.len());
        let [begin, main, end] = self.uses.entries;
        Ok(Program {
            begin: begin.unwrap_or(0),
            main,
            end,
            arrays: std::mem::take(&mut self.uses.globals),
            ops: self.ops,
            functions: self.functions,
            globals: self.globals,
            ranges: self.ranges,
        })
    }
}

/// A step whose jumps lead further by so many steps.
fn moved(op: Op, by: usize) -> Op {
    match op {
        Op::Jump(to) => Op::Jump(to + by),
        Op::JumpIfFalse(to) => Op::JumpIfFalse(to + by),
        Op::JumpIfTrue(to) => Op::JumpIfTrue(to + by),
        Op::ForNext(to) => Op::ForNext(to + by),
        other => other,
    }
}
