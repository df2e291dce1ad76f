//! Waits in a thread for room in a full backlog.
//!
//! The kernel queues the calls of `connect(2)` that block, and with each client that is accepted it
//! wakes the first. A client that tries again from time to time succeeds only in the moment between
//! the two, so it would starve behind clients that block.

use crate::os::unix::{connect::attempt_within, sys};
use ::tokio::sync::oneshot;
use rustix::net::SocketAddrUnix;
use std::{
    io,
    os::fd::OwnedFd,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Maximum number of threads in the whole process.
const MAX_THREADS: usize = 64;

/// First and maximum time of one call. A call cannot be interrupted, so it goes on to its end after
/// the future was dropped. A call that times out loses its place in the queue, so each call takes
/// twice as long as the one before. No call takes much longer than the client has waited before.
const CALL_TIMES: (Duration, Duration) = (Duration::from_millis(8), Duration::from_secs(1));

/// Connects in a thread. The socket is non-blocking. Returns `None` if there are too many threads.
pub(super) fn start(
    address: &SocketAddrUnix,
    deadline: Option<Instant>,
) -> Option<oneshot::Receiver<io::Result<OwnedFd>>> {
    let permit = ThreadPermit::acquire()?;
    let (sender, receiver) = oneshot::channel();
    let address = address.clone();
    let connect = move || {
        let _permit = permit;
        let result = connect(&address, deadline, || sender.is_closed());
        // If the future was dropped, this closes the socket.
        let _ = sender.send(result);
    };
    let thread = thread::Builder::new().name("connecting".to_owned()).stack_size(64 * 1024);
    thread.spawn(connect).is_ok().then_some(receiver)
}

/// Connects until the deadline, or until the end of the call during which it was cancelled.
fn connect(
    address: &SocketAddrUnix,
    deadline: Option<Instant>,
    is_cancelled: impl Fn() -> bool,
) -> io::Result<OwnedFd> {
    let socket = sys::stream_socket(false)?;
    let (mut time, most) = CALL_TIMES;
    loop {
        let rest = deadline
            .map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
        match attempt_within(&socket, address, time.min(rest)) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                if rest <= time || is_cancelled() {
                    return Err(error);
                }
            }
            result => {
                result?;
                rustix::io::ioctl_fionbio(&socket, true)?;
                return Ok(socket);
            }
        }
        time = (time * 2).min(most);
    }
}

/// The permission to run one thread.
#[derive(Debug)]
struct ThreadPermit;

static THREADS: AtomicUsize = AtomicUsize::new(0);

impl ThreadPermit {
    fn acquire() -> Option<Self> {
        let add = |count| (count < MAX_THREADS).then_some(count + 1);
        THREADS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok().map(|_| Self)
    }
}

impl Drop for ThreadPermit {
    fn drop(&mut self) {
        THREADS.fetch_sub(1, Ordering::Relaxed);
    }
}
