use crate::{
    cli,
    diag::{Failure, Terminal},
    endpoint::{CommandLine, Joining, ListenSource, RetryPolicy, Target, joined_to},
    inspect::ObservingOptions,
    run::{at_terminal, listening, stdio::shows_progress},
    system::{Descriptors, LeaveKey, ListenSettings, WindowSize, command, listening::Allowed},
    transfer::{CopyMode, Passing, TransferOptions},
};
use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

/// The plan of `lsock relay`.
#[derive(Debug)]
pub(super) struct RelayPlan {
    /// `None` if standard input and output are the only client.
    pub(super) source: Option<Box<dyn ListenSource>>,
    pub(super) settings: ListenSettings,
    pub(super) joining: Joining,
    pub(super) once: bool,
    pub(super) retry_policy: RetryPolicy,
    /// Whether the standard streams are joined to the next server when one has ended.
    pub(super) reconnects: bool,
    pub(super) options: TransferOptions,
    pub(super) passes_descriptors: bool,
    pub(super) grace: Duration,
    pub(super) shows_progress: bool,
    /// The key that leaves, if the terminal is to be in raw mode.
    pub(super) raw: Option<LeaveKey>,
    /// The size of the terminals that commands are to get, if they are to get some.
    pub(super) pty: Option<WindowSize>,
    pub(super) observing: ObservingOptions,
}

impl RelayPlan {
    pub(super) fn new(args: cli::Relay, terminal: Terminal) -> Result<Self, Failure> {
        let cli::Relay {
            listen,
            target,
            command,
            listening,
            connecting,
            reconnecting,
            transfer,
            at_terminal,
            command_terminal,
            observing,
            ..
        } = args;
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
            reconnects: reconnecting.reconnect,
            options: transfer.options()?.with_hangup(args.hangup, !transfer.send_only)?,
            passes_descriptors: args.pass_fds,
            source,
            settings,
            shows_progress,
            raw: at_terminal.raw,
            pty: command_terminal.pty.then(WindowSize::find).transpose()?,
            observing: observing.options(),
        };
        let joins_command = matches!(plan.joining, Joining::Command(_));
        command_terminal.check(joins_command, plan.options.copy, plan.passes_descriptors)?;
        plan.check(&connecting, is_same)?;
        let is_local = matches!(&plan.joining, Joining::Connection(it) if it.reports_unread());
        reconnecting.check_relay(&at_terminal, plan.source.is_none(), is_local)?;
        if plan.raw.is_some() && plan.source.is_some() {
            return Err(Failure::Usage(
                "--raw goes with - as LISTEN: the terminal is the client".to_owned(),
            ));
        }
        if plan.raw.is_some() && joins_command && plan.pty.is_none() {
            return Err(Failure::Usage(
                "--raw with a command takes --pty: keys are for a terminal".to_owned(),
            ));
        }
        at_terminal.check(false, !plan.options.sends, shows_progress)?;
        Ok(plan)
    }

    /// Rejects options that cannot be combined.
    fn check(&self, connecting: &cli::Connecting, is_same: bool) -> Result<(), Failure> {
        self.observing.check(&self.options, self.settings.ready_file.as_deref())?;
        let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
        let joins_stdio = matches!(self.joining, Joining::Stdio);
        if self.source.is_none() && joins_stdio {
            return usage("stdin and stdout cannot be both ends of a relay");
        }
        listening::check_ready_fd(&self.settings, joins_stdio || self.source.is_none())?;
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
        if self.joins_terminal() && limits_clients {
            return usage("a terminal has one client at a time: --max-conns limits nothing more");
        }
        if self.options.copy == CopyMode::Splice
            && (self.listens_at_terminal() || self.joins_terminal())
        {
            return usage("--copy splice joins sockets, and a terminal is none");
        }
        if self.once && self.settings.exit_idle.is_some() {
            return usage("--exit-idle goes with any number of clients, not with --once");
        }
        let connects = matches!(self.joining, Joining::Connection(_));
        if !connects && (connecting.wait.is_some() || connecting.connect_timeout.is_some()) {
            return usage("--wait and --connect-timeout go with a target that is connected to");
        }
        if self.passes_descriptors && !Descriptors::ARE_PASSED {
            return Err(Failure::Unsupported {
                option: "--pass-fds",
                why: "descriptors cannot come along with the data of a pipe on Windows",
            });
        }
        let is_command = matches!(self.joining, Joining::Command(_));
        if self.options.hangs_up && !is_command {
            return usage("--hangup goes with a command");
        }
        if self.passes_descriptors && is_command && self.observing.are_used() {
            return usage(
                "--pass-fds with a command gives it the connection itself, which cannot be traced or \
                 recorded",
            );
        }
        if self.passes_descriptors {
            if is_command && self.options.hangs_up {
                return usage(
                    "--pass-fds with a command gives it the connection itself; --hangup does not",
                );
            }
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
    pub(super) fn gives_sockets(&self) -> bool {
        matches!(self.joining, Joining::Command(_))
            && command::TAKES_SOCKETS
            && self.options.is_plain()
            && !self.observing.are_used()
            && self.pty.is_none()
            && !self.listens_at_terminal()
    }

    /// Returns whether the clients are programs at a terminal.
    pub(super) fn listens_at_terminal(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.is_terminal())
    }

    fn joins_terminal(&self) -> bool {
        matches!(&self.joining, Joining::Connection(target) if target.is_terminal())
    }

    /// Returns whether clients are joined to the target one after another.
    pub(super) fn joins_one_at_a_time(&self) -> bool {
        matches!(self.joining, Joining::Stdio) || self.joins_terminal()
    }

    /// Returns whether both sides can carry descriptors.
    fn can_pass_descriptors(&self) -> bool {
        let target_carries = match &self.joining {
            Joining::Connection(target) => target.carries_descriptors(),
            // A command that has the socket itself receives them.
            Joining::Command(_) => self.gives_sockets(),
            Joining::Stdio => false,
        };
        target_carries && self.is_local()
    }

    /// Returns the rules for clients of the local sockets.
    pub(super) fn allowed(&self) -> impl Iterator<Item = &Allowed> {
        self.source.iter().flat_map(|source| source.allowed()).flatten()
    }

    /// Returns whether all clients come from local sockets.
    pub(super) fn is_local(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.allowed().iter().all(Option::is_some))
    }

    /// Returns the endpoint, as far as it is known.
    pub(super) fn endpoint(&self) -> String {
        self.source.as_ref().map_or("-".to_owned(), |source| source.endpoint())
    }

    /// Returns what clients are joined to, for observers.
    pub(super) fn joining_text(&self) -> String {
        match &self.joining {
            Joining::Connection(target) => target.to_string(),
            Joining::Command(command) => joined_to(Some(command)),
            Joining::Stdio => joined_to(None),
        }
    }

    /// Returns the handling of descriptors that arrive with data.
    pub(super) fn passing(&self) -> Passing {
        match (self.passes_descriptors, self.can_pass_descriptors()) {
            (true, _) => Passing::On,
            (false, true) => Passing::Offered,
            (false, false) => Passing::Impossible,
        }
    }

    /// Returns the number of descriptors of a connection. A command that does not have the socket
    /// itself takes one more, and its terminal more still.
    pub(super) fn descriptors_each(&self) -> u64 {
        let moves = matches!(self.joining, Joining::Command(_)) && !self.gives_sockets();
        let of_terminal = if self.pty.is_some() { WindowSize::DESCRIPTORS } else { 0 };
        of_terminal + if moves { 3 } else { 2 }
    }

    /// Returns whether bytes may be spliced between the sockets of a connection.
    pub(super) fn splices(&self) -> bool {
        self.options.may_splice()
            && !self.passes_descriptors
            && !self.gives_sockets()
            && !self.observing.are_used()
    }
}

