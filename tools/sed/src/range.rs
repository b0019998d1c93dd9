//! The lines that a command is for.

use std::io;

use cofferdam_command::Stop;

use crate::command::{Address, End, Expression, Lines};

/// Progress of a range of lines.
pub(crate) enum Range {
    Inactive,
    /// Up to a line.
    Until(u64),
    /// Up to what the second address says.
    Open,
    /// A range that begins at a line number begins once.
    Over,
}

/// The line that is asked about.
pub(crate) struct Place<'a> {
    pub(crate) number: u64,
    pub(crate) is_last: &'a mut dyn FnMut() -> io::Result<bool>,
    pub(crate) matches: &'a mut dyn FnMut(&Expression) -> Result<bool, Stop>,
}

impl Range {
    pub(crate) fn new(lines: &Lines) -> Self {
        match lines.first {
            Some(Address::Zero) => Self::Open,
            _ => Self::Inactive,
        }
    }

    /// Returns true if the range goes on after this line.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self, Self::Until(_) | Self::Open)
    }

    /// Returns true if the addresses select a line, `!` aside.
    pub(crate) fn selects(&mut self, lines: &Lines, place: Place) -> Result<bool, Stop> {
        let Some(first) = &lines.first else {
            return Ok(true);
        };
        let Some(end) = &lines.end else {
            return is_at(first, place);
        };
        let over = match first {
            Address::Number(_) | Address::Zero => Self::Over,
            _ => Self::Inactive,
        };
        match self {
            Self::Over => Ok(false),
            Self::Until(last) => {
                let last = *last;
                if place.number >= last {
                    *self = over;
                }
                // `n` and `N` may have read past it.
                Ok(place.number <= last)
            }
            Self::Open => {
                let ends = match end {
                    End::Last => (place.is_last)()?,
                    End::Expression(expression) => (place.matches)(expression)?,
                    _ => true,
                };
                if ends {
                    *self = over;
                }
                Ok(true)
            }
            Self::Inactive => {
                let number = place.number;
                let mut place = place;
                if !begins(first, &mut place)? {
                    return Ok(false);
                }
                let last = match end {
                    End::Number(last) => *last,
                    End::Plus(lines) => number.saturating_add(*lines),
                    End::Multiple(0) => number,
                    // The next one, also from a line that is one.
                    End::Multiple(step) => (number / step + 1).saturating_mul(*step),
                    End::Last if (place.is_last)()? => number,
                    End::Last | End::Expression(_) => {
                        *self = Self::Open;
                        return Ok(true);
                    }
                };
                *self = if last > number {
                    Self::Until(last)
                } else {
                    over
                };
                Ok(true)
            }
        }
    }
}

fn is_at(address: &Address, mut place: Place) -> Result<bool, Stop> {
    begins(address, &mut place)
}

fn begins(address: &Address, place: &mut Place) -> Result<bool, Stop> {
    Ok(match address {
        Address::Zero => false,
        Address::Number(number) => place.number == *number,
        Address::Step(first, 0) => place.number == *first,
        Address::Step(first, step) => {
            place.number >= *first && (place.number - first).is_multiple_of(*step)
        }
        Address::Last => (place.is_last)()?,
        Address::Expression(expression) => (place.matches)(expression)?,
    })
}
