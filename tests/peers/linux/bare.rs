//! The baseline of `lsock bench`: the simplest loops that do the same, with blocking calls of
//! `std::os::unix::net`, in a process for the server and one for the client.
//!
//! They send the same bytes again and again and do not check them; `lsock bench` sends a pattern
//! and compares a part of it. Everything else is the same: the size of reads, a flag that is
//! checked before each message, the span that is timed as a whole, and a time for each answered
//! message, also for the first one of a connection.

use super::one_cpu::keep_to;
use anyhow::{Result, bail, ensure};
use std::{
    io::{Read as _, Write as _},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::atomic::{AtomicU8, Ordering},
    thread,
    time::{Duration, Instant},
};

pub(super) const WARM_UP: Duration = Duration::from_millis(100);
pub(super) const TIME: Duration = Duration::from_secs(1);

/// Capacity for times: more than the messages of a run, because none takes less than 1 us.
const MESSAGES: usize = 1_100_000;

/// Minimum size of the buffer of servers.
const LEAST: usize = 64 << 10;

/// The work of the client. The server does its counterpart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Sends as fast as the server reads.
    Throughput,
    /// Sends a message and waits for its answer.
    Latency,
    /// Connects, sends a message, waits for its answer, and closes.
    Connect,
}

impl Work {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Latency => "latency",
            Self::Connect => "connect",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        match text {
            "throughput" => Ok(Self::Throughput),
            "latency" => Ok(Self::Latency),
            "connect" => Ok(Self::Connect),
            _ => bail!("no such work: {text}"),
        }
    }
}

/// Serves one client, or until it is killed if there are many.
///
/// It can have an idle thread, as servers have that receive requests: in a process with several
/// threads, the calls of the C library take longer, because they can be cancelled.
pub(super) fn serve(
    path: &Path,
    work: Work,
    size: usize,
    cpu: usize,
    has_idle_thread: bool,
) -> Result<()> {
    keep_to(cpu)?;
    if has_idle_thread {
        thread::spawn(|| {
            loop {
                thread::park();
            }
        });
    }
    let listener = UnixListener::bind(path)?;
    match work {
        Work::Throughput => {
            let mut stream = listener.accept()?.0;
            let mut buffer = vec![0; size.max(LEAST)];
            while stream.read(&mut buffer)? > 0 {}
        }
        Work::Latency => {
            let mut stream = listener.accept()?.0;
            let mut message = vec![0; size];
            while stream.read_exact(&mut message).is_ok() {
                stream.write_all(&message)?;
            }
        }
        Work::Connect => {
            let mut message = vec![0; size];
            for stream in listener.incoming() {
                let mut stream = stream?;
                stream.read_exact(&mut message)?;
                stream.write_all(&message)?;
            }
        }
    }
    Ok(())
}

/// Prints bytes per second, the median time of a message in nanoseconds, or connections per
/// second, and the number of messages or connections, with those of the warm-up.
pub(super) fn client(path: &Path, work: Work, size: usize, cpu: usize) -> Result<()> {
    keep_to(cpu)?;
    let figure = match work {
        Work::Throughput => throughput(path, size)?,
        Work::Latency => latency(path, size)?,
        Work::Connect => connections(path, size)?,
    };
    println!("{} {}", figure.0, figure.1);
    Ok(())
}

fn throughput(path: &Path, size: usize) -> Result<(f64, usize)> {
    let message = vec![b'.'; size];
    let mut stream = UnixStream::connect(path)?;
    start_the_clock();
    let mut warm_up = 0;
    while part() == WARMING_UP {
        stream.write_all(&message)?;
        warm_up += 1;
    }
    let (start, mut count) = (Instant::now(), 0);
    while part() == MEASURED {
        stream.write_all(&message)?;
        count += 1;
    }
    // The server ends the connection when it has received everything.
    stream.shutdown(Shutdown::Write)?;
    ensure!(stream.read(&mut [0])? == 0, "the server says something");
    Ok(((count * size) as f64 / start.elapsed().as_secs_f64(), warm_up + count))
}

fn latency(path: &Path, size: usize) -> Result<(f64, usize)> {
    let (message, mut answer) = (vec![b'.'; size], vec![0; size]);
    let mut times = Vec::with_capacity(MESSAGES);
    let mut stream = UnixStream::connect(path)?;
    start_the_clock();
    let mut warm_up = 0;
    while part() == WARMING_UP {
        stream.write_all(&message)?;
        stream.read_exact(&mut answer)?;
        warm_up += 1;
    }
    while part() == MEASURED {
        let start = Instant::now();
        stream.write_all(&message)?;
        stream.read_exact(&mut answer)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok((times[times.len() / 2].as_nanos() as f64, warm_up + times.len()))
}

fn connections(path: &Path, size: usize) -> Result<(f64, usize)> {
    let (message, mut answer) = (vec![b'.'; size], vec![0; size]);
    let mut times = Vec::with_capacity(MESSAGES);
    let mut visit = || -> Result<Duration> {
        let start = Instant::now();
        let mut stream = UnixStream::connect(path)?;
        stream.write_all(&message)?;
        stream.read_exact(&mut answer)?;
        Ok(start.elapsed())
    };
    start_the_clock();
    let mut warm_up = 0;
    while part() == WARMING_UP {
        visit()?;
        warm_up += 1;
    }
    let start = Instant::now();
    while part() == MEASURED {
        times.push(visit()?);
    }
    Ok((times.len() as f64 / start.elapsed().as_secs_f64(), warm_up + times.len()))
}

/// The phase of the run: cheaper to check than a clock.
static PART: AtomicU8 = AtomicU8::new(WARMING_UP);
const WARMING_UP: u8 = 0;
const MEASURED: u8 = 1;
const OVER: u8 = 2;

fn part() -> u8 {
    PART.load(Ordering::Relaxed)
}

fn start_the_clock() {
    thread::spawn(|| {
        thread::sleep(WARM_UP);
        PART.store(MEASURED, Ordering::Relaxed);
        thread::sleep(TIME);
        PART.store(OVER, Ordering::Relaxed);
    });
}
