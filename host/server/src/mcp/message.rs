//! Messages of clients, before anything parses them.
//!
//! The library reads a message into values, which take up to a hundred times its text. What a
//! message weighs is therefore counted first. One that weighs too much is refused over HTTP; over
//! standard input, where only the library answers, its place is taken by a request that is answered
//! with the same sentence. What is no message is replaced by a notification that
//! [`super::cancel_filter`] answers, and a batch by its messages.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rmcp::model::ErrorData;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, ReadBuf};

use super::form::is_message;

/// The longest message that is read, in bytes (12 MiB): the largest standard input of a command,
/// escaped.
pub(super) const MAX_MESSAGE: usize = 12 << 20;

/// Maximum bytes that one message may take once it is parsed (64 MiB): as much as a call may by
/// default. The library holds it twice while it reads.
const MAX_WEIGHT: usize = 64 << 20;

/// The method of the request in the place of a message that weighs too much.
pub(super) const TOO_HEAVY: &str = "cofferdam/message-too-heavy";

/// The method of the request in the place of one whose parameters are no object.
pub(super) const ODD_PARAMS: &str = "cofferdam/odd-params";

/// The most bytes of odd parameters that are handed on.
const MAX_FOUND: usize = 80;

/// The method of the notification in the place of a line that is not JSON.
const NOT_JSON: &str = "cofferdam/not-json";

/// The same for a line that is JSON and no message.
const NO_MESSAGE: &str = "cofferdam/no-message";

/// The same for a line that is too long to be read.
const TOO_LONG: &str = "cofferdam/too-long";

/// The same for a batch of too many messages, or of none.
const NO_BATCH: &str = "cofferdam/no-batch";

/// Messages in one batch: as many as calls may be under way.
const MAX_BATCH: usize = 256;

/// Bytes that are read at once.
const CHUNK: usize = 16 << 10;

/// Some programs of Windows begin with it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The longest id of a request that is answered when its message weighs too much, in bytes.
const MAX_ID: usize = 256;

/// The sentence for who sent a message that weighs too much.
pub(super) fn too_heavy() -> String {
    format!(
        "the message takes more than {} MiB once it is parsed: send less in one message",
        MAX_WEIGHT >> 20
    )
}

/// The error that answers a notification which stands for something that is no message.
pub(super) fn refusal(method: &str) -> Option<ErrorData> {
    match method {
        NOT_JSON => Some(not_json()),
        TOO_LONG => Some(ErrorData::invalid_request(
            format!("a message has at most {MAX_MESSAGE} bytes: send less in one message"),
            None,
        )),
        NO_MESSAGE => Some(no_message()),
        NO_BATCH => Some(no_batch()),
        _ => None,
    }
}

/// The error that answers what is not JSON.
pub(super) fn not_json() -> ErrorData {
    let sentence = "the message is not JSON: expected one object of JSON-RPC 2.0, such as \
                    {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}";
    ErrorData::parse_error(sentence, None)
}

/// The error that answers JSON which is no message.
pub(super) fn no_message() -> ErrorData {
    let sentence = "this is JSON, and no message of JSON-RPC 2.0: expected an object with \
                    `jsonrpc`, \"2.0\", and for a request with `id`, a text or a whole number, and \
                    with `method`, a text";
    ErrorData::invalid_request(sentence, None)
}

/// The error that answers a batch which is not taken.
pub(super) fn no_batch() -> ErrorData {
    let sentence = format!("a batch has 1 to {MAX_BATCH} messages");
    ErrorData::invalid_request(sentence, None)
}

/// A request whose parameters are no object, which the library takes for no message at all: the
/// same request under another method, with what was found. Returns nothing for every other message.
pub(super) fn without_odd_params(message: &[u8]) -> Option<Vec<u8>> {
    #[derive(Deserialize)]
    struct Message {
        id: Id,
        method: String,
        params: Odd,
    }
    let Message {
        id,
        method,
        params: Odd(found),
    } = serde_json::from_slice(message).ok()?;
    let params = json!({ "method": method, "found": found? });
    let request = json!({ "jsonrpc": "2.0", "id": id, "method": ODD_PARAMS, "params": params });
    Some(request.to_string().into_bytes())
}

/// The messages of a batch, each as JSON; nothing if it is no batch. A batch of none or too many is
/// an error.
pub(super) fn batch(message: &[u8]) -> Option<Result<Vec<Vec<u8>>, ErrorData>> {
    if message.trim_ascii_start().first() != Some(&b'[') {
        return None;
    }
    let messages: Vec<Value> = serde_json::from_slice(message).ok()?;
    if !(1..=MAX_BATCH).contains(&messages.len()) {
        return Some(Err(no_batch()));
    }
    let messages = messages.iter().map(|message| message.to_string().into());
    Some(Ok(messages.collect()))
}

