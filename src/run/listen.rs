use super::{
    bridge::{Bridge, BridgeTarget},
    command::Commands,
    completions, hub,
    listening::ListenerPlan,
    stdio::{Stdio, shows_progress},
};
use crate::{
    cli,
    diag::{self, Failure, Outcome, Terminal},
    endpoint::{self, CommandLine, joined_to, listener_options, name_source, open_listener},
    serve::{Acceptor, Admitted, OpenItem, Server, Stopper},
    system::{self, signals},
    transfer::{
        Passing, TransferOptions,
        tasks::{EventLoops, TransferPlan},
    },
};
use local_socket::{Listener, ListenerOptions, Stream, traits::Listener as _};
use std::{
    fmt::{self, Display, Formatter},
    sync::Arc,
    time::Duration,
};

/// The plan of `lsock listen`.
#[derive(Debug)]
struct ListenPlan {
    listening: ListenerPlan,
    listener: ListenerOptions<'static>,
    options: TransferOptions,
    joins: Joins,
    grace: Duration,
    shows_progress: bool,
}

/// What clients are joined to, and how many clients are served.
#[derive(Clone, Debug)]
enum Joins {
    /// The one client to stdin and stdout.
    Stdio,
    /// One client after another to stdin and stdout.
    StdioInTurn,
    /// All clients at once to stdin and stdout.
    Hub(hub::Options),
    /// The one client to a command.
    Command(CommandLine),
    /// All clients at once to a command each.
    Commands(CommandLine),
}

/// Listens, and joins clients to stdin and stdout or to a command.
pub(super) fn run(args: cli::Listen, terminal: Terminal) -> anyhow::Result<Outcome> {
    let explain = args.explain;
    let plan = ListenPlan::new(args, terminal)?;
    if explain {
        return completions::print(plan.to_string().as_bytes());
    }
    diag::write_on_a_thread(system::start_log_thread);
    let loops_are_needed = matches!(plan.joins, Joins::Hub(_) | Joins::Commands(_));
    if loops_are_needed { plan.run_loops(terminal) } else { plan.run_threads(terminal) }
}

impl ListenPlan {
    fn new(args: cli::Listen, terminal: Terminal) -> Result<Self, Failure> {
        let hub = hub::Options::new(&args);
        let cli::Listen { name, listening, keep_open, transfer, command, .. } = args;
        let shows_progress = shows_progress(&transfer, terminal);
        let joins = match (CommandLine::new(command), hub, keep_open) {
            (Some(command), _, true) => Joins::Commands(command),
            (Some(command), _, false) => Joins::Command(command),
            (None, Some(hub), _) => Joins::Hub(hub),
            (None, None, true) => Joins::StdioInTurn,
            (None, None, false) => Joins::Stdio,
        };
        let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
        if shows_progress && !matches!(joins, Joins::Stdio | Joins::StdioInTurn) {
            return usage("--progress goes with stdin and stdout, not with commands or hubs");
        }
        let all_at_once = matches!(joins, Joins::Hub(_) | Joins::Commands(_));
        let limit = listening.max_conns.map(|_| "--max-conns");
        let limit = limit.or(listening.max_conns_per_user.map(|_| "--max-conns-per-user"));
        if let (Some(option), false) = (limit, all_at_once) {
            return usage(&format!(
                "{option} goes with --keep-open and a command, --merge or --broadcast"
            ));
        }
        let options = transfer.options()?;
        if let Joins::Hub(hub) = &joins {
            hub.check(&options)?;
        }
        let settings = listening.options();
        let listener = listener_options(&name, &settings)?;
        let source = name_source(&name, listener.clone(), &settings)?;
        Ok(Self {
            grace: listening.grace,
            listening: ListenerPlan { source, settings },
            listener,
            options,
            joins,
            shows_progress,
        })
    }

    /// Serves all clients at once, in event loops.
    fn run_loops(self, terminal: Terminal) -> anyhow::Result<Outcome> {
        let readiness = self.listening.readiness()?;
        self.listening.warn();
        let moves = matches!(self.joins, Joins::Commands(_)) && !self.options.is_plain();
        // A command that does not have the socket itself takes one more descriptor.
        let room = super::room_for_connections(if moves { 3 } else { 2 })?;
        let loops = EventLoops::start()
            .map_err(|error| Failure::Io { what: "cannot start event loops", error })?;
        loops.run(async {
            let admission = self.listening.admission(room);
            let open = || open_listener(self.listener.clone());
            let server = Server::open(open, admission, false, self.grace)?;
            readiness.notify()?;
            self.listening.log(terminal);
            match &self.joins {
                Joins::Hub(options) => hub::serve(server, &loops, *options).await,
                Joins::Commands(command) => {
                    let commands = self.commands(command);
                    let plan = TransferPlan::new(self.options.clone(), Passing::NotHere, None);
                    server
                        .serve(&loops, Bridge::new(BridgeTarget::Commands(commands), plan, None))
                        .await
                }
                Joins::Stdio | Joins::StdioInTurn | Joins::Command(_) => Ok(Outcome::Done),
            }
        })
    }

