//! `lsock bench` beside bare loops that do the same work, with the server and the client on one CPU
//! and on one each. The server of `lsock bench` has a second thread, which waits for requests of
//! the client; it makes each system call of a short connection slower, so that one of the bare
//! loops has an idle thread as well.
//!
//! On one CPU, the rate of small messages one way depends on how often the scheduler interrupts the
//! client for the server that can read. This varies from run to run by more than the loops differ:
//! a comparison takes many rounds.
//!
//! The CPU time is that of both sides together, for each message or connection. It depends less on
//! other load than the rest. That of the bare loops contains the start of their processes, about a
//! thousandth.
//!
//! The programs take turns at each figure, and each round begins with another one, so that other
//! load on the machine affects all of them.

use super::{
    Run,
    bare::{TIME, WARM_UP, Work},
    one_cpu::allowed,
    processes::Process,
    programs,
    roles::role,
    row::Row,
    stdio::listening,
    summary::Better,
    table::{Column, Table},
    usage,
};
use anyhow::{Context as _, Result, bail};
use std::{
    fs,
    process::{Command, Stdio},
};

const BARE: &str = "a bare loop";
const BESIDE: &str = "a bare loop, beside an idle thread in the server";
const BENCH: &str = "lsock bench";

/// A figure of all programs.
struct Figure {
    /// What each message or connection is.
    name: &'static str,
    head: &'static str,
    digits: usize,
    work: Work,
    size: usize,
    /// The column of CSV that `lsock bench` writes; bare clients print the figure.
    scale: f64,
    column: &'static str,
}

const FIGURES: [Figure; 5] = [
    throughput("64 KiB", "64 KiB, GB/s", 2, 64 << 10, 1e-9),
    throughput("4 KiB", "4 KiB, MB/s", 0, 4 << 10, 1e-6),
    throughput("64 B", "64 B, MB/s", 1, 64, 1e-6),
    Figure {
        name: "64 B there and back",
        head: "64 B there and back, p50 in µs",
        digits: 2,
        work: Work::Latency,
        size: 64,
        scale: 1e-3,
        column: "p50_nanoseconds",
    },
    Figure {
        name: "a connection",
        head: "connections per second",
        digits: 0,
        work: Work::Connect,
        size: 8,
        scale: 1.0,
        column: "messages_per_second_median",
    },
];

const fn throughput(
    name: &'static str,
    head: &'static str,
    digits: usize,
    size: usize,
    scale: f64,
) -> Figure {
    let column = "bytes_per_second_median";
    Figure { name, head, digits, work: Work::Throughput, size, scale, column }
}

pub(super) fn tables(run: &Run) -> Result<Vec<Table>> {
    let cpus = allowed()?;
    let (first, last) = cpus.first().copied().zip(cpus.last().copied()).context("no CPU")?;
    let title = "`lsock bench` and a bare loop on one CPU";
    let mut tables = vec![table(run, title, "on one CPU", last, last)?];
    if first != last {
        let title = "The same with a CPU for each side";
        tables.push(table(run, title, "on two CPUs", first, last)?);
    }
    Ok(tables)
}

fn table(run: &Run, title: &str, place: &str, server: usize, client: usize) -> Result<Table> {
    let note = format!("{TIME:?} in each round, after {WARM_UP:?} that are not counted.");
    let mut columns = Vec::new();
    for it in &FIGURES {
        let better = if it.work == Work::Latency { Better::Less } else { Better::More };
        let work = format!("bench {place}, {}", it.head);
        let cpu = format!("bench {place}, {}, CPU in µs", it.name);
        columns.push(Column::precise(it.head, it.digits).summary(work, better));
        columns.push(Column::precise("CPU in µs", 2).summary(cpu, Better::Less));
    }
    let mut table = Table::new(title, note, BARE, columns);
    let mut rows = [Row::new(BARE), Row::new(BESIDE), Row::new(BENCH)];
    for round in 0..run.rounds {
        let mut figures = [Vec::new(), Vec::new(), Vec::new()];
        for figure in &FIGURES {
            for turn in 0..rows.len() {
                let index = (round + turn) % rows.len();
                let done = &mut figures[index];
                rows[index].check(|| {
                    let measured = match index {
                        0 | 1 => bare(run, figure, server, client, index == 1)?,
                        _ => bench(run, figure, server, client)?,
                    };
                    let [result, cpu] = measured;
                    done.extend([result * figure.scale, cpu]);
                    Ok(())
                });
            }
        }
        for (row, figures) in rows.iter_mut().zip(figures) {
            row.record(|| Ok(figures));
        }
    }
    table.rows = rows.into();
    Ok(table)
}

/// Returns the figure, and the CPU time for each message in microseconds.
fn bare(
    run: &Run,
    figure: &Figure,
    server: usize,
    client: usize,
    has_idle_thread: bool,
) -> Result<[f64; 2]> {
    let before = usage::ended_children()?;
    let path = run.folder.join("bare.sock");
    let path = path.to_string_lossy();
    // The one of the last round.
    let _ = fs::remove_file(&*path);
    let part = |name, cpu: usize| -> Result<Command> {
        let (size, cpu) = (figure.size.to_string(), cpu.to_string());
        let mut command = role(name)?;
        command.args([&*path, figure.work.text(), &size, &cpu]).stdout(Stdio::piped());
        Ok(command)
    };
    let mut serves = part("bare-server", server)?;
    serves.arg(has_idle_thread.to_string());
    let mut serves = listening(run, "server", &mut serves, &path)?;
    let mut command = part("bare-client", client)?;
    let mut client = Process::start("client", command.stdin(Stdio::null()), &run.folder)?;
    let answer = client.answer()?;
    if figure.work != Work::Connect {
        serves.succeed()?;
    }
    drop((client, serves));
    let cpu = usage::ended_children()? - before;
    match answer[..] {
        [result, count] => Ok([result, cpu / count * 1e6]),
        _ => bail!("the client prints {answer:?}"),
    }
}

fn bench(run: &Run, figure: &Figure, server: usize, client: usize) -> Result<[f64; 2]> {
    let pin = if server == client { client.to_string() } else { format!("{server},{client}") };
    let mut command = programs::lsock();
    command
        .args(["bench", figure.work.text(), "--size", &figure.size.to_string()])
        .args(["--duration", &format!("{}ms", TIME.as_millis())])
        .args(["--warmup", &format!("{}ms", WARM_UP.as_millis())])
        .args(["--over", "fs", "--api", "sync", "--pin", &pin]);
    // The sockets are in the folder of those of the bare loop: the time of a path lookup depends on
    // the folder.
    command.env("TMPDIR", &run.folder);
    match figures(run, &mut command, &[figure.column, "cpu_microseconds_per_message"])?[..] {
        [result, cpu] => Ok([result, cpu]),
        _ => bail!("not two figures"),
    }
}

/// Runs `lsock bench` with a single case; returns figures by the names of its CSV columns.
pub(super) fn figures(run: &Run, command: &mut Command, columns: &[&str]) -> Result<Vec<f64>> {
    command.args(["-q", "--repeat", "1", "--csv", "-"]).stdin(Stdio::null()).stdout(Stdio::piped());
    let text = Process::start("lsock bench", command, &run.folder)?.text()?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers()?.clone();
    let line = reader.records().next().context("no line of CSV")??;
    let figure = |column: &&str| {
        let index = names.iter().position(|name| name == *column);
        let field = index.and_then(|index| line.get(index));
        field.and_then(|field| field.parse().ok()).with_context(|| format!("no {column}"))
    };
    columns.iter().map(figure).collect()
}
