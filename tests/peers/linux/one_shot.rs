//! A request and its answer by a whole process: `printf request | TOOL connect`.
//!
//! The server sends back what it receives, and ends when the client has ended. The time is from the
//! start of the process to its end, with the request waiting in a pipe; the answer is compared. The
//! figures are medians of all runs of a round, in which the programs take turns, two runs each, the
//! second of which counts. `true` is the cost of a process that does nothing.
//!
//! lsock is started from a copy, as `cargo install` and packages make it: a program starts faster than
//! from the file that the linker has written.

use super::{
    Run,
    lanes::Lanes,
    processes::Process,
    programs,
    relays::Relay,
    row::Row,
    summary::Better,
    table::{Column, Table},
};
use anyhow::{Context as _, Result, ensure};
use rustix::pipe::{PipeFlags, pipe_with};
use std::{
    ffi::OsString,
    fs::{self, File},
    io::{Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};
use tempfile::TempDir;

const NOTHING: &str = "true";
const LSOCK: &str = "lsock connect";
const REQUEST: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

/// Number of runs in a round.
const COUNT: u64 = 40;

pub(super) fn table(run: &Run) -> Result<Table> {
    let mut table = Table::new(
        "One request by a whole process",
        format!("The median of {COUNT} runs in each round."),
        NOTHING,
        vec![Column::new("ms", 2).summary("one-shot `connect`, whole process, ms", Better::Less)],
    );
    let lanes = Lanes::open(run, "echo-events", &[Relay::Direct])?;
    let path = lanes.lanes[0].route.address().to_string_lossy();
    let mut rows = Vec::new();
    for (name, program) in [
        (NOTHING, NOTHING),
        (LSOCK, ""),
        ("OpenBSD nc", "nc"),
        ("socat", "socat"),
        ("ncat", "ncat"),
    ] {
        match program {
            "" => rows.push((Row::new(name), program)),
            _ if programs::find(program).is_some() => rows.push((Row::new(name), program)),
            _ => table.leave_out(name),
        }
    }
    let installed = Installed::new().context("cannot make a copy of lsock")?;
    let once = |program: &str| {
        let mut command =
            Command::new(if program.is_empty() { &*installed.program } else { program.as_ref() });
        match program {
            "" => command.arg("connect").arg(&*path),
            "nc" => command.args(["-N", "-U", &path]),
            "socat" => command.args(["-", &format!("UNIX-CONNECT:{path}")]),
            "ncat" => command.args(["-U", &path]),
            _ => &mut command,
        };
        milliseconds(run, &mut command, program != NOTHING)
    };
    for (row, program) in &mut rows {
        row.check(|| once(program).map(drop));
    }
    for _ in 0..run.rounds {
        let mut times: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
        for _ in 0..run.count(COUNT) {
            for ((row, program), times) in rows.iter_mut().zip(&mut times) {
                // The one before it may have used the caches of the processor up: the second run counts.
                row.check(|| once(program).map(drop));
                row.check(|| once(program).map(|time| times.push(time)));
            }
        }
        for ((row, _), times) in rows.iter_mut().zip(&mut times) {
            row.record(|| {
                times.sort_by(f64::total_cmp);
                Ok(vec![times[times.len() / 2]])
            });
        }
    }
    table.rows = rows.into_iter().map(|(row, _)| row).collect();
    Ok(table)
}

/// A copy of the compared lsock. It is on the disk, as the other programs are: a program starts more slowly
/// from a file in memory (`tmpfs(5)`).
struct Installed {
    program: OsString,
    _folder: Option<TempDir>,
}

impl Installed {
    /// One that is not at a path is installed already.
    fn new() -> Result<Self> {
        let compared = programs::lsock();
        let program = Path::new(compared.get_program());
        let Some(folder) = program.parent().filter(|folder| folder.is_dir()) else {
            return Ok(Self { program: program.into(), _folder: None });
        };
        let folder = tempfile::Builder::new().prefix("installed-").tempdir_in(folder)?;
        let copy = folder.path().join("lsock");
        fs::copy(program, &copy)?;
        Ok(Self { program: copy.into(), _folder: Some(folder) })
    }
}

fn milliseconds(run: &Run, command: &mut Command, answers: bool) -> Result<f64> {
    let (stdin, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    File::from(writer).write_all(REQUEST)?;
    command.stdin(stdin).stdout(Stdio::piped());
    let start = Instant::now();
    let mut process = Process::start("it", command, &run.folder)?;
    process.succeed()?;
    let seconds = start.elapsed().as_secs_f64();
    let mut answer = Vec::new();
    process.child().stdout.take().context("no pipe at stdout")?.read_to_end(&mut answer)?;
    ensure!(!answers || answer == REQUEST, "a wrong answer of {} bytes", answer.len());
    Ok(seconds * 1e3)
}
