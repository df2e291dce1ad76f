//! JSON objects as lines, and the parts that several commands have in common: the same key has the same
//! meaning and type in all of them.

use crate::{
    diag::{push_json, standing::Backlog},
    system::peer::{PeerProcess, PeerUser, PeerUserId},
};
use serde::Serialize;
use std::time::SystemTime;

#[derive(Serialize)]
pub(super) struct JsonBacklog {
    used: u32,
    limit: u32,
}

/// A user. The name is `null` if there is none or it is not known.
#[derive(Serialize)]
pub(super) struct JsonUser {
    user: Option<String>,
    #[serde(flatten)]
    id: JsonUserId,
}

/// What identifies a user: a number on Unix, a security identifier on Windows.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum JsonUserId {
    Uid(Option<u32>),
    Sid(String),
}

#[derive(Serialize)]
pub(super) struct JsonGroup {
    pub(super) group: Option<String>,
    pub(super) gid: u32,
}

/// A process. What is not known is `null`.
#[derive(Serialize)]
pub(super) struct JsonProcess {
    pid: Option<u32>,
    command: Option<String>,
    #[serde(flatten)]
    user: JsonUser,
}

/// A process in the table of the system.
#[derive(Serialize)]
pub(super) struct JsonSeenProcess {
    #[serde(flatten)]
    process: JsonProcess,
    /// The time of its start.
    since: Option<String>,
}

/// A socket in the table of the system.
#[derive(Serialize)]
pub(super) struct JsonEnd {
    pub(super) inode: Option<u32>,
    /// The user who has created it.
    pub(super) creator: Option<JsonUser>,
    pub(super) processes: Vec<JsonSeenProcess>,
}

impl From<Backlog> for JsonBacklog {
    fn from(backlog: Backlog) -> Self {
        Self { used: backlog.used, limit: backlog.limit }
    }
}

impl JsonUser {
    pub(super) fn new(name: Option<String>, uid: u32) -> Self {
        Self { user: name, id: JsonUserId::Uid(Some(uid)) }
    }
}

impl From<&Option<PeerUser>> for JsonUser {
    fn from(user: &Option<PeerUser>) -> Self {
        let Some(PeerUser { name, id }) = user else {
            return Self { user: None, id: JsonUserId::Uid(None) };
        };
        let id = match id {
            PeerUserId::Uid(uid) => JsonUserId::Uid(Some(*uid)),
            PeerUserId::Sid(sid) => JsonUserId::Sid(sid.clone()),
        };
        Self { user: name.clone(), id }
    }
}

impl From<&PeerProcess> for JsonProcess {
    fn from(process: &PeerProcess) -> Self {
        let PeerProcess { pid, command, user } = process;
        Self { pid: *pid, command: command.clone(), user: user.into() }
    }
}

impl JsonSeenProcess {
    pub(super) fn new(
        pid: u32,
        command: &str,
        user: JsonUser,
        started: Option<SystemTime>,
    ) -> Self {
        let process = JsonProcess { pid: Some(pid), command: Some(command.to_owned()), user };
        let since = started.map(|time| humantime::format_rfc3339_seconds(time).to_string());
        Self { process, since }
    }
}

/// Returns an object as a line.
pub(super) fn line(object: &impl Serialize) -> String {
    let mut line = String::new();
    push_line(&mut line, object);
    line
}

/// Appends an object as a line. No character of it can move the cursor of a terminal.
pub(super) fn push_line(out: &mut String, object: &impl Serialize) {
    match serde_json::to_string(object) {
        Ok(json) => {
            push_json(out, &json);
            out.push('\n');
        }
        // Maps with other keys than strings fail; there are none.
        Err(error) => tracing::debug!(%error, "object not printed"),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Names of commands and users contain anything.
        #[test]
        fn lines_cannot_move_the_cursor_and_give_the_text_back(text: String) {
            let text = format!("{text}\u{9b}\u{202e}\u{e0001}");
            let line = line(&[&text]);
            let json = line.strip_suffix('\n').unwrap();
            prop_assert!(json.chars().all(local_socket::is_plain), "{json:?}");
            prop_assert_eq!(serde_json::from_str::<[String; 1]>(json).unwrap(), [text]);
        }
    }
}
