//! Limits of one call. Every limit is finite and none is optional. A manifest can lower a limit and
//! ask for a higher one; the operator alone raises it, up to the host's ceiling.

use serde::{Deserialize, Serialize};

use crate::quantity::{Bytes, Count, Time};

/// One limit with its numbers as text, for tables and error messages.
#[derive(Debug, Clone, Serialize)]
pub struct LimitRow {
    /// The key in `[limits]`.
    pub name: &'static str,
    /// The value in these limits.
    pub value: String,
}

/// A limit of which a manifest asks for more than its tool gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LowerLimit {
    /// The key in `[limits]`.
    pub name: &'static str,
    /// The value that the manifest asks for.
    pub asked: String,
    /// The value that holds.
    pub given: String,
    /// The ceiling, where the manifest asks for more than an operator may give.
    pub ceiling: Option<String>,
}

const fn mib(n: u64) -> Bytes {
    Bytes(n << 20)
}

const fn kib(n: u64) -> Bytes {
    Bytes(n << 10)
}

const fn seconds(n: u64) -> Time {
    Time(std::time::Duration::from_secs(n))
}

/// Beyond this an operator cannot raise a ceiling: the pool, the machine or the format gives no
/// more.
trait Highest {
    const HIGHEST: Self;
}

impl Highest for Count {
    const HIGHEST: Self = Self(1_000_000_000_000_000);
}

impl Highest for Bytes {
    // The whole address space of a 32-bit memory.
    const HIGHEST: Self = Self(4 << 30);
}

impl Highest for Time {
    const HIGHEST: Self = seconds(24 * 3_600);
}

/// A limit as a plain number, whatever its unit.
trait Amount: Sized + std::fmt::Display {
    /// A number, bytes, or microseconds.
    fn amount(&self) -> u64;

    fn of_amount(amount: u64) -> Self;
}

impl Amount for Count {
    fn amount(&self) -> u64 {
        self.0
    }

    fn of_amount(amount: u64) -> Self {
        Self(amount)
    }
}

impl Amount for Bytes {
    fn amount(&self) -> u64 {
        self.0
    }

    fn of_amount(amount: u64) -> Self {
        Self(amount)
    }
}

impl Amount for Time {
    fn amount(&self) -> u64 {
        u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX)
    }

    fn of_amount(amount: u64) -> Self {
        Self(std::time::Duration::from_micros(amount))
    }
}

macro_rules! highest {
    ($kind:ty) => {
        <$kind as Highest>::HIGHEST
    };
    ($kind:ty, $highest:expr) => {
        $highest
    };
}

