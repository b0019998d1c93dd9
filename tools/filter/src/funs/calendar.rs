//! The parts of a time, and the calendar that they are of.

use crate::val::{Error, Val, error};

/// `struct tm`, with fractions of the second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Parts {
    pub(super) year: i64,
    /// From 0.
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: f64,
    /// From Sunday, 0.
    pub(super) weekday: i64,
    /// From 0.
    pub(super) yearday: i64,
}

/// Days since 1970-01-01 of a day of the Gregorian calendar; months and days may be beyond their
/// ends.
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year + month.div_euclid(12);
    let month = month.rem_euclid(12);
    // Years that begin in March: the leap day is their last.
    let (year, month) = if month < 2 {
        (year - 1, month + 10)
    } else {
        (year, month - 2)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// Year, month from 0 and day of a number of days since 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = year_of_era + era * 400;
    if month < 10 {
        (year, month + 2, day)
    } else {
        (year + 1, month - 10, day)
    }
}

impl Parts {
    pub(super) fn from_seconds(seconds: f64) -> Self {
        let whole = seconds.floor();
        #[allow(
            clippy::cast_possible_truncation,
            reason = "callers refuse what is beyond the range"
        )]
        let of_time = whole as i64;
        let day_number = of_time.div_euclid(86_400);
        let of_day = of_time.rem_euclid(86_400);
        let (year, month, day) = civil(day_number);
        #[allow(clippy::cast_precision_loss, reason = "it is below 60")]
        let second = (of_day % 60) as f64 + (seconds - whole);
        Self {
            year,
            month,
            day,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second,
            weekday: (day_number + 4).rem_euclid(7),
            yearday: day_number - days(year, 0, 1),
        }
    }

    /// The parts of an array; those of the week and the year may be missing in `strftime`.
    pub(super) fn from_array(value: &Val, filter: &str) -> Result<Self, Error> {
        let wrong = || error(format!("{filter} requires parsed datetime inputs"));
        let Val::Arr(values) = value else {
            return Err(wrong());
        };
        let number = |index: usize| match values.get(index) {
            Some(Val::Num(number, _)) if number.is_finite() => Ok(*number),
            _ => Err(wrong()),
        };
        #[allow(
            clippy::cast_possible_truncation,
            reason = "clamped to what a date can be"
        )]
        let whole = |index: usize| number(index).map(|number| number.clamp(-1e6, 1e6) as i64);
        Ok(Self {
            year: whole(0)?,
            month: whole(1)?,
            day: whole(2)?,
            hour: whole(3)?,
            minute: whole(4)?,
            second: number(5)?.clamp(-1e6, 1e6),
            weekday: whole(6)?,
            yearday: whole(7)?,
        })
    }

    #[allow(clippy::cast_precision_loss, reason = "parts are small numbers")]
    pub(super) fn array(&self) -> Val {
        let whole = |part: i64| Val::from(part as f64);
        Val::array([
            whole(self.year),
            whole(self.month),
            whole(self.day),
            whole(self.hour),
            whole(self.minute),
            Val::from(self.second),
            whole(self.weekday),
            whole(self.yearday),
        ])
    }

    /// Whole seconds since 1970.
    pub(super) fn seconds(&self) -> f64 {
        let days = days(self.year, self.month, self.day);
        let minutes = (days * 24 + self.hour) * 60 + self.minute;
        #[allow(clippy::cast_precision_loss, reason = "times are far below 2^53")]
        let seconds = (minutes * 60) as f64;
        seconds + self.second.floor()
    }
}
