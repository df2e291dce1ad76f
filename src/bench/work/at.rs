//! Being the server of somebody else's clients, whose connections are the runs.

use super::{
    BenchError,
    address::Address,
    crew::{Crew, Who},
    ends::Connection,
    listener::{ListenAt, Listener},
    loops,
    phase::{Part, Phase},
    tally::{Tally, Work},
};
use crate::{
    bench::{Amount, Api, Case, Measure, Sample, Usage, Workload, work::Does},
    diag::Failure,
    endpoint::Target,
    system::signals,
};
use anyhow::Context as _;
use std::{
    io,
    sync::{
        Arc, OnceLock,
        mpsc::{self, Sender},
    },
    time::Instant,
};

/// A server that waits for clients of other programs.
#[derive(Debug)]
pub(crate) struct At {
    crew: Crew,
    listener: Arc<Listener>,
    does: Does,
}

impl At {
    /// Begins to listen. The name goes with a signal that ends the process, too.
    pub(crate) fn listen(at: &Target, api: Api, does: Does, pin: &[usize]) -> anyhow::Result<Self> {
        let at = match at {
            Target::Name(name) => ListenAt::Name(name.to_string()),
            Target::Tcp(address) => {
                let addresses = address
                    .resolve()
                    .map_err(|error| Failure::Bind(address.error("listen on", &error)))?;
                if !addresses.iter().all(|address| address.ip().is_loopback()) {
                    return Err(Failure::Usage(format!(
                        "{address} could be reached from other machines: --at takes an address of \
                         this one only, such as tcp:127.0.0.1:{}",
                        address.port()
                    ))
                    .into());
                }
                ListenAt::Tcp(addresses)
            }
            Target::Stdio | Target::Command(_) => {
                return Err(Failure::Usage("--at takes NAME or tcp:HOST:PORT".into()).into());
            }
        };
        // A signal waits until it is known what has to be removed, whatever thread it comes to.
        let _held = signals::Held::new();
        let crew = Crew::new(api, &pin[..pin.len().min(1)])?;
        let listener = crew.who().run(async move { Listener::bind(&at, api).await })?;
        let listener = Arc::new(listener);
        let on_signal = Arc::clone(&listener);
        signals::on_termination(move |signal| {
            on_signal.give_up_name();
            signals::die(signal);
        })
        .context("cannot watch for signals")?;
        Ok(Self { crew, listener, does })
    }

    /// Where clients can connect now.
    pub(crate) fn address(&self) -> anyhow::Result<Address> {
        self.listener.address()
    }

    /// Accepts and serves; from the first byte to the last end of file it is measured.
    fn run(&self, case: &Case, amount: Amount) -> anyhow::Result<Sample> {
        let connections = match (case.workload, amount) {
            (Workload::Connect, Amount::Messages(count)) => count,
            _ => case.clients as u64,
        };
        let (report, reports) = mpsc::channel();
        let started = Arc::new(OnceLock::new());
        let accept = accept(AcceptThem {
            listener: Arc::clone(&self.listener),
            who: self.crew.who().clone(),
            connections,
            size: case.size,
            does: self.does,
            started: Arc::clone(&started),
            report: report.clone(),
        });
        let (done, _) = mpsc::channel();
        self.crew.who().spawn(accept, done)?;
        drop(report);
        let mut total = Tally::empty();
        for _ in 0..connections {
            let tally = reports.recv().map_err(|_| BenchError::WorkerDied)??;
            total.all.bytes += tally.all.bytes;
            total.end = total.end.max(tally.end);
        }
        let (start, before) = *started.get().ok_or(BenchError::NothingCame)?;
        let messages = match case.workload {
            Workload::Connect => connections,
            _ => total.all.bytes.div_ceil(case.size as u64),
        };
        if messages == 0 {
            return Err(BenchError::NothingCame.into());
        }
        Ok(Sample {
            elapsed: total.end.saturating_duration_since(start),
            bytes: total.all.bytes,
            messages,
            latencies: None,
            client: None,
            server: Some(Usage::now()?.since(before)),
            others: None,
            fairness: None,
        })
    }
}

impl Drop for At {
    fn drop(&mut self) {
        // Whoever waits for signals has it as well.
        self.listener.give_up_name();
    }
}

impl Measure for At {
    fn measure(&mut self, case: &Case, amount: Amount) -> anyhow::Result<Sample> {
        self.run(case, amount)
    }
}

struct AcceptThem {
    listener: Arc<Listener>,
    who: Who,
    connections: u64,
    size: usize,
    does: Does,
    /// When the first bytes came, and what had been used by then.
    started: Arc<OnceLock<(Instant, Usage)>>,
    report: Sender<anyhow::Result<Tally>>,
}

async fn accept(it: AcceptThem) {
    for _ in 0..it.connections {
        let accepted = it.listener.accept().await;
        let served = accepted.and_then(|connection| {
            let serve = serve(connection.split(), it.size, it.does, Arc::clone(&it.started));
            it.who.spawn(serve, it.report.clone())
        });
        if let Err(error) = served {
            let _ = it.report.send(Err(error));
            return;
        }
    }
}

/// Reads to the end of file, and sends back what it reads if that is asked for.
async fn serve(
    connection: Connection,
    size: usize,
    does: Does,
    started: Arc<OnceLock<(Instant, Usage)>>,
) -> anyhow::Result<Tally> {
    let phase = Phase::default();
    phase.set(Part::Measured);
    let note = move || {
        if started.get().is_none() {
            // Another client may be a little earlier.
            let _ = started.set((Instant::now(), Usage::now()?));
        }
        io::Result::Ok(())
    };
    loops::echo(connection, size, does == Does::Echo, note, Work::new(phase)).await
}
