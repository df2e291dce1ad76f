//! The format for programs: one JSON object a line. Keys are only added, never renamed or removed;
//! otherwise the schema gets a new number.

use super::TracedEvent;
use crate::{
    inspect::{
        byte_text::hex,
        json::{self, JsonProcess},
    },
    system::PassedDescriptor,
    transfer::{ClosedConnection, ConnectionEnds, Direction, DirectionEnd, ObservedEvent},
};
use local_socket::error::reason;
use serde::Serialize;

/// The version of the format.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct JsonLine<'a> {
    schema: u32,
    time: String,
    conn: u64,
    #[serde(flatten)]
    event: JsonEvent<'a>,
}

/// The keys of an event are always the same; without a value they are `null`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum JsonEvent<'a> {
    Connected {
        name: &'a str,
        target: Option<&'a str>,
        client: Option<JsonProcess>,
        client_address: Option<String>,
        server: Option<JsonProcess>,
    },
    Data {
        direction: &'static str,
        offset: u64,
        length: usize,
        /// The bytes if they are valid UTF-8.
        text: Option<&'a str>,
        /// Otherwise the bytes in hexadecimal digits.
        hex: Option<String>,
    },
    Descriptors {
        direction: &'static str,
        descriptors: Vec<JsonDescriptor<'a>>,
    },
    EndOfFile {
        direction: &'static str,
    },
    /// The receiver of the direction has closed the connection.
    ReceiverClosed {
        direction: &'static str,
    },
    /// lsock has ended the direction.
    Stopped {
        direction: &'static str,
    },
    ShutDown {
        direction: &'static str,
    },
    Error {
        direction: Option<&'static str>,
        message: String,
    },
    Closed {
        to_server: u64,
        to_client: u64,
        ended_by: Option<String>,
    },
}

#[derive(Serialize)]
struct JsonDescriptor<'a> {
    number: i32,
    link: Option<&'a str>,
}

/// Appends the line of an event.
pub(super) fn write(out: &mut String, traced: &TracedEvent<'_>) {
    let Some(event) = JsonEvent::new(traced.event) else { return };
    let time = humantime::format_rfc3339_nanos(traced.time).to_string();
    let line = JsonLine { schema: SCHEMA, time, conn: traced.connection, event };
    json::push_line(out, &line);
}

impl<'a> JsonEvent<'a> {
    /// Returns the event; `None` if it is not shown.
    fn new(event: &'a ObservedEvent<'a>) -> Option<Self> {
        Some(match event {
            ObservedEvent::Connected(ends) => Self::connected(ends),
            ObservedEvent::Chunk { direction, offset, bytes } => Self::Data {
                direction: key(*direction),
                offset: *offset,
                length: bytes.len(),
                text: str::from_utf8(bytes).ok(),
                hex: str::from_utf8(bytes).is_err().then(|| hex(bytes)),
            },
            ObservedEvent::Descriptors { direction, descriptors } => Self::Descriptors {
                direction: key(*direction),
                descriptors: descriptors.iter().map(JsonDescriptor::new).collect(),
            },
            ObservedEvent::Ended { direction, end } => Self::ended(key(*direction), end)?,
            ObservedEvent::ShutDown(direction) => Self::ShutDown { direction: key(*direction) },
            ObservedEvent::Failed(message) => {
                Self::Error { direction: None, message: (*message).to_owned() }
            }
            ObservedEvent::Closed(ClosedConnection { to_server, to_client, early_end }) => {
                let ended_by = early_end.map(|end| end.cause().to_owned());
                Self::Closed { to_server: *to_server, to_client: *to_client, ended_by }
            }
        })
    }

    fn connected(ends: &'a ConnectionEnds) -> Self {
        Self::Connected {
            name: &ends.name,
            target: ends.target.as_deref(),
            client: ends.client.as_ref().map(JsonProcess::from),
            client_address: ends.address.map(|address| address.to_string()),
            server: ends.server.as_ref().map(JsonProcess::from),
        }
    }

    fn ended(direction: &'static str, end: &DirectionEnd) -> Option<Self> {
        let error = |what: &str, error| {
            let message = format!("{what}: {}", reason(error));
            Self::Error { direction: Some(direction), message }
        };
        Some(match end {
            DirectionEnd::Unused => return None,
            DirectionEnd::Eof => Self::EndOfFile { direction },
            DirectionEnd::ReceiverGone => Self::ReceiverClosed { direction },
            DirectionEnd::InputFailed(input) => error("cannot read", input),
            DirectionEnd::OutputFailed(output) => error("cannot write", output),
            DirectionEnd::Stopped => Self::Stopped { direction },
        })
    }
}

fn key(direction: Direction) -> &'static str {
    match direction {
        Direction::ToServer => "to_server",
        Direction::ToClient => "to_client",
    }
}

impl<'a> JsonDescriptor<'a> {
    fn new(descriptor: &'a PassedDescriptor) -> Self {
        Self { number: descriptor.number, link: descriptor.link.as_deref() }
    }
}
