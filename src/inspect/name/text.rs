//! The report as text.

use super::{FileAside, NameMeaning, NameReport, ProbeResult};
use crate::{
    diag::{
        counted, escaped, escaped_path,
        standing::{Fact, FileKind},
    },
    system::{
        FileFacts, ListenState, NameSockets, PathEnd, PathFacts, SeenProcess, ServerClients,
        socket_table::{SocketKind, kind_word},
    },
};
use local_socket::Platform;
use std::time::{Duration, SystemTime};

/// Width of the labels.
const LABELS: usize = 12;

/// Returns the report as a block of lines. All but the first are separated by an empty line.
pub(crate) fn text(report: &NameReport, is_first: bool, colors: bool) -> String {
    let mut block = ReportBlock { text: String::new() };
    if !is_first {
        block.text.push('\n');
    }
    let (start, end) = if colors { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    block.text.push_str(&format!("{start}{}{end}: {}\n", report.name, verdict(report)));
    let (here, others) = report.meanings.split_at(1);
    let add_meanings = |block: &mut ReportBlock, meanings: &[NameMeaning]| {
        for meaning in meanings {
            block.line(system(meaning.platform), &meaning_text(meaning));
        }
    };
    add_meanings(&mut block, here);
    if let Some(path) = &report.path {
        add_path(&mut block, path, report.aside.as_ref(), &report.sockets);
    }
    if let Some(fact) = &report.elsewhere {
        block.line("elsewhere", &fact.description());
    }
    add_sockets(&mut block, &report.sockets);
    match &report.probe {
        None => {}
        Some(ProbeResult::Accepted) => block.line("probe", "a connection succeeded"),
        Some(ProbeResult::Failed(error) | ProbeResult::TimedOut(error)) => {
            block.line("probe", &error.reason());
        }
    }
    add_meanings(&mut block, others);
    block.text
}

/// Lines with labels.
pub(super) struct ReportBlock {
    text: String,
}

impl ReportBlock {
    pub(super) fn line(&mut self, label: &str, text: &str) {
        self.text.push_str(&format!("  {label:LABELS$}{text}\n"));
    }
}

/// Returns the answer in a few words.
fn verdict(report: &NameReport) -> &'static str {
    match (&report.probe, report.sockets.listening) {
        (Some(ProbeResult::Accepted), _) => "accepts connections",
        (Some(ProbeResult::Failed(_) | ProbeResult::TimedOut(_)), _) => "accepts no connection",
        (None, ListenState::Yes) if report.sockets.kind == Some(SocketKind::Datagram) => {
            "somebody receives datagrams"
        }
        (None, ListenState::Yes) => "somebody listens",
        (None, ListenState::No) => "nobody listens",
        (None, ListenState::Open) => "somebody has it open",
        (None, ListenState::Unknown) => "whether somebody listens is not known",
    }
}

fn system(platform: Platform) -> &'static str {
    match platform {
        Platform::Linux => "on Linux",
        Platform::Unix => "on Unix",
        Platform::Windows => "on Windows",
    }
}

fn meaning_text(meaning: &NameMeaning) -> String {
    match &meaning.reading {
        Err(reason) => format!("no name: {reason}"),
        Ok(reading) => format!(
            "{} {}, {} of at most {} {}",
            reading.kind.text(),
            reading.shown,
            reading.length,
            reading.limit,
            reading.unit
        ),
    }
}

