use super::{
    bridge::{Bridge, BridgeTarget},
    command::Commands,
    listening,
    shared_stdio::SharedStdio,
    stdio::{Stdio, shows_progress},
};
use crate::{
    cli,
    diag::{self, Failure, Outcome, Terminal},
    endpoint::{
        self, ClientSource, CommandLine, Joining, ListenSource, RetryPolicy, Target, joined_to,
    },
    serve::{ReadyFile, Server},
    system::{self, Descriptors, ListenSettings, Readiness, command, listening::Allowed, stdout},
    transfer::{
        CopyMode, Meter, Passing, Progress, TransferOptions,
        tasks::{EventLoops, TransferPlan},
    },
};
use std::{
    fmt::{self, Display, Formatter},
    sync::Arc,
    time::Duration,
};

/// The plan of `lsock relay`.
#[derive(Debug)]
struct RelayPlan {
    /// `None` if standard input and output are the only client.
    source: Option<Box<dyn ListenSource>>,
    settings: ListenSettings,
    joining: Joining,
    once: bool,
    retry_policy: RetryPolicy,
    options: TransferOptions,
    passes_descriptors: bool,
    grace: Duration,
    shows_progress: bool,
}

/// Connects every client to the target.
pub(super) fn run(args: cli::Relay, terminal: Terminal) -> Result<Outcome, Failure> {
    let explain = args.explain;
    let plan = RelayPlan::new(args, terminal)?;
    if explain {
        stdout::print(plan.to_string().as_bytes())?;
        return Ok(Outcome::Done);
    }
    if let Joining::Command(command) = &plan.joining {
        command.check()?;
    }
    diag::write_on_a_thread(system::start_log_thread);
    plan.run(terminal)
}

impl RelayPlan {
    fn new(args: cli::Relay, terminal: Terminal) -> Result<Self, Failure> {
        let cli::Relay { listen, target, command, listening, connecting, transfer, .. } = args;
        let shows_progress = shows_progress(&transfer, terminal);
        let target = match (target, CommandLine::new(command)) {
            (_, Some(command)) => Target::Command(command),
            (Some(target), None) => target,
            (None, None) => return Err(Failure::Usage("a relay needs a TARGET".to_owned())),
        };
        let is_same = listen.is_same(&target);
        let settings = listening.options();
        let source = listen.source(&settings, args.expose)?;
        let plan = Self {
            grace: listening.grace,
            joining: target.joining(connecting.server_user.as_ref())?,
            once: args.once || source.is_none(),
            retry_policy: connecting.retry_policy(),
            options: transfer.options()?,
            passes_descriptors: args.pass_fds,
            source,
            settings,
            shows_progress,
        };
        plan.check(&connecting, is_same)?;
        Ok(plan)
    }

    /// Rejects options that cannot be combined.
    fn check(&self, connecting: &cli::Connecting, is_same: bool) -> Result<(), Failure> {
        let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
        let joins_stdio = matches!(self.joining, Joining::Stdio);
        if self.source.is_none() && joins_stdio {
            return usage("stdin and stdout cannot be both ends of a relay");
        }
        if is_same {
            return usage("LISTEN and TARGET are the same: the relay would connect to itself");
        }
        let limits_clients =
            self.settings.max_conns.is_some() || self.settings.max_conns_per_user.is_some();
        if joins_stdio && limits_clients {
            return usage(
                "stdin and stdout serve one client at a time: --max-conns limits nothing more",
            );
        }
        let connects = matches!(self.joining, Joining::Connection(_));
        if !connects && (connecting.wait.is_some() || connecting.timeout.is_some()) {
            return usage("--wait and --timeout go with a target that is connected to");
        }
        if self.passes_descriptors && !Descriptors::ARE_PASSED {
            return Err(Failure::Unsupported {
                option: "--pass-fds",
                why: "descriptors cannot come along with the data of a pipe on Windows",
            });
        }
        if self.passes_descriptors {
            if !self.can_pass_descriptors() {
                return usage("--pass-fds takes local sockets on both sides");
            }
            if self.options.copy == CopyMode::Splice {
                return usage("--pass-fds cannot be combined with --copy splice");
            }
        }
        if self.shows_progress && self.gives_sockets() {
            return usage(
                "--progress goes with data that lsock moves, not with commands that are given \
                 the connection itself",
            );
        }
        Ok(())
    }

    /// Returns whether commands get the connection itself, so that no bytes pass through this
    /// process.
    fn gives_sockets(&self) -> bool {
        matches!(self.joining, Joining::Command(_))
            && command::TAKES_SOCKETS
            && self.options.is_plain()
    }

    /// Returns whether both sides can carry descriptors.
    fn can_pass_descriptors(&self) -> bool {
        let target_carries = match &self.joining {
            Joining::Connection(target) => target.carries_descriptors(),
            // A command that has the socket itself receives them.
            Joining::Command(_) => self.gives_sockets(),
            Joining::Stdio => false,
        };
        target_carries && self.allowed().is_some()
    }

