//! The function that a component is called for, with its input, and the checks before anything
//! starts.

use cofferdam_call::{Outcome, Stdin};
use cofferdam_capability::{Bytes, Digest, Grant};

/// The function of a component that is called, with its input.
#[derive(Debug, Clone)]
pub enum Invocation {
    /// Run a command.
    Command {
        /// The arguments, without the program's name.
        args: Vec<String>,
        /// Standard input.
        stdin: Stdin,
    },
    /// Ask a component for its typed tools. This runs guest code, under the same limits as a call.
    List,
    /// Call one typed tool, or one function of a reflected component.
    Typed {
        /// Its name in the component.
        tool: String,
        /// Its input, as JSON text.
        input: String,
    },
}

impl Invocation {
    /// Bytes of what it carries. Standard input that is asked for is counted when it comes.
    pub(crate) fn size(&self) -> u64 {
        let size = match self {
            Self::Command { args, stdin } => {
                args.iter().map(|arg| arg.len() + 1).sum::<usize>() + stdin.len()
            }
            Self::List => 0,
            Self::Typed { input, .. } => input.len(),
        };
        size as u64
    }

    /// Returns the outcome of an invocation of this component that is refused before anything
    /// starts.
    pub(crate) fn refused(&self, component: Digest, grant: &Grant) -> Option<Outcome> {
        let limits = grant.limits();
        let too_large = |what: &str, size: usize, limit: Bytes, name: &str| {
            let reason =
                format!("{what} has {size} bytes: at most {limit} are passed on (limit `{name}`)");
            (size > limit.len()).then_some(Outcome::Denied { reason })
        };
        if component != grant.component() {
            let reason = format!(
                "the grant is for component {}, not {component}",
                grant.component()
            );
            return Some(Outcome::Denied { reason });
        }
        let environment = grant
            .environment()
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2)
            .sum();
        if let Some(refused) = too_large("the environment", environment, limits.env, "env") {
            return Some(refused);
        }
        match self {
            Self::Command { args, stdin } => {
                if let Some(nul) = args.iter().find(|arg| arg.contains('\0')) {
                    return Some(Outcome::Denied {
                        reason: format!("argument {nul:?} holds a NUL byte"),
                    });
                }
                let size = args.iter().map(|arg| arg.len() + 1).sum();
                too_large("the argument list", size, limits.args, "args")
                    .or_else(|| too_large("standard input", stdin.len(), limits.stdin, "stdin"))
            }
            Self::List => None,
            Self::Typed { input, .. } => too_large("the input", input.len(), limits.stdin, "stdin"),
        }
    }

    /// Takes the arguments, led by the program's name, and standard input.
    pub(crate) fn take_streams(&mut self, name: &str) -> CommandLine {
        let mut argv = vec![name.to_owned()];
        match self {
            Self::Command { args, stdin } => {
                argv.append(args);
                CommandLine {
                    argv,
                    stdin: std::mem::take(stdin),
                }
            }
            Self::List | Self::Typed { .. } => CommandLine {
                argv,
                stdin: Stdin::default(),
            },
        }
    }
}

/// The arguments and standard input of a command.
pub(crate) struct CommandLine {
    pub(crate) argv: Vec<String>,
    pub(crate) stdin: Stdin,
}

#[cfg(test)]
mod tests {
    use cofferdam_capability::{Ceiling, Decision, Manifest};

    use super::*;

    #[test]
    fn a_grant_is_for_one_component() {
        let reviewed = Digest::of(b"reviewed");
        let other = Digest::of(b"other");
        let grant = Grant::new(
            "t",
            reviewed,
            &Manifest::empty(),
            &Ceiling::default(),
            Decision::default(),
        )
        .unwrap();
        let invocations = [
            Invocation::Command {
                args: vec!["a".to_owned()],
                stdin: Stdin::default(),
            },
            Invocation::List,
            Invocation::Typed {
                tool: "t".to_owned(),
                input: "{}".to_owned(),
            },
        ];
        for invocation in invocations {
            assert!(invocation.refused(reviewed, &grant).is_none());
            let refused = invocation.refused(other, &grant);
            let Some(Outcome::Denied { reason }) = refused else {
                panic!("{refused:?}")
            };
            assert_eq!(
                reason,
                format!("the grant is for component {reviewed}, not {other}")
            );
        }
    }
}
