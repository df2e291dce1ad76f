mod plan;

use self::plan::RelayPlan;
use super::{
    at_terminal,
    bridge::{Bridge, BridgeTarget, ServersInTurn, StdioClient},
    command::Commands,
    listening,
    observing::ObservedConnections,
    shared_stdio::SharedStdio,
    stdio::Stdio,
};
use crate::{
    cli,
    diag::{self, Failure, Outcome, Terminal},
    endpoint::{ClientSource, Joining},
    serve::{ReadyFile, Server, ServerOptions},
    system::{self, LeaveKey, RawTerminal, Readiness, signals, stdout},
    transfer::{
        Meter, Party, Progress, Role,
        tasks::{EventLoops, TransferPlan},
    },
};
use std::sync::Arc;

/// Connects every client to the target.
pub(super) fn run(args: cli::Relay, terminal: Terminal) -> Result<Outcome, Failure> {
    let explain = args.explain;
    let plan = RelayPlan::new(args, terminal)?;
    if explain {
        stdout::print(plan.to_string().as_bytes())?;
        return Ok(Outcome::Done);
    }
    if plan.raw.is_some() {
        RawTerminal::check()?;
    }
    if let Joining::Command(command) = &plan.joining {
        command.check()?;
    }
    diag::write_on_a_thread(system::start_log_thread);
    plan.run(terminal)
}

impl RelayPlan {
    fn run(mut self, terminal: Terminal) -> Result<Outcome, Failure> {
        let observers = self.observing.open(terminal)?;
        let readiness = Readiness::new(self.settings.ready_fd)?;
        let ready_file = ReadyFile::new(self.settings.ready_file.as_deref())?;
        if let Some(source) = &self.source {
            listening::warn(&**source, &self.settings);
        }
        let room = super::room_for_connections(self.descriptors_each(), self.splices())?;
        let loops = EventLoops::start()
            .map_err(|error| Failure::Io { what: "cannot start event loops", error })?;
        let meter = self.shows_progress.then(|| Arc::new(Meter::new(false)));
        loops.run(async {
            let mut admission = listening::admission(self.allowed(), &self.settings, room);
            if self.joins_one_at_a_time() {
                admission.one_at_a_time();
            }
            let (server, joined) = {
                // The thread of the standard streams must not read before signals are watched.
                let _held = signals::BlockedSignals::new();
                let (open, joined): (Box<dyn FnOnce() -> _>, _) = match &mut self.source {
                    Some(source) => (Box::new(|| source.open()), None),
                    None => {
                        let is_command = matches!(self.joining, Joining::Command(_));
                        let peer = if is_command { Party::Command } else { Party::Target };
                        let (stdio, raw) = self.stdio(terminal, peer, self.raw)?;
                        let (client, thread) = SharedStdio::new(stdio, true).join(1)?;
                        let stdio = StdioClient { thread, raw, terminal };
                        (Box::new(|| Ok(ClientSource::given(client))), Some(stdio))
                    }
                };
                let joining = &self.joining;
                let open = || {
                    if let Joining::Connection(target) = joining {
                        target.open()?;
                    }
                    open()
                };
                let (once, grace, exit_idle) = (self.once, self.grace, self.settings.exit_idle);
                let options = ServerOptions { once, exit_idle, grace, terminal };
                (Server::open(open, admission, options, ready_file.clone())?, joined)
            };
            // Threads are started only after signals are watched.
            at_terminal::follow_size(self.pty.as_mut())?;
            let _progress = meter.as_ref().map(|meter| Progress::start(meter, None, terminal));
            // Commands get the address of the listener, whose port is known now.
            let observed = observers.map(|observers| {
                observers.begin();
                let (name, target) = (self.endpoint(), self.joining_text());
                ObservedConnections::of_peers(&observers, Role::Client, name, Some(target))
            });
            let observation = observed.as_ref().map(|observed| observed.observation().clone());
            let plan =
                TransferPlan::new(self.options.clone(), self.passing(), meter.clone(), observation);
            let target = self.target(observed.clone(), terminal)?;
            if let (Joining::Command(_), Some(StdioClient { raw: Some(raw), .. })) =
                (&self.joining, &joined)
            {
                // The command has not started: its terminal gets the settings from before raw mode.
                at_terminal::begin(raw, &self.joining_text(), terminal)?;
            }
            let bridge = Bridge::new(target, plan, observed, joined);
            bridge.watch_reader()?;
            let addresses = match &self.source {
                Some(source) => source.addresses(),
                None => vec![self.endpoint()],
            };
            let lines = addresses.join("\n");
            ready_file.write(&lines)?;
            readiness.notify(&lines)?;
            if let Some(source) = &self.source {
                listening::log(&**source, !self.once, terminal);
            }
            server.serve(&loops, bridge).await
        })
    }

    /// Returns the target that clients are joined to.
    fn target(
        &self,
        observed: Option<ObservedConnections>,
        terminal: Terminal,
    ) -> Result<BridgeTarget, Failure> {
        Ok(match &self.joining {
            Joining::Connection(target) if self.reconnects => {
                BridgeTarget::ServersInTurn(ServersInTurn {
                    target: Arc::clone(target),
                    retry_policy: self.retry_policy,
                    party: Party::Target,
                })
            }
            Joining::Connection(target) => {
                BridgeTarget::Connection(Arc::clone(target), self.retry_policy)
            }
            Joining::Command(command) => BridgeTarget::Commands(Box::new(Commands {
                command: command.clone(),
                name: self.endpoint(),
                is_local: self.is_local(),
                are_served: true,
                options: self.options.clone(),
                is_at_terminal: self.listens_at_terminal(),
                pty: self.pty.clone(),
                signals: None,
                observed,
                hangup_time: self.grace,
            })),
            Joining::Stdio => {
                let (mut stdio, _) = self.stdio(terminal, Party::Client, None)?;
                // The direction to the target is the receiving one of the standard streams.
                std::mem::swap(&mut stdio.options.sends, &mut stdio.options.receives);
                BridgeTarget::Stdio(SharedStdio::new(stdio, self.once))
            }
        })
    }

    /// Returns standard input and output as one side of the relay; `peer` is the other side.
    fn stdio(
        &self,
        terminal: Terminal,
        peer: Party,
        raw: Option<LeaveKey>,
    ) -> Result<(Stdio, Option<RawTerminal>), Failure> {
        let (input, output, raw) = at_terminal::open_stdio(raw)?;
        let (options, shows_progress) = (self.options.within_a_relay(), false);
        // The observers see the connection between the client and the target.
        let (observed, relay) = (None, Some(Arc::default()));
        let stdio =
            Stdio { input, output, options, shows_progress, terminal, peer, observed, relay };
        Ok((stdio, raw))
    }
}
