//! Calls of functions, built-in ones and the program's own.

use cofferdam_command::Stop;

use super::Compiler;
use crate::lexer::Token;
use crate::op::{Builtin, Op, Target};
use crate::value::Value;

/// Kind of an argument of a built-in function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Argument {
    Value,
    /// An expression, which `/…/` stands for itself in.
    Regex,
    Array,
    /// A value or an array.
    Either,
}

/// A built-in function: how many arguments it needs, and which it takes.
struct Signature {
    builtin: Builtin,
    least: usize,
    arguments: &'static [Argument],
}

/// Returns true for words that call a function.
pub(super) fn is_function(word: &str) -> bool {
    matches!(word, "sub" | "gsub" | "system") || signature(word).is_some()
}

fn signature(word: &str) -> Option<Signature> {
    use Argument::{Array, Either, Regex, Value};
    let (builtin, least, arguments): (_, _, &'static [Argument]) = match word {
        "and" => (Builtin::And, 2, &[Value; 8]),
        "or" => (Builtin::Or, 2, &[Value; 8]),
        "xor" => (Builtin::Xor, 2, &[Value; 8]),
        "compl" => (Builtin::Compl, 1, &[Value]),
        "lshift" => (Builtin::Lshift, 2, &[Value, Value]),
        "rshift" => (Builtin::Rshift, 2, &[Value, Value]),
        "asort" => (Builtin::Asort, 1, &[Array, Array, Value]),
        "asorti" => (Builtin::Asorti, 1, &[Array, Array, Value]),
        "atan2" => (Builtin::Atan2, 2, &[Value, Value]),
        "close" => (Builtin::Close, 1, &[Value, Value]),
        "cos" => (Builtin::Cos, 1, &[Value]),
        "exp" => (Builtin::Exp, 1, &[Value]),
        "fflush" => (Builtin::Fflush, 0, &[Value]),
        "gensub" => (Builtin::Gensub, 3, &[Regex, Value, Value, Value]),
        "index" => (Builtin::Index, 2, &[Value, Value]),
        "int" => (Builtin::Int, 1, &[Value]),
        "isarray" => (Builtin::Isarray, 1, &[Either]),
        "length" => (Builtin::Length, 0, &[Either]),
        "log" => (Builtin::Log, 1, &[Value]),
        "match" => (Builtin::Match, 2, &[Value, Regex, Array]),
        "mktime" => (Builtin::Mktime, 1, &[Value, Value]),
        "patsplit" => (Builtin::Patsplit, 2, &[Value, Array, Regex, Array]),
        "rand" => (Builtin::Rand, 0, &[]),
        "sin" => (Builtin::Sin, 1, &[Value]),
        "split" => (Builtin::Split, 2, &[Value, Array, Regex, Array]),
        "sprintf" => (Builtin::Sprintf, 1, &[]),
        "sqrt" => (Builtin::Sqrt, 1, &[Value]),
        "srand" => (Builtin::Srand, 0, &[Value]),
        "strftime" => (Builtin::Strftime, 0, &[Value, Value, Value]),
        "strtonum" => (Builtin::Strtonum, 1, &[Value]),
        "substr" => (Builtin::Substr, 2, &[Value, Value, Value]),
        "systime" => (Builtin::Systime, 0, &[]),
        "tolower" => (Builtin::Tolower, 1, &[Value]),
        "toupper" => (Builtin::Toupper, 1, &[Value]),
        "typeof" => (Builtin::Typeof, 1, &[Either]),
        _ => return None,
    };
    Some(Signature {
        builtin,
        least,
        arguments,
    })
}

impl Compiler {
    /// A built-in function, whose name stands next.
    pub(super) fn builtin(&mut self, word: &'static str) -> Result<(), Stop> {
        self.advance()?;
        if word == "sub" || word == "gsub" {
            return self.anywhere(|this| this.substitute(word == "gsub"));
        }
        if word == "system" {
            return self.system();
        }
        let Some(signature) = signature(word) else {
            return Err(self.lexer.stop("syntax error"));
        };
        if !self.is("(") {
            if word == "length" {
                self.emit(Op::Builtin(Builtin::Length, 0));
                return Ok(());
            }
            return Err(self
                .lexer
                .stop(&format!("syntax error: {word} needs its arguments in ()")));
        }
        self.advance()?;
        let count = self.anywhere(|this| this.arguments(word, &signature))?;
        self.emit(Op::Builtin(signature.builtin, count));
        Ok(())
    }

