//! One principal and one tool: the policies that may have a say, and the decision where it is
//! always the same.

use std::collections::HashSet;

use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision, Entities, Entity, EntityUid, Policy,
    PolicySet, PrincipalConstraint, Request, ResourceConstraint, Response, RestrictedExpression,
};
use cofferdam_call::Verdict;

use super::arguments::Arguments;
use super::facts::ToolFacts;
use super::reads::Reads;
use super::uid::{Kind, uid};
use crate::decided::Decided;

/// The actions, in the order in which they are asked about.
const ACTIONS: [&str; 2] = ["call", "callUnattended"];

/// Steps that patterns may take in one decision, at the worst (2^26, a fraction of a second): the
/// bytes of all patterns for each byte of the arguments. Nothing can end a decision half-way.
const MAX_STEPS: usize = 1 << 26;

/// The rest of a request, which differs from call to call.
#[derive(Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) session: Option<&'a str>,
    pub(super) depth: u64,
    /// The tool that makes the call.
    pub(super) caller: Option<&'a ToolFacts>,
    pub(super) arguments: Arguments,
}

/// One principal and one tool.
#[derive(Debug)]
pub(super) struct Case {
    principal: EntityUid,
    resource: EntityUid,
    entities: Entities,
    /// The policies whose scope fits, for each action.
    policies: [PolicySet; 2],
    reads: Reads,
    /// The decision, if it is the same for every call.
    always: Option<Decided>,
    tool: String,
}

impl Case {
    /// Prepares the decision of these policies about a principal, with the roles that it has; none
    /// if the entities cannot be said.
    pub(super) fn new(
        policies: &[&Policy],
        own: EntityUid,
        roles: HashSet<EntityUid>,
        tool: &ToolFacts,
    ) -> Option<Self> {
        let above = tool.parents.iter().cloned().collect::<HashSet<_>>();
        let scope = Scope {
            principal: &own,
            roles: &roles,
            resource: &tool.uid,
            above: &above,
        };
        let mut reads = Reads::default();
        let fitting = ACTIONS.map(|action| {
            let action = uid(Kind::Action, action);
            let fitting = policies.iter().filter(|policy| scope.fits(policy, &action));
            let mut set = PolicySet::new();
            for policy in fitting {
                // One that cannot be read again might read anything; it was read once.
                reads.add(&policy.to_json().unwrap_or_default());
                if set.add(Policy::clone(policy)).is_err() {
                    return None;
                }
            }
            Some(set)
        });
        let [Some(call), Some(unattended)] = fitting else {
            return None;
        };
        let mut entities = tool.entities.clone();
        entities.push(Entity::new_no_attrs(own.clone(), roles.clone()));
        entities.extend(roles.into_iter().map(Entity::with_uid));
        let mut case = Self {
            principal: own,
            resource: tool.uid.clone(),
            entities: Entities::from_entities(entities, None).ok()?,
            policies: [call, unattended],
            reads,
            always: None,
            tool: tool.uid.id().unescaped().to_owned(),
        };
        if !case.reads.context() {
            case.always = Some(case.evaluate(Circumstances {
                session: None,
                depth: 0,
                caller: None,
                arguments: Arguments::default(),
            }));
        }
        Some(case)
    }

    /// The places of a request that its policies read.
    pub(super) fn reads(&self) -> &Reads {
        &self.reads
    }

    /// Decides about one call.
    pub(super) fn decide(&self, circumstances: Circumstances<'_>) -> Decided {
        match &self.always {
            Some(decided) => decided.clone(),
            None => self.evaluate(circumstances),
        }
    }

    /// The values of the places that its policies read, for a call.
    pub(super) fn values(&self, circumstances: Circumstances<'_>) -> Vec<(String, String)> {
        let Some((request, entities)) = self.request(ACTIONS[0], circumstances) else {
            return Vec::new();
        };
        let value = |place: &str| {
            let expression = place.parse().ok()?;
            let value = cedar_policy::eval_expression(&request, &entities, &expression).ok()?;
            Some((place.to_owned(), value.to_string()))
        };
        self.reads.places().filter_map(value).collect()
    }

    fn evaluate(&self, circumstances: Circumstances<'_>) -> Decided {
        let patterns = self.reads.patterns();
        let bytes = circumstances.arguments.bytes();
        if patterns.saturating_mul(bytes) > MAX_STEPS {
            let reason = format!(
                "the policy holds arguments of {bytes} bytes against {patterns} bytes of patterns, \
                 and that is more than one decision may take",
            );
            return Decided::deny(Vec::new(), reason);
        }
        let Some((request, entities)) = self.request(ACTIONS[0], circumstances) else {
            let reason = format!("the policy cannot be asked about `{}`", self.tool);
            return Decided::deny(Vec::new(), reason);
        };
        let [call, unattended] = &self.policies;
        let authorizer = Authorizer::new();
        let answer = authorizer.is_authorized(&request, call, &entities);
        if let Some(refused) = self.refused(&answer) {
            return refused;
        }
        let Some(request) = self.unattended(&request) else {
            let reason = format!("the policy cannot be asked about `{}`", self.tool);
            return Decided::deny(Vec::new(), reason);
        };
        let answer = authorizer.is_authorized(&request, unattended, &entities);
        if let Some(problem) = broken(&answer) {
            return problem;
        }
        let policies = names(&answer);
        match answer.decision() {
            Decision::Allow => Decided {
                verdict: Verdict::Allow,
                policies,
                reason: String::new(),
            },
            Decision::Deny => Decided {
                verdict: Verdict::Pending,
                reason: format!(
                    "the policy permits `{}` only after an approval{}",
                    self.tool,
                    by(&policies)
                ),
                policies,
            },
        }
    }

