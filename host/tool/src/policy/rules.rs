//! Policies that were read and validated: nothing decides by any others.

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::{
    Effect, Entities, Entity, EntityUid, Policy, PolicyId, PolicySet, Schema, ValidationMode,
    Validator,
};
use miette::Diagnostic;

use super::bounds;
use super::cases::Cases;
use super::index::Index;
use super::problem::{Lines, PolicyProblem, Position};

/// The schema of this host, as policies are validated against it.
pub const SCHEMA: &str = include_str!("schema.cedarschema");

/// The name of the policy that holds where there is no other.
pub(super) const DEFAULT: &str = "host:offered";

/// The attribute that says if a tool was reviewed. A policy that holds the word nowhere does not
/// read it.
const REVIEWED: &str = "reviewed";

/// Files of a policy.
pub const MAX_POLICY_FILES: usize = 64;

/// Bytes of all files of a policy together (16 MiB): ten thousand policies are two.
pub const MAX_POLICY_BYTES: u64 = 16 << 20;

/// Policies of a set (100,000): reading them takes seconds.
const MAX_POLICIES: usize = 100_000;

/// Bytes of the policies that an image brings along (64 KiB): each of them is asked in each call.
const MAX_NARROWING_BYTES: usize = 64 << 10;

/// Stack for reading policies, in bytes (16 MiB, of which only what is used is taken): the parser
/// goes as deep as policies are nested, and [`bounds`] says how deep that is.
const STACK: usize = 16 << 20;

/// The most mistakes that are told of one policy.
const MAX_PROBLEMS: usize = 100;

/// A file of a policy.
#[derive(Debug, Clone)]
pub struct PolicyFile {
    /// Its name, for messages and for the names of its policies.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Validated policies, with the roles that they name.
#[derive(Debug)]
pub struct Rules {
    pub(super) policies: Vec<Policy>,
    index: Index,
    /// The parents of agents and of roles.
    pub(super) parents: BTreeMap<EntityUid, Vec<EntityUid>>,
    /// True if one of them asks for the reviews of a tool.
    pub(super) reads_reviews: bool,
    /// The decisions that were made by them.
    pub(super) cases: Cases,
    /// Remarks of the validator: policies that never apply.
    warnings: Vec<PolicyProblem>,
}

impl Rules {
    /// The rules where an operator has made none: an agent may call the tools that it has.
    pub fn default_rules() -> Self {
        let permit = "permit (principal, action, resource);";
        let id = Some(PolicyId::new(DEFAULT));
        // It is a constant, and a test reads it; without it nothing would be permitted.
        let policies: Vec<_> = Policy::parse(id, permit).into_iter().collect();
        Self {
            index: Index::of(&policies),
            policies,
            parents: BTreeMap::new(),
            reads_reviews: false,
            cases: Cases::default(),
            warnings: Vec::new(),
        }
    }