    /// Returns the rules for clients of a local socket; `None` for clients without credentials.
    fn allowed(&self) -> Option<&Allowed> {
        self.source.as_ref().and_then(|source| source.allowed())
    }

    /// Returns the address that commands get.
    fn address(&self) -> String {
        self.source.as_ref().map_or("-".to_owned(), |source| source.address())
    }

    /// Returns the handling of descriptors that arrive with data.
    fn passing(&self) -> Passing {
        match (self.passes_descriptors, self.can_pass_descriptors()) {
            (true, _) => Passing::On,
            (false, true) => Passing::Offered,
            (false, false) => Passing::Impossible,
        }
    }

    /// Returns the number of descriptors of a connection. A command that does not have the socket
    /// itself takes one more.
    fn descriptors_each(&self) -> u64 {
        let moves = matches!(self.joining, Joining::Command(_)) && !self.gives_sockets();
        if moves { 3 } else { 2 }
    }

    /// Returns whether bytes may be spliced between the sockets of a connection.
    fn splices(&self) -> bool {
        self.options.may_splice() && !self.passes_descriptors && !self.gives_sockets()
    }

    fn run(mut self, terminal: Terminal) -> Result<Outcome, Failure> {
        let readiness = Readiness::new(self.settings.ready_fd)?;
        let ready_file = ReadyFile::new(self.settings.ready_file.as_deref())?;
        if let Some(source) = &self.source {
            listening::warn(&**source, &self.settings);
        }
        let room = super::room_for_connections(self.descriptors_each(), self.splices())?;
        let loops = EventLoops::start()
            .map_err(|error| Failure::Io { what: "cannot start event loops", error })?;
        let meter = self.shows_progress.then(|| Arc::new(Meter::new(false)));
        let plan = TransferPlan::new(self.options.clone(), self.passing(), meter.clone(), None);
        loops.run(async {
            let mut admission = listening::admission(self.allowed(), &self.settings, room);
            if matches!(self.joining, Joining::Stdio) {
                admission.one_at_a_time();
            }
            let (open, joined): (Box<dyn FnOnce() -> _>, _) = match &mut self.source {
                Some(source) => (Box::new(|| source.open()), None),
                None => {
                    let (client, joined) = SharedStdio::new(self.stdio(terminal)?, true).join(1)?;
                    (Box::new(|| Ok(ClientSource::given(client))), Some(joined))
                }
            };
            let server =
                Server::open(open, admission, self.once, self.grace, terminal, ready_file.clone())?;
            // Threads are started only after signals are watched.
            let _progress = meter.as_ref().map(|meter| Progress::start(meter, None, terminal));
            // Commands get the address of the listener, whose port is known now.
            let bridge = Bridge::new(self.target(terminal)?, plan, joined);
            bridge.watch_reader()?;
            ready_file.write(&self.address())?;
            readiness.notify()?;
            if let Some(source) = &self.source {
                listening::log(&**source, terminal);
            }
            server.serve(&loops, bridge).await
        })
    }

    /// Returns the target that clients are joined to.
    fn target(&self, terminal: Terminal) -> Result<BridgeTarget, Failure> {
        Ok(match &self.joining {
            Joining::Connection(target) => {
                BridgeTarget::Connection(Arc::clone(target), self.retry_policy)
            }
            Joining::Command(command) => BridgeTarget::Commands(Commands {
                command: command.clone(),
                name: self.address(),
                is_local: self.allowed().is_some(),
                are_served: true,
                options: self.options.clone(),
                signals: None,
            }),
            Joining::Stdio => {
                let mut stdio = self.stdio(terminal)?;
                // The direction to the target is the receiving one of the standard streams.
                std::mem::swap(&mut stdio.options.sends, &mut stdio.options.receives);
                BridgeTarget::Stdio(SharedStdio::new(stdio, self.once))
            }
        })
    }

    /// Returns standard input and output as one side of the relay.
    fn stdio(&self, terminal: Terminal) -> Result<Stdio, Failure> {
        let (input, output) = endpoint::open_stdio()?;
        let options = self.options.within_a_relay();
        Ok(Stdio { input, output, options, shows_progress: false, terminal })
    }
}

/// For `--explain`.
impl Display for RelayPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => source.explain(f, &self.settings)?,
            None => writeln!(f, "listen on    stdin and stdout, the one client")?,
        }
        let clients = match (&self.joining, self.once) {
            (_, true) => "one",
            (Joining::Stdio, false) => "one after another",
            _ => "all at once",
        };
        writeln!(f, "clients      {clients}")?;
        listening::explain_ready_file(f, &self.settings)?;
        match &self.joining {
            Joining::Connection(target) => {
                target.explain(f)?;
                write!(f, "{}", self.retry_policy)?;
            }
            Joining::Command(command) => writeln!(f, "join to      {}", joined_to(Some(command)))?,
            Joining::Stdio => writeln!(f, "join to      {}", joined_to(None))?,
        }
        write!(f, "{}", self.options)?;
        if Descriptors::ARE_PASSED {
            let passes = if self.passes_descriptors { "passed on" } else { "closed" };
            writeln!(f, "descriptors  {passes}")?;
        }
        Ok(())
    }
}