/// A limit that cannot be asked for: its key or its value is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LimitError(String);

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident ($key:literal): $kind:ty = $default:expr, at most $ceiling:expr
        $(, never above $highest:expr)?;)*) => {
        /// The limits of one call.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub struct Limits {
            $($(#[$doc])* pub $name: $kind,)*
        }

        /// Limits as somebody asks for them: only what should differ from the default.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct LimitsRequest {
            $(
                $(#[$doc])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                #[cfg_attr(feature = "schema", schemars(extend(
                    "default" = Limits::DEFAULT.$name,
                    "x-ceiling" = Limits::CEILING.$name,
                )))]
                pub $name: Option<$kind>,
            )*
        }

        impl Limits {
            /// The limits of a call unless its manifest lowers them or its operator replaces them.
            pub const DEFAULT: Self = Self { $($name: $default,)* };

            /// The most this host gives unless its operator configures another ceiling.
            pub const CEILING: Self = Self { $($name: $ceiling,)* };

            /// These limits with the numbers of `request` where it names any.
            #[must_use]
            pub fn replaced(&self, request: &LimitsRequest) -> Self {
                Self { $($name: request.$name.unwrap_or(self.$name),)* }
            }

            /// The keys of all limits.
            pub const NAMES: &'static [&'static str] = &[$($key,)*];

            /// Every limit in the order of the design's table.
            pub fn rows(&self) -> Vec<LimitRow> {
                vec![$(LimitRow { name: $key, value: self.$name.to_string() },)*]
            }

            /// The limit of this key as a number, bytes, or microseconds.
            pub fn amount(&self, name: &str) -> Option<u64> {
                match name {
                    $($key => Some(self.$name.amount()),)*
                    _ => None,
                }
            }

            /// An amount of the limit of this key, in its unit.
            pub fn in_words(&self, name: &str, amount: u64) -> String {
                match name {
                    $($key => <$kind as Amount>::of_amount(amount).to_string(),)*
                    _ => amount.to_string(),
                }
            }

            /// The keys of the limits that are higher than in `other`.
            pub fn higher_than(&self, other: &Self) -> Vec<&'static str> {
                [$((self.$name > other.$name, $key),)*].into_iter().filter_map(|(higher,
                    key)| higher.then_some(key)).collect()
            }

            /// The highest ceiling that an operator can configure.
            pub const HIGHEST: Self = Self { $($name: highest!($kind $(, $highest)?),)* };

            /// These limits, each lowered to `ceiling`.
            #[must_use]
            pub fn at_most(&self, ceiling: &Self) -> Self {
                Self { $($name: self.$name.min(ceiling.$name),)* }
            }

            /// These limits with the lower numbers of `request`: a manifest cannot raise any.
            #[must_use]
            pub fn lowered(&self, request: &LimitsRequest) -> Self {
                Self { $($name: request.$name.unwrap_or(self.$name).min(self.$name),)* }
            }
        }

        impl LimitsRequest {
            /// The first limit asked for above `ceiling`: its key, what was asked for, and the
            /// ceiling.
            pub fn above(&self, ceiling: &Limits) -> Option<(&'static str, String, String)> {
                $(if let Some(asked) = self.$name && asked > ceiling.$name {
                    return Some(($key, asked.to_string(), ceiling.$name.to_string()));
                })*
                None
            }

            /// Every limit that is asked for and higher than `given`.
            pub fn beyond(&self, given: &Limits, ceiling: &Limits) -> Vec<LowerLimit> {
                let mut lower = Vec::new();
                $(if let Some(asked) = self.$name && asked > given.$name {
                    lower.push(LowerLimit {
                        name: $key,
                        asked: asked.to_string(),
                        given: given.$name.to_string(),
                        ceiling: (asked > ceiling.$name).then(|| ceiling.$name.to_string()),
                    });
                })*
                lower
            }

            /// These limits, and those of `other` where nothing is asked for.
            #[must_use]
            pub fn or(&self, other: &Self) -> Self {
                Self { $($name: self.$name.or(other.$name),)* }
            }

            /// Every limit that is asked for.
            pub fn rows(&self) -> Vec<LimitRow> {
                let mut rows = Vec::new();
                $(if let Some(asked) = self.$name {
                    rows.push(LimitRow { name: $key, value: asked.to_string() });
                })*
                rows
            }

            /// A request for every one of these limits.
            pub fn every(limits: &Limits) -> Self {
                Self { $($name: Some(limits.$name),)* }
            }

            /// These requests, with this amount for the limit of this key.
            #[must_use]
            pub fn with(&self, name: &str, amount: u64) -> Self {
                let mut request = self.clone();
                match name {
                    $($key => request.$name = Some(<$kind as Amount>::of_amount(amount)),)*
                    _ => {}
                }
                request
            }

            /// These requests, each lowered to `ceiling`.
            #[must_use]
            pub fn at_most(&self, ceiling: &Limits) -> Self {
                Self { $($name: self.$name.map(|asked| asked.min(ceiling.$name)),)* }
            }

            /// Asks for one more limit, by its key. The error says what is wrong with the key or
            /// the value.
            pub fn ask(&mut self, key: &str, value: &str) -> Result<(), LimitError> {
                let asked_before = match key {
                    $($key => self.$name.replace(value.parse().map_err(LimitError)?).is_some(),)*
                    _ => {
                        let keys = [$($key),*].join(", ");
                        return Err(LimitError(format!(
                            "there is no limit `{key}`; the limits are: {keys}"
                        )));
                    }
                };
                if asked_before {
                    return Err(LimitError(format!(
                        "the limit `{key}` is given twice: give it once"
                    )));
                }
                Ok(())
            }
        }
    };
}

