//! The comparison itself: which tables, and the folder and processes that all of them use.

mod arguments;
mod bare;
mod bench;
mod bulk;
mod connections;
mod crowd;
mod echo;
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

/// Settings of all tables.
#[derive(Debug)]
struct Run {
    /// The folder of sockets, files and the stderr of the programs.
    folder: PathBuf,
    rounds: usize,
    bytes: u64,
}

pub(super) fn main() -> ExitCode {
    let result = match roles::of_this_process() {
        Some((role, args)) => roles::play(&role, &args),
        None => compare(&Arguments::parse()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn compare(arguments: &Arguments) -> Result<()> {
    // `cargo test --benches` starts this program as well.
    if !arguments.bench && arguments.which.is_empty() {
        println!("Nothing is measured; `cargo bench --bench peers` does that.");
        return Ok(());
    }
    // Files are in memory if possible, so that no disk is measured.
    let parent = Some(Path::new("/dev/shm")).filter(|path| path.is_dir());
    let folder = tempfile::Builder::new()
        .prefix("lsock-peers-")
        .tempdir_in(parent.map_or_else(std::env::temp_dir, Path::to_owned))
        .context("cannot make a temporary folder")?;
    processes::end_all_on_signals(folder.path())?;
    let run =
        Run { folder: folder.path().to_owned(), rounds: arguments.rounds, bytes: arguments.bytes };
    println!("{}\n", programs::environment(&run));
    let start = Instant::now();
    let mut failed = Vec::new();
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
            Ok(tables) => tables.iter().for_each(|table| println!("{table}")),
            Err(error) => failed.push(format!("{which:?}: {error:#}")),
        }
    }
    eprintln!("done in {:.0} s", start.elapsed().as_secs_f64());
    anyhow::ensure!(failed.is_empty(), "tables that could not be made: {}", failed.join("; "));
    Ok(())
}
