//! The rows as JSON objects, one a line. Keys are only added, never renamed or removed; otherwise the
//! schema gets a new number.

use super::row::{SocketEnd, SocketRow};
use crate::{
    inspect::json::{self, JsonBacklog, JsonEnd, JsonSeenProcess, JsonUser},
    system::socket_table::{self, kind_word},
};
use serde::Serialize;

/// The version of the format.
const SCHEMA: u32 = 1;

/// Returns a row as a line.
pub(crate) fn json(row: &SocketRow) -> String {
    json::line(&JsonRow {
        schema: SCHEMA,
        state: row.state.word(),
        kind: row.kind.map(kind_word),
        name: row.name.as_ref().map(ToString::to_string),
        note: row.note(),
        backlog: row.backlog.map(JsonBacklog::from),
        clients: row.clients,
        server: row.server.as_ref().map(json_end),
        client: row.client.as_ref().map(json_end),
        to_server: row.to_server,
        to_client: row.to_client,
        sees_all_processes: row.sees_all_processes,
    })
}

#[derive(Serialize)]
struct JsonRow {
    schema: u32,
    state: &'static str,
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    name: Option<String>,
    note: Option<&'static str>,
    backlog: Option<JsonBacklog>,
    clients: Option<u32>,
    server: Option<JsonEnd>,
    client: Option<JsonEnd>,
    to_server: Option<u32>,
    to_client: Option<u32>,
    sees_all_processes: bool,
}

fn json_end(end: &SocketEnd) -> JsonEnd {
    let processes = end.processes.iter().map(|process| {
        JsonSeenProcess::new(process.pid, &process.command, json_user(process.uid), process.started)
    });
    JsonEnd {
        inode: end.inode,
        creator: end.creator.map(json_user),
        processes: processes.collect(),
    }
}

fn json_user(uid: u32) -> JsonUser {
    JsonUser::new(socket_table::user_name(uid), uid)
}

// Abstract names are those of Linux.
#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{super::row::fixture, *};

    /// Programs rely on these lines.
    #[test]
    fn rows_look_as_frozen_here() {
        let lines: String = fixture().iter().map(json).collect();
        assert_eq!(lines, include_str!("golden/rows.jsonl"));
    }
}
