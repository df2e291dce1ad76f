//! Throughput of a pipeline with a socket in it: `source | connect` and `listen | sink`, with
//! pipes of 1 MiB and a socket file between the two.
//!
//! The sink times from the first bytes that arrive to the end of file, so that the start of the
//! programs does not count. In a first round, every byte is compared; in the timed rounds the bytes
//! are counted and a part of each block is compared.

use super::{
    Run,
    pairs::{LOOPS, PAIRS, Pair},
    pattern::Check,
    processes::Process,
    programs,
    roles::role,
    row::Row,
    splice::large_pipe,
    summary::Better,
    table::{Column, Table},
};
use anyhow::{Result, bail};
use std::{
    fs,
    os::fd::OwnedFd,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

pub(super) fn table(run: &Run) -> Result<Table> {
    let mut table = Table::new(
        "From pipe to pipe through a socket",
        format!("{} MB through `source | connect` and `listen | sink`.", run.bytes / 1_000_000),
        LOOPS,
        vec![
            Column::new("GB/s", 2).summary("stdin pipe → socket → stdout pipe, GB/s", Better::More),
        ],
    );
    let mut rows = Vec::new();
    for pair in &PAIRS {
        match pair.program {
            Some(program) if programs::find(program).is_none() => table.leave_out(pair.name),
            _ => rows.push((pair, Row::new(pair.name))),
        }
    }
    for (pair, row) in &mut rows {
        row.check(|| pass(run, pair, run.bytes.min(64 << 20) + 4321, Check::Whole).map(drop));
    }
    for _ in 0..run.rounds {
        for (pair, row) in &mut rows {
            row.record(|| {
                let seconds = pass(run, pair, run.bytes, Check::Samples)?;
                Ok(vec![run.bytes as f64 / seconds / 1e9])
            });
        }
    }
    table.rows = rows.into_iter().map(|(_, row)| row).collect();
    Ok(table)
}

/// Returns the seconds that the sink has measured.
pub(super) fn pass(run: &Run, pair: &Pair, bytes: u64, check: Check) -> Result<f64> {
    let path = run.folder.join("stdio.sock");
    let path = path.to_string_lossy();
    // OpenBSD nc and ncat leave their socket files behind.
    let _ = fs::remove_file(&*path);
    let (reader, stdout) = large_pipe()?;
    let (stdin, writer) = large_pipe()?;
    let mut listener = listening(run, pair.name, (pair.listen)(&path)?.stdout(stdout), &path)?;
    let mut sink = sink(run, reader.into(), bytes, check)?;
    let mut connect = (pair.connect)(&path)?;
    let mut client =
        Process::start(pair.name, connect.stdin(stdin).stdout(Stdio::null()), &run.folder)?;
    // The command holds a descriptor of the pipe, which would prevent its end of file.
    drop(connect);
    let mut source = source(run, writer, bytes)?;
    let result = sink.answer();
    // The error of a failed program says more than that of the sink.
    for process in [&mut client, &mut listener, &mut source] {
        process.succeed_within(Duration::from_secs(1))?;
    }
    Ok(result?[0])
}

/// Starts a listener with nothing at stdin, and waits until it listens.
pub(super) fn listening(
    run: &Run,
    name: &str,
    command: &mut Command,
    path: &str,
) -> Result<Process> {
    let mut process = Process::start(name, command.stdin(Stdio::null()), &run.folder)?;
    let start = Instant::now();
    while !programs::is_listened_on(Path::new(path)) && !process.errors().contains("listening on ")
    {
        process.is_running()?;
        if start.elapsed() > Duration::from_secs(10) {
            bail!("{name} does not listen");
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(process)
}

pub(super) fn source(run: &Run, stdout: OwnedFd, bytes: u64) -> Result<Process> {
    let mut command = role("source")?;
    command.arg(bytes.to_string()).stdin(Stdio::null()).stdout(stdout);
    Process::start("source", &mut command, &run.folder)
}

pub(super) fn sink(run: &Run, stdin: Stdio, bytes: u64, check: Check) -> Result<Process> {
    let mut command = role("sink")?;
    command.arg(bytes.to_string()).arg(check.text()).stdin(stdin).stdout(Stdio::piped());
    Process::start("sink", &mut command, &run.folder)
}