    /// Serves one client, or one after another, with blocking threads.
    fn run_threads(self, terminal: Terminal) -> anyhow::Result<Outcome> {
        let readiness = self.listening.readiness()?;
        self.listening.warn();
        let (listener, stopper, accepting) = {
            let _held = signals::BlockedSignals::new();
            let listener = Arc::new(self.listener.clone().create_sync().map_err(Failure::Bind)?);
            let stopper = Stopper::start(&listener, self.grace)?;
            let accepting = stopper.going(OpenItem::Accepting);
            (listener, stopper, accepting)
        };
        let result = readiness
            .notify()
            .map_err(Into::into)
            .and_then(|()| self.serve(&listener, &stopper, terminal));
        // Remove the name before the process ends, also after an error.
        if let Err(error) = listener.close() {
            tracing::debug!(%error, "listener not closed");
        }
        stopper.finish(accepting, &result);
        result
    }

    fn serve(
        &self,
        listener: &Arc<Listener>,
        stopper: &Stopper,
        terminal: Terminal,
    ) -> anyhow::Result<Outcome> {
        self.listening.log(terminal);
        let mut acceptor = Acceptor::new(Arc::clone(listener), self.listening.admission(None));
        if let Joins::Command(command) = &self.joins {
            let Some((stream, client)) = only_client(acceptor, listener)? else {
                return Ok(Outcome::Done);
            };
            let commands = self.commands(command);
            let peer = client.peer.as_deref();
            let running = commands.start(stream, peer, client.number, Some(stopper))?;
            return Ok(Outcome::Command(running.wait()?));
        }
        let (input, output) = endpoint::open_stdio()?;
        let (options, shows_progress) = (self.options.clone(), self.shows_progress);
        let stdio = Stdio { input, output, options, shows_progress, terminal };
        if matches!(self.joins, Joins::StdioInTurn) {
            return serve_one_after_another(&mut acceptor, &stdio, stopper);
        }
        let Some((stream, _)) = only_client(acceptor, listener)? else { return Ok(Outcome::Done) };
        let stream = Arc::new(stream);
        let meter = stdio.meter();
        let _going = stopper.going(OpenItem::Stream(Arc::clone(&stream), Arc::clone(&meter)));
        stdio
            .join_metered(stream, true, meter)
            .failure()
            .map_or(Ok(Outcome::Done), |failure| Err(failure.into()))
    }

    fn commands(&self, command: &CommandLine) -> Commands {
        Commands {
            command: command.clone(),
            name: self.listening.source.address(),
            is_local: true,
            options: self.options.clone(),
        }
    }
}

/// Accepts the only client, and removes the name at once: no other client is served.
fn only_client(
    mut acceptor: Acceptor,
    listener: &Listener,
) -> Result<Option<(Stream, Admitted)>, Failure> {
    let client = acceptor.next()?;
    if let Err(error) = listener.close() {
        tracing::debug!(%error, "listener not closed");
    }
    Ok(client)
}

fn serve_one_after_another(
    acceptor: &mut Acceptor,
    stdio: &Stdio,
    stopper: &Stopper,
) -> anyhow::Result<Outcome> {
    while let Some((stream, client)) = acceptor.next()? {
        let stream = Arc::new(stream);
        let meter = stdio.meter();
        let _going = stopper.going(OpenItem::Stream(Arc::clone(&stream), Arc::clone(&meter)));
        let next = stdio
            .try_clone()
            .map_err(|error| Failure::Io { what: "cannot use standard input or output", error })?;
        let report = next.join_metered(stream, false, meter);
        let is_over = report.output_is_gone();
        match report.failure() {
            // No further client could be written to the output.
            failure if is_over => {
                return failure.map_or(Ok(Outcome::Done), |failure| Err(failure.into()));
            }
            Some(failure) => tracing::warn!("connection {}: {failure}", client.number),
            None => {}
        }
    }
    Ok(Outcome::Done)
}

/// For `--explain`.
impl Display for ListenPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.listening.source.explanation)?;
        let (clients, joined) = match &self.joins {
            Joins::Stdio => ("one", joined_to(None)),
            Joins::StdioInTurn => ("one after another", joined_to(None)),
            Joins::Hub(_) => ("all at once", joined_to(None)),
            Joins::Command(command) => ("one", joined_to(Some(command))),
            Joins::Commands(command) => ("all at once", joined_to(Some(command))),
        };
        writeln!(f, "clients      {clients}")?;
        if let Joins::Hub(hub) = &self.joins {
            write!(f, "{hub}")?;
        }
        writeln!(f, "join to      {joined}")?;
        write!(f, "{}", self.options)
    }
}
