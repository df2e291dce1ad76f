mod in_turn;

use super::{
    at_terminal::{self, SessionEnd},
    bridge::Bridge,
    command::Commands,
    observing::ObservedConnections,
    stdio::{Stdio, shows_progress},
};
use crate::{
    cli,
    diag::{Failure, Outcome, Terminal},
    endpoint::{self, ConnectTarget as _, NameTarget, RetryPolicy, joined_to},
    inspect::ObservingOptions,
    serve::{Client, Handler as _},
    system::{
        Detached, LeaveKey, RawTerminal, WindowSize, handover, listening,
        peer::{self, PeerProcess},
        signals::PassedSignals,
        stdout,
    },
    transfer::{Party, Role, TransferOptions, TransferReport, tasks::EventLoops},
};
use local_socket::{Directions, Name, PeerCreds, Stream, traits::StreamCommon as _};
use std::{
    fmt::{self, Display, Formatter},
    sync::Arc,
    time::Duration,
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
    /// Whether the connection itself is passed over stdout.
    passes_connection: bool,
    /// Whether the standard streams are joined to the next server when one has ended.
    reconnects: bool,
    shows_progress: bool,
    /// The key that leaves, if the terminal is to be in raw mode.
    raw: Option<LeaveKey>,
    /// The size of the terminal that the command is to get, if it is to get one.
    pty: Option<WindowSize>,
    observing: ObservingOptions,
}

/// Connects, and joins the connection to stdin and stdout or to a command.
pub(super) fn run(args: cli::Connect, terminal: Terminal) -> Result<Outcome, Failure> {
    let explain = args.explain;
    let plan = ConnectPlan::new(args, terminal)?;
    if explain {
        stdout::print(plan.to_string().as_bytes())?;
        return Ok(Outcome::Done);
    }
    if plan.raw.is_some() {
        RawTerminal::check()?;
    }
    match plan.command.clone() {
        None if plan.passes_connection => plan.pass_connection(terminal),
        None if plan.reconnects => plan.join_servers(terminal),
        None => plan.join_stdio(terminal),
        Some(command) => {
            command.check()?;
            plan.join_command(command, terminal)
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
        let (options, observing) = (args.transfer.options()?, args.observing.options());
        observing.check(&options, None)?;
        options.check_unread()?;
        if args.pass_connection {
            let moves_bytes = !options.is_plain()
                || options.ignores_unread
                || shows_progress
                || observing.are_used()
                || args.at_terminal.raw.is_some();
            check_passing(command.is_some(), moves_bytes)?;
        }
        let (has_command, passes) = (command.is_some(), args.pass_connection);
        let reconnecting = &args.reconnecting;
        reconnecting.check_connect(&args.transfer, &args.at_terminal, has_command, passes)?;
        args.at_terminal.check(command.is_some(), !options.sends, shows_progress)?;
        args.command_terminal.check(command.is_some(), options.copy, false)?;
        Ok(Self {
            retry_policy: args.connecting.retry_policy(),
            options,
            target: NameTarget::new(args.name, args.connecting.server_user.as_ref())?,
            command,
            passes_connection: args.pass_connection,
            reconnects: reconnecting.reconnect,
            shows_progress,
            raw: args.at_terminal.raw,
            pty: args.command_terminal.pty.then(WindowSize::find).transpose()?,
            observing,
        })
    }

    /// Connects, and passes the connection over standard output.
    fn pass_connection(self, terminal: Terminal) -> Result<Outcome, Failure> {
        // Checked before: the server would see a client that closes at once.
        if !handover::stdout_takes_connections() {
            return Err(Failure::Usage(
                "--pass-connection takes a Unix domain socket as stdout, such as ssh gives its \
                 ProxyCommand with ProxyUseFdpass"
                    .to_owned(),
            ));
        }
        let stream = self.connect(terminal)?;
        handover::pass_over_stdout(&stream).map_err(|error| Failure::Io {
            what: "cannot pass the connection over stdout",
            error,
        })?;
        Ok(Outcome::Done)
    }

    fn join_stdio(self, terminal: Terminal) -> Result<Outcome, Failure> {
        let observers = self.observing.open(terminal)?;
        let (input, output, raw) = at_terminal::open_stdio(self.raw)?;
        let stream = Arc::new(self.connect(terminal)?);
        if let Some(raw) = &raw {
            at_terminal::watch_signals()?;
            at_terminal::begin(raw, &self.target, terminal)?;
        }
        let Self { target, options, shows_progress, .. } = self;
        let observed = observers.map(|observers| {
            observers.begin();
            ObservedConnections::of_stdio(&observers, Role::Server, target.to_string())
        });
        let peer = Party::Peer;
        let relay = None;
        let stdio =
            Stdio { input, output, options, shows_progress, terminal, peer, observed, relay };
        let meter = stdio.meter();
        let report = stdio.join(Arc::clone(&stream), 1, true, meter);
        let is_by_peer = report.was_ended_by_second();
        let failure = unserved(target.name(), &stream, &report).or_else(|| report.failure());
        let was_left = raw.as_ref().is_some_and(RawTerminal::was_left);
        SessionEnd { peer, is_by_peer, was_left, has_failed: failure.is_some() }.report(terminal);
        failure.map_or(Ok(Outcome::Done), Err)
    }

    fn join_command(
        mut self,
        command: endpoint::CommandLine,
        terminal: Terminal,
    ) -> Result<Outcome, Failure> {
        let observers = self.observing.open(terminal)?;
        let stream = self.connect(terminal)?;
        let peer: Option<PeerCreds> = stream.peer_creds().ok();
        let name = self.target.to_string();
        let signals = PassedSignals::if_first_process()
            .map_err(|error| Failure::Io { what: "cannot watch for signals", error })?;
        at_terminal::follow_size(self.pty.as_mut())?;
        let observed = observers.map(|observers| {
            observers.begin();
            ObservedConnections::of_peers(&observers, Role::Server, name.clone(), None)
        });
        let commands = Commands {
            command,
            name,
            is_local: true,
            are_served: false,
            options: self.options,
            is_at_terminal: false,
            pty: self.pty,
            signals,
            observed,
            hangup_time: Duration::ZERO,
        };
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
                listener: None,
                number: 1,
                closing: CancellationToken::new(),
            };
            Bridge::to_commands(commands).serve(client).await
        })
    }

    fn connect(&self, terminal: Terminal) -> Result<Stream, Failure> {
        connect(&self.target, self.retry_policy, self.options.directions(), terminal)
    }
}

