//! Statements.

use cofferdam_command::Stop;

use super::{Compiler, Loop};
use crate::lexer::Token;
use crate::op::{Op, Redirect, Target};
use crate::value::Value;

/// Commands that `print` may be sent to: the idiom for standard error.
const TO_STDERR: [&[u8]; 3] = [b"cat 1>&2", b"cat >&2", b"cat 1>& 2"];

impl Compiler {
    /// `{ … }`
    pub(super) fn block(&mut self) -> Result<(), Stop> {
        self.deeper(|this| {
            this.expect("{")?;
            loop {
                this.skip_terminators()?;
                if this.take("}")? {
                    return Ok(());
                }
                if this.token == Token::End {
                    return Err(this.lexer.stop("syntax error: a `}' is missing at the end"));
                }
                this.statement()?;
            }
        })
    }

    /// A statement after `if (…)` and the like; a `;` alone is one too.
    fn body(&mut self) -> Result<(), Stop> {
        self.skip_newlines()?;
        if self.take(";")? {
            return Ok(());
        }
        self.deeper(Self::statement)
    }

    fn statement(&mut self) -> Result<(), Stop> {
        if self.is("{") {
            return self.block();
        }
        let Token::Word(word) = self.token else {
            self.simple()?;
            return self.terminator();
        };
        match word {
            "if" => self.branch(),
            "while" => self.while_loop(),
            "do" => self.do_loop(),
            "for" => self.for_loop(),
            "switch" => self.switch(),
            _ => {
                self.simple()?;
                self.terminator()
            }
        }
    }

    fn terminator(&mut self) -> Result<(), Stop> {
        match &self.token {
            Token::Newline | Token::Sign(";") => {
                self.advance()?;
                Ok(())
            }
            Token::Sign("}") | Token::End => Ok(()),
            _ => Err(self.lexer.stop("syntax error")),
        }
    }

    /// A statement without others in it.
    fn simple(&mut self) -> Result<(), Stop> {
        let Token::Word(word) = self.token else {
            self.expression()?;
            self.emit(Op::Pop);
            return Ok(());
        };
        match word {
            "print" | "printf" => self.print(word == "printf"),
            "delete" => self.delete(),
            "next" | "nextfile" => {
                if let Some(part) = self.outside {
                    return Err(self
                        .lexer
                        .stop(&format!("`{word}' cannot be used in {part}")));
                }
                self.advance()?;
                let op = if word == "next" {
                    Op::Next
                } else {
                    Op::NextFile
                };
                self.emit(op);
                Ok(())
            }
            "exit" => {
                self.advance()?;
                let coded = !self.ends_here();
                if coded {
                    self.expression()?;
                }
                self.emit(Op::Exit(coded));
                Ok(())
            }
            "return" => {
                self.advance()?;
                if self.inside.is_none() {
                    return Err(self.lexer.stop("`return' used outside of a function"));
                }
                if self.ends_here() {
                    self.emit(Op::Push(Value::Unset));
                } else {
                    self.expression()?;
                }
                self.emit(Op::Return);
                Ok(())
            }
            "break" | "continue" => self.leave(word),
            _ => {
                self.expression()?;
                self.emit(Op::Pop);
                Ok(())
            }
        }
    }

    fn ends_here(&self) -> bool {
        matches!(
            self.token,
            Token::Newline | Token::Sign(";" | "}") | Token::End
        )
    }

    fn leave(&mut self, word: &str) -> Result<(), Stop> {
        self.advance()?;
        let is_break = word == "break";
        let found = self
            .loops
            .iter()
            .rposition(|inner| is_break || inner.continues.is_some());
        let Some(found) = found else {
            return Err(self.lexer.stop(&format!("`{word}' used outside of a loop")));
        };
        // `continue` out of a switch leaves the value that it compares.
        for _ in self.loops.iter().skip(found + 1) {
            self.ops.push(Op::Pop);
        }
        if is_break && self.loops.get(found).is_some_and(|inner| inner.through) {
            self.emit(Op::ForEnd);
        }
        let jump = self.emit(Op::Jump(0));
        if let Some(inner) = self.loops.get_mut(found) {
            match &mut inner.continues {
                Some(continues) if !is_break => continues.push(jump),
                _ => inner.breaks.push(jump),
            }
        }
        Ok(())
    }

