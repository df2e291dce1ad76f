use super::{
    Everywhere,
    value::{self, Choice, choice},
};
use crate::{
    bench::{Api, ServerBehaviour, Transport, Workload},
    endpoint::Target,
};
use clap::Args;
use std::{path::PathBuf, time::Duration};

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What to measure [default: a tour of ten seconds].
    #[arg(value_name = "WORKLOAD", value_parser = choice(WORKLOADS))]
    pub(crate) workload: Option<Workload>,

    #[command(flatten)]
    pub(crate) work: WorkOptions,
    #[command(flatten)]
    pub(crate) external: ExternalOptions,
    #[command(flatten)]
    pub(crate) reports: ReportOptions,

    /// Print what would be done, without doing it.
    #[arg(long, help_heading = "Everywhere", display_order = 904)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Work")]
pub(crate) struct WorkOptions {
    /// Message sizes, one or more.
    ///
    /// Default: throughput 64, 4K, 64K and 1M; latency and fan-in 64; connect 8.
    #[arg(long, value_name = "SIZE,...", value_delimiter = ',', value_parser = value::buffer_size)]
    pub(crate) size: Vec<usize>,

    /// Duration of each run [default: 1s].
    #[arg(long, value_name = "DURATION", value_parser = value::duration_not_zero)]
    pub(crate) duration: Option<Duration>,

    /// End each run after this many bytes of all clients together, not counting the warm-up.
    ///
    /// The number is rounded up to whole messages.
    #[arg(long, value_name = "SIZE", value_parser = value::size_not_zero, conflicts_with = "duration")]
    pub(crate) bytes: Option<u64>,

    /// End each run after this many messages or connections of all clients together.
    #[arg(
        long,
        value_name = "N",
        value_parser = value::count,
        conflicts_with_all = ["duration", "bytes"]
    )]
    pub(crate) count: Option<u64>,

    /// Number of concurrent clients, one or more.
    ///
    /// Default: fan-in 16, others 1.
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = value::clients)]
    pub(crate) clients: Vec<usize>,

    /// Transports to measure, one or more [default: abstract].
    #[arg(long, value_name = "TRANSPORT,...", value_delimiter = ',', value_parser = choice(TRANSPORTS))]
    pub(crate) over: Vec<Transport>,

    /// APIs to measure, one or both [default: sync].
    #[arg(long, value_name = "API,...", value_delimiter = ',', value_parser = choice(APIS))]
    pub(crate) api: Vec<Api>,

    /// Send from both sides (throughput).
    #[arg(long)]
    pub(crate) both_ways: bool,

    /// Send this many messages per second, whether answers have arrived or not (latency).
    ///
    /// Each message is timed from the moment at which it is due. A rate that cannot be kept is an
    /// error.
    #[arg(long, value_name = "N", value_parser = value::count)]
    pub(crate) rate: Option<u64>,

    /// CPUs to pin to: the first for the server, the others for the clients in turn.
    ///
    /// A single CPU is shared by all.
    #[arg(long, value_name = "CPU,...", value_delimiter = ',', value_parser = value::cpu)]
    pub(crate) pin: Vec<usize>,

    /// Number of runs of each case [default: 3; with --at 1].
    #[arg(long, value_name = "N", value_parser = value::repeat)]
    pub(crate) repeat: Option<usize>,

    /// Warm-up before each run, which is not counted [default: 100ms].
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub(crate) warmup: Option<Duration>,

    /// Run server and clients as threads of one process instead of two processes.
    #[arg(long)]
    pub(crate) in_process: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Other programs")]
pub(crate) struct ExternalOptions {
    /// Measure the server of another program: NAME or tcp:HOST:PORT.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = value::target(),
        conflicts_with_all = ["over", "in_process", "both_ways"]
    )]
    pub(crate) to: Option<Target>,

    /// Be the server for clients of other programs: NAME or tcp:HOST:PORT.
    ///
    /// A run lasts from the first byte to the end of file of the last of --clients connections.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = value::target(),
        conflicts_with_all = ["to", "over", "in_process", "both_ways", "rate", "duration", "bytes", "warmup"]
    )]
    pub(crate) at: Option<Target>,

    /// What the server does with the bytes that it receives.
    ///
    /// Default: echo for latency and connect, discard for throughput and fan-in.
    #[arg(long, value_name = "WHAT", value_parser = choice(BEHAVIOURS))]
    pub(crate) expect: Option<ServerBehaviour>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
pub(crate) struct ReportOptions {
    /// Write all results as JSON; `-` is stdout, instead of the table.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Write one line per case as CSV.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,

    /// Write the tables as Markdown.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,

    /// Draw the results as SVG.
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,

    /// Save the results for --compare; the same as --json.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,

    /// Compare with saved results and print what has changed beyond noise.
    #[arg(
        long,
        value_name = "FILE",
        value_parser = value::file("saved results are read from a file")
    )]
    pub(crate) compare: Option<PathBuf>,

    /// Exit with status 1 if a case is slower than before by more than this.
    #[arg(long, value_name = "PERCENT", value_parser = value::percent, requires = "compare")]
    pub(crate) fail_over: Option<f64>,
}

const WORKLOADS: &[Choice<Workload>] = &[
    Choice::new(
        Workload::Throughput,
        "throughput",
        "Bytes per second: clients send as fast as the server reads",
    ),
    Choice::new(
        Workload::Latency,
        "latency",
        "Time from sending a message to receiving its answer",
    ),
    Choice::new(
        Workload::Connect,
        "connect",
        "Connections per second, each with one message there and back",
    ),
    Choice::new(
        Workload::FanIn,
        "fan-in",
        "Small messages per second from many clients to one server",
    ),
];

const TRANSPORTS: &[Choice<Transport>] = &[
    Choice::new(
        Transport::File,
        "file",
        "A local socket whose name is a path: a socket file, or a named pipe by its path",
    )
    .alias(&["fs"]),
    Choice::new(
        Transport::Abstract,
        "abstract",
        "A local socket whose name is not a path; see lsock-names(7)",
    )
    .alias(&["ns"]),
    Choice::new(Transport::Pipe, "pipe", "Two plain pipes, as a shell creates them"),
    Choice::new(Transport::Socketpair, "socketpair", "A pair of connected sockets without a name"),
    Choice::new(Transport::Tcp, "tcp", "TCP on the loopback interface"),
];

const APIS: &[Choice<Api>] = &[
    Choice::new(Api::Sync, "sync", "Blocking calls, one thread per direction"),
    Choice::new(Api::Tokio, "tokio", "An event loop on one thread"),
];

const BEHAVIOURS: &[Choice<ServerBehaviour>] = &[
    Choice::new(ServerBehaviour::Echo, "echo", "Sends them back"),
    Choice::new(ServerBehaviour::Discard, "discard", "Only reads them"),
];
