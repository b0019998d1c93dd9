//! Expressions, by the precedence of their operators.

use std::rc::Rc;

use cofferdam_command::Stop;
use cofferdam_regex::Regex;

use super::Compiler;
use crate::lexer::Token;
use crate::op::{Arithmetic, Comparison, Op, Target, Variable};
use crate::value::Value;

/// Precedence of operators; higher ones bind tighter.
mod level {
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const IN: u8 = 3;
    pub(super) const MATCH: u8 = 4;
    pub(super) const COMPARE: u8 = 5;
    pub(super) const CONCAT: u8 = 6;
    pub(super) const ADD: u8 = 7;
    pub(super) const MULTIPLY: u8 = 8;
}

impl Compiler {
    pub(super) fn expression(&mut self) -> Result<(), Stop> {
        self.deeper(|this| this.choice(false))
    }

    /// Reads where `>` and `in` are operators again: in parentheses and brackets.
    pub(super) fn anywhere<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let no_greater = std::mem::take(&mut self.no_greater);
        let no_in = std::mem::take(&mut self.no_in);
        let done = read(self);
        self.no_greater = no_greater;
        self.no_in = no_in;
        done
    }

    /// `a ? b : c`; `started`: the first operand is written already.
    fn choice(&mut self, started: bool) -> Result<(), Stop> {
        self.binary(level::OR, started)?;
        if !self.take("?")? {
            return Ok(());
        }
        self.skip_newlines()?;
        let otherwise = self.emit(Op::JumpIfFalse(0));
        self.expression()?;
        self.skip_newlines()?;
        self.expect(":")?;
        self.skip_newlines()?;
        let end = self.emit(Op::Jump(0));
        self.land(otherwise);
        self.expression()?;
        self.land(end);
        Ok(())
    }

    /// The name of a file: operands side by side, without comparisons.
    pub(super) fn concatenation(&mut self) -> Result<(), Stop> {
        self.binary(level::CONCAT, false)
    }

    /// Reads on behind an operand that is written already.
    pub(super) fn after_operand(&mut self) -> Result<(), Stop> {
        self.power_tail()?;
        self.deeper(|this| this.choice(true))
    }

    /// Reads on behind a list in parentheses, of which more than one are subscripts.
    pub(super) fn after_group(&mut self, count: usize) -> Result<(), Stop> {
        self.group_tail(count)?;
        self.after_operand()
    }

    fn group_tail(&mut self, count: usize) -> Result<(), Stop> {
        if count == 1 {
            return Ok(());
        }
        if !self.take_word("in")? {
            return Err(self
                .lexer
                .stop("syntax error: a list in parentheses needs `in' here"));
        }
        self.emit(Op::Subscript(count));
        let array = self.array_name()?;
        self.emit(Op::In(array));
        Ok(())
    }

    fn binary(&mut self, least: u8, started: bool) -> Result<(), Stop> {
        if !started {
            self.unary()?;
        }
        while let Some(level) = self.level()? {
            if level < least {
                break;
            }
            self.operator(level)?;
        }
        Ok(())
    }

    /// The level of the operator that stands next, if one does.
    fn level(&self) -> Result<Option<u8>, Stop> {
        let level = match &self.token {
            Token::Sign("||") => level::OR,
            Token::Sign("&&") => level::AND,
            Token::Word("in") if !self.no_in => level::IN,
            Token::Sign("~" | "!~") => level::MATCH,
            Token::Sign(">") if self.no_greater => return Ok(None),
            Token::Sign("<" | "<=" | "==" | "!=" | ">" | ">=") => level::COMPARE,
            Token::Sign("+" | "-") => level::ADD,
            Token::Sign("*" | "/" | "%") => level::MULTIPLY,
            Token::Sign("|" | "|&") if !self.no_greater => {
                return Err(self.lexer.stop(
                    "a tool cannot start others: call the other tool first, and read what it \
                     printed from a file or from standard input",
                ));
            }
            Token::Number(_) | Token::Text(_) | Token::Name(..) => level::CONCAT,
            Token::Sign("$" | "!" | "(" | "++" | "--") => level::CONCAT,
            Token::Word(word) if super::call::is_function(word) => level::CONCAT,
            _ => return Ok(None),
        };
        Ok(Some(level))
    }

    fn operator(&mut self, level: u8) -> Result<(), Stop> {
        if level == level::CONCAT {
            let mut count = 1;
            while self.level()? == Some(level::CONCAT) {
                self.binary(level::ADD, false)?;
                count += 1;
            }
            self.emit(Op::Concat(count));
            return Ok(());
        }
        let token = self.advance()?;
        let sign = match token {
            Token::Sign(sign) => sign,
            _ => "in",
        };
        let op = match sign {
            "||" | "&&" => return self.either(sign == "||"),
            "in" => Op::In(self.array_name()?),
            "~" | "!~" => {
                self.skip_newlines()?;
                if self.is("/") || self.is("/=") {
                    let regex = self.regex_token()?;
                    self.emit(Op::Push(Value::Regex(regex)));
                } else {
                    self.binary(level::COMPARE, false)?;
                }
                Op::Match(sign == "!~")
            }
            _ => {
                self.binary(level + 1, false)?;
                match sign {
                    "<" => Op::Compare(Comparison::Less),
                    "<=" => Op::Compare(Comparison::LessOrEqual),
                    "==" => Op::Compare(Comparison::Equal),
                    "!=" => Op::Compare(Comparison::NotEqual),
                    ">" => Op::Compare(Comparison::Greater),
                    ">=" => Op::Compare(Comparison::GreaterOrEqual),
                    "+" => Op::Arithmetic(Arithmetic::Add),
                    "-" => Op::Arithmetic(Arithmetic::Subtract),
                    "*" => Op::Arithmetic(Arithmetic::Multiply),
                    "/" => Op::Arithmetic(Arithmetic::Divide),
                    _ => Op::Arithmetic(Arithmetic::Remainder),
                }
            }
        };
        self.emit(op);
        Ok(())
    }

    /// The second operand of `||` and `&&`, which may be left out when the program runs.
    fn either(&mut self, or: bool) -> Result<(), Stop> {
        self.skip_newlines()?;
        let known = if or {
            self.emit(Op::JumpIfTrue(0))
        } else {
            self.emit(Op::JumpIfFalse(0))
        };
        self.binary(if or { level::AND } else { level::IN }, false)?;
        self.emit(Op::ToTruth);
        let end = self.emit(Op::Jump(0));
        self.land(known);
        self.emit(Op::Push(Value::truth(or)));
        self.land(end);
        Ok(())
    }

    fn unary(&mut self) -> Result<(), Stop> {
        let op = match &self.token {
            Token::Sign("!") => Op::Not,
            Token::Sign("-") => Op::Negate,
            Token::Sign("+") => Op::ToNumber,
            _ => {
                self.primary()?;
                return self.power_tail();
            }
        };
        self.advance()?;
        self.deeper(Self::unary)?;
        self.emit(op);
        Ok(())
    }

    /// `^` binds tighter than a sign before it, and groups from the right.
    fn power_tail(&mut self) -> Result<(), Stop> {
        if self.take("^")? {
            self.deeper(Self::unary)?;
            self.emit(Op::Arithmetic(Arithmetic::Power));
        }
        Ok(())
    }

    fn primary(&mut self) -> Result<(), Stop> {
        match self.token.clone() {
            Token::Sign("$") | Token::Name(_, false) => {
                let target = self.target()?;
                self.target_tail(target)
            }
            Token::Sign("/" | "/=") => {
                let regex = self.regex_token()?;
                self.emit(Op::MatchRecord(regex));
                Ok(())
            }
            Token::Word("getline") => self.getline(),
            _ => self.operand(),
        }
    }

    /// An operand that nothing is assigned to: what `$` and `<` stand before.
    fn operand(&mut self) -> Result<(), Stop> {
        match self.token.clone() {
            Token::Number(number) => {
                self.advance()?;
                self.emit(Op::Push(Value::Number(number)));
            }
            Token::Text(text) => {
                self.advance()?;
                self.emit(Op::text(text));
            }
            Token::Sign("$") | Token::Name(_, false) => {
                let target = self.target()?;
                self.emit(Op::Load(target));
            }
            Token::Name(name, true) => {
                self.advance()?;
                self.call(&name)?;
            }
            Token::Sign(sign @ ("++" | "--")) => {
                self.advance()?;
                let target = self.target()?;
                let by = if sign == "++" { 1.0 } else { -1.0 };
                self.emit(Op::Increment(target, by, true));
            }
            Token::Sign("-") => {
                self.advance()?;
                self.deeper(Self::operand)?;
                self.emit(Op::Negate);
            }
            Token::Sign("(") => {
                let count = self.grouped()?;
                self.group_tail(count)?;
            }
            Token::Word(word) if super::call::is_function(word) => self.builtin(word)?,
            Token::End => return Err(self.lexer.stop("syntax error: the program ends too early")),
            _ => return Err(self.lexer.stop("syntax error")),
        }
        Ok(())
    }

    /// `(a, b)`: returns how many expressions it has.
    pub(super) fn grouped(&mut self) -> Result<usize, Stop> {
        self.expect("(")?;
        self.anywhere(|this| this.list(")"))
    }

    /// Expressions with commas between them, up to a closing sign.
    pub(super) fn list(&mut self, close: &str) -> Result<usize, Stop> {
        let mut count = 0;
        loop {
            self.skip_newlines()?;
            self.expression()?;
            count += 1;
            self.skip_newlines()?;
            if !self.take(",")? {
                self.expect(close)?;
                return Ok(count);
            }
        }
    }

    /// The subscripts of an element, up to a closing bracket.
    pub(super) fn subscripts(&mut self, close: &str) -> Result<(), Stop> {
        let count = self.anywhere(|this| this.list(close))?;
        if count > 1 {
            self.emit(Op::Subscript(count));
        }
        if self.is("[") {
            return Err(self
                .lexer
                .stop("arrays in arrays are not supported: write a[i, j] for a[i][j]"));
        }
        Ok(())
    }

    /// The name of an array.
    pub(super) fn array_name(&mut self) -> Result<Variable, Stop> {
        let Token::Name(name, _) = self.advance()? else {
            return Err(self
                .lexer
                .stop("syntax error: the name of an array is missing here"));
        };
        let array = self.variable(&name);
        self.uses.array(self.inside, array);
        Ok(array)
    }

    /// A variable, a field or an element; its index is written.
    pub(super) fn target(&mut self) -> Result<Target, Stop> {
        match self.advance()? {
            Token::Sign("$") => {
                self.deeper(Self::operand)?;
                Ok(Target::Field)
            }
            Token::Name(name, false) => self.named(&name),
            _ => Err(self.lexer.stop("syntax error: a variable is missing here")),
        }
    }

    /// A variable or an element, whose name is read.
    pub(super) fn named(&mut self, name: &str) -> Result<Target, Stop> {
        let variable = self.variable(name);
        if !self.take("[")? {
            return Ok(Target::Variable(variable));
        }
        self.uses.array(self.inside, variable);
        self.subscripts("]")?;
        Ok(Target::Element(variable))
    }

    /// An assignment to a target, or its value.
    pub(super) fn target_tail(&mut self, target: Target) -> Result<(), Stop> {
        let sign = match &self.token {
            Token::Sign(sign) => *sign,
            _ => "",
        };
        let arithmetic = match sign {
            "=" => None,
            "+=" => Some(Arithmetic::Add),
            "-=" => Some(Arithmetic::Subtract),
            "*=" => Some(Arithmetic::Multiply),
            "/=" => Some(Arithmetic::Divide),
            "%=" => Some(Arithmetic::Remainder),
            "^=" => Some(Arithmetic::Power),
            "++" | "--" => {
                self.advance()?;
                let by = if sign == "++" { 1.0 } else { -1.0 };
                self.emit(Op::Increment(target, by, false));
                return Ok(());
            }
            _ => {
                self.emit(Op::Load(target));
                return Ok(());
            }
        };
        self.advance()?;
        self.skip_newlines()?;
        self.expression()?;
        self.emit(match arithmetic {
            Some(arithmetic) => Op::Modify(target, arithmetic),
            None => Op::Store(target),
        });
        Ok(())
    }

    /// `getline`, `getline v`, `getline < f` and `getline v < f`
    fn getline(&mut self) -> Result<(), Stop> {
        self.advance()?;
        let target = match &self.token {
            Token::Sign("$") | Token::Name(_, false) => Some(self.target()?),
            _ => None,
        };
        if self.take("<")? {
            self.deeper(Self::operand)?;
            self.emit(Op::GetlineFile(target));
        } else {
            self.emit(Op::Getline(target));
        }
        Ok(())
    }

    /// The expression that begins with the `/` that stands next.
    pub(super) fn regex_token(&mut self) -> Result<Rc<Regex>, Stop> {
        let text = self.lexer.regex()?;
        self.advance()?;
        self.regex(&text).map(Rc::new)
    }
}