    fn arguments(&mut self, word: &str, signature: &Signature) -> Result<usize, Stop> {
        let mut count = 0;
        self.skip_newlines()?;
        while !self.take(")")? {
            if count > 0 {
                self.expect(",")?;
                self.skip_newlines()?;
            }
            let kind = match signature.builtin {
                Builtin::Sprintf => Some(Argument::Value),
                _ => signature.arguments.get(count).copied(),
            };
            let Some(kind) = kind else {
                return Err(self.lexer.stop(&format!(
                    "{word} takes at most {} arguments",
                    signature.arguments.len()
                )));
            };
            self.argument(kind)?;
            count += 1;
            self.skip_newlines()?;
        }
        if count < signature.least {
            return Err(self.lexer.stop(&format!(
                "{word} needs at least {} arguments",
                signature.least
            )));
        }
        Ok(count)
    }

    fn argument(&mut self, kind: Argument) -> Result<(), Stop> {
        match kind {
            Argument::Array => {
                let array = self.array_name()?;
                self.emit(Op::LoadArray(array));
                Ok(())
            }
            Argument::Regex if self.is("/") || self.is("/=") => {
                let regex = self.regex_token()?;
                if self.is(",") || self.is(")") {
                    self.emit(Op::Push(Value::Regex(regex)));
                    return Ok(());
                }
                self.emit(Op::MatchRecord(regex));
                self.after_operand()
            }
            _ => self.expression(),
        }
    }

    /// The arguments of `sub` and `gsub`.
    fn substitute(&mut self, global: bool) -> Result<(), Stop> {
        self.expect("(")?;
        self.skip_newlines()?;
        self.argument(Argument::Regex)?;
        self.skip_newlines()?;
        self.expect(",")?;
        self.skip_newlines()?;
        self.expression()?;
        self.skip_newlines()?;
        let mut target = None;
        if self.take(",")? {
            self.skip_newlines()?;
            if !matches!(self.token, Token::Sign("$") | Token::Name(_, false)) {
                return Err(self.lexer.stop(
                    "the third argument is changed: it is a variable, a field or an element",
                ));
            }
            target = Some(self.target()?);
            self.skip_newlines()?;
        }
        self.expect(")")?;
        self.emit(Op::Substitute(global, target));
        Ok(())
    }

    /// `system("")` flushes, and no other call is possible.
    fn system(&mut self) -> Result<(), Stop> {
        self.expect("(")?;
        if self.token == Token::Text(Vec::new()) {
            self.advance()?;
            self.expect(")")?;
            self.emit(Op::Builtin(Builtin::Fflush, 0));
            return Ok(());
        }
        Err(self
            .lexer
            .stop("system() cannot start programs here: call them as tools"))
    }

    /// A function of the program, whose name is read.
    pub(super) fn call(&mut self, name: &str) -> Result<(), Stop> {
        let function = self.function(name);
        self.expect("(")?;
        let count = self.anywhere(|this| {
            let mut count = 0;
            this.skip_newlines()?;
            while !this.take(")")? {
                if count > 0 {
                    this.expect(",")?;
                    this.skip_newlines()?;
                }
                this.passed(function, count)?;
                count += 1;
                this.skip_newlines()?;
            }
            Ok(count)
        })?;
        self.emit(Op::Call(function, count));
        Ok(())
    }

    /// An argument of a function of the program. A bare name may be an array.
    fn passed(&mut self, function: usize, number: usize) -> Result<(), Stop> {
        let Token::Name(name, false) = self.token.clone() else {
            return self.expression();
        };
        self.advance()?;
        if self.is(",") || self.is(")") {
            let variable = self.variable(&name);
            self.uses.argument(self.inside, variable, function, number);
            self.emit(Op::Load(Target::Variable(variable)));
            return Ok(());
        }
        let target = self.named(&name)?;
        self.target_tail(target)?;
        self.after_operand()
    }
}
