//! Joins the standard streams to one server after another.

use super::{Bridge, observing};
use crate::{
    diag::{Failure, Outcome},
    endpoint::{ConnectTarget, DialProgress, Dialling, ReconnectPause, RetryPolicy},
    run::shared_stdio::RelayedStdio,
    serve::Client,
    system::{Socket, peer::PeerProcess},
    transfer::{
        EarlyEnd, Parties, Party, TransferReport,
        tasks::{self, FirstEnd, NoServer},
        undelivered,
    },
};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// A name or address where another server can follow one that has ended.
#[derive(Debug)]
pub(in crate::run) struct ServersInTurn {
    pub(in crate::run) target: Arc<dyn ConnectTarget>,
    /// The policy for the first connection.
    pub(in crate::run) retry_policy: RetryPolicy,
    /// The server, for messages.
    pub(in crate::run) party: Party,
}

/// The outcome of an attempt to connect.
enum Dialled {
    Connected(Socket),
    Failed(Failure),
    /// No server is needed any more, for this reason if it is not that everything was delivered.
    Over(Option<EarlyEnd>),
}

/// Number of connections in a row that end unused until a warning says so.
const UNUSED: u32 = 3;

impl Bridge {
    /// Joins the client to one server after another, until its input has ended and was delivered.
    pub(super) async fn join_to_servers(
        &self,
        servers: &ServersInTurn,
        client: Client,
    ) -> Result<Outcome, Failure> {
        let ends = self.ends(&client).await;
        let Client { socket, closing, .. } = client;
        let mut first = FirstEnd::new(socket, self.ending.clone());
        let mut relayed = RelayedStdio::default();
        let (mut retry_policy, mut pause) = (servers.retry_policy, Duration::ZERO);
        let (mut pauses, mut unused) = (ReconnectPause::new(), 0);
        let mut number = 0;
        let outcome = loop {
            number += 1;
            self.is_between_servers.store(true, Relaxed);
            let dialled = self.dial(servers, retry_policy, pause, &mut first, &closing).await;
            let connection = match dialled {
                Dialled::Connected(connection) => connection,
                Dialled::Failed(failure) => {
                    self.not_served(number, ends, Some(&failure));
                    break Err(failure);
                }
                Dialled::Over(early_end) => {
                    relayed.early_end = early_end;
                    if early_end == Some(EarlyEnd::Unconnected) {
                        self.set_unconnected();
                    }
                    let lost = Some(first.held()).filter(|held| *held > 0).zip(early_end);
                    let failure = match lost {
                        Some((held, early_end)) => Some(undelivered(
                            servers.party.receiver(),
                            early_end.error(),
                            Some(held),
                            relayed.delivered,
                        )),
                        None => early_end.and_then(EarlyEnd::failure),
                    };
                    break failure.map_or(Ok(Outcome::Done), Err);
                }
            };
            let mut ends = ends.clone();
            if ends.is_some() || tracing::enabled!(tracing::Level::INFO) {
                let server = Box::pin(observing::process_of(&connection)).await;
                log_connected(number, &*servers.target, server.as_ref());
                ends.iter_mut().for_each(|ends| ends.server.clone_from(&server));
            }
            self.is_between_servers.store(false, Relaxed);
            self.connected(number, ends);
            let parties = Parties { first: self.client, second: servers.party };
            let connected = Instant::now();
            let transfer =
                tasks::transfer_of(&mut first, connection, parties, &self.plan, number, &closing);
            let Some(report) = Box::pin(transfer).await else { break Ok(Outcome::Done) };
            report.log();
            self.totals.add(&report);
            relayed.add(&report);
            if !first.is_left() {
                break report.result(Outcome::Done);
            }
            unused = if report.was_unused() { unused + 1 } else { 0 };
            if unused == UNUSED {
                let failure = Failure::Unserved { name: servers.target.to_string(), user: None };
                tracing::warn!("{failure}, {UNUSED} times in a row: connecting again and again");
            }
            if let Some(failure) = report.failure() {
                relayed.losses += 1;
                tracing::warn!(conn = number, "connection {number}: {failure}");
            }
            tracing::info!(
                conn = number,
                "connection {number}: {} has ended: connecting again",
                servers.party.receiver()
            );
            relayed.was_connected = true;
            retry_policy = servers.retry_policy.for_next_server();
            pause = pauses.after(connected.elapsed());
        };
        // It is called once.
        let _ = self.relayed_stdio.set(relayed);
        outcome
    }

    /// Connects after the pause.
    async fn dial(
        &self,
        servers: &ServersInTurn,
        retry_policy: RetryPolicy,
        pause: Duration,
        first: &mut FirstEnd,
        closing: &CancellationToken,
    ) -> Dialled {
        let directions = self.plan.directions();
        let progress = &DialProgress::default();
        let dialling: Dialling<'_> = Box::pin(async move {
            tokio::time::sleep(pause).await;
            servers.target.connect(retry_policy, directions, progress).await
        });
        let dialling = self.announced(dialling, || servers.target.waiting(progress));
        tokio::select! {
            biased;
            connected = dialling => match connected {
                Ok(connection) => Dialled::Connected(connection),
                Err(failure) => Dialled::Failed(failure),
            },
            none = first.needs_no_server(&self.plan) => Dialled::Over(match none {
                NoServer::Done => None,
                NoServer::Early(early_end) => Some(early_end),
            }),
            () = closing.cancelled() => Dialled::Over(Some(EarlyEnd::Unconnected)),
        }
    }
}

/// Logs a connection with the process of the server, if the system reports it.
fn log_connected(number: u64, target: &dyn ConnectTarget, server: Option<&PeerProcess>) {
    let server = server.map(PeerProcess::to_string).unwrap_or_default();
    let colon = if server.is_empty() { "" } else { ": " };
    tracing::info!(conn = number, "connection {number}: connected to {target}{colon}{server}");
}

impl RelayedStdio {
    /// Adds a connection that has ended.
    fn add(&mut self, report: &TransferReport) {
        self.read += report.read_for_first();
        self.delivered += report.delivered().0;
        self.early_end = report.early_end();
        self.excuses_unread = report.excuses_unread_of_second();
    }
}
