mod detach;
mod handler;

use self::handler::{TapHandler, TappedName};
use super::{
    bridge::{Bridge, BridgeTarget},
    listening,
    observing::ObservedConnections,
    stdio::shows_progress,
};
use crate::{
    cli,
    diag::{self, Failure, Outcome, Terminal},
    endpoint::{ClientSource, ListenSocket, RetryPolicy},
    inspect::{
        Observers, ObservingOptions, TraceFormat, TraceOptions,
        tap::{
            self, AllSteps, Leftover, Restored, ServeAs, StandIn, TapEnd, TapPaths, TapProblem,
            TapTarget,
        },
    },
    serve::{ReadyFile, Server, ServerOptions},
    system::{self, AllowRule, Lifeline, ListenSettings, listening::Allowed, socket_file, stdout},
    transfer::{
        CopyMode, Meter, Passing, Progress, Role, TransferOptions,
        tasks::{EventLoops, TransferPlan},
    },
};
use local_socket::{Listener, ListenerOptions, Name};
use std::{
    fmt::{self, Display, Formatter},
    future::pending,
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// The plan of `lsock tap`.
#[derive(Debug)]
struct TapPlan {
    name: Name<'static>,
    paths: TapPaths,
    serve_as: ServeAs,
    allowed: Allowed,
    settings: ListenSettings,
    options: TransferOptions,
    observing: ObservingOptions,
    grace: Duration,
    shows_progress: bool,
}

/// Stands in for the server of the name until a signal, or until the server ends.
pub(super) fn run(args: &cli::Tap, terminal: Terminal) -> Result<Outcome, Failure> {
    let plan = TapPlan::new(args, terminal)?;
    if args.restore {
        return if args.explain { plan.explain_restore() } else { plan.restore(terminal) };
    }
    // Before anything is opened or changed.
    tap::check_start(&plan.paths, plan.serve_as).map_err(|problem| plan.failure(&problem))?;
    if args.explain {
        stdout::print(plan.to_string().as_bytes())?;
        return Ok(Outcome::Done);
    }
    if args.detach && !args.is_keeper {
        return detach::run();
    }
    diag::write_on_a_thread(system::start_log_thread);
    plan.run(args.is_keeper, terminal)
}

impl TapPlan {
    fn new(args: &cli::Tap, terminal: Terminal) -> Result<Self, Failure> {
        let name = args.name.clone();
        let paths = TapPaths::new(&name).map_err(|problem| problem.failure(&name, None))?;
        let mut options = args.transfer.options()?;
        if options.copy == CopyMode::Splice {
            let text = "--copy splice cannot be combined with a tap, which passes on descriptors";
            return Err(Failure::Usage(text.to_owned()));
        }
        options.copy = CopyMode::Buffer;
        let serve_as = if args.as_me { ServeAs::Me } else { ServeAs::OwnUser };
        // The system has checked the mode of the socket file when a client connects.
        let allow = if args.as_me { vec![AllowRule::Any] } else { Vec::new() };
        let settings = ListenSettings { allow, ..ListenSettings::default() };
        let (_, allowed) = system::listening::options(ListenerOptions::new(), &name, &settings)?;
        let shows_progress = shows_progress(&args.transfer, terminal);
        let mut observing = args.observing.options();
        if !observing.are_used() && !terminal.is_quiet() {
            observing.trace = Some(TraceOptions { format: TraceFormat::Text, file: None });
        }
        observing.check(&options, None)?;
        let grace = args.grace;
        Ok(Self {
            name,
            paths,
            serve_as,
            allowed,
            settings,
            options,
            observing,
            grace,
            shows_progress,
        })
    }

    fn failure(&self, problem: &TapProblem) -> Failure {
        problem.failure(&self.name, Some(&self.paths))
    }

    /// Prints what `--restore` would put right.
    fn explain_restore(&self) -> Result<Outcome, Failure> {
        let leftover = tap::check_restore(&self.paths).map_err(|problem| self.failure(&problem))?;
        let leftover = leftover.map_or("nothing".to_owned(), |leftover| leftover.to_string());
        let (name, kind) = (&self.name, self.name.kind_text());
        let text = format!("restore      {name} ({kind})\nleft behind  {leftover}\n");
        stdout::print(text.as_bytes())?;
        Ok(Outcome::Done)
    }

    /// Puts back what an earlier tap has left behind.
    fn restore(&self, terminal: Terminal) -> Result<Outcome, Failure> {
        let restored = tap::restore(&self.paths, &AllSteps).map_err(|p| self.failure(&p))?;
        match restored {
            Some(restored) => self.log_restored(restored, terminal),
            None => terminal.notice(&format!("no tap has left anything behind at {}", self.name)),
        }
        Ok(Outcome::Done)
    }

    fn log_restored(&self, restored: Restored, terminal: Terminal) {
        let (name, aside) = (&self.name, self.paths.aside_text());
        terminal.notice(&match restored {
            Restored::ServerBack => {
                format!("put back the socket file that an earlier tap had left at {aside}")
            }
            Restored::StaleRemoved => {
                format!("removed {aside}, a stale file of an earlier tap of {name}")
            }
        });
    }

    fn run(self, is_keeper: bool, terminal: Terminal) -> Result<Outcome, Failure> {
        // Otherwise clients would find nobody at the name.
        system::signals::heed_all();
        let observers = self.observing.open(terminal)?;
        let room = super::room_for_connections(2, false)?;
        let loops = EventLoops::start()
            .map_err(|error| Failure::Io { what: "cannot start event loops", error })?;
        let meter = self.shows_progress.then(|| Arc::new(Meter::new(false)));
        let admission = listening::admission([&self.allowed], &self.settings, room);
        let over = CancellationToken::new();
        loops.run(async {
            let lifeline = is_keeper.then(Lifeline::of_keeper).transpose();
            let lifeline = lifeline
                .map_err(|error| Failure::Io { what: "cannot use standard input", error })?
                .map(Arc::new);
            let mut stand_in = None;
            let open = || {
                let (tap, listener) = self.stand_in(terminal)?;
                stand_in = Some(Arc::clone(&tap));
                let name = TappedName { stand_in: tap, lifeline: lifeline.clone() };
                let socket = ListenSocket {
                    address: self.name.to_string(),
                    allowed: Some(self.allowed.clone()),
                };
                ClientSource::stand_in(listener, socket, Arc::new(name))
            };
            let ready_file = ReadyFile::new(None)?;
            let options =
                ServerOptions { once: false, exit_idle: None, grace: self.grace, terminal };
            let server = Server::open(open, admission, options, ready_file)?;
            let Some(stand_in) = stand_in else { return Ok(Outcome::Done) };
            let end = Arc::new(TapEnd::new(Arc::clone(&stand_in), over.clone()));
            let target = TapTarget::new(self.name.clone(), &stand_in, Arc::clone(&end))
                .map_err(|problem| self.failure(&problem))?;
            // Threads are started only after signals are watched.
            let _progress = meter.as_ref().map(|meter| Progress::start(meter, None, terminal));
            let target = BridgeTarget::Connection(Arc::new(target), RetryPolicy::NONE);
            let observed = observers.map(|observers| self.observe(&observers));
            let observation = observed.as_ref().map(|observed| observed.observation().clone());
            let plan =
                TransferPlan::new(self.options.clone(), Passing::On, meter.clone(), observation);
            let bridge = Bridge::new(target, plan, observed, None);
            self.log_start(&stand_in, terminal);
            let handler =
                TapHandler { bridge, over: over.clone(), stand_in, name: self.name.clone() };
            let watch = async {
                match &lifeline {
                    Some(lifeline) => tokio::select! {
                        () = tap::watch(&end) => {}
                        () = lifeline.released() => over.cancel(),
                    },
                    None => tap::watch(&end).await,
                }
                if let Some(reason) = end.reason() {
                    tracing::info!("the tap of {} ends: {reason}", self.name);
                }
                pending::<Result<Outcome, Failure>>().await
            };
            let outcome = tokio::select! {
                outcome = server.serve(&loops, handler) => outcome,
                outcome = watch => outcome,
            };
            match end.explanation() {
                Some(reason) => Err(Failure::Advised {
                    message: format!("the tap of {} has ended: {reason}", self.name),
                    hint: None,
                    status: 1,
                }),
                None => outcome,
            }
        })
    }

    /// Begins to observe the connections.
    fn observe(&self, observers: &Arc<Observers>) -> ObservedConnections {
        observers.begin();
        let target = format!("the server of {}", self.name);
        ObservedConnections::of_peers(observers, Role::Client, self.name.to_string(), Some(target))
    }

    /// Listens at the name in place of the server.
    fn stand_in(&self, terminal: Terminal) -> Result<(Arc<StandIn>, Listener), Failure> {
        let started = StandIn::start(self.paths.clone(), self.serve_as, Box::new(AllSteps));
        let (stand_in, listener, restored) = started.map_err(|problem| self.failure(&problem))?;
        if let Some(restored) = restored {
            self.log_restored(restored, terminal);
        }
        Ok((Arc::new(stand_in), listener))
    }

    fn log_start(&self, stand_in: &StandIn, terminal: Terminal) {
        if self.serve_as == ServeAs::Me {
            let user = socket_file::own_user_name();
            tracing::warn!("the server sees all clients as {user}, the user of this process");
        }
        listening::show_times(terminal);
        let (name, aside) = (&self.name, self.paths.aside_text());
        let server = stand_in.server().holder();
        terminal.announce(&format!(
            "tapping {name}, whose server is {server}; its socket file is {aside} meanwhile"
        ));
    }
}

/// For `--explain`.
impl Display for TapPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "tap          {} ({})", self.name, self.name.kind_text())?;
        writeln!(f, "move aside   to {}", self.paths.aside_text())?;
        if let Ok(Some(leftover)) = Leftover::find(&self.paths) {
            writeln!(f, "left behind  {leftover}")?;
        }
        writeln!(f, "serve        {}", self.allowed)?;
        write!(f, "{}{}", self.options, self.observing)?;
        writeln!(f, "descriptors  passed on")
    }
}
