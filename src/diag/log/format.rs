//! The formats of messages: lines for people, and JSON objects.

use crate::diag::style::plain_json;
use serde_json::Value;
use std::{
    fmt::{Debug, Write as _},
    sync::atomic::{AtomicBool, Ordering},
    time::SystemTime,
};
use tracing::{
    Event,
    field::{Field, Visit},
};

/// Fields for programs. The text of the message has them in words.
const FOR_PROGRAMS: [&str; 6] = ["conn", "peer_pid", "peer_uid", "sent", "received", "duration"];

/// Whether lines for people begin with the time.
static HAS_TIMES: AtomicBool = AtomicBool::new(false);

/// Begins each line for people with the time from now on.
pub(crate) fn show_times() {
    HAS_TIMES.store(true, Ordering::Relaxed);
}

/// Returns the beginning of a line for people: the time and a space, or nothing.
pub(in crate::diag) fn time_prefix() -> String {
    if HAS_TIMES.load(Ordering::Relaxed) { format!("{} ", now()) } else { String::new() }
}

/// Returns the time as traces have it.
fn now() -> String {
    humantime::format_rfc3339_micros(SystemTime::now().max(SystemTime::UNIX_EPOCH)).to_string()
}

/// The message and the fields of an event.
#[derive(Default)]
struct EventParts {
    message: String,
    fields: Vec<(&'static str, Value)>,
}

/// Returns the message of an event, followed by the fields that it does not have in words.
pub(super) fn text(event: &Event<'_>) -> String {
    let EventParts { message: mut text, fields } = EventParts::of(event);
    for (name, value) in fields.iter().filter(|(name, _)| !FOR_PROGRAMS.contains(name)) {
        // Writing to a String cannot fail.
        let _ = match value {
            Value::String(value) => write!(text, " {name}={value}"),
            value => write!(text, " {name}={value}"),
        };
    }
    text
}

/// Returns an event as a JSON object in one line.
pub(super) fn json(event: &Event<'_>) -> String {
    let metadata = event.metadata();
    let EventParts { message, fields } = EventParts::of(event);
    json_message(metadata.level().as_str(), metadata.target(), &message, fields)
}

/// Returns a message as a JSON object in one line.
pub(in crate::diag) fn json_message<'a>(
    level: &str,
    target: &str,
    message: &str,
    fields: impl IntoIterator<Item = (&'a str, Value)>,
) -> String {
    let head = [("time", &*now()), ("level", level), ("target", target), ("message", message)];
    let head = head.map(|(name, text)| (name, Value::from(text)));
    let mut line = String::from("{");
    for (name, value) in head.into_iter().chain(fields) {
        let comma = if line.len() > 1 { "," } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(line, "{comma}{}:{value}", Value::from(name));
    }
    line.push('}');
    plain_json(&line)
}

impl EventParts {
    fn of(event: &Event<'_>) -> Self {
        let mut parts = Self::default();
        event.record(&mut parts);
        parts
    }

    fn add(&mut self, field: &Field, value: Value) {
        self.fields.push((field.name(), value));
    }
}

impl Visit for EventParts {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.add(field, text.into());
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_begins_with_time_level_target_and_message() {
        let line = json_message("INFO", "lsock", "a \"b\"\n", [("sent", Value::from(3))]);
        let (time, rest) = line.split_once(',').unwrap_or_default();
        assert!(time.starts_with("{\"time\":\"20") && time.ends_with("Z\""), "{line}");
        let expected = r#""level":"INFO","target":"lsock","message":"a \"b\"\n","sent":3}"#;
        assert_eq!(rest, expected);
    }
}
