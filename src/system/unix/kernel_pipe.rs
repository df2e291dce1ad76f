//! Pipes through which bytes are spliced from one socket to another (`splice(2)`).

use rustix::{
    io::retry_on_intr,
    pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice},
};
use std::{
    cell::RefCell,
    io,
    os::fd::{BorrowedFd, OwnedFd},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// A pipe of this process. If it is empty when it is dropped, it returns to the pool of its event
/// loop.
#[derive(Debug)]
pub(crate) struct KernelPipe {
    ends: Option<PipeEnds>,
    /// Number of bytes in the pipe.
    amount: usize,
}

/// Size of a pipe, if the limit of the user allows it (`pipe(7)`). No socket holds much more.
const SIZE: usize = 256 << 10;

/// An open pipe.
#[derive(Debug)]
struct PipeEnds {
    from: OwnedFd,
    to: OwnedFd,
    _counted: CountedPipe,
}

/// Counts a pipe as open until it is dropped.
#[derive(Debug)]
struct CountedPipe;

/// Number of pipes that may be open, and number of pipes that are.
static MOST: AtomicUsize = AtomicUsize::new(usize::MAX);
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Maximum number of unused pipes in the pool of an event loop.
const KEPT: usize = 8;

thread_local! {
    static POOL: RefCell<Vec<PipeEnds>> = const { RefCell::new(Vec::new()) };
}

impl CountedPipe {
    /// Counts one more pipe; `None` if it would be one too many.
    fn new() -> Option<Self> {
        let counted = OPEN
            .fetch_update(Relaxed, Relaxed, |open| (open < MOST.load(Relaxed)).then_some(open + 1));
        counted.is_ok().then(|| Self)
    }
}

impl Drop for CountedPipe {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Relaxed);
    }
}

impl PipeEnds {
    /// Creates a pipe; `None` if that fails, or too many are open.
    fn new() -> Option<Self> {
        let counted = CountedPipe::new()?;
        let (from, to) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
        // It fails above the limit of the user, and leaves the size as it is.
        let _ = fcntl_setpipe_size(&to, SIZE);
        Some(Self { from, to, _counted: counted })
    }
}

impl KernelPipe {
    /// Number of descriptors of a pipe.
    pub(crate) const DESCRIPTORS: u64 = 2;

    /// Sets the number of pipes that may be open, unused ones included.
    pub(crate) fn set_limit(most: usize) {
        MOST.store(most, Relaxed);
    }

    /// Returns a pipe of the pool or a new one; `None` if none can be created.
    pub(crate) fn take() -> Option<Self> {
        let ends = POOL.with_borrow_mut(Vec::pop).or_else(PipeEnds::new);
        ends.map(|ends| Self { ends: Some(ends), amount: 0 })
    }

    /// Returns the number of bytes in the pipe.
    pub(crate) fn amount(&self) -> usize {
        self.amount
    }

    /// Moves at most `most` bytes from the socket into the pipe.
    pub(super) fn fill(&mut self, socket: BorrowedFd<'_>, most: usize) -> io::Result<usize> {
        let Some(PipeEnds { to, .. }) = &self.ends else { return Ok(0) };
        let moved = retry_on_intr(|| splice(socket, None, to, None, most, FLAGS))?;
        self.amount += moved;
        Ok(moved)
    }

    /// Moves as many bytes as the socket takes out of the pipe.
    pub(super) fn drain(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let Some(PipeEnds { from, .. }) = &self.ends else { return Ok(0) };
        let moved = retry_on_intr(|| splice(from, None, socket, None, self.amount, FLAGS))?;
        self.amount -= moved;
        Ok(moved)
    }
}

const FLAGS: SpliceFlags = SpliceFlags::MOVE.union(SpliceFlags::NONBLOCK);

impl Drop for KernelPipe {
    fn drop(&mut self) {
        let Some(ends) = self.ends.take().filter(|_| self.amount == 0) else { return };
        // The pool is dropped at the end of the thread.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            // If few more may be open, unused pipes are closed, so that other event loops can open
            // theirs.
            if pool.len() < KEPT && OPEN.load(Relaxed) <= MOST.load(Relaxed) / 2 {
                pool.push(ends);
            }
        });
    }
}
