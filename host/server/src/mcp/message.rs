//! Messages of clients, before anything parses them.
//!
//! The library reads a message into values, which take up to a hundred times its text. What a
//! message weighs is therefore counted first. One that weighs too much is refused over HTTP; over
//! standard input, where only the library answers, its place is taken by a request that is answered
//! with the same sentence.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::json;
use tokio::io::{AsyncRead, ReadBuf};

/// The longest message that is read, in bytes (12 MiB): the largest standard input of a command,
/// escaped.
pub(super) const MAX_MESSAGE: usize = 12 << 20;

/// Maximum bytes that one message may take once it is parsed (64 MiB): as much as a call may by
/// default. The library holds it twice while it reads.
const MAX_WEIGHT: usize = 64 << 20;

/// The method of the request in the place of a message that weighs too much.
pub(super) const TOO_HEAVY: &str = "cofferdam/message-too-heavy";

/// Bytes that are read at once.
const CHUNK: usize = 16 << 10;

/// The longest id of a request that is answered when its message weighs too much, in bytes.
const MAX_ID: usize = 256;

/// The sentence for who sent a message that weighs too much.
pub(super) fn too_heavy() -> String {
    format!(
        "the message takes more than {} MiB once it is parsed: send less in one message",
        MAX_WEIGHT >> 20
    )
}

/// True if a message may be parsed. One that is not JSON is for the library to refuse.
fn may_be_parsed(message: &[u8]) -> bool {
    weight(message).is_some()
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
    /// A line that is longer than any message: it is handed on as it comes, because the library
    /// leaves it out.
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
        self.begun.extend_from_slice(bytes);
        self.too_long |= self.begun.len() > MAX_MESSAGE;
        if !whole && !self.too_long {
            return;
        }
        let line = std::mem::take(&mut self.begun);
        if self.too_long || may_be_parsed(&line) {
            self.ready.extend_from_slice(&line);
        } else if let Some(id) = Id::of(&line) {
            let request = json!({ "jsonrpc": "2.0", "id": id, "method": TOO_HEAVY });
            self.ready.extend_from_slice(request.to_string().as_bytes());
            self.ready.push(b'\n');
        }
        self.too_long &= !whole;
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

    #[test]
    fn messages_are_handed_on_whole_unless_they_weigh_too_much() {
        check(
            &["{\"id\":1}\n{\"id\"", ":2}\nnot JSON\n\n{"],
            "{\"id\":1}\n{\"id\":2}\nnot JSON\n\n",
        );
        let heavy = |id: &str| {
            format!(
                "{{\"params\":[{}0],{id}\"method\":\"a\"}}\n",
                "{\"\":0},".repeat(1_000_000)
            )
        };
        let refused =
            |id: &str| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{TOO_HEAVY}\"}}\n");
        check(&[&heavy("\"id\":7,"), "{}\n"], &(refused("7") + "{}\n"));
        check(&[&heavy("\"id\":\"a\\n\",")], &refused("\"a\\n\""));
        // Nobody waits for an answer to a notification.
        check(&[&heavy(""), "{}\n"], "{}\n");
        check(&[&heavy("\"id\":[7],"), "{}\n"], "{}\n");
        let long = "x".repeat(MAX_MESSAGE + 1);
        check(&[&long, "y", "\n{}\n"], &format!("{long}y\n{{}}\n"));
    }
}
