//! A request and its answer by a whole process: `printf request | TOOL connect`.
//!
//! The server sends back what it receives, and ends when the client has ended. The time is from the
//! start of the process to its end, with the request waiting in a pipe; the answer is compared. The
//! figures are medians of all runs of a round, in which the programs take turns. `true` is the cost
//! of a process that does nothing.

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
    fs::File,
    io::{Read as _, Write as _},
    process::{Command, Stdio},
    time::Instant,
};

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
    let once = |program| {
        let mut command = match program {
            "" => programs::lsock(),
            _ => Command::new(program),
        };
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
