//! The report as a JSON object in one line. Keys are only added, never renamed or removed; otherwise the
//! schema gets a new number.

use super::{FileAside, NameMeaning, NameReport, ProbeResult};
use crate::{
    diag::standing::{Fact, FileKind},
    inspect::{
        byte_text::hex,
        json::{self, JsonBacklog, JsonEnd, JsonGroup, JsonSeenProcess, JsonUser},
    },
    system::{
        FileFacts, ListenState, NameSockets, NumberedAccount, PathEnd, PathFacts, SeenClient,
        SeenProcess, socket_table::kind_word,
    },
};
use local_socket::Platform;
use serde::Serialize;
use std::path::Path;

/// The version of the format.
const SCHEMA: u32 = 1;

/// Returns the report as a line.
pub(crate) fn json(report: &NameReport) -> String {
    let clients = report.sockets.clients.as_ref();
    json::line(&JsonReport {
        schema: SCHEMA,
        name: report.name.to_string(),
        meanings: report.meanings.iter().map(json_meaning).collect(),
        path: report.path.as_ref().map(|path| json_path(path, report.aside.as_ref())),
        listening: match report.sockets.listening {
            ListenState::Yes => Some("yes"),
            ListenState::No => Some("no"),
            ListenState::Open => Some("open"),
            ListenState::Unknown => None,
        },
        socket_type: report.sockets.kind.map(kind_word),
        server: json_server(&report.sockets),
        backlog: report.sockets.backlog.map(JsonBacklog::from),
        clients: clients.map(|clients| clients.connections),
        listed_clients: clients.map(|clients| clients.listed.iter().map(json_client).collect()),
        unlisted_clients: clients.map(|clients| clients.unlisted),
        sees_all_processes: report.sockets.is_complete,
        elsewhere: report.elsewhere.as_ref().map(Fact::description),
        probe: report.probe.as_ref().map(|probe| match probe {
            ProbeResult::Accepted => JsonProbe { accepted: true, timed_out: false, reason: None },
            ProbeResult::Failed(error) => {
                JsonProbe { accepted: false, timed_out: false, reason: Some(error.reason()) }
            }
            ProbeResult::TimedOut(error) => {
                JsonProbe { accepted: false, timed_out: true, reason: Some(error.reason()) }
            }
        }),
    })
}

#[derive(Serialize)]
struct JsonReport {
    schema: u32,
    name: String,
    meanings: Vec<JsonMeaning>,
    path: Option<JsonPath>,
    listening: Option<&'static str>,
    #[serde(rename = "type")]
    socket_type: Option<&'static str>,
    server: Option<JsonEnd>,
    backlog: Option<JsonBacklog>,
    /// Number of connections.
    clients: Option<usize>,
    listed_clients: Option<Vec<JsonClient>>,
    /// Number of connections of the clients that are not listed.
    unlisted_clients: Option<usize>,
    sees_all_processes: bool,
    elsewhere: Option<String>,
    probe: Option<JsonProbe>,
}

#[derive(Serialize)]
struct JsonMeaning {
    system: &'static str,
    kind: Option<&'static str>,
    name: Option<String>,
    /// The bytes in hexadecimal digits.
    hex: Option<String>,
    length: Option<usize>,
    limit: Option<usize>,
    unit: Option<&'static str>,
    refused: Option<String>,
}

#[derive(Serialize)]
struct JsonPath {
    path: JsonPathText,
    links: Vec<JsonLink>,
    file: Option<JsonFile>,
    problem: Option<String>,
    /// The server's file, while its tap has been killed.
    tap_left_behind: Option<JsonPathText>,
    /// A stale file of a tap.
    tap_stale_file: Option<JsonPathText>,
    replaceable: Option<String>,
}

/// A path as a name that `lsock` reads: other bytes than text are `fs-hex:`.
type JsonPathText = String;

#[derive(Serialize)]
struct JsonLink {
    path: JsonPathText,
    target: JsonPathText,
}

#[derive(Serialize)]
struct JsonFile {
    kind: &'static str,
    owner: JsonUser,
    group: JsonGroup,
    mode: String,
    may_connect: Option<bool>,
    needs_group: Option<String>,
}

#[derive(Serialize)]
struct JsonClient {
    connections: usize,
    processes: Vec<JsonSeenProcess>,
}

#[derive(Serialize)]
struct JsonProbe {
    accepted: bool,
    timed_out: bool,
    reason: Option<String>,
}

fn json_meaning(meaning: &NameMeaning) -> JsonMeaning {
    let system = match meaning.platform {
        Platform::Linux => "linux",
        Platform::Unix => "unix",
        Platform::Windows => "windows",
    };
    let (reading, refused) = match &meaning.reading {
        Ok(reading) => (Some(reading), None),
        Err(reason) => (None, Some(reason.clone())),
    };
    JsonMeaning {
        system,
        kind: reading.map(|reading| reading.kind.word()),
        name: reading.map(|reading| reading.shown.clone()),
        hex: reading.map(|reading| hex(&reading.bytes)),
        length: reading.map(|reading| reading.length),
        limit: reading.map(|reading| reading.limit),
        unit: reading.map(|reading| reading.unit),
        refused,
    }
}

fn json_path(facts: &PathFacts, aside: Option<&FileAside>) -> JsonPath {
    let (file, problem) = match &facts.end {
        PathEnd::File(file) => (Some(json_file(file)), None),
        PathEnd::Nowhere(fact) => (None, Some(fact.description())),
        PathEnd::Unknown => (None, None),
    };
    JsonPath {
        path: path_text(&facts.path),
        links: facts
            .links
            .iter()
            .map(|link| JsonLink { path: path_text(&link.path), target: path_text(&link.target) })
            .collect(),
        file,
        problem,
        tap_left_behind: aside.and_then(FileAside::server).map(path_text),
        tap_stale_file: aside.and_then(FileAside::stale).map(path_text),
        replaceable: facts.replaceable.clone(),
    }
}

fn json_file(file: &FileFacts) -> JsonFile {
    JsonFile {
        kind: match file.kind {
            FileKind::Socket => "socket",
            FileKind::RegularFile => "file",
            FileKind::Folder => "folder",
            FileKind::Fifo => "fifo",
            FileKind::Device => "device",
            FileKind::Other => "other",
        },
        owner: json_user(&file.owner),
        group: JsonGroup { group: file.group.name.clone(), gid: file.group.id },
        mode: format!("{:04o}", file.mode),
        may_connect: file.may_connect,
        needs_group: file.missing_group.as_ref().map(|group| group.name.clone()),
    }
}

fn json_user(account: &NumberedAccount) -> JsonUser {
    JsonUser::new(account.name.clone(), account.id)
}

/// Returns the server's socket, if it is in the table of the system.
fn json_server(sockets: &NameSockets) -> Option<JsonEnd> {
    sockets.inode.map(|inode| JsonEnd {
        inode: Some(inode),
        creator: sockets.creator.as_ref().map(json_user),
        processes: sockets.servers.iter().map(json_process).collect(),
    })
}

fn json_process(process: &SeenProcess) -> JsonSeenProcess {
    JsonSeenProcess::new(process.pid, &process.command, json_user(&process.user), process.started)
}

fn json_client(client: &SeenClient) -> JsonClient {
    JsonClient {
        connections: client.connections,
        processes: client.processes.iter().map(json_process).collect(),
    }
}

fn path_text(path: &Path) -> JsonPathText {
    match path.to_str() {
        Some(text) => text.to_owned(),
        None => format!("fs-hex:{}", hex(path.as_os_str().as_encoded_bytes())),
    }
}
