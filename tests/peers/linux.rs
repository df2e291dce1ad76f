//! The comparison itself: which tables, and the folder and processes that all of them use.

mod arguments;
mod bare;
mod bench;
mod bulk;
mod check;
mod connections;
mod crowd;
mod echo;
mod epoll_relay;
mod file;
mod lanes;
mod many;
mod messages;
mod one_cpu;
mod one_shot;
mod pairs;
mod pattern;
mod processes;
mod programs;
mod relays;
mod roles;
mod round_trip;
mod route;
mod row;
mod source_sink;
mod splice;
mod stdio;
mod summary;
mod table;
mod usage;

use anyhow::{Context as _, Result};
use arguments::{Arguments, Which};
use clap::Parser as _;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};
use summary::Summary;
use tempfile::TempDir;

/// Settings of all tables.
#[derive(Debug)]
struct Run {
    /// Whether less is done in each round than a reliable figure takes.
    is_short: bool,
    /// The folder of sockets, files and the stderr of the programs.
    folder: PathBuf,
    rounds: usize,
    bytes: u64,
}

impl Run {
    /// Returns how many times something is done in a round, or a tenth of it in a short run.
    fn count(&self, count: u64) -> u64 {
        if self.is_short { count.div_ceil(10) } else { count }
    }
}

pub(super) fn main() -> ExitCode {
    // Only `cargo bench` passes this option.
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let result = match roles::of_this_process() {
        Some((role, args)) => roles::play(&role, &args),
        None if is_bench => compare(&Arguments::parse()),
        None => test(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the folder of a run.
fn folder() -> Result<TempDir> {
    // Files are in memory if possible, so that no disk is measured.
    let parent = Some(Path::new("/dev/shm")).filter(|path| path.is_dir());
    let folder = tempfile::Builder::new()
        .prefix("lsock-peers-")
        .tempdir_in(parent.map_or_else(std::env::temp_dir, Path::to_owned))
        .context("cannot make a temporary folder")?;
    processes::end_all_on_signals(folder.path())?;
    Ok(folder)
}

fn test() -> Result<()> {
    let folder = folder()?;
    let run = Run { is_short: true, folder: folder.path().to_owned(), rounds: 1, bytes: 0 };
    check::check(&run, std::env::args().skip(1))
}

fn compare(arguments: &Arguments) -> Result<()> {
    let folder = folder()?;
    let run = Run {
        is_short: arguments.short,
        folder: folder.path().to_owned(),
        rounds: arguments.rounds(),
        bytes: arguments.bytes(),
    };
    println!("{}\n", programs::environment(&run));
    let start = Instant::now();
    let mut failed = Vec::new();
    let mut summary = Summary::default();
    for which in arguments.tables() {
        eprintln!("{which:?}:");
        let tables = match which {
            Which::Stdio => stdio::table(&run).map(|table| vec![table]),
            Which::File => file::tables(&run),
            Which::Relay => bulk::table(&run).map(|table| vec![table]),
            Which::RoundTrip => round_trip::tables(&run),
            Which::Messages => messages::table(&run).map(|table| vec![table]),
            Which::Connections => connections::table(&run).map(|table| vec![table]),
            Which::Many => many::table(&run).map(|table| vec![table]),
            Which::OneShot => one_shot::table(&run).map(|table| vec![table]),
            Which::Bench => bench::tables(&run),
        };
        match tables {
            Ok(tables) => tables.iter().for_each(|table| {
                println!("{table}");
                summary.add(table);
            }),
            Err(error) => failed.push(format!("{which:?}: {error:#}")),
        }
    }
    println!("{summary}");
    eprintln!("done in {:.0} s", start.elapsed().as_secs_f64());
    anyhow::ensure!(failed.is_empty(), "tables that could not be made: {}", failed.join("; "));
    Ok(())
}