    fn branch(&mut self) -> Result<(), Stop> {
        self.advance()?;
        self.condition()?;
        let skip = self.emit(Op::JumpIfFalse(0));
        self.body()?;
        // Newlines and `;` before an `else` belong to the `if`; others do no harm.
        self.skip_terminators()?;
        if self.take_word("else")? {
            let end = self.emit(Op::Jump(0));
            self.land(skip);
            self.body()?;
            self.land(end);
        } else {
            self.land(skip);
        }
        Ok(())
    }

    fn condition(&mut self) -> Result<(), Stop> {
        self.expect("(")?;
        self.skip_newlines()?;
        self.anywhere(Self::expression)?;
        self.skip_newlines()?;
        self.expect(")")
    }

    /// Ends a loop: its jumps lead where they should.
    fn end_loop(&mut self, next: usize) {
        let Some(inner) = self.loops.pop() else {
            return;
        };
        for jump in inner.continues.into_iter().flatten() {
            self.lead(jump, next);
        }
        for jump in inner.breaks {
            self.land(jump);
        }
    }

    fn begin_loop(&mut self, through: bool) {
        self.loops.push(Loop {
            continues: Some(Vec::new()),
            through,
            ..Loop::default()
        });
    }

    fn while_loop(&mut self) -> Result<(), Stop> {
        self.advance()?;
        let start = self.ops.len();
        self.condition()?;
        let end = self.emit(Op::JumpIfFalse(0));
        self.begin_loop(false);
        self.body()?;
        self.emit(Op::Jump(start));
        self.land(end);
        self.end_loop(start);
        Ok(())
    }

    fn do_loop(&mut self) -> Result<(), Stop> {
        self.advance()?;
        let start = self.ops.len();
        self.begin_loop(false);
        self.body()?;
        self.skip_terminators()?;
        if !self.take_word("while")? {
            return Err(self
                .lexer
                .stop("syntax error: `do' needs a `while' at its end"));
        }
        let next = self.ops.len();
        self.condition()?;
        self.emit(Op::JumpIfTrue(start));
        self.end_loop(next);
        self.terminator()
    }

    fn for_loop(&mut self) -> Result<(), Stop> {
        self.advance()?;
        self.expect("(")?;
        // `for (k in a)`, unless more follows: `for (k in a; …)` is the other kind.
        if let Token::Name(name, false) = self.token.clone() {
            let key = self.variable(&name);
            self.no_in = true;
            let start = self.ops.len();
            self.simple()?;
            self.no_in = false;
            if self.is_word("in") {
                self.ops.truncate(start);
                return self.for_each(Target::Variable(key));
            }
        } else if !self.is(";") {
            self.simple()?;
        }
        self.expect(";")?;
        self.skip_newlines()?;
        let start = self.ops.len();
        let mut end = None;
        if !self.is(";") {
            self.expression()?;
            end = Some(self.emit(Op::JumpIfFalse(0)));
        }
        let to_body = self.emit(Op::Jump(0));
        self.expect(";")?;
        self.skip_newlines()?;
        let next = self.ops.len();
        if !self.is(")") {
            self.simple()?;
        }
        self.emit(Op::Jump(start));
        self.expect(")")?;
        self.land(to_body);
        self.begin_loop(false);
        self.body()?;
        self.emit(Op::Jump(next));
        if let Some(end) = end {
            self.land(end);
        }
        self.end_loop(next);
        Ok(())
    }

    /// `in array) …`
    fn for_each(&mut self, key: Target) -> Result<(), Stop> {
        self.advance()?;
        let array = self.array_name()?;
        self.expect(")")?;
        self.emit(Op::ForStart(array));
        let next = self.emit(Op::ForNext(0));
        self.emit(Op::Store(key));
        self.emit(Op::Pop);
        self.begin_loop(true);
        self.body()?;
        self.emit(Op::Jump(next));
        self.land(next);
        self.end_loop(next);
        Ok(())
    }

