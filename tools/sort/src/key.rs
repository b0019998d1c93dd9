//! `-k`: which part of a line is compared, and how.

use cofferdam_command::Stop;

/// Orders of keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// By bytes.
    #[default]
    Text,
    /// `-n`
    Numeric,
    /// `-g`
    General,
    /// `-h`
    Human,
    /// `-M`
    Month,
    /// `-V`
    Version,
    /// `-R`
    Random,
}

/// Options of a key, or of all keys that have none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ordering {
    pub(crate) order: Order,
    pub(crate) reverse: bool,
    /// `-f`: lower case counts as upper case.
    pub(crate) fold: bool,
    /// `-d`: only blanks, letters and digits count.
    pub(crate) dictionary: bool,
    /// `-i`: only what can be printed counts.
    pub(crate) printable: bool,
    /// `-b`: blanks at the start of a key do not count.
    pub(crate) skip_start: bool,
    /// The same where the end of a key is counted.
    pub(crate) skip_end: bool,
}

/// A part of each line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// Fields before it, and characters of its first field that are left out.
    pub(crate) start: Position,
    /// The last field of it, and how many characters of that field; `None` is the end of the line.
    pub(crate) end: Option<Position>,
    pub(crate) ordering: Ordering,
}

/// A field, counted from 0, and a number of characters in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) field: usize,
    pub(crate) chars: usize,
}

/// The end of a key that an option stands behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Start,
    End,
    Both,
}

impl Ordering {
    /// Sets the option of a letter; `false` when there is no such option.
    pub(crate) fn set(&mut self, letter: char, side: Side) -> Result<bool, Stop> {
        let order = match letter {
            'b' => {
                self.skip_start |= side != Side::End;
                self.skip_end |= side != Side::Start;
                return Ok(true);
            }
            'd' => {
                self.dictionary = true;
                return Ok(true);
            }
            'f' => {
                self.fold = true;
                return Ok(true);
            }
            'i' => {
                self.printable = true;
                return Ok(true);
            }
            'r' => {
                self.reverse = true;
                return Ok(true);
            }
            'n' => Order::Numeric,
            'g' => Order::General,
            'h' => Order::Human,
            'M' => Order::Month,
            'V' => Order::Version,
            'R' => Order::Random,
            _ => return Ok(false),
        };
        if !matches!(self.order, Order::Text) && self.order != order {
            return Err(Stop::new(format!(
                "{:?} and {order:?} order exclude each other: give each key one of -n -g -h -M -V \
                 -R",
                self.order
            )));
        }
        self.order = order;
        Ok(true)
    }

    /// Returns true if nothing was asked for but the direction.
    pub(crate) fn is_plain(&self) -> bool {
        *self
            == Self {
                reverse: self.reverse,
                ..Self::default()
            }
    }

    /// Refuses options that exclude each other.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        let numbers = matches!(
            self.order,
            Order::Numeric | Order::General | Order::Human | Order::Month
        );
        match numbers && (self.dictionary || self.printable) {
            true => Err(Stop::new(
                "options -d and -i are incompatible with -n, -g, -h and -M",
            )),
            false => Ok(()),
        }
    }
}

impl Key {
    /// Reads `F[.C][OPTIONS][,F[.C][OPTIONS]]`.
    pub(crate) fn parse(text: &str) -> Result<Self, Stop> {
        let wrong = |what: &str| {
            Stop::new(format!(
                "-k {text}: {what}; a key is FIELD[.CHAR][OPTIONS][,FIELD[.CHAR][OPTIONS]], \
                 counted from 1, with options of bdfgiMhnRrV"
            ))
        };
        let mut ordering = Ordering::default();
        let (first, second) = match text.split_once(',') {
            Some((first, second)) => (first, Some(second)),
            None => (text, None),
        };
        let start = part(first, 1, Side::Start, &mut ordering).map_err(wrong)?;
        let end = match second {
            Some(second) => Some(part(second, 0, Side::End, &mut ordering).map_err(wrong)?),
            None => None,
        };
        let chars = start
            .chars
            .checked_sub(1)
            .ok_or_else(|| wrong("the first character is number 1"))?;
        ordering.check().map_err(|stop| wrong(stop.sentence()))?;
        Ok(Self {
            start: Position { chars, ..start },
            end,
            ordering,
        })
    }
}

/// Reads one half of a key. `chars` is what counts without a number of characters.
fn part(
    text: &str,
    chars: usize,
    side: Side,
    ordering: &mut Ordering,
) -> Result<Position, &'static str> {
    let number = |text: &str| -> Result<usize, &'static str> {
        match text.is_empty() {
            true => Err("a number is missing"),
            // What is too large is beyond every line.
            false => Ok(text.parse().unwrap_or(usize::MAX)),
        }
    };
    let digits = |text: &str| {
        text.find(|char: char| !char.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let (field, mut rest) = text.split_at_checked(digits(text)).unwrap_or((text, ""));
    let field = number(field)?;
    let mut position = Position {
        field: field.checked_sub(1).ok_or("the first field is number 1")?,
        chars,
    };
    if let Some(after) = rest.strip_prefix('.') {
        let (count, after) = after.split_at_checked(digits(after)).unwrap_or((after, ""));
        position.chars = number(count)?;
        rest = after;
    }
    for letter in rest.chars() {
        match ordering.set(letter, side) {
            Ok(true) => {}
            Ok(false) => return Err("an option is unknown"),
            Err(_) => return Err("its options exclude each other"),
        }
    }
    Ok(position)
}
