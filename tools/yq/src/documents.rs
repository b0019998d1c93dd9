//! Documents of a file, one after another, as inputs of a filter.

use std::cell::{Cell, RefCell};

use cofferdam_command::{STDIN, Stop, read};
use cofferdam_filter::{Document, Inputs, Reader, Val, documents};

use crate::args::Format;

/// One input: a value with the document that it comes from, if it was YAML.
pub(crate) struct Source {
    pub(crate) value: Val,
    pub(crate) document: Option<Document>,
}

impl Source {
    /// The input of a filter that asks for none.
    pub(crate) fn null() -> Self {
        Self {
            value: Val::Null,
            document: None,
        }
    }
}

/// All documents of a file.
pub(crate) fn sources(file: &str, format: Format) -> Result<Vec<Source>, Stop> {
    let bytes = read(file)?;
    let name = if file == STDIN { "the input" } else { file };
    let broken = |kind: &str, what: String| Stop::new(format!("{name} is not {kind}: {what}"));
    if format == Format::Json {
        let values = Reader::new(&bytes).map(|value| {
            value
                .map(|value| Source {
                    value,
                    document: None,
                })
                .map_err(|what| broken("JSON", what))
        });
        return values.collect();
    }
    let text =
        String::from_utf8(bytes).map_err(|_| broken("YAML", "it is not UTF-8".to_owned()))?;
    let documents = documents(&text).map_err(|what| broken("YAML", what))?;
    Ok(documents
        .into_iter()
        .map(|document| Source {
            value: document.value.clone(),
            document: Some(document),
        })
        .collect())
}

/// One value as the filter's only input.
pub(crate) struct One {
    value: RefCell<Option<Val>>,
    file: Option<String>,
    given: Cell<usize>,
}

impl One {
    pub(crate) fn new(value: Val, file: Option<String>) -> Self {
        Self {
            value: RefCell::new(Some(value)),
            file,
            given: Cell::new(0),
        }
    }
}

impl Inputs for One {
    fn next(&self) -> Option<Result<Val, String>> {
        self.given.set(1);
        self.value.borrow_mut().take().map(Ok)
    }

    fn file(&self) -> Option<String> {
        self.file.clone()
    }

    fn lines(&self) -> usize {
        self.given.get()
    }
}
