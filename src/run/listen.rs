use super::{
    at_terminal::{self, SessionEnd},
    bridge::Bridge,
    command::Commands,
    hub, listening,
    observing::ObservedConnections,
    stdio::{Stdio, shows_progress, unusable},
};
use crate::{
    cli,
    diag::{self, Failure, Outcome, Terminal},
    endpoint::{self, CommandLine, ListenSource as _, NameSource, joined_to},
    inspect::ObservingOptions,
    serve::{Acceptor, ReadyFile, Server, ServerOptions, Stopper},
    system::{self, ListenSettings, Readiness, WindowSize, signals, stdout},
    transfer::{Party, Role, TransferOptions, tasks::EventLoops},
};
use local_socket::{Listener, traits::Listener as _};
use std::{
    fmt::{self, Display, Formatter},
    sync::Arc,
    time::Duration,
};

/// The plan of `lsock listen`.
#[derive(Debug)]
struct ListenPlan {
    source: NameSource,
    settings: ListenSettings,
    options: TransferOptions,
    joins: Joins,
    grace: Duration,
    shows_progress: bool,
    /// The size of the terminals that commands are to get, if they are to get some.
    pty: Option<WindowSize>,
    observing: ObservingOptions,
}

/// What clients are joined to, and how many clients are served.
#[derive(Clone, Debug)]
enum Joins {
    /// Stdin and stdout, with blocking threads: only one client, or one after another.
    Stdio { in_turn: bool },
    /// A service in event loops.
    Service(Service),
}

/// What serves clients in event loops.
#[derive(Clone, Debug)]
enum Service {
    /// All clients at once to stdin and stdout.
    Hub(hub::Options),
    /// Each client to a command of its own: only one client, or all at once.
    Commands { command: CommandLine, once: bool },
}

/// Listens, and joins clients to stdin and stdout or to a command.
pub(super) fn run(args: cli::Listen, terminal: Terminal) -> Result<Outcome, Failure> {
    let explain = args.explain;
    let plan = ListenPlan::new(args, terminal)?;
    if explain {
        stdout::print(plan.to_string().as_bytes())?;
        return Ok(Outcome::Done);
    }
    if let Joins::Service(Service::Commands { command, .. }) = &plan.joins {
        command.check()?;
    }
    diag::write_on_a_thread(system::start_log_thread);
    match plan.joins.clone() {
        Joins::Stdio { in_turn } => plan.run_threads(in_turn, terminal),
        Joins::Service(service) => plan.run_loops(service, terminal),
    }
}

impl ListenPlan {
    fn new(args: cli::Listen, terminal: Terminal) -> Result<Self, Failure> {
        let hub = hub::Options::new(&args);
        let cli::Listen {
            name,
            listening,
            keep_open,
            transfer,
            command_terminal,
            observing,
            command,
            hangup,
            ..
        } = args;
        let shows_progress = shows_progress(&transfer, terminal);
        let joins = match (CommandLine::new(command), hub, keep_open) {
            (Some(command), ..) => Joins::Service(Service::Commands { command, once: !keep_open }),
            (None, Some(hub), _) => Joins::Service(Service::Hub(hub)),
            (None, None, in_turn) => Joins::Stdio { in_turn },
        };
        let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
        if shows_progress && matches!(joins, Joins::Service(_)) {
            return usage("--progress goes with stdin and stdout, not with commands or hubs");
        }
        let all_at_once = matches!(&joins, Joins::Service(service) if !service.is_once());
        let limit = listening.max_conns.map(|_| "--max-conns");
        let limit = limit.or(listening.max_conns_per_user.map(|_| "--max-conns-per-user"));
        if let (Some(option), false) = (limit, all_at_once) {
            return usage(&format!(
                "{option} goes with --keep-open and a command, --merge or --broadcast"
            ));
        }
        let serves_commands =
            matches!(joins, Joins::Service(Service::Commands { once: false, .. }));
        if listening.exit_idle.is_some() && !serves_commands {
            return usage("--exit-idle goes with --keep-open and a command");
        }
        let (options, observing) = (transfer.options()?, observing.options());
        // A command is what sends to the peer.
        let sends_to_client = options.sends;
        let options = options.with_hangup(hangup, sends_to_client)?;
        observing.check(&options, listening.ready_file.as_deref())?;
        options.check_unread()?;
        if let Joins::Service(Service::Hub(hub)) = &joins {
            hub.check(&options)?;
        }
        let joins_command = matches!(joins, Joins::Service(Service::Commands { .. }));
        command_terminal.check(joins_command, options.copy, false)?;
        let settings = listening.options();
        listening::check_ready_fd(&settings, !joins_command)?;
        Ok(Self {
            grace: listening.grace,
            source: NameSource::new(name, &settings)?,
            settings,
            options,
            joins,
            shows_progress,
            pty: command_terminal.pty.then(WindowSize::find).transpose()?,
            observing,
        })
    }