    /// The value stays on the stack until a case is found.
    fn switch(&mut self) -> Result<(), Stop> {
        self.advance()?;
        self.condition()?;
        self.skip_newlines()?;
        self.expect("{")?;
        self.loops.push(Loop::default());
        let mut next_test = Some(self.emit(Op::Jump(0)));
        // From the end of one body into the next, past its test.
        let mut default = None;
        let mut fall: Option<usize> = None;
        loop {
            self.skip_terminators()?;
            if self.take("}")? {
                break;
            }
            if self.take_word("case")? {
                fall = Some(self.emit(Op::Jump(0)));
                if let Some(jump) = next_test.take() {
                    self.land(jump);
                }
                self.case_value()?;
                self.expect(":")?;
                self.emit(Op::Case);
                next_test = Some(self.emit(Op::JumpIfFalse(0)));
            } else if self.take_word("default")? {
                self.expect(":")?;
                default = Some(self.ops.len());
            } else {
                self.deeper(Self::statement)?;
                continue;
            }
            if let Some(jump) = fall.take() {
                self.land(jump);
            }
        }
        let end = self.emit(Op::Jump(0));
        if let Some(jump) = next_test {
            match default {
                Some(default) => self.lead(jump, default),
                None => self.land(jump),
            }
        }
        self.land(end);
        self.end_loop(0);
        self.emit(Op::Pop);
        Ok(())
    }

    fn case_value(&mut self) -> Result<(), Stop> {
        if self.is("/") || self.is("/=") {
            let regex = self.regex_token()?;
            self.emit(Op::Push(Value::Regex(regex)));
            return Ok(());
        }
        let negative = self.take("-")?;
        let value = match self.advance()? {
            Token::Number(number) if negative => Value::Number(-number),
            Token::Number(number) => Value::Number(number),
            Token::Text(text) => Value::text(text),
            _ => return Err(self.lexer.stop("a case is a number, a string or a regexp")),
        };
        self.emit(Op::Push(value));
        Ok(())
    }

    fn delete(&mut self) -> Result<(), Stop> {
        self.advance()?;
        let parenthesis = self.take("(")?;
        let array = self.array_name()?;
        let op = if self.take("[")? {
            self.subscripts("]")?;
            Op::Delete(array)
        } else {
            Op::DeleteAll(array)
        };
        self.emit(op);
        if parenthesis {
            self.expect(")")?;
        }
        Ok(())
    }

    fn print(&mut self, formatted: bool) -> Result<(), Stop> {
        self.advance()?;
        self.no_greater = true;
        let count = self.printed();
        self.no_greater = false;
        let count = count?;
        if formatted && count == 0 {
            return Err(self.lexer.stop("printf: no arguments"));
        }
        let redirect = self.redirect()?;
        self.emit(if formatted {
            Op::Printf(count, redirect)
        } else {
            Op::Print(count, redirect)
        });
        Ok(())
    }

    /// The values of `print a, b` or `print (a, b)`. Returns their number.
    fn printed(&mut self) -> Result<usize, Stop> {
        if self.ends_here() || self.is(">") || self.is(">>") || self.is("|") {
            return Ok(0);
        }
        let mut count = if self.is("(") {
            // Either the whole list, or where its first expression begins.
            let inside = self.grouped()?;
            if inside > 1 && !self.is_word("in") {
                return Ok(inside);
            }
            self.after_group(inside)?;
            1
        } else {
            self.expression()?;
            1
        };
        while self.take(",")? {
            self.skip_newlines()?;
            self.expression()?;
            count += 1;
        }
        Ok(count)
    }

    fn redirect(&mut self) -> Result<Redirect, Stop> {
        let redirect = match &self.token {
            Token::Sign(">") => Redirect::File,
            Token::Sign(">>") => Redirect::Append,
            Token::Sign("|" | "|&") => {
                self.advance()?;
                if let Token::Text(command) = &self.token
                    && TO_STDERR.contains(&command.as_slice())
                {
                    self.advance()?;
                    return Ok(Redirect::Stderr);
                }
                return Err(self.lexer.stop(
                    "a tool cannot start others: print to a file or to standard output, and call \
                     the other tool with that",
                ));
            }
            _ => return Ok(Redirect::Stdout),
        };
        self.advance()?;
        self.no_greater = true;
        let named = self.concatenation();
        self.no_greater = false;
        named?;
        Ok(redirect)
    }
}