    fn refused(&self, answer: &Response) -> Option<Decided> {
        if let Some(problem) = broken(answer) {
            return Some(problem);
        }
        let Decision::Deny = answer.decision() else {
            return None;
        };
        let policies = names(answer);
        let reason = if policies.is_empty() {
            format!("no policy permits this call of `{}`", self.tool)
        } else {
            format!(
                "the policy forbids this call of `{}`{}",
                self.tool,
                by(&policies)
            )
        };
        Some(Decided::deny(policies, reason))
    }

    fn request(
        &self,
        action: &str,
        circumstances: Circumstances<'_>,
    ) -> Option<(Request, Entities)> {
        let Circumstances {
            session,
            depth,
            caller,
            arguments,
        } = circumstances;
        let entity = RestrictedExpression::new_entity_uid;
        let depth = RestrictedExpression::new_long(i64::try_from(depth).unwrap_or(i64::MAX));
        let mut context = vec![
            ("depth".to_owned(), depth),
            ("arguments".to_owned(), entity(Arguments::uid())),
        ];
        if let Some(session) = session {
            let session = RestrictedExpression::new_string(session.to_owned());
            context.push(("session".to_owned(), session));
        }
        let mut more = vec![arguments.entity()?];
        if let Some(caller) = caller {
            context.push(("caller".to_owned(), entity(caller.uid.clone())));
            let known = |entity: &&Entity| self.entities.get(&entity.uid()).is_none();
            more.extend(caller.entities.iter().filter(known).cloned());
        }
        let entities = self.entities.clone().add_entities(more, None).ok()?;
        let request = Request::new(
            self.principal.clone(),
            uid(Kind::Action, action),
            self.resource.clone(),
            Context::from_pairs(context).ok()?,
            None,
        );
        Some((request.ok()?, entities))
    }

    fn unattended(&self, request: &Request) -> Option<Request> {
        Request::new(
            self.principal.clone(),
            uid(Kind::Action, ACTIONS[1]),
            self.resource.clone(),
            request.context()?.clone(),
            None,
        )
        .ok()
    }
}

/// A decision in which a policy could not be evaluated: Cedar leaves such a policy out, and a
/// `forbid` that is left out would permit.
fn broken(answer: &Response) -> Option<Decided> {
    let error = answer.diagnostics().errors().next()?;
    let reason = format!("the policy could not be evaluated: {error}");
    Some(Decided::deny(names(answer), reason))
}

/// The policies that made a decision, in order.
fn names(answer: &Response) -> Vec<String> {
    let mut names: Vec<_> = answer
        .diagnostics()
        .reason()
        .map(ToString::to_string)
        .collect();
    names.sort();
    names
}

fn by(policies: &[String]) -> String {
    if policies.is_empty() {
        String::new()
    } else {
        format!(" ({})", policies.join(", "))
    }
}

/// The scope of a request.
struct Scope<'a> {
    principal: &'a EntityUid,
    roles: &'a HashSet<EntityUid>,
    resource: &'a EntityUid,
    above: &'a HashSet<EntityUid>,
}

impl Scope<'_> {
    /// True if the scope of a policy covers the request. Its conditions are not looked at.
    fn fits(&self, policy: &Policy, action: &EntityUid) -> bool {
        let Self {
            principal,
            roles,
            resource,
            above,
        } = self;
        let is_in = |uid: &EntityUid, own: &EntityUid, above: &HashSet<EntityUid>| {
            uid == own || above.contains(uid)
        };
        let by_principal = match policy.principal_constraint() {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::Eq(uid) => uid == **principal,
            PrincipalConstraint::In(uid) => is_in(&uid, principal, roles),
            PrincipalConstraint::Is(kind) => kind == *principal.type_name(),
            PrincipalConstraint::IsIn(kind, uid) => {
                kind == *principal.type_name() && is_in(&uid, principal, roles)
            }
        };
        let by_action = match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(uid) => uid == *action,
            ActionConstraint::In(uids) => uids.contains(action),
        };
        let by_resource = match policy.resource_constraint() {
            ResourceConstraint::Any => true,
            ResourceConstraint::Eq(uid) => uid == **resource,
            ResourceConstraint::In(uid) => is_in(&uid, resource, above),
            ResourceConstraint::Is(kind) => kind == *resource.type_name(),
            ResourceConstraint::IsIn(kind, uid) => {
                kind == *resource.type_name() && is_in(&uid, resource, above)
            }
        };
        by_principal && by_action && by_resource
    }
}