    /// Serves clients in event loops.
    fn run_loops(mut self, service: Service, terminal: Terminal) -> Result<Outcome, Failure> {
        let observers = self.observing.open(terminal)?;
        let readiness = Readiness::new(self.settings.ready_fd)?;
        let ready_file = ReadyFile::new(self.settings.ready_file.as_deref())?;
        listening::warn(&self.source, &self.settings);
        let is_plain = self.options.is_plain() && observers.is_none() && self.pty.is_none();
        let moves = matches!(&service, Service::Commands { .. }) && !is_plain;
        // A command that does not have the socket itself takes one more descriptor.
        let of_terminal = if self.pty.is_some() { WindowSize::DESCRIPTORS } else { 0 };
        let room = super::room_for_connections(
            of_terminal + if moves { 3 } else { 2 },
            moves && self.options.may_splice() && observers.is_none(),
        )?;
        let once = service.is_once();
        let loops = if once { EventLoops::start_one() } else { EventLoops::start() };
        let loops =
            loops.map_err(|error| Failure::Io { what: "cannot start event loops", error })?;
        loops.run(async {
            let admission = listening::admission([self.source.rules()], &self.settings, room);
            let open = || self.source.open();
            let (grace, exit_idle) = (self.grace, self.settings.exit_idle);
            let options = ServerOptions { once, exit_idle, grace, terminal };
            let server = Server::open(open, admission, options, ready_file.clone())?;
            at_terminal::follow_size(self.pty.as_mut())?;
            ready_file.write(&self.source.endpoint())?;
            readiness.notify(&self.source.endpoint())?;
            listening::log(&self.source, !once, terminal);
            let observed = observers.map(|observers| {
                observers.begin();
                let name = self.source.endpoint();
                ObservedConnections::of_peers(&observers, Role::Client, name, service.target())
            });
            match service {
                Service::Hub(options) => hub::serve(server, &loops, options, observed).await,
                Service::Commands { command, .. } => {
                    let commands = Commands {
                        command,
                        name: self.source.endpoint(),
                        is_local: true,
                        are_served: true,
                        options: self.options,
                        is_at_terminal: false,
                        pty: self.pty,
                        signals: None,
                        observed,
                        hangup_time: self.grace,
                    };
                    server.serve(&loops, Bridge::to_commands(commands)).await
                }
            }
        })
    }

    /// Serves one client, or one after another, with blocking threads.
    fn run_threads(&self, in_turn: bool, terminal: Terminal) -> Result<Outcome, Failure> {
        let observers = self.observing.open(terminal)?;
        let readiness = Readiness::new(self.settings.ready_fd)?;
        let ready_file = ReadyFile::new(self.settings.ready_file.as_deref())?;
        listening::warn(&self.source, &self.settings);
        let (listener, stopper) = {
            let _held = signals::BlockedSignals::new();
            let listener = Arc::new(self.source.listen()?);
            let stopper = Stopper::start(&listener, ready_file.clone(), self.grace, terminal)?;
            (listener, stopper)
        };
        let observed = observers.map(|observers| {
            observers.begin();
            ObservedConnections::of_stdio(&observers, Role::Client, self.source.endpoint())
        });
        let serve = || {
            let stdio = self.stdio(observed, terminal)?;
            self.serve(&listener, &stopper, &ready_file, in_turn, stdio)
        };
        let result = ready_file
            .write(&self.source.endpoint())
            .and_then(|()| readiness.notify(&self.source.endpoint()))
            .and_then(|()| {
                listening::log(&self.source, in_turn, terminal);
                serve()
            });
        // Remove the name before the process ends, also after an error.
        ready_file.withdraw();
        if let Err(error) = listener.close() {
            tracing::debug!(%error, "listener not closed");
        }
        stopper.finish(&result);
        result
    }