/// Checks the options that stand beside `--pass-connection`. `moves_bytes` says whether one of them
/// requires that bytes pass through this process.
///
/// # Errors
/// `Unsupported` on Windows. `Usage` for a command or an option of a transfer.
fn check_passing(has_command: bool, moves_bytes: bool) -> Result<(), Failure> {
    if !handover::CAN_PASS_CONNECTIONS {
        return Err(Failure::Unsupported {
            option: "--pass-connection",
            why: "connections cannot be passed with the data of a pipe on Windows",
        });
    }
    if has_command {
        return Err(Failure::Usage(
            "--pass-connection goes with stdout: a command gets the connection itself already"
                .to_owned(),
        ));
    }
    if moves_bytes {
        return Err(Failure::Usage(
            "--pass-connection ends when it has passed the connection: it cannot be combined with \
             options of the transfer, --raw, --progress, --trace or --record"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Connects with blocking calls. A person at a terminal gets a message while the server is busy.
///
/// # Errors
/// Those of [`NameTarget::connect_sync`].
pub(super) fn connect(
    target: &NameTarget,
    retry_policy: RetryPolicy,
    directions: Directions,
    terminal: Terminal,
) -> Result<Stream, Failure> {
    let announce = |message: &str| terminal.announce(message);
    let tell: Option<&dyn Fn(&str)> = terminal.is_terminal().then_some(&announce);
    let stream = target.connect_sync(retry_policy, directions, tell)?;
    if tracing::enabled!(tracing::Level::INFO) {
        let (peer_pid, peer_uid) =
            stream.peer_creds().map(|peer| peer::numbers(&peer)).unwrap_or_default();
        let server = PeerProcess::of(&stream).map(|server| server.to_string()).unwrap_or_default();
        let colon = if server.is_empty() { "" } else { ": " };
        tracing::info!(peer_pid, peer_uid, "connected to {target}{colon}{server}");
    }
    Ok(stream)
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
        self.target.explain_time(f, self.retry_policy)?;
        if self.reconnects {
            self.retry_policy.explain_reconnect(f)?;
        }
        if self.passes_connection {
            return writeln!(f, "pass it to   the process at the other end of standard output");
        }
        writeln!(f, "join to      {}", joined_to(self.command.as_ref()))?;
        write!(f, "{}", self.options)?;
        at_terminal::explain(f, self.raw)?;
        at_terminal::explain_pty(f, self.pty.as_ref())?;
        write!(f, "{}", self.observing)
    }
}