    /// Reads the policies of an operator, and the roles that he gives.
    ///
    /// # Errors
    ///
    /// With every mistake in them.
    pub fn read(
        files: &[PolicyFile],
        roles: Option<&PolicyFile>,
    ) -> Result<Self, Vec<PolicyProblem>> {
        let failed = |problem: String| vec![PolicyProblem::of_file("the policy", problem)];
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("policy".to_owned());
            thread
                .stack_size(STACK)
                .spawn_scoped(scope, || Self::read_here(files, roles))
                .map_err(|error| failed(format!("there is no thread to read it on: {error}")))?
                .join()
                .unwrap_or_else(|_| Err(failed("the host failed while it read it".to_owned())))
        })
    }

    /// The same on this thread, whose stack is deep enough.
    fn read_here(
        files: &[PolicyFile],
        roles: Option<&PolicyFile>,
    ) -> Result<Self, Vec<PolicyProblem>> {
        let mut problems = Vec::new();
        let mut set = PolicySet::new();
        let mut places = Places::default();
        for file in files {
            read_file(file, &mut set, &mut places, &mut problems);
        }
        let parents = match roles.map(read_roles).transpose() {
            Ok(parents) => parents.unwrap_or_default(),
            Err(problem) => {
                problems.push(problem);
                BTreeMap::new()
            }
        };
        let warnings = validate(&set, &places, &mut problems);
        if set.num_of_policies() > MAX_POLICIES {
            problems.push(PolicyProblem::of_file(
                "the policy",
                format!("more than {MAX_POLICIES} policies"),
            ));
        }
        if !problems.is_empty() {
            problems.truncate(MAX_PROBLEMS);
            return Err(problems);
        }
        let policies: Vec<_> = set.policies().cloned().collect();
        Ok(Self {
            reads_reviews: files.iter().any(|file| file.text.contains(REVIEWED)),
            index: Index::of(&policies),
            policies,
            parents,
            cases: Cases::default(),
            warnings,
        })
    }

    /// Reads the policies of an agent's image. They can only forbid: what the operator did not
    /// permit stays refused.
    ///
    /// # Errors
    ///
    /// With every mistake in them; a `permit` is one.
    pub fn read_narrowing(files: &[PolicyFile]) -> Result<Self, Vec<PolicyProblem>> {
        let bytes: usize = files.iter().map(|file| file.text.len()).sum();
        if bytes > MAX_NARROWING_BYTES {
            let file = files.first().map_or("the policy", |file| &file.name);
            return Err(vec![PolicyProblem::of_file(
                file,
                format!(
                    "the policies of an image have {bytes} bytes: at most {} KiB",
                    MAX_NARROWING_BYTES >> 10
                ),
            )]);
        }
        let mut rules = Self::read(files, None)?;
        let permits = rules
            .policies
            .iter()
            .filter(|policy| policy.effect() == Effect::Permit);
        let problem = |policy: &Policy| {
            let (file, line) = split(policy.id());
            PolicyProblem {
                file,
                line,
                column: 1,
                problem: "an image may only `forbid`; what is permitted decides the operator"
                    .to_owned(),
            }
        };
        let problems: Vec<_> = permits.map(problem).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        rules.policies.extend(Self::default_rules().policies);
        rules.index = Index::of(&rules.policies);
        Ok(rules)
    }

    /// The number of policies.
    pub fn len(&self) -> usize {
        self.policies.len()
    }

    /// True if it holds no policy, so that nothing is permitted.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// True for the rules where an operator has made none.
    pub fn is_default(&self) -> bool {
        let is_default = |policy: &Policy| AsRef::<str>::as_ref(policy.id()) == DEFAULT;
        matches!(self.policies.as_slice(), [only] if is_default(only))
    }

    /// Remarks about policies that never apply.
    pub fn warnings(&self) -> &[PolicyProblem] {
        &self.warnings
    }

    /// The policies whose scope can cover a request about these entities.
    pub(super) fn about<'a>(
        &self,
        entities: impl Iterator<Item = &'a EntityUid>,
    ) -> impl Iterator<Item = &Policy> {
        let places = self.index.about(entities);
        places
            .into_iter()
            .filter_map(move |place| self.policies.get(place))
    }

    /// The entities above this one.
    pub(super) fn ancestors(&self, of: &EntityUid) -> HashSet<EntityUid> {
        let mut found = HashSet::new();
        let mut open: Vec<_> = self.parents.get(of).into_iter().flatten().collect();
        while let Some(parent) = open.pop() {
            if found.insert(parent.clone()) {
                open.extend(self.parents.get(parent).into_iter().flatten());
            }
        }
        found
    }
}

/// The file and the line that the name of a policy begins with.
fn split(id: &PolicyId) -> (String, usize) {
    let name = id.to_string();
    let place = name
        .split_once(' ')
        .map_or(name.as_str(), |(place, _)| place);
    match place.rsplit_once(':') {
        Some((file, line)) => (file.to_owned(), line.parse().unwrap_or(0)),
        None => (place.to_owned(), 0),
    }
}

/// The text of each file, to tell places in it.
#[derive(Debug, Default)]
struct Places<'a>(BTreeMap<&'a str, Lines<'a>>);

/// Reads the policies of one file. Each is named for its place: `ask.cedar:12`, with its `@id`
/// behind it.
fn read_file<'a>(
    file: &'a PolicyFile,
    set: &mut PolicySet,
    places: &mut Places<'a>,
    problems: &mut Vec<PolicyProblem>,
) {
    let PolicyFile { name, text } = file;
    let lines = places.0.entry(name).or_insert(Lines::of(text));
    if let Err(problem) = bounds::check(name, text, lines) {
        problems.push(problem);
        return;
    }
    let read = match PolicySet::from_str(text) {
        Ok(read) => read,
        Err(errors) => {
            let problem = |error: &cedar_policy::ParseError| {
                PolicyProblem::at(name, lines, offset(error), sentence(error))
            };
            problems.extend(errors.iter().map(problem));
            return;
        }
    };
    for template in read.templates() {
        problems.push(PolicyProblem::of_file(
            name,
            format!(
                "`{}` is a template: there is nothing here that links one, so write the principal \
                 and the resource themselves",
                template.id()
            ),
        ));
    }
    let mut on_line = BTreeMap::<usize, usize>::new();
    for policy in read.policies() {
        let start = policy.as_ref().loc().map_or(0, |loc| loc.start());
        let Position { line, column } = lines.position(start);
        let again = on_line.entry(line).or_default();
        *again += 1;
        let id = match (policy.annotation("id"), *again) {
            (Some(id), _) if !id.is_empty() => format!("{name}:{line} {id}"),
            (_, 1) => format!("{name}:{line}"),
            _ => format!("{name}:{line} column {column}"),
        };
        if let Err(error) = set.add(policy.new_id(PolicyId::new(id))) {
            problems.push(PolicyProblem::at(name, lines, start, error.to_string()));
        }
    }
}