limits! {
    /// Fuel: about one unit for each WebAssembly instruction. 10 to 25 billion are about one second
    /// of CPU, so the default is one to two seconds of it and the ceiling about a minute.
    fuel("fuel"): Count = Count(20_000_000_000), at most Count(1_000_000_000_000);

    /// Wall clock over queueing, guest and host calls. A person waits half a minute for an answer,
    /// rarely longer; the ceiling leaves room for a build or a large download.
    wall("wall"): Time = seconds(30), at most seconds(600);

    /// Linear memory, summed over all memories of the call. 64 MiB fits a Python interpreter; the
    /// ceiling is the size of a slot in the instance pool.
    memory("memory"): Bytes = mib(64), at most mib(256);

    /// Table elements, summed over all tables. The largest component seen (Python) uses about
    /// 7,000.
    table_elements("table-elements"): Count = Count(10_000), at most Count(10_000);

    /// Core instances in the component. Python brings about 20.
    instances("instances"): Count = Count(32), at most Count(32);

    /// Linear memories in the component; a single program has one or two.
    memories("memories"): Count = Count(8), at most Count(8);

    /// Tables in the component.
    tables("tables"): Count = Count(16), at most Count(16);

    /// Resource handles (streams, descriptors, pollables) that the host holds for the guest at one
    /// time.
    handles("handles"): Count = Count(1_024), at most Count(16_384);

    /// Bytes lifted out of the guest for one host call, so that one write cannot make the host
    /// allocate at will.
    host_call("host-call"): Bytes = mib(8), at most mib(64);

    /// Memory that the host holds for the call outside its linear memory: what is parsed, listed,
    /// buffered, kept of its output and behind its handles. JSON takes up to a hundred times its
    /// text, so this is what bounds a large input; the default holds the default input in any usual
    /// form.
    host_memory("host-memory"): Bytes = mib(64), at most mib(256);

    /// Random bytes for one request; keys and seeds need 64 bytes, not megabytes.
    random("random"): Bytes = kib(64), at most mib(1);

    /// Files and directories that the call holds open at one time, streams on them included.
    /// Programs need a handful; a shell gives 1,024 to a whole process, and all calls share the
    /// host's.
    open_files("open-files"): Count = Count(64), at most Count(1_024);

    /// Directory entries held by open listings. The host reads a directory whole when it is
    /// opened, so this is host memory: about 5 MiB by default.
    listing_entries("listing-entries"): Count = Count(16_384), at most Count(262_144);

    /// Bytes written to files over all directories, and sizes that files are given without writing.
    /// Enough for any document; a tool that produces more says so. It is disk and not memory, so a
    /// ceiling may be as high as a disk is large (1 TiB).
    written("written"): Bytes = mib(64), at most Bytes(16 << 30), never above Bytes(1 << 40);

    /// Files, directories and links created or renamed over all directories, removed or not: what a
    /// small source tree has.
    entries_created("entries-created"): Count = Count(4_096), at most Count(262_144);

    /// Standard input. What a model writes or another tool hands over; larger data belongs in a
    /// file.
    stdin("stdin"): Bytes = mib(4), at most mib(64);

    /// Arguments, summed with a byte each for their end. Linux allows 2 MiB; a model needs far
    /// less.
    args("args"): Bytes = kib(256), at most mib(2);

    /// Environment, summed over names and values.
    env("env"): Bytes = kib(64), at most mib(1);

    /// Standard output that is kept; the rest is dropped and the receipt says so. More would drown
    /// a model's context.
    stdout("stdout"): Bytes = mib(1), at most mib(64);

    /// Standard error that is kept; the rest is dropped and the receipt says so.
    stderr("stderr"): Bytes = kib(64), at most mib(8);

    /// HTTP requests, permitted and refused ones. A page with its parts has fewer; more is a crawl.
    http_requests("http-requests"): Count = Count(32), at most Count(1_024);

    /// The body of one HTTP response. What a model reads has kilobytes; this is for data that a
    /// tool boils down.
    http_response("http-response"): Bytes = mib(10), at most mib(256);

    /// The body of one HTTP request, so that a tool cannot carry away everything it sees at once.
    http_request_body("http-request-body"): Bytes = mib(10), at most mib(256);

    /// HTTP exchanges at once: each holds a socket and a buffer of the host. Browsers open six to
    /// one server.
    http_concurrent("http-concurrent"): Count = Count(4), at most Count(16);

    /// TCP sockets that the call makes, whether they get connected or not, and names that it looks
    /// up for them. A client of one service has one; a name may have several addresses to try.
    tcp_connections("tcp-connections"): Count = Count(4), at most Count(64);

    /// Calls of other tools inside one another. A tool that uses a tool needs one; the instance
    /// pool has room for the ceiling in every place, which is why it cannot be raised far.
    nested_depth("nested-depth"): Count = Count(4), at most Count(4), never above Count(16);

    /// Calls of other tools, refused ones included and those counted that the called tools make.
    /// Each may use as much as its own limits give, so this bounds what one call sets in motion.
    nested_calls("nested-calls"): Count = Count(32), at most Count(1_024);

    /// The result of a typed call.
    result("result"): Bytes = mib(1), at most mib(8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_above_what_an_operator_can_keep() {
        assert_eq!(Limits::DEFAULT.higher_than(&Limits::CEILING), [""; 0]);
        assert_eq!(Limits::CEILING.higher_than(&Limits::HIGHEST), [""; 0]);
    }

    #[test]
    fn every_value_is_read_as_it_is_shown() {
        for limits in [Limits::DEFAULT, Limits::CEILING, Limits::HIGHEST] {
            let mut request = LimitsRequest::default();
            for row in limits.rows() {
                request.ask(row.name, &row.value).expect("it was shown so");
            }
            assert_eq!(Limits::DEFAULT.replaced(&request), limits);
        }
    }

    #[test]
    fn a_key_is_asked_for_once_and_must_exist() {
        let mut request = LimitsRequest::default();
        request.ask("fuel", "1_000").expect("a limit");
        assert!(
            request
                .ask("fuel", "1")
                .is_err_and(|error| error.to_string().contains("twice"))
        );
        assert!(
            request
                .ask("fule", "1")
                .is_err_and(|error| error.to_string().contains("fuel, wall"))
        );
        assert!(
            request
                .ask("memory", "1")
                .is_err_and(|error| error.to_string().contains("64MiB"))
        );
    }
}