/// For `--explain`.
impl Display for RelayPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => source.explain(f, &self.settings)?,
            None => writeln!(f, "listen on    stdin and stdout, the one client")?,
        }
        let is_one_at_a_time = self.joins_one_at_a_time() || self.listens_at_terminal();
        let clients = match (self.once, is_one_at_a_time) {
            (true, _) => "one",
            (false, true) => "one after another",
            (false, false) => "all at once",
        };
        writeln!(f, "clients      {clients}")?;
        listening::explain_readiness(f, &self.settings)?;
        listening::explain_exit_idle(f, &self.settings)?;
        match &self.joining {
            Joining::Connection(target) => {
                target.explain(f)?;
                target.explain_time(f, self.retry_policy)?;
                if self.reconnects {
                    self.retry_policy.explain_reconnect(f)?;
                }
            }
            Joining::Command(command) => writeln!(f, "join to      {}", joined_to(Some(command)))?,
            Joining::Stdio => writeln!(f, "join to      {}", joined_to(None))?,
        }
        write!(f, "{}", self.options)?;
        at_terminal::explain(f, self.raw)?;
        at_terminal::explain_pty(f, self.pty.as_ref())?;
        write!(f, "{}", self.observing)?;
        if Descriptors::ARE_PASSED {
            let passes = if self.passes_descriptors { "passed on" } else { "closed" };
            writeln!(f, "descriptors  {passes}")?;
        }
        Ok(())
    }
}
