//! `lsock ls`.

use crate::{
    cli,
    diag::{Failure, Outcome, Terminal, counted, quoted},
    inspect::list::{self, ListQuery, SocketRow, StaleFiles, find_stale},
    system::{
        ListenSettings,
        socket_table::{LISTS_NAMES_ONLY, ProcessFacts, TableSource, user_id},
        stdout,
    },
};
use local_socket::error::reason;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write as _};

/// Lists the local sockets of the system.
pub(super) fn run(args: &cli::Ls, terminal: Terminal) -> Result<Outcome, Failure> {
    stdout::check()?;
    if LISTS_NAMES_ONLY {
        let options = [
            ("--all", args.all),
            ("--pid", args.pid.is_some()),
            ("--user", args.user.is_some()),
            ("--type", !args.kinds.is_empty()),
            ("--stale", !args.stale.is_empty()),
        ];
        ListenSettings::refuse(options, "Windows lists pipes by their names alone")?;
    }
    let query = ListQuery {
        all: args.all,
        patterns: args.patterns.clone(),
        kinds: args.kinds.clone(),
        pid: args.pid,
        user: args.user.as_deref().map(user_id).transpose()?,
    };
    let mut list = list::list(&query).map_err(|error| failure(&error))?;
    if let Some(pid) = args.pid.filter(|_| list.rows.is_empty())
        && ProcessFacts::with_pid(pid).is_none()
    {
        return Err(advised(format!("cannot list sockets of process {pid}: there is none")));
    }
    let mut stale = StaleFiles::default();
    for folder in &args.stale {
        find_stale(folder, &query, &mut stale).map_err(|error| {
            let folder = quoted(&folder.to_string_lossy());
            advised(format!("cannot search {folder}: {}", reason(&error)))
        })?;
    }
    list.rows.append(&mut stale.rows);
    if !args.stale.is_empty() {
        list.rows.sort_by_cached_key(SocketRow::order);
    }
    print(&list.rows, args)?;
    for notice in notices(&list, &stale) {
        terminal.notice(&notice);
    }
    Ok(Outcome::Done)
}

fn print(rows: &[SocketRow], args: &cli::Ls) -> Result<(), Failure> {
    stdout::print_with(|| {
        let mut out = BufWriter::new(io::stdout().lock());
        if args.json {
            rows.iter().try_for_each(|row| out.write_all(list::json(row).as_bytes()))?;
        } else {
            let width = io::stdout().is_terminal().then(stdout::width).flatten();
            list::table(rows, args.all, width, |line| writeln!(out, "{line}"))?;
        }
        out.flush()
    })
}

/// Returns what the list lacks.
fn notices(list: &list::SocketList, stale: &StaleFiles) -> Vec<String> {
    let count = |count: usize, noun| counted(count.try_into().unwrap_or(u64::MAX), noun);
    let mut notices = Vec::new();
    if list.source == TableSource::List {
        notices.push(
            "the kernel does not answer by netlink: backlogs, peers and creators are not known"
                .to_owned(),
        );
    }
    if list.hidden > 0 {
        let sockets = count(list.hidden, "socket");
        notices.push(format!(
            "{sockets} may belong to processes that this user may not examine: these are left out"
        ));
    }
    if list.unplaced > 0 {
        let sockets = count(list.unplaced, "socket");
        notices.push(format!(
            "{sockets} with a relative path may match as well, but the folder is not known: these \
             are left out"
        ));
    }
    if stale.closed_folders > 0 {
        let folders = count(stale.closed_folders, "folder");
        notices.push(format!("{folders} could not be searched for stale sockets"));
    }
    if stale.unknown_files > 0 {
        let files = count(stale.unknown_files, "socket file");
        notices.push(format!("this user may not connect to {files}, which may be stale"));
    }
    let tapped = stale.tapped.iter().map(|name| quoted(&name.to_string()));
    notices.extend(tapped.map(|name| {
        format!("a tap of {name} has left a stale file: `lsock tap --restore {name}` removes it")
    }));
    notices
}

fn failure(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::Unsupported => Failure::Unsupported {
            option: "lsock ls",
            why: "only Linux and Windows list local sockets",
        },
        _ => advised(format!("cannot list the sockets of the system: {}", reason(error))),
    }
}

fn advised(message: String) -> Failure {
    Failure::Advised { message, hint: None, status: 1 }
}
