//! Functions of C's `math.h`, by the names that jq gives them.

use jaq_core::native::{run, v};

use super::native::{Filter, nullary, one};
use crate::val::{Error, Val, error};

/// A filter that calculates with its input.
macro_rules! of_one {
    ($($name:literal => $calculate:expr),* $(,)?) => {
        vec![$(nullary!($name, |value| {
            let calculate: fn(f64) -> f64 = $calculate;
            Ok(Val::from(calculate(number(&value)?)))
        })),*]
    };
}

/// A filter that calculates with two arguments.
macro_rules! of_two {
    ($($name:literal => $calculate:expr),* $(,)?) => {
        vec![$(run(($name, v(2), |mut cv| {
            let calculate: fn(f64, f64) -> f64 = $calculate;
            let (second, first) = (cv.0.pop_var(), cv.0.pop_var());
            let numbers = number(&first).and_then(|x| Ok((x, number(&second)?)));
            one(numbers.map(|(x, y)| Val::from(calculate(x, y))))
        }))),*]
    };
}

pub(super) fn all() -> Vec<Filter> {
    let mut filters = rounding();
    filters.extend(elementary());
    filters.extend(two_arguments());
    filters.extend(several());
    filters
}

fn rounding() -> Vec<Filter> {
    of_one! {
        "floor" => f64::floor, "ceil" => f64::ceil, "round" => f64::round,
        "trunc" => f64::trunc, "fabs" => f64::abs, "sqrt" => f64::sqrt,
        "rint" => f64::round_ties_even, "nearbyint" => f64::round_ties_even,
    }
}

fn elementary() -> Vec<Filter> {
    of_one! {
        "cbrt" => libm::cbrt, "exp" => libm::exp, "exp2" => libm::exp2,
        "exp10" => libm::exp10, "pow10" => libm::exp10, "expm1" => libm::expm1,
        "log" => libm::log, "log2" => libm::log2, "log10" => libm::log10,
        "log1p" => libm::log1p, "sin" => libm::sin, "cos" => libm::cos, "tan" => libm::tan,
        "asin" => libm::asin, "acos" => libm::acos, "atan" => libm::atan,
        "sinh" => libm::sinh, "cosh" => libm::cosh, "tanh" => libm::tanh,
        "asinh" => libm::asinh, "acosh" => libm::acosh, "atanh" => libm::atanh,
        "gamma" => libm::lgamma, "lgamma" => libm::lgamma, "tgamma" => libm::tgamma,
        "erf" => libm::erf, "erfc" => libm::erfc, "j0" => libm::j0, "j1" => libm::j1,
        "y0" => libm::y0, "y1" => libm::y1, "logb" => logb, "significand" => significand,
    }
}

fn two_arguments() -> Vec<Filter> {
    of_two! {
        "pow" => libm::pow, "atan2" => libm::atan2, "copysign" => libm::copysign,
        "drem" => libm::remainder, "remainder" => libm::remainder, "fdim" => libm::fdim,
        "fmax" => libm::fmax, "fmin" => libm::fmin, "fmod" => libm::fmod, "hypot" => libm::hypot,
        "nextafter" => libm::nextafter, "nexttoward" => libm::nextafter,
        "ldexp" => |x, y| libm::ldexp(x, whole(y)), "scalb" => |x, y| x * libm::exp2(y),
        "jn" => |x, y| libm::jn(whole(x), y), "yn" => |x, y| libm::yn(whole(x), y),
        "scalbln" => |x, y| libm::scalbn(x, whole(y)),
    }
}

fn several() -> Vec<Filter> {
    vec![
        nullary!("frexp", |value| {
            let (fraction, exponent) = libm::frexp(number(&value)?);
            Ok(Val::array([
                Val::from(fraction),
                Val::from(f64::from(exponent)),
            ]))
        }),
        nullary!("modf", |value| {
            let value = number(&value)?;
            let whole = value.trunc();
            let fraction = if value.is_infinite() {
                0.0
            } else {
                value - whole
            };
            Ok(Val::array([fraction, whole].map(Val::from)))
        }),
        nullary!("lgamma_r", |value| {
            let (logarithm, sign) = libm::lgamma_r(number(&value)?);
            Ok(Val::array([
                Val::from(logarithm),
                Val::from(f64::from(sign)),
            ]))
        }),
        run(("fma", v(3), |mut cv| {
            let (z, y, x) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
            one((|| {
                let [x, y, z] = [number(&x)?, number(&y)?, number(&z)?];
                Ok(Val::from(libm::fma(x, y, z)))
            })())
        })),
        nullary!("isinfinite", |value| {
            Ok(number(&value)?.is_infinite().into())
        }),
        nullary!("isnan", |value| {
            Ok(matches!(value, Val::Num(number, _) if number.is_nan()).into())
        }),
        nullary!("isnormal", |value| {
            Ok(number(&value)?.is_normal().into())
        }),
    ]
}

fn number(value: &Val) -> Result<f64, Error> {
    match value {
        Val::Num(number, _) => Ok(*number),
        other => Err(error(format!("{} number required", other.named()))),
    }
}

fn whole(number: f64) -> i32 {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "beyond the range the result is zero or infinite all the same"
    )]
    let whole = number as i32;
    whole
}

fn logb(value: f64) -> f64 {
    match value {
        0.0 => f64::NEG_INFINITY,
        value if value.is_infinite() => f64::INFINITY,
        value if value.is_nan() => value,
        value => f64::from(libm::ilogb(value)),
    }
}

fn significand(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        value
    } else {
        libm::scalbn(value, -libm::ilogb(value))
    }
}