/// Returns true if a message is `initialize`.
pub(super) fn opens_a_session(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Message {
        method: String,
    }
    serde_json::from_slice::<Message>(body).is_ok_and(|message| message.method == "initialize")
}

/// True if bytes are JSON.
pub(super) fn is_json(message: &[u8]) -> bool {
    cofferdam_capability::json::weight(message).is_ok()
}

/// The bytes that a message takes once it is parsed; none if that is more than it may. One that is
/// not JSON is for the library to refuse, and becomes no values.
pub(super) fn weight(message: &[u8]) -> Option<usize> {
    match cofferdam_capability::json::weight(message) {
        Ok(weight) => Some(weight).filter(|weight| *weight <= MAX_WEIGHT),
        Err(_) => Some(0),
    }
}

/// Lines that may be parsed, each of which is a message.
pub(super) struct Messages<R> {
    input: R,
    /// Bytes that were read and are no whole line yet.
    begun: Vec<u8>,
    /// The line that is handed on, and how much of it has been.
    ready: Vec<u8>,
    handed: usize,
    /// The line is longer than any message: the rest of it is left out.
    too_long: bool,
}

impl<R> Messages<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            begun: Vec::new(),
            ready: Vec::new(),
            handed: 0,
            too_long: false,
        }
    }

    /// Takes bytes that were read, which end with a line or before its end.
    fn take(&mut self, bytes: &[u8]) {
        let whole = bytes.ends_with(b"\n");
        if self.too_long {
            self.too_long = !whole;
            return;
        }
        self.begun.extend_from_slice(bytes);
        if self.begun.len() > MAX_MESSAGE {
            self.begun = Vec::new();
            self.too_long = !whole;
            self.stand_in(TOO_LONG);
        } else if whole {
            let line = std::mem::take(&mut self.begun);
            self.line(&line);
        }
    }

    /// Hands on a whole line, or what stands for it.
    fn line(&mut self, line: &[u8]) {
        let message = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        if message.trim_ascii().is_empty() {
            return;
        }
        let Ok(weight) = cofferdam_capability::json::weight(message) else {
            return self.stand_in(NOT_JSON);
        };
        if weight > MAX_WEIGHT {
            if let Some(id) = Id::of(message) {
                let request = json!({ "jsonrpc": "2.0", "id": id, "method": TOO_HEAVY });
                self.hand_on(request.to_string().as_bytes());
            }
            return;
        }
        match batch(message) {
            None => self.message(message.trim_ascii()),
            Some(Ok(messages)) => messages.iter().for_each(|message| self.message(message)),
            Some(Err(_)) => self.stand_in(NO_BATCH),
        }
    }

    fn message(&mut self, message: &[u8]) {
        match without_odd_params(message) {
            Some(request) => self.hand_on(&request),
            None if is_message(message) => self.hand_on(message),
            None => self.stand_in(NO_MESSAGE),
        }
    }

    /// Hands on a notification in the place of a line.
    fn stand_in(&mut self, method: &str) {
        let notification = json!({ "jsonrpc": "2.0", "method": method });
        self.hand_on(notification.to_string().as_bytes());
    }

    fn hand_on(&mut self, message: &[u8]) {
        self.ready.extend_from_slice(message);
        self.ready.push(b'\n');
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Messages<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let messages = &mut *self;
        loop {
            let left = messages.ready.get(messages.handed..).unwrap_or_default();
            if !left.is_empty() {
                let now = left.get(..buf.remaining()).unwrap_or(left);
                buf.put_slice(now);
                messages.handed = messages.handed.saturating_add(now.len());
                return Poll::Ready(Ok(()));
            }
            // Given back: the next message may be a short one.
            (messages.ready, messages.handed) = (Vec::new(), 0);
            let mut chunk = [0; CHUNK];
            let mut read = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut messages.input).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                // A line without its end is no message.
                return Poll::Ready(Ok(()));
            }
            for part in read.filled().split_inclusive(|byte| *byte == b'\n') {
                messages.take(part);
            }
        }
    }
}

/// The id of a request: all that is kept of a message that weighs too much.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
enum Id {
    Number(i64),
    Text(String),
}

impl Id {
    fn of(message: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Message {
            id: Id,
        }
        serde_json::from_slice::<Message>(message)
            .ok()
            .map(|message| message.id)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

/// Parameters that are no object, cut for a sentence; nothing for an object, or for `null`, which
/// counts as left out.
struct Odd(Option<String>);

impl<'de> Deserialize<'de> for Odd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OddVisitor)
    }
}

struct OddVisitor;

