//! Pipes through which bytes are spliced from one socket to another (`splice(2)`).

use rustix::{
    io::retry_on_intr,
    pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice},
};
use std::{
    cell::RefCell,
    io,
    os::fd::{BorrowedFd, OwnedFd},
};

/// A pipe of this process. If it is empty when it is dropped, it returns to the pool of its event
/// loop.
#[derive(Debug)]
pub(crate) struct KernelPipe {
    ends: Option<(OwnedFd, OwnedFd)>,
    /// Number of bytes in the pipe.
    amount: usize,
}

/// Size of a pipe, if the limit of the user allows it (`pipe(7)`). No socket holds much more.
const SIZE: usize = 256 << 10;

/// Maximum number of unused pipes in the pool of an event loop.
const KEPT: usize = 8;

thread_local! {
    static POOL: RefCell<Vec<(OwnedFd, OwnedFd)>> = const { RefCell::new(Vec::new()) };
}

impl KernelPipe {
    /// Returns a pipe of the pool or a new one; `None` if none can be created.
    pub(crate) fn take() -> Option<Self> {
        let ends = POOL.with_borrow_mut(Vec::pop).or_else(|| {
            let ends = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
            // It fails above the limit of the user, and leaves the size as it is.
            let _ = fcntl_setpipe_size(&ends.1, SIZE);
            Some(ends)
        });
        ends.map(|ends| Self { ends: Some(ends), amount: 0 })
    }

    /// Returns the number of bytes in the pipe.
    pub(crate) fn amount(&self) -> usize {
        self.amount
    }

    /// Moves at most `most` bytes from the socket into the pipe.
    pub(super) fn fill(&mut self, socket: BorrowedFd<'_>, most: usize) -> io::Result<usize> {
        let Some((_, end)) = &self.ends else { return Ok(0) };
        let moved = retry_on_intr(|| splice(socket, None, end, None, most, FLAGS))?;
        self.amount += moved;
        Ok(moved)
    }

    /// Moves as many bytes as the socket takes out of the pipe.
    pub(super) fn drain(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let Some((end, _)) = &self.ends else { return Ok(0) };
        let moved = retry_on_intr(|| splice(end, None, socket, None, self.amount, FLAGS))?;
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
            if pool.len() < KEPT {
                pool.push(ends);
            }
        });
    }
}
