use super::{Everywhere, value};
use crate::{
    bench::{Api, Transport, Workload},
    endpoint::Target,
};
use clap::{Args, ValueEnum};
use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What to measure; without it a tour of ten seconds.
    #[arg(value_name = "WORKLOAD", value_enum)]
    pub(crate) workload: Option<Workload>,

    #[command(flatten)]
    pub(crate) work: WorkOptions,
    #[command(flatten)]
    pub(crate) external: ExternalOptions,
    #[command(flatten)]
    pub(crate) reports: ReportOptions,

    /// Print what would be done, and do nothing.
    #[arg(long, help_heading = "Everywhere", display_order = 904)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Work")]
pub(crate) struct WorkOptions {
    /// Bytes of each message, one or several sizes.
    ///
    /// Without it: throughput 64, 4K, 64K and 1M; latency and fan-in 64; connect 8.
    #[arg(long, value_name = "SIZE,...", value_delimiter = ',', value_parser = value::buffer_size)]
    pub(crate) size: Vec<usize>,

    /// How long a run takes [default: 1s].
    #[arg(long, value_name = "DURATION", value_parser = value::duration_not_zero)]
    pub(crate) duration: Option<Duration>,

    /// A run ends when all clients together have sent that much after the warm-up.
    ///
    /// It is rounded up to whole messages.
    #[arg(long, value_name = "SIZE", value_parser = value::size_not_zero, conflicts_with = "duration")]
    pub(crate) bytes: Option<u64>,

    /// A run ends after that many messages or connections of all clients together.
    #[arg(
        long,
        value_name = "N",
        value_parser = value::count,
        conflicts_with_all = ["duration", "bytes"]
    )]
    pub(crate) count: Option<u64>,

    /// Clients at the same time, one or several numbers.
    ///
    /// Without it: fan-in 16, everything else 1.
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = value::clients)]
    pub(crate) clients: Vec<usize>,

    /// What to go through, one or several [default: abstract].
    #[arg(long, value_name = "TRANSPORT,...", value_delimiter = ',', value_enum)]
    pub(crate) over: Vec<Transport>,

    /// Calls that wait, an event loop, or both one after the other [default: sync].
    #[arg(long, value_name = "API,...", value_delimiter = ',', value_enum)]
    pub(crate) api: Vec<Api>,

    /// Both sides send (throughput).
    #[arg(long)]
    pub(crate) both_ways: bool,

    /// Send that many messages a second, whether answers have come or not (latency).
    ///
    /// Each is timed from the moment at which it should have been sent. A rate that
    /// cannot be kept is an error.
    #[arg(long, value_name = "N", value_parser = value::count)]
    pub(crate) rate: Option<u64>,

    /// CPUs to keep to: the server to the first one, clients to the others in turn.
    ///
    /// With one CPU all share it.
    #[arg(long, value_name = "CPU,...", value_delimiter = ',')]
    pub(crate) pin: Vec<usize>,

    /// How often each case is measured [default: 3; with --at 1].
    #[arg(long, value_name = "N", value_parser = value::repeat)]
    pub(crate) repeat: Option<NonZeroUsize>,

    /// What goes before each run and is thrown away [default: 100ms].
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub(crate) warmup: Option<Duration>,

    /// Server and clients as threads of one process instead of two processes.
    #[arg(long)]
    pub(crate) in_process: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Other programs")]
pub(crate) struct ExternalOptions {
    /// Measure somebody else's server: NAME or tcp:HOST:PORT.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = value::target(),
        conflicts_with_all = ["over", "in_process", "both_ways"]
    )]
    pub(crate) to: Option<Target>,

    /// Be the server for somebody else's clients: NAME or tcp:HOST:PORT.
    ///
    /// A run lasts from the first byte to the end of the last of --clients connections.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = value::target(),
        conflicts_with_all = ["to", "over", "in_process", "both_ways", "rate", "duration", "bytes", "warmup"]
    )]
    pub(crate) at: Option<Target>,

    /// What that server does with what it gets.
    ///
    /// Without it: latency and connect need one that echoes, throughput and fan-in one that
    /// discards.
    #[arg(long, value_name = "WHAT", value_enum)]
    pub(crate) expect: Option<Expect>,
}

/// What a server does with what it gets.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Expect {
    /// It sends it back.
    Echo,
    /// It only reads it.
    Discard,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
pub(crate) struct ReportOptions {
    /// Write everything that was measured as JSON; `-` is stdout, instead of the table.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Write a line for each case as CSV.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,

    /// Write the tables as Markdown.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,

    /// Draw the figures as SVG.
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,

    /// Keep the results for --compare; the same as --json.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,

    /// Say which cases have changed beyond noise since those results were saved.
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,

    /// End with status 1 if a case is slower than before by more than that.
    #[arg(long, value_name = "PERCENT", value_parser = value::percent, requires = "compare")]
    pub(crate) fail_over: Option<f64>,
}