/// Holds policies against the schema; mistakes are added, and remarks come back.
fn validate(
    set: &PolicySet,
    places: &Places<'_>,
    problems: &mut Vec<PolicyProblem>,
) -> Vec<PolicyProblem> {
    let Some(schema) = schema() else {
        problems.push(PolicyProblem::of_file(
            "the schema of this host",
            "it cannot be read",
        ));
        return Vec::new();
    };
    let result = Validator::new(schema.clone()).validate(set, ValidationMode::Strict);
    let told = |id: &PolicyId, diagnostic: &dyn Diagnostic, words: String| {
        let (file, line) = split(id);
        // Where the remark itself has no place, that of its policy has to do.
        match (places.0.get(file.as_str()), label(diagnostic)) {
            (Some(text), Some(offset)) => PolicyProblem::at(&file, text, offset, words),
            _ => PolicyProblem {
                file,
                line,
                column: 1,
                problem: words,
            },
        }
    };
    // The words of the validator begin with the policy, whose place is told already.
    let words = |id: &PolicyId, diagnostic: &dyn Diagnostic| {
        let words = sentence(diagnostic);
        let prefix = format!("for policy `{id}`, ");
        words.strip_prefix(&prefix).unwrap_or(&words).to_owned()
    };
    problems.extend(
        result
            .validation_errors()
            .map(|error| told(error.policy_id(), error, words(error.policy_id(), error))),
    );
    result
        .validation_warnings()
        .map(|warning| {
            told(
                warning.policy_id(),
                warning,
                words(warning.policy_id(), warning),
            )
        })
        .collect()
}

/// The schema, parsed once.
pub(super) fn schema() -> Option<&'static Schema> {
    static PARSED: LazyLock<Option<Schema>> = LazyLock::new(|| {
        let parsed = Schema::from_cedarschema_str(SCHEMA);
        parsed.ok().map(|(schema, _)| schema)
    });
    PARSED.as_ref()
}

/// The byte at which a message points; 0 if it points nowhere.
fn offset(diagnostic: &dyn Diagnostic) -> usize {
    label(diagnostic).unwrap_or(0)
}

fn label(diagnostic: &dyn Diagnostic) -> Option<usize> {
    diagnostic.labels()?.next().map(|label| label.offset())
}

/// A message and the advice that comes with it, on one line.
fn sentence(diagnostic: &dyn Diagnostic) -> String {
    let help = diagnostic.help().map(|help| format!(" ({help})"));
    let words = format!("{diagnostic}{}", help.unwrap_or_default());
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reads which roles agents have, in Cedar's own format. Everything else is the host's to say.
fn read_roles(file: &PolicyFile) -> Result<BTreeMap<EntityUid, Vec<EntityUid>>, PolicyProblem> {
    let wrong = |problem: String| PolicyProblem::of_file(&file.name, problem);
    let entities =
        Entities::from_json_str(&file.text, schema()).map_err(|error| wrong(sentence(&error)))?;
    let mut parents = BTreeMap::new();
    // The actions of the schema are in it too.
    let own = entities.iter().filter(|entity| !is_action(entity));
    for entity in own {
        let uid = entity.uid();
        let kind = uid.type_name().to_string();
        if !["Agent", "Role"].contains(&kind.as_str()) {
            return Err(wrong(format!(
                "`{uid}` cannot be said here: only agents and roles can, with the roles they are \
                 in as `parents`"
            )));
        }
        let above = entities.ancestors(&uid).into_iter().flatten().cloned();
        parents.insert(uid, above.collect());
    }
    Ok(parents)
}

fn is_action(entity: &Entity) -> bool {
    entity.uid().type_name().basename() == "Action"
}
