//! The two sides of a relay in the syntax of another program: what they are in lsock.

use super::{
    habit::as_endpoint,
    line::{joined, quoted},
};
use crate::endpoint::{
    CommandLine, ForeignAddress, ForeignRole, ListenOn, Meaning, Target, parse_name, recognise,
};
use local_socket::Platform;
use std::ffi::OsStr;

pub(super) const ONLY_LISTENS: &str = "an inherited socket can only be listened on";

pub(super) const ONLY_CONNECTS: &str =
    "a socket file of GnuPG can only be connected to: `lsock relay LISTEN assuan:FILE`";

/// What the sides of a relay are in lsock.
pub(super) enum Translation {
    /// The endpoints of a relay, in its order.
    Endpoints(Vec<String>),
    /// A hint: no relay does the same.
    Hint(String),
}

/// Translates the sides of a relay. Returns `None` if lsock has nothing for them.
pub(super) fn translate(typed: &[&str]) -> Option<Translation> {
    let mut sides: Vec<String> = Vec::new();
    for (index, text) in typed.iter().enumerate() {
        let Some(ForeignAddress { role, meaning, .. }) = recognise(text, Platform::CURRENT) else {
            sides.push(as_endpoint(text));
            continue;
        };
        sides.push(match meaning {
            Meaning::Advice { hint, .. } => return Some(Translation::Hint(hint)),
            Meaning::Absent { socat, .. } if index == 1 && role != ForeignRole::Listen => {
                CommandLine::new(["socat", "-", &socat].map(Into::into))?.endpoint()
            }
            Meaning::Absent { socat, .. } => return Some(Translation::Hint(use_socat(&socat))),
            Meaning::Fd(_) if index == 1 => {
                return Some(Translation::Hint(ONLY_LISTENS.to_owned()));
            }
            meaning => meaning.endpoint()?,
        });
    }
    if let [first, second] = *typed
        && is_reversed(role(first), role(second))
    {
        sides.swap(0, 1);
    }
    match Target::parse(OsStr::new(sides.first()?)) {
        // A command cannot be listened on, but it can be joined to a name.
        Ok(Target::Command(line)) => {
            let name = sides.get(1).filter(|name| parse_name(name.as_ref()).is_ok())?;
            let hint = format!("`lsock connect {} -- {}`", quoted(name), line.shell_words());
            Some(Translation::Hint(hint))
        }
        Ok(Target::Assuan(_)) => Some(Translation::Hint(match &sides[1..] {
            [listen] if ListenOn::parse(OsStr::new(listen)).is_ok() => {
                format!("`lsock relay {}`", joined([listen, &sides[0]]))
            }
            _ => ONLY_CONNECTS.to_owned(),
        })),
        _ if sides.get(1).is_some_and(|target| is_inherited(target)) => {
            Some(Translation::Hint(ONLY_LISTENS.to_owned()))
        }
        _ => Some(Translation::Endpoints(sides)),
    }
}

/// Returns whether the endpoint is an inherited socket.
fn is_inherited(endpoint: &str) -> bool {
    matches!(ListenOn::parse(OsStr::new(endpoint)), Ok(ListenOn::Fd(_)))
}

/// Returns the hint for an address that socat has.
pub(super) fn use_socat(address: &str) -> String {
    format!("socat has it: `socat {} ...`", quoted(address))
}

/// Returns the hint for an address that lsock does not have and socat has.
pub(super) fn absent(what: &str, address: &str) -> String {
    format!("lsock has no {what}; {}", use_socat(address))
}

/// Returns the side on which another program uses the word.
pub(super) fn role(word: &str) -> ForeignRole {
    recognise(word, Platform::CURRENT).map_or(ForeignRole::Either, |address| address.role)
}

/// Returns whether the sides of a relay have to be exchanged, so that the listener comes first.
fn is_reversed(first: ForeignRole, second: ForeignRole) -> bool {
    match (first, second) {
        (ForeignRole::Connect, second) => second != ForeignRole::Connect,
        (first, ForeignRole::Listen) => first != ForeignRole::Listen,
        _ => false,
    }
}

/// Returns whether a listener on the endpoint can be reached from other machines.
pub(super) fn is_exposed(listen: &str) -> bool {
    ["tcp:0.0.0.0:", "tcp:[::]:"].iter().any(|all| listen.starts_with(all))
}
