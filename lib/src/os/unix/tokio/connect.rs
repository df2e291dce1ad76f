//! From options to a connected socket, without blocking a thread.

use super::Stream;
#[cfg(linux_like)]
use super::connect_thread;
use crate::{
    ConnectOptions, ConnectWaitMode, Name,
    error::SocketError,
    os::{
        runtime,
        unix::{address::NameAddresses, runtime_dir, sys},
    },
};
use ::tokio::net::UnixStream;
use rustix::{io::Errno, net::SocketAddrUnix};
use std::{
    io,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

/// First and maximum pause before another attempt if the backlog is full.
const PAUSES: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(20));

/// From this pause on a thread waits instead, unless too many threads wait already.
#[cfg(linux_like)]
const LONG_PAUSE: Duration = Duration::from_millis(8);

/// Connects as the options say.
pub(super) async fn connect(options: &ConnectOptions<'_>) -> io::Result<Stream> {
    runtime::required()?;
    let name = options.required_name()?;
    let socket = reach(name, options.wait_mode)
        .await
        .map_err(|error| SocketError::of_connecting(name, options.directions, error))?;
    UnixStream::from_std(socket.into()).map(Stream::from)
}

async fn reach(name: &Name<'_>, wait_mode: ConnectWaitMode) -> io::Result<OwnedFd> {
    let mut result = Err(io::Error::from_raw_os_error(libc::ENOENT));
    for address in NameAddresses::of(name)?.addresses() {
        result = attempt(&address?, wait_mode).await;
        match &result {
            Err(error) if runtime_dir::try_next(error) => {}
            _ => break,
        }
    }
    result
}

/// Connects. If the backlog is full, a non-blocking `connect` fails with `EAGAIN` and can be
/// repeated on the same socket (`connect(2)`, `unix(7)`). The system does not report when there is
/// room again.
async fn attempt(address: &SocketAddrUnix, wait_mode: ConnectWaitMode) -> io::Result<OwnedFd> {
    let socket = sys::stream_socket(true)?;
    let deadline = match wait_mode {
        ConnectWaitMode::Timeout(timeout) => Instant::now().checked_add(timeout),
        ConnectWaitMode::Deferred | ConnectWaitMode::Unbounded => None,
    };
    let (mut pause, most) = PAUSES;
    loop {
        match rustix::net::connect(&socket, address) {
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) if wait_mode != ConnectWaitMode::Deferred => {}
            result => return Ok(result.map(|()| socket)?),
        }
        let rest = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if rest == Some(Duration::ZERO) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        #[cfg(linux_like)]
        if pause >= LONG_PAUSE
            && let Some(connected) = connect_thread::start(address, deadline)
        {
            return connected.await.map_err(io::Error::other)?;
        }
        sleep(rest.map_or(pause, |rest| rest.min(pause))).await?;
        pause = (pause * 2).min(most);
    }
}

/// Waits with a timer of the system (`timerfd_create(2)`), because the runtime may have been built
/// without tokio's timers.
#[cfg(linux_like)]
pub(super) async fn sleep(time: Duration) -> io::Result<()> {
    use ::tokio::io::{Interest, unix::AsyncFd};
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
    let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
    // A time of zero would stop the timer.
    let time = time.max(Duration::from_nanos(1));
    let it_value = Timespec::try_from(time).map_err(|_| io::ErrorKind::InvalidInput)?;
    let once = Itimerspec { it_interval: zero, it_value };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &once)?;
    // SAFETY: the owned descriptor stays the same and open as long as it is registered.
    #[allow(unsafe_code, reason = "tokio cannot check that the descriptor stays the same")]
    let timer = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE)? };
    timer.readable().await.map(|_| ())
}

/// Fails: the BSDs and macOS refuse if the backlog is full, so there is nothing to wait for.
#[cfg(not(linux_like))]
pub(super) async fn sleep(_: Duration) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}