fn add_path(
    block: &mut ReportBlock,
    path: &PathFacts,
    aside: Option<&FileAside>,
    sockets: &NameSockets,
) {
    for link in &path.links {
        block.line(
            "link",
            &format!("{} -> {}", escaped_path(&link.path), escaped_path(&link.target)),
        );
    }
    let there = match &path.end {
        PathEnd::Nowhere(fact @ Fact::ClosedFolder(..)) => {
            format!("not known: {}", fact.description())
        }
        PathEnd::Nowhere(fact) => format!("nothing: {}", fact.description()),
        PathEnd::Unknown => "the system does not say".to_owned(),
        PathEnd::File(file) => format!(
            "{}; owner {}, group {}, mode {:04o}",
            thing(file, sockets),
            escaped(&file.owner.to_string()),
            escaped(&file.group.to_string()),
            file.mode
        ),
    };
    block.line("there", &there);
    if let PathEnd::File(file) = &path.end {
        match (file.may_connect, &file.missing_group) {
            (Some(true), _) => block.line("access", "this user may connect"),
            (Some(false), Some(group)) => {
                block.line("access", &format!("this user may not connect ({group})"));
            }
            (Some(false), None) => block.line("access", "this user may not connect"),
            (None, _) => {}
        }
    }
    if let Some(aside) = aside {
        aside.add_to(block);
    }
    match (&path.replaceable, &path.end) {
        (Some(why), _) => block.line("danger", &format!("{}: they can replace it", escaped(why))),
        (None, PathEnd::File(_)) => {
            let owner = if path.is_replaceable_by_owner { " and its owner" } else { "" };
            block.line("safety", &format!("no other user can replace it, except root{owner}"));
        }
        (None, PathEnd::Nowhere(_) | PathEnd::Unknown) => {}
    }
}

/// Returns what a file is.
fn thing(file: &FileFacts, sockets: &NameSockets) -> String {
    match (file.kind, sockets.kind, sockets.listening) {
        (FileKind::Socket, Some(kind), ListenState::No) => {
            format!("a {} socket that does not listen", kind_text(kind))
        }
        (FileKind::Socket, Some(kind), _) => format!("a {} socket", kind_text(kind)),
        (FileKind::Socket, None, ListenState::No) => {
            "a socket file whose server has ended".to_owned()
        }
        (FileKind::Socket, None, _) => "a socket".to_owned(),
        (other, _, _) => format!("{other}, not a socket"),
    }
}

/// Returns a type of sockets in words.
fn kind_text(kind: SocketKind) -> &'static str {
    match kind {
        SocketKind::Datagram => "datagram",
        SocketKind::Stream | SocketKind::SeqPacket => kind_word(kind),
    }
}

fn add_sockets(block: &mut ReportBlock, sockets: &NameSockets) {
    let mut label = "server";
    for process in &sockets.servers {
        block.line(label, &described(process, true));
        label = "";
    }
    if sockets.servers.is_empty()
        && let Some(creator) = &sockets.creator
    {
        let user = escaped(&creator.to_string());
        block.line(
            label,
            &match sockets.is_complete {
                true => format!("no process that is visible here; {user} has created the socket"),
                false => {
                    format!("a process that this user may not see; {user} has created the socket")
                }
            },
        );
    }
    if let Some(backlog) = sockets.backlog {
        let full = if backlog.is_full() { ", full" } else { "" };
        block.line("backlog", &format!("{backlog}{full}"));
    }
    if let Some(clients) = &sockets.clients {
        add_clients(block, clients, sockets.is_complete);
    }
}

fn add_clients(block: &mut ReportBlock, clients: &ServerClients, is_complete: bool) {
    let connections = counted(clients.connections as u64, "connection");
    block.line("clients", &connections);
    for client in &clients.listed {
        let processes: Vec<_> =
            client.processes.iter().map(|process| described(process, false)).collect();
        let who = match (processes.is_empty(), is_complete) {
            (false, _) => processes.join("; "),
            (true, true) => "no process that is visible here".to_owned(),
            (true, false) => "processes that this user may not see".to_owned(),
        };
        let count = match client.connections {
            1 => String::new(),
            connections => format!(" ({connections} connections)"),
        };
        block.line("", &format!("{who}{count}"));
    }
    // Without any client the number above says it.
    if clients.unlisted > 0 && !clients.listed.is_empty() {
        let more = counted(clients.unlisted as u64, "connection");
        block.line("", &format!("and {more} more"));
    }
}

fn described(process: &SeenProcess, has_start: bool) -> String {
    let SeenProcess { pid, command, user, started } = process;
    let started = started.filter(|_| has_start).map(since).unwrap_or_default();
    format!("pid {pid} ({}), user {}{started}", escaped(command), escaped(&user.to_string()))
}

/// Returns since when a process runs.
fn since(started: SystemTime) -> String {
    let age = started.elapsed().unwrap_or_default();
    let age = humantime::format_duration(Duration::from_secs(age.as_secs()));
    format!(", since {} ({age})", humantime::format_rfc3339_seconds(started))
}
