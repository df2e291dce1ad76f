//! `--reconnect`: joins the standard streams to one server after another, as a relay does.

use super::ConnectPlan;
use crate::{
    diag::{self, Failure, Outcome, Terminal},
    endpoint::{ClientSource, open_stdio},
    run::{
        bridge::{Bridge, BridgeTarget, ServersInTurn, StdioClient},
        observing::ObservedConnections,
        shared_stdio::SharedStdio,
        stdio::Stdio,
    },
    serve::{Admission, Limits, ReadyFile, Server, ServerOptions},
    system::{self, signals},
    transfer::{
        Meter, Party, Passing, Progress, Role,
        tasks::{EventLoops, TransferPlan},
    },
};
use std::{sync::Arc, time::Duration};

/// Time after a signal in which what was read is still delivered.
const GRACE: Duration = Duration::from_secs(1);

impl ConnectPlan {
    /// Joins the standard streams to one server after another.
    pub(super) fn join_servers(self, terminal: Terminal) -> Result<Outcome, Failure> {
        let observers = self.observing.open(terminal)?;
        diag::write_on_a_thread(system::start_log_thread);
        let loops = EventLoops::start_one()
            .map_err(|error| Failure::Io { what: "cannot start an event loop", error })?;
        let Self { target, retry_policy, options, shows_progress, .. } = self;
        loops.run(async {
            let (input, output) = open_stdio()?;
            let size = input.rest_of_file().filter(|_| options.sends);
            let stdio = Stdio {
                input,
                output,
                options: options.within_a_relay(),
                shows_progress: false,
                terminal,
                peer: Party::Peer,
                observed: None,
                relay: Some(Arc::default()),
            };
            let (server, thread) = {
                // The thread of the standard streams must not read before signals are watched.
                let _held = signals::BlockedSignals::new();
                let (client, thread) = SharedStdio::new(stdio, true).join(1)?;
                let open = || Ok(ClientSource::given(client));
                let limits = ServerOptions { once: true, exit_idle: None, grace: GRACE, terminal };
                let admission = Admission::new(Limits::new(None, None));
                (Server::open(open, admission, limits, ReadyFile::new(None)?)?, thread)
            };
            let meter = shows_progress.then(|| Arc::new(Meter::new(false)));
            let _progress = meter.as_ref().map(|meter| Progress::start(meter, size, terminal));
            let observed = observers.map(|observers| {
                observers.begin();
                ObservedConnections::of_stdio(&observers, Role::Server, target.to_string())
            });
            let observation = observed.as_ref().map(|observed| observed.observation().clone());
            let plan = TransferPlan::new(options, Passing::NotHere, meter, observation);
            let servers =
                ServersInTurn { target: Arc::new(target), retry_policy, party: Party::Peer };
            let stdio = StdioClient { thread, raw: None, terminal };
            let target = BridgeTarget::ServersInTurn(servers);
            server.serve(&loops, Bridge::new(target, plan, observed, Some(stdio))).await
        })
    }
}
