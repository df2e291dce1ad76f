//! The same pipeline with a regular file at one end, beside `cat` and a pipe.
//!
//! A file as stdin: `connect < FILE` and `listen | sink` beside `cat FILE | sink`, timed by the
//! sink. A file as stdout: `source | connect` and `listen > FILE` beside `source | cat > FILE`,
//! timed from the start of the source to the end of the program that writes the file; every byte of
//! the file is compared afterwards. Files are in memory if there is a `/dev/shm`.

use super::{
    Run,
    pairs::{lsock_connect, lsock_listen},
    pattern::Check,
    processes::Process,
    row::Row,
    source_sink,
    splice::large_pipe,
    stdio::{listening, sink, source},
    table::{Column, Table},
};
use anyhow::{Context as _, Result};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

const CAT: &str = "cat and a pipe";
const LSOCK: &str = "lsock and a socket";

pub(super) fn tables(run: &Run) -> Result<Vec<Table>> {
    let file = run.folder.join("file");
    source_sink::write_all(&mut File::create(&file)?, run.bytes)
        .context("cannot write a file for stdin")?;
    let from = table(run, "From a regular file", |name, check| match name {
        CAT => from_by_cat(run, &file, check),
        _ => from_by_lsock(run, &file, check),
    });
    fs::remove_file(&file)?;
    let to = table(run, "Into a regular file", |name, _| match name {
        CAT => to_by_cat(run, &file),
        _ => to_by_lsock(run, &file),
    });
    Ok(vec![from, to])
}

fn table(run: &Run, title: &str, pass: impl Fn(&str, Check) -> Result<f64>) -> Table {
    let note = format!("A file of {} MB.", run.bytes / 1_000_000);
    let mut table = Table::new(title, note, CAT, vec![Column::new("GB/s", 2)]);
    table.rows = [CAT, LSOCK].map(Row::new).into();
    for row in &mut table.rows {
        let name = row.name.clone();
        row.check(|| pass(&name, Check::Whole).map(drop));
    }
    for _ in 0..run.rounds {
        for row in &mut table.rows {
            let name = row.name.clone();
            row.record(|| Ok(vec![run.bytes as f64 / pass(&name, Check::Samples)? / 1e9]));
        }
    }
    table
}

fn from_by_cat(run: &Run, file: &Path, check: Check) -> Result<f64> {
    let (reader, writer) = large_pipe()?;
    let mut sink = sink(run, reader.into(), run.bytes, check)?;
    let mut cat = Process::start("cat", Command::new("cat").arg(file).stdout(writer), &run.folder)?;
    let result = sink.answer();
    cat.succeed()?;
    Ok(result?[0])
}

fn from_by_lsock(run: &Run, file: &Path, check: Check) -> Result<f64> {
    let path = socket(run);
    let path = path.to_string_lossy();
    let (reader, stdout) = large_pipe()?;
    let mut listener = listening(run, LSOCK, lsock_listen(&path)?.stdout(stdout), &path)?;
    let mut sink = sink(run, reader.into(), run.bytes, check)?;
    let mut client = Process::start(
        LSOCK,
        lsock_connect(&path)?.stdin(File::open(file)?).stdout(Stdio::null()),
        &run.folder,
    )?;
    let result = sink.answer();
    client.succeed()?;
    listener.succeed()?;
    Ok(result?[0])
}

fn to_by_cat(run: &Run, file: &Path) -> Result<f64> {
    let (stdin, writer) = large_pipe()?;
    let mut command = Command::new("cat");
    let cat = command.stdin(stdin).stdout(File::create(file)?);
    let cat = Process::start("cat", cat, &run.folder)?;
    drop(command);
    write_and_compare(run, file, writer, &mut [cat])
}

fn to_by_lsock(run: &Run, file: &Path) -> Result<f64> {
    let path = socket(run);
    let path = path.to_string_lossy();
    let stdout = File::create(file)?;
    let listener = listening(run, LSOCK, lsock_listen(&path)?.stdout(stdout), &path)?;
    let (stdin, writer) = large_pipe()?;
    let mut connect = lsock_connect(&path)?;
    let client = Process::start(LSOCK, connect.stdin(stdin).stdout(Stdio::null()), &run.folder)?;
    drop(connect);
    write_and_compare(run, file, writer, &mut [client, listener])
}

/// Returns the seconds until the source and these processes have ended.
fn write_and_compare(
    run: &Run,
    file: &Path,
    writer: std::os::fd::OwnedFd,
    processes: &mut [Process],
) -> Result<f64> {
    let start = Instant::now();
    let mut source = source(run, writer, run.bytes)?;
    for process in processes {
        process.succeed()?;
    }
    let seconds = start.elapsed().as_secs_f64();
    source.succeed()?;
    sink(run, File::open(file)?.into(), run.bytes, Check::Whole)?.answer()?;
    fs::remove_file(file)?;
    Ok(seconds)
}

fn socket(run: &Run) -> PathBuf {
    run.folder.join("file.sock")
}
