//! Several URLs in one: `{a,b}` and `[1-3]`.

use cofferdam_command::Stop;

/// URLs that one argument may stand for, because each is a request.
const MAX_URLS: usize = 1000;

/// A URL and the parts that globs in it stood for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Globbed {
    pub(crate) url: String,
    pub(crate) parts: Vec<String>,
}

/// The URLs that a text stands for, the last glob changing fastest.
///
/// # Errors
///
/// A sentence that names what is no glob.
pub(crate) fn expand(text: &str) -> Result<Vec<Globbed>, Stop> {
    let wrong = |what: &str| {
        Stop::new(format!(
            "(3) {text}: {what}; {{a,b}} and [1-3] stand for several URLs, unless -g is given"
        ))
        .with_code(3)
    };
    let mut urls = vec![Globbed::default()];
    let mut rest = text;
    while let Some(at) = rest.find(['{', '[']) {
        let (plain, glob) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let braces = glob.starts_with('{');
        let end = glob
            .find(if braces { '}' } else { ']' })
            .ok_or_else(|| wrong("a glob has no end"))?;
        let inside = glob.get(1..end).unwrap_or_default();
        rest = glob.get(end + 1..).unwrap_or_default();
        for url in &mut urls {
            url.url.push_str(plain);
        }
        // An address of IPv6 stands in brackets.
        if !braces && inside.contains("::") {
            for url in &mut urls {
                url.url.push_str(&format!("[{inside}]"));
            }
            continue;
        }
        let values: Vec<String> = match braces {
            true => inside.split(',').map(str::to_owned).collect(),
            false => range(inside).ok_or_else(|| wrong("[…] is no range"))?,
        };
        if urls.len() * values.len() > MAX_URLS {
            return Err(wrong("it stands for more than 1000 URLs"));
        }
        urls = urls
            .iter()
            .flat_map(|url| {
                values.iter().map(|value| {
                    let mut next = url.clone();
                    next.url.push_str(value);
                    next.parts.push(value.clone());
                    next
                })
            })
            .collect();
    }
    for url in &mut urls {
        url.url.push_str(rest);
    }
    Ok(urls)
}

/// `1-10`, `001-010`, `a-e`, each with `:STEP` behind it or not.
fn range(text: &str) -> Option<Vec<String>> {
    let (range, step) = text.split_once(':').unwrap_or((text, "1"));
    let (first, last) = range.split_once('-')?;
    let step: usize = step.parse().ok().filter(|step| *step > 0)?;
    let mut letters = first.chars().zip(last.chars());
    if let (Some((from, to)), 1, 1) = (letters.next(), first.len(), last.len())
        && from.is_ascii_alphabetic()
        && to.is_ascii_alphabetic()
    {
        let letters = (from..=to).step_by(step).map(String::from).collect();
        return (from <= to).then_some(letters);
    }
    let width = match first.starts_with('0') {
        true => first.len(),
        false => 0,
    };
    let (from, to) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
    let numbers = (from..=to).step_by(step).take(MAX_URLS + 1);
    (from <= to).then(|| numbers.map(|number| format!("{number:0width$}")).collect())
}
