//! `+ - * / %` and the sign.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::rc::Rc;

use super::merge;
use super::value::{Error, Val, error};

/// The longest text that `*` makes, in bytes (64 MiB): the tool's memory ends there.
const LONGEST_REPEAT: usize = 64 << 20;

type Calculated = Result<Val, Error>;

fn cannot(left: &Val, right: &Val, be: &str) -> Error {
    error(format!(
        "{} and {} cannot be {be}",
        left.named(),
        right.named()
    ))
}

impl Add for Val {
    type Output = Calculated;

    fn add(self, right: Self) -> Calculated {
        match (self, right) {
            (Self::Null, value) | (value, Self::Null) => Ok(value),
            (Self::Num(left, _), Self::Num(right, _)) => Ok(Self::from(left + right)),
            (Self::Str(left), Self::Str(right)) => {
                let mut text = String::with_capacity(left.len() + right.len());
                text.push_str(&left);
                text.push_str(&right);
                Ok(Self::text(text))
            }
            (Self::Arr(mut left), Self::Arr(right)) => {
                if left.is_empty() {
                    return Ok(Self::Arr(right));
                }
                Rc::make_mut(&mut left).extend(right.iter().cloned());
                Ok(Self::Arr(left))
            }
            (Self::Obj(mut left), Self::Obj(right)) => {
                let fields = right.iter();
                Rc::make_mut(&mut left)
                    .extend(fields.map(|(key, value)| (key.clone(), value.clone())));
                Ok(Self::Obj(left))
            }
            (left, right) => Err(cannot(&left, &right, "added")),
        }
    }
}

impl Sub for Val {
    type Output = Calculated;

    fn sub(self, right: Self) -> Calculated {
        match (self, right) {
            (Self::Num(left, _), Self::Num(right, _)) => Ok(Self::from(left - right)),
            (Self::Arr(mut left), Self::Arr(right)) => {
                Rc::make_mut(&mut left).retain(|value| !right.contains(value));
                Ok(Self::Arr(left))
            }
            (left, right) => Err(cannot(&left, &right, "subtracted")),
        }
    }
}

impl Mul for Val {
    type Output = Calculated;

    fn mul(self, right: Self) -> Calculated {
        match (self, right) {
            (Self::Num(left, _), Self::Num(right, _)) => Ok(Self::from(left * right)),
            (Self::Str(text), Self::Num(times, _)) | (Self::Num(times, _), Self::Str(text)) => {
                repeat(&text, times)
            }
            (Self::Obj(left), Self::Obj(right)) => Ok(Self::Obj(merge::deep(left, &right))),
            (left, right) => Err(cannot(&left, &right, "multiplied")),
        }
    }
}

/// As often as a whole number says, not at all for a part of one, and `null` for a negative number.
fn repeat(text: &str, times: f64) -> Calculated {
    if times.is_nan() || times < 0.0 {
        return Ok(Val::Null);
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is not negative, and too much is the most there is"
    )]
    let times = times as usize;
    if text.len().saturating_mul(times) > LONGEST_REPEAT {
        return Err(error("Repeat string result too long"));
    }
    Ok(Val::text(text.repeat(times)))
}

impl Div for Val {
    type Output = Calculated;

    fn div(self, right: Self) -> Calculated {
        match (&self, &right) {
            (Self::Num(_, _), Self::Num(0.0, _)) => {
                Err(cannot(&self, &right, "divided because the divisor is zero"))
            }
            (Self::Num(left, _), Self::Num(right, _)) => Ok(Self::from(left / right)),
            (Self::Str(left), Self::Str(right)) => Ok(merge::split(left, right)),
            _ => Err(cannot(&self, &right, "divided")),
        }
    }
}

impl Rem for Val {
    type Output = Calculated;

    fn rem(self, right: Self) -> Calculated {
        let (Self::Num(dividend, _), Self::Num(divisor, _)) = (&self, &right) else {
            return Err(cannot(&self, &right, "divided (remainder)"));
        };
        if dividend.is_nan() || divisor.is_nan() {
            return Ok(Self::from(f64::NAN));
        }
        #[allow(
            clippy::cast_possible_truncation,
            reason = "jq calculates with whole numbers here, and the largest stands for more"
        )]
        let (dividend, divisor) = (*dividend as i64, *divisor as i64);
        match divisor.unsigned_abs() {
            0 => Err(cannot(
                &self,
                &right,
                "divided (remainder) because the divisor is zero",
            )),
            by => {
                #[allow(
                    clippy::cast_precision_loss,
                    reason = "numbers are doubles; the remainder is rounded like every number"
                )]
                let rest = (dividend.unsigned_abs() % by) as f64;
                let negative = dividend < 0 && rest != 0.0;
                Ok(Self::from(if negative { -rest } else { rest }))
            }
        }
    }
}

impl Neg for Val {
    type Output = Calculated;

    fn neg(self) -> Calculated {
        match self {
            Self::Num(number, _) => Ok(Self::from(-number)),
            other => Err(error(format!("{} cannot be negated", other.named()))),
        }
    }
}