impl<'de> Visitor<'de> for OddVisitor {
    type Value = Odd;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Odd, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Odd(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Odd, A::Error> {
        let mut items = 0_usize;
        while list.next_element::<IgnoredAny>()?.is_some() {
            items = items.saturating_add(1);
        }
        Ok(Odd(Some(format!("a list of {items}"))))
    }

    fn visit_unit<E>(self) -> Result<Odd, E> {
        Ok(Odd(None))
    }

    fn visit_bool<E>(self, found: bool) -> Result<Odd, E> {
        Ok(Odd(Some(found.to_string())))
    }

    fn visit_i64<E>(self, found: i64) -> Result<Odd, E> {
        Ok(Odd(Some(found.to_string())))
    }

    fn visit_u64<E>(self, found: u64) -> Result<Odd, E> {
        Ok(Odd(Some(found.to_string())))
    }

    fn visit_f64<E>(self, found: f64) -> Result<Odd, E> {
        Ok(Odd(Some(found.to_string())))
    }

    fn visit_str<E>(self, found: &str) -> Result<Odd, E> {
        let end = found.floor_char_boundary(MAX_FOUND);
        Ok(Odd(Some(format!(
            "the text {:?}",
            found.get(..end).unwrap_or_default()
        ))))
    }
}

impl Visitor<'_> for IdVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number or at most {MAX_ID} bytes of text")
    }

    fn visit_i64<E>(self, number: i64) -> Result<Id, E> {
        Ok(Id::Number(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Id, E> {
        i64::try_from(number).map(Id::Number).map_err(E::custom)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id, E> {
        match text.len() {
            0..=MAX_ID => Ok(Id::Text(text.to_owned())),
            size => Err(E::invalid_length(size, &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(read: &[&str], handed_on: &str) {
        let mut messages = Messages::new(tokio::io::empty());
        for chunk in read {
            chunk
                .as_bytes()
                .split_inclusive(|byte| *byte == b'\n')
                .for_each(|part| messages.take(part));
        }
        assert_eq!(String::from_utf8(messages.ready).unwrap(), handed_on);
    }

    /// A notification.
    const TOLD: &str = "{\"jsonrpc\":\"2.0\",\"method\":\"a\"}\n";

    /// A request.
    fn asked(id: u8) -> String {
        format!("{{\"id\":{id},\"jsonrpc\":\"2.0\",\"method\":\"a\"}}\n")
    }

    /// The notification in the place of a line.
    fn stands(method: &str) -> String {
        format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\"}}\n")
    }

    #[test]
    fn messages_are_handed_on_whole_unless_they_weigh_too_much() {
        let both = asked(1) + &asked(2);
        let (begin, rest) = both.split_at(both.len() - 9);
        check(&[begin, rest, "\n \r\n{"], &both);
        let heavy = |id: &str| {
            format!(
                "{{\"params\":[{}0],{id}\"method\":\"a\"}}\n",
                "{\"\":0},".repeat(1_000_000)
            )
        };
        let refused =
            |id: &str| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{TOO_HEAVY}\"}}\n");
        check(&[&heavy("\"id\":7,"), TOLD], &(refused("7") + TOLD));
        check(&[&heavy("\"id\":\"a\\n\",")], &refused("\"a\\n\""));
        // Nobody waits for an answer to a notification.
        check(&[&heavy(""), TOLD], TOLD);
        check(&[&heavy("\"id\":[7],"), TOLD], TOLD);
        let long = "x".repeat(MAX_MESSAGE + 1);
        check(&[&long, "y", "\n", TOLD], &(stands(TOO_LONG) + TOLD));
    }

    #[test]
    fn what_is_no_message_is_answered_and_a_batch_is_its_messages() {
        check(&["not JSON\r\n", TOLD], &(stands(NOT_JSON) + TOLD));
        check(&["{}\n", "7\n"], &stands(NO_MESSAGE).repeat(2));
        check(&["{\"id\":\n"], &stands(NOT_JSON));
        check(&["\u{feff}", TOLD.trim_end(), "\r\n"], TOLD);
        let pair = format!("[{},{}]\n", asked(1).trim_end(), asked(2).trim_end());
        check(&[&pair], &(asked(1) + &asked(2)));
        check(&["[]\n"], &stands(NO_BATCH));
        let many = format!("[{}0]\n", "0,".repeat(MAX_BATCH));
        check(&[&many], &stands(NO_BATCH));
        for method in [NOT_JSON, NO_MESSAGE, TOO_LONG, NO_BATCH] {
            assert!(refusal(method).is_some(), "{method}");
        }
        assert!(refusal("notifications/initialized").is_none());
        let odd = |params: &str| {
            let head = "\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\"";
            format!("{{{head},\"params\":{params}}}\n")
        };
        for params in ["{\"a\":[]}", "null"] {
            check(&[&odd(params)], &odd(params));
        }
        for (written, found) in [
            ("[1]", "a list of 1"),
            ("\"a\"", "the text \"a\""),
            ("7", "7"),
        ] {
            let params = json!({ "method": "a", "found": found });
            let request = json!({ "jsonrpc": "2.0", "id": 1, "method": ODD_PARAMS,
                "params": params });
            check(&[&odd(written)], &format!("{request}\n"));
        }
    }
}
