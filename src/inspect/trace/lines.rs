//! The lines of the formats for people.

use super::{super::describe, TracedEvent};
use crate::{
    diag::{Style, counted, escaped, styled},
    transfer::{ClosedConnection, Direction, DirectionEnd, ObservedEvent},
};
use local_socket::error::reason;
use std::fmt::Write as _;

/// Appends the lines of an event: a line with time, connection, direction and what happened, and
/// below it the lines of the bytes, which `body` writes from their offset.
pub(super) fn write(
    out: &mut String,
    traced: &TracedEvent<'_>,
    colors: bool,
    body: impl Fn(u64, &[u8], &mut dyn FnMut(&str)),
) {
    let Some((direction, what)) = what_happened(traced.event) else { return };
    let (arrow, style) = match direction {
        None => ("", Style::Plain),
        Some(Direction::ToServer) => ("> ", Style::ToServer),
        Some(Direction::ToClient) => ("< ", Style::ToClient),
    };
    let time = humantime::format_rfc3339_micros(traced.time);
    let head = format!("{time} {} {arrow}{}", traced.connection, escaped(&what));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}", styled(&head, style, colors));
    if let ObservedEvent::Chunk { offset, bytes, .. } = traced.event {
        body(*offset, bytes, &mut |line| {
            out.push_str("  ");
            if colors {
                out.push_str(&styled(line, style, colors));
            } else {
                out.push_str(line);
            }
            out.push('\n');
        });
    }
}

/// Returns the direction of an event and what happened; `None` for what is not shown.
fn what_happened(event: &ObservedEvent<'_>) -> Option<(Option<Direction>, String)> {
    let (direction, what) = match event {
        ObservedEvent::Connected(ends) => (None, format!("connected: {}", describe::ends(ends))),
        ObservedEvent::Chunk { direction, offset, bytes } => {
            let size = counted(bytes.len() as u64, "byte");
            (Some(*direction), format!("{size} at {offset}"))
        }
        ObservedEvent::Descriptors { direction, descriptors } => {
            (Some(*direction), describe::descriptors(descriptors))
        }
        ObservedEvent::Ended { direction, end } => {
            (Some(*direction), describe_end(*direction, end)?)
        }
        ObservedEvent::ShutDown(direction) => (Some(*direction), "shut down".to_owned()),
        ObservedEvent::Failed(message) => (None, format!("error: {message}")),
        ObservedEvent::Closed(closed) => (None, describe_closed(closed)),
    };
    Some((direction, what))
}

fn describe_end(direction: Direction, end: &DirectionEnd) -> Option<String> {
    let (from, to) = match direction {
        Direction::ToServer => ("client", "server"),
        Direction::ToClient => ("server", "client"),
    };
    Some(match end {
        DirectionEnd::Unused => return None,
        DirectionEnd::Eof => "end of file".to_owned(),
        DirectionEnd::ReceiverGone => format!("the {to} has closed the connection"),
        DirectionEnd::InputFailed(error) => {
            format!("error: cannot read from the {from}: {}", reason(error))
        }
        DirectionEnd::OutputFailed(error) => {
            format!("error: cannot write to the {to}: {}", reason(error))
        }
        DirectionEnd::Stopped => "stopped".to_owned(),
    })
}

fn describe_closed(closed: &ClosedConnection) -> String {
    let ClosedConnection { to_server, to_client, early_end } = closed;
    let [to_server, to_client] = [to_server, to_client].map(|bytes| counted(*bytes, "byte"));
    let early_end = early_end.map(|end| end.to_string()).unwrap_or_default();
    format!("closed: {to_server} to the server, {to_client} to the client{early_end}")
}
