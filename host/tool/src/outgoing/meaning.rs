//! The meaning of a schema: the forms that a value may have.

use serde_json::Number;
use serde_json::Value;

/// The direction of the values that a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Arguments of a call. A value that the schema does not mention is no loss: the host says what
    /// it takes.
    Input,
    /// A result. Clients refuse one that does not fit.
    Output,
}

/// The meaning of one schema. A value fits if it fits one of the cases; nothing fits none.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Meaning {
    pub(super) words: Words,
    pub(super) cases: Vec<Case>,
}

/// Words for a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Words {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) default: Option<Value>,
    /// The header in which clients of HTTP repeat the value (`x-mcp-header` of MCP 2026-07-28).
    pub(super) header: Option<String>,
    /// Sentences about what the dialect has no keyword for.
    pub(super) notes: Vec<String>,
}

/// One form, with what was said about it alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Case {
    pub(super) words: Words,
    pub(super) form: Form,
}

/// A kind of values.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Form {
    #[default]
    Any,
    Null,
    Boolean,
    /// Whole numbers.
    Integer(Range),
    Number(Range),
    Text(Text),
    List(List),
    Object(Object),
}

/// The bounds of a number, which belong to its range.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Range {
    pub(super) least: Option<Number>,
    pub(super) most: Option<Number>,
}

/// Texts. Lengths are counted in characters.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Text {
    /// The only texts there are.
    pub(super) values: Option<Vec<String>>,
    pub(super) least: Option<u64>,
    pub(super) most: Option<u64>,
    pub(super) pattern: Option<String>,
    pub(super) format: Option<String>,
}

/// Lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct List {
    pub(super) items: Box<Meaning>,
    pub(super) least: Option<u64>,
    pub(super) most: Option<u64>,
}

/// Objects.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Object {
    /// In the order in which they were written.
    pub(super) members: Vec<(String, Meaning)>,
    pub(super) required: Vec<String>,
    pub(super) others: Others,
}

/// Members of an object that have no name in its schema.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Others {
    /// Anything may be there.
    #[default]
    Free,
    /// None may be there.
    Closed,
    /// Each has this meaning.
    Of(Box<Meaning>),
}

impl Meaning {
    /// Every value.
    pub(super) fn any() -> Self {
        Self::of(Form::Any)
    }

    pub(super) fn of(form: Form) -> Self {
        let case = Case {
            words: Words::default(),
            form,
        };
        Self {
            words: Words::default(),
            cases: vec![case],
        }
    }

    /// Returns true if every value fits.
    pub(super) fn is_any(&self) -> bool {
        self.cases.iter().any(|case| case.form == Form::Any)
    }

    /// Returns true if no value fits.
    pub(super) fn is_never(&self) -> bool {
        self.cases.is_empty()
    }

    /// A name for it in a sentence.
    pub(super) fn name(&self) -> String {
        let names: Vec<_> = self
            .cases
            .iter()
            .map(|case| match &case.form {
                Form::Any => "anything",
                Form::Null => "null",
                Form::Boolean => "true or false",
                Form::Integer(_) => "a whole number",
                Form::Number(_) => "a number",
                Form::Text(_) => "a text",
                Form::List(_) => "a list",
                Form::Object(_) => "an object",
            })
            .collect();
        names.join(" or ")
    }

    /// The same without `null`, which a model does not need where it may leave the value out.
    pub(super) fn without_null(mut self) -> Self {
        if self.cases.iter().any(|case| case.form != Form::Null) {
            self.cases.retain(|case| case.form != Form::Null);
        }
        self
    }

    /// The forms that are objects.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.cases.iter().filter_map(|case| match &case.form {
            Form::Object(object) => Some(object),
            _ => None,
        })
    }
}

impl Object {
    /// The meaning of a member of this name.
    pub(super) fn member(&self, name: &str) -> Meaning {
        let known = self.members.iter().find(|(known, _)| known == name);
        match (known, &self.others) {
            (Some((_, meaning)), _) => meaning.clone(),
            (None, Others::Free) => Meaning::any(),
            (None, Others::Closed) => Meaning::default(),
            (None, Others::Of(meaning)) => meaning.as_ref().clone(),
        }
    }

    pub(super) fn requires(&self, name: &str) -> bool {
        self.required.iter().any(|required| required == name)
    }
}

impl Words {
    /// Takes words where there are none.
    pub(super) fn fill_from(&mut self, other: &Self) {
        if self.title.is_none() {
            self.title.clone_from(&other.title);
        }
        if self.description.is_none() {
            self.description.clone_from(&other.description);
        }
        if self.default.is_none() {
            self.default.clone_from(&other.default);
        }
        if self.header.is_none() {
            self.header.clone_from(&other.header);
        }
        for note in &other.notes {
            self.note(note.clone());
        }
    }

    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The description with the notes below it.
    pub(super) fn text(&self) -> Option<String> {
        let parts: Vec<&str> = self
            .description
            .iter()
            .chain(&self.notes)
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        (!parts.is_empty()).then(|| parts.join("\n"))
    }
}
