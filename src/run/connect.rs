use super::{
    bridge::Bridge,
    command::Commands,
    stdio::{Stdio, shows_progress},
};
use crate::{
    cli,
    diag::{Failure, Outcome, Terminal},
    endpoint::{self, ConnectTarget as _, NameTarget, RetryPolicy, joined_to},
    serve::{Client, Handler as _},
    system::{Detached, listening, signals::PassedSignals, stdout},
    transfer::{TransferOptions, TransferReport, tasks::EventLoops},
};
use local_socket::{Name, PeerCreds, Stream, traits::StreamCommon as _};
use std::{
    fmt::{self, Display, Formatter},
    sync::Arc,
};
use tokio_util::sync::CancellationToken;

/// The plan of `lsock connect`.
#[derive(Debug)]
struct ConnectPlan {
    target: NameTarget,
    retry_policy: RetryPolicy,
    options: TransferOptions,
    /// The command to join the connection to, instead of stdin and stdout.
    command: Option<endpoint::CommandLine>,
    shows_progress: bool,
}

/// Connects, and joins the connection to stdin and stdout or to a command.
pub(super) fn run(args: cli::Connect, terminal: Terminal) -> Result<Outcome, Failure> {
    let explain = args.explain;
    let plan = ConnectPlan::new(args, terminal)?;
    if explain {
        stdout::print(plan.to_string().as_bytes())?;
        return Ok(Outcome::Done);
    }
    match plan.command.clone() {
        None => plan.join_stdio(terminal),
        Some(command) => {
            command.check()?;
            plan.join_command(command)
        }
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
            target: NameTarget::new(args.name, args.connecting.server_user.as_ref())?,
            command,
            shows_progress,
        })
    }

    fn join_stdio(self, terminal: Terminal) -> Result<Outcome, Failure> {
        let (input, output) = endpoint::open_stdio()?;
        let stream = Arc::new(self.connect()?);
        let Self { target, options, shows_progress, .. } = self;
        let stdio = Stdio { input, output, options, shows_progress, terminal };
        let meter = stdio.meter();
        let report = stdio.join(Arc::clone(&stream), 1, true, meter);
        match unserved(target.name(), &stream, &report) {
            Some(failure) => Err(failure),
            None => report.result(Outcome::Done),
        }
    }

    fn join_command(self, command: endpoint::CommandLine) -> Result<Outcome, Failure> {
        let stream = self.connect()?;
        let peer: Option<PeerCreds> = stream.peer_creds().ok();
        let name = self.target.to_string();
        let signals = PassedSignals::if_first_process()
            .map_err(|error| Failure::Io { what: "cannot watch for signals", error })?;
        let options = self.options;
        let commands =
            Commands { command, name, is_local: true, are_served: false, options, signals };
        // A command that became process 1 would ignore signals.
        let stream = match commands.signals {
            Some(_) => stream,
            None => commands.exec(stream, peer.as_ref())?,
        };
        super::keep_descriptors()?;
        let failure = |error| Failure::Io { what: "cannot watch the connection", error };
        let loops = EventLoops::start_one()
            .map_err(|error| Failure::Io { what: "cannot start an event loop", error })?;
        loops.run(async {
            let client = Client {
                socket: Detached::from(stream).attach().map_err(failure)?,
                peer: peer.map(Box::new),
                address: None,
                number: 1,
                closing: CancellationToken::new(),
            };
            Bridge::to_commands(commands).serve(client).await
        })
    }

    fn connect(&self) -> Result<Stream, Failure> {
        let stream = self.target.connect_sync(self.retry_policy, self.options.directions())?;
        tracing::info!("connected to {}", self.target);
        Ok(stream)
    }
}

/// Returns the failure of a client that the server has probably refused.
///
/// If nothing was to be sent, an empty answer looks the same as a refusal. It counts as a refusal
/// only if the server runs as another user.
fn unserved(name: &Name<'_>, stream: &Stream, report: &TransferReport) -> Option<Failure> {
    let user = || stream.peer_creds().ok().and_then(|server| listening::other_user(&server));
    let user = if report.was_closed_unused() {
        user()
    } else if report.received_only_eof() && stream.peer_hung_up().unwrap_or(false) {
        Some(user()?)
    } else {
        return None;
    };
    Some(Failure::Unserved { name: name.to_string(), user })
}

/// For `--explain`.
impl Display for ConnectPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.target.explain(f)?;
        write!(f, "{}", self.retry_policy)?;
        writeln!(f, "join to      {}", joined_to(self.command.as_ref()))?;
        write!(f, "{}", self.options)
    }
}
