//! Further inputs, the environment, and messages aside.

use jaq_core::native::{run, v};
use jaq_core::{Cv, Exn};

use super::native::{Filter, one};
use crate::data::Kind;
use crate::val::{Val, error};

pub(super) fn all() -> Vec<Filter> {
    vec![
        run(("input", v(0), |cv: Cv<'_, Kind>| {
            let next = cv.0.data().inputs.next();
            one(match next {
                Some(input) => input.map_err(error),
                None => Err(error("break")),
            })
        })),
        run(("inputs", v(0), |cv: Cv<'_, Kind>| {
            let inputs = cv.0.data().inputs;
            Box::new(std::iter::from_fn(move || {
                let next = inputs.next();
                next.map(|input| input.map_err(|sentence| Exn::from(error(sentence))))
            }))
        })),
        run(("input_filename", v(0), |cv: Cv<'_, Kind>| {
            let file = cv.0.data().inputs.file();
            one(Ok(Val::text(file.unwrap_or_else(|| "<stdin>".to_owned()))))
        })),
        run(("input_line_number", v(0), |cv: Cv<'_, Kind>| {
            one(Ok(Val::from(cv.0.data().inputs.lines())))
        })),
        run(("builtins", v(0), |cv: Cv<'_, Kind>| {
            one(Ok((cv.0.data().builtins)()))
        })),
        run(("env", v(0), |cv: Cv<'_, Kind>| {
            one(Ok(cv.0.data().environment.clone()))
        })),
        run(("debug", v(0), |cv| {
            say(&format!("[\"DEBUG:\",{}]\n", cv.1));
            one(Ok(cv.1))
        })),
        run(("stderr", v(0), |cv| {
            say(&cv.1.to_string());
            one(Ok(cv.1))
        })),
        run(("halt_error", v(1), |mut cv| {
            let Val::Num(code, _) = cv.0.pop_var() else {
                return one(Err(error("halt_error/1: number required")));
            };
            match &cv.1 {
                Val::Str(text) => say(text),
                other => say(&format!("{other}\n")),
            }
            #[allow(
                clippy::cast_possible_truncation,
                reason = "exit codes are small numbers"
            )]
            let code = code as i32;
            Box::new(std::iter::once(Err(Exn::halt(code))))
        })),
        run(("halt", v(0), |_| {
            Box::new(std::iter::once(Err(Exn::halt(0))))
        })),
        run(("now", v(0), |_| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            one(Ok(Val::from(now.map_or(0.0, |now| now.as_secs_f64()))))
        })),
    ]
}

#[allow(clippy::print_stderr, reason = "this is where a filter speaks")]
fn say(text: &str) {
    eprint!("{text}");
}
