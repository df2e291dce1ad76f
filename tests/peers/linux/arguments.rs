//! The command line of the comparison.

use clap::{Parser, ValueEnum};

/// Compares lsock with other programs, and prints tables in Markdown.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench peers --", max_term_width = 100)]
pub(super) struct Arguments {
    /// Which tables to make; all of them if none is named.
    #[arg(value_enum)]
    pub(super) which: Vec<Which>,
    /// How many times each program does the work. [default: 5, with --short 2]
    #[arg(long, value_name = "N", value_parser = rounds)]
    rounds: Option<usize>,
    /// How much goes through each program in a round, where throughput is measured. [default: 1G,
    /// with --short 64M]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    bytes: Option<u64>,
    /// Tries the comparison: fewer rounds, and a tenth of the messages and connections.
    #[arg(long)]
    pub(super) short: bool,
    /// Passed by cargo to every bench.
    #[arg(long, hide = true)]
    pub(super) bench: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Which {
    /// From a pipe through `connect` and `listen` into a pipe.
    Stdio,
    /// The same with a regular file at one end.
    File,
    /// Bulk data through a relay, and the relay's CPU time.
    Relay,
    /// A message of 64 B there and back through a relay.
    RoundTrip,
    /// Small messages one way through a relay.
    Messages,
    /// New connections through a relay.
    Connections,
    /// 4,000 open connections through one relay.
    Many,
    /// One request by a whole process.
    OneShot,
    /// What `lsock bench` reports, and what a bare loop gets done.
    Bench,
}

impl Arguments {
    pub(super) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.short { 2 } else { 5 })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.unwrap_or(if self.short { 64 << 20 } else { 1 << 30 })
    }

    pub(super) fn tables(&self) -> &[Which] {
        if self.which.is_empty() { Which::value_variants() } else { &self.which }
    }
}

fn rounds(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("a number from 1 on".to_owned()),
        Ok(number) => Ok(number),
    }
}

fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let factor: u64 = match &text[digits.len()..] {
        "" => 1,
        "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        _ => return Err("units are K, M and G".to_owned()),
    };
    let number = digits.parse::<u64>().ok().filter(|number| *number > 0);
    // With more rounds the slowest program takes too long.
    number
        .and_then(|number| number.checked_mul(factor))
        .filter(|bytes| *bytes <= 16 << 30)
        .ok_or_else(|| "a size such as 512M or 4G, at most 16G".to_owned())
}