    /// Returns standard input and output, which clients are joined to.
    fn stdio(
        &self,
        observed: Option<ObservedConnections>,
        terminal: Terminal,
    ) -> Result<Stdio, Failure> {
        let (input, output) = endpoint::open_stdio()?;
        let (options, shows_progress) = (self.options.clone(), self.shows_progress);
        let (peer, relay) = (Party::Peer, None);
        Ok(Stdio { input, output, options, shows_progress, terminal, peer, observed, relay })
    }

    fn serve(
        &self,
        listener: &Arc<Listener>,
        stopper: &Stopper,
        ready_file: &ReadyFile,
        in_turn: bool,
        stdio: Stdio,
    ) -> Result<Outcome, Failure> {
        let mut acceptor = listening::acceptor(listener, &self.source, &self.settings);
        if in_turn {
            return serve_one_after_another(&mut acceptor, &stdio, stopper);
        }
        let client = acceptor.next(stdio.watched_output())?;
        // No other client would be served.
        ready_file.withdraw();
        if let Err(error) = listener.close() {
            tracing::debug!(%error, "listener not closed");
        }
        let Some((stream, client)) = client else { return Ok(Outcome::Done) };
        let stream = Arc::new(stream);
        let (meter, peer, terminal) = (stdio.meter(), stdio.peer, stdio.terminal);
        let _open = stopper.register(Arc::clone(&stream), Arc::clone(&meter));
        let report = stdio.join(stream, client.number, true, meter);
        let is_by_peer = report.was_ended_by_second();
        let failure = report.failure();
        let has_failed = failure.is_some();
        SessionEnd { peer, is_by_peer, was_left: false, has_failed }.report(terminal);
        failure.map_or(Ok(Outcome::Done), Err)
    }
}

impl Service {
    /// Returns whether only one client is served.
    fn is_once(&self) -> bool {
        matches!(self, Self::Commands { once: true, .. })
    }

    /// Returns what clients are joined to, for observers.
    fn target(&self) -> Option<String> {
        match self {
            Self::Hub(_) => None,
            Self::Commands { command, .. } => Some(joined_to(Some(command))),
        }
    }
}

fn serve_one_after_another(
    acceptor: &mut Acceptor,
    stdio: &Stdio,
    stopper: &Stopper,
) -> Result<Outcome, Failure> {
    while let Some((stream, client)) = acceptor.next(stdio.watched_output())? {
        let stream = Arc::new(stream);
        let meter = stdio.meter();
        let _open = stopper.register(Arc::clone(&stream), Arc::clone(&meter));
        let next = stdio.try_clone().map_err(unusable)?;
        let report = next.join(stream, client.number, false, meter);
        let is_over = report.first_is_gone();
        match report.failure() {
            // No further client could be written to the output.
            failure if is_over => {
                return failure.map_or(Ok(Outcome::Done), Err);
            }
            Some(failure) => {
                tracing::warn!(conn = client.number, "connection {}: {failure}", client.number);
            }
            None => {}
        }
    }
    Ok(Outcome::Done)
}

/// For `--explain`.
impl Display for ListenPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.source.explain(f, &self.settings)?;
        let (clients, joined) = match &self.joins {
            Joins::Stdio { in_turn: false } => ("one", joined_to(None)),
            Joins::Stdio { in_turn: true } => ("one after another", joined_to(None)),
            Joins::Service(Service::Hub(_)) => ("all at once", joined_to(None)),
            Joins::Service(Service::Commands { command, once }) => {
                (if *once { "one" } else { "all at once" }, joined_to(Some(command)))
            }
        };
        writeln!(f, "clients      {clients}")?;
        listening::explain_readiness(f, &self.settings)?;
        listening::explain_exit_idle(f, &self.settings)?;
        if let Joins::Service(Service::Hub(hub)) = &self.joins {
            write!(f, "{hub}")?;
        }
        writeln!(f, "join to      {joined}")?;
        write!(f, "{}", self.options)?;
        at_terminal::explain_pty(f, self.pty.as_ref())?;
        write!(f, "{}", self.observing)
    }
}
