use super::{
    command::Commands,
    completions,
    stdio::{Stdio, shows_progress},
};
use crate::{
    cli,
    diag::{Failure, Outcome, Terminal},
    endpoint::{self, RetryPolicy, joined_to},
    system::signals,
    transfer::TransferOptions,
};
use local_socket::{ConnectOptions, Name, PeerCreds, Stream, traits::StreamCommon as _};
use std::{
    fmt::{self, Display, Formatter},
    sync::Arc,
    thread,
};

/// The plan of `lsock connect`.
#[derive(Debug)]
struct ConnectPlan {
    name: Name<'static>,
    retry_policy: RetryPolicy,
    options: TransferOptions,
    /// The command to join the connection to, instead of stdin and stdout.
    command: Option<endpoint::CommandLine>,
    shows_progress: bool,
}

/// Connects, and joins the connection to stdin and stdout or to a command.
pub(super) fn run(args: cli::Connect, terminal: Terminal) -> anyhow::Result<Outcome> {
    let explain = args.explain;
    let plan = ConnectPlan::new(args, terminal)?;
    if explain {
        return completions::print(plan.to_string().as_bytes());
    }
    match plan.command.clone() {
        None => plan.join_stdio(terminal),
        Some(command) => plan.join_command(command),
    }
}

impl ConnectPlan {
    fn new(args: cli::Connect, terminal: Terminal) -> Result<Self, Failure> {
        let shows_progress = shows_progress(&args.transfer, terminal);
        let command = endpoint::CommandLine::new(args.command);
        if shows_progress && command.is_some() {
            return Err(Failure::Usage(
                "--progress goes with stdin and stdout, not with a command".into(),
            ));
        }
        Ok(Self {
            retry_policy: args.connecting.retry_policy(),
            options: args.transfer.options()?,
            name: args.name,
            command,
            shows_progress,
        })
    }

    fn join_stdio(self, terminal: Terminal) -> anyhow::Result<Outcome> {
        let (input, output) = endpoint::open_stdio()?;
        let stream = Arc::new(self.connect()?);
        let Self { options, shows_progress, .. } = self;
        let report = Stdio { input, output, options, shows_progress, terminal }.join(stream);
        report.failure().map_or(Ok(Outcome::Done), |failure| Err(failure.into()))
    }

    fn join_command(self, command: endpoint::CommandLine) -> anyhow::Result<Outcome> {
        let stream = self.connect()?;
        let peer: Option<PeerCreds> = stream.peer_creds().ok();
        let name = self.name.to_string();
        let commands = Commands { command, name, is_local: true, options: self.options };
        let running = if signals::is_first_process() {
            // A command that became process 1 would ignore signals.
            commands.start_passing_signals_on(stream, peer.as_ref())?
        } else {
            let stream = commands.become_it(stream, peer.as_ref())?;
            commands.start(stream, peer.as_ref(), 1, None)?
        };
        Ok(Outcome::Command(running.wait()?))
    }

    /// Connects with blocking calls, with retries as the policy allows.
    fn connect(&self) -> Result<Stream, Failure> {
        let mut attempts = self.retry_policy.begin();
        loop {
            let options = ConnectOptions::new().name(self.name.borrow());
            match options.wait_mode(attempts.wait_mode()).connect_sync() {
                Ok(stream) => {
                    tracing::info!("connected to {}", self.name);
                    return Ok(stream);
                }
                Err(error) => thread::sleep(attempts.failed(error, Some(&self.name))?),
            }
        }
    }
}

/// For `--explain`.
impl Display for ConnectPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "connect to   {} ({})", self.name, self.name.kind_text())?;
        write!(f, "{}", self.retry_policy)?;
        writeln!(f, "join to      {}", joined_to(self.command.as_ref()))?;
        write!(f, "{}", self.options)
    }
}
