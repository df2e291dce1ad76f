//! Pipes that bytes are spliced through from one socket to another (`splice(2)`).

use rustix::{
    io::Errno,
    pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice},
};
use std::{
    cell::RefCell,
    io,
    os::fd::{BorrowedFd, OwnedFd},
};

/// A pipe of this process and what is in it. An empty one goes back to the event loop's
/// pool when it is dropped.
#[derive(Debug)]
pub(crate) struct KernelPipe {
    ends: Option<(OwnedFd, OwnedFd)>,
    amount: usize,
}

/// The size that pipes are given, where the user's limit allows it (`pipe(7)`): no socket
/// holds much more.
const SIZE: usize = 256 << 10;

/// How many unused pipes an event loop keeps.
const KEPT: usize = 8;

thread_local! {
    static POOL: RefCell<Vec<(OwnedFd, OwnedFd)>> = const { RefCell::new(Vec::new()) };
}

impl KernelPipe {
    /// One of the pool's, or a new one; `None` if there can be no more.
    pub(crate) fn take() -> Option<Self> {
        let ends = POOL.with_borrow_mut(Vec::pop).or_else(|| {
            let ends = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
            // More than the limit is refused; then it stays as it is.
            let _ = fcntl_setpipe_size(&ends.1, SIZE);
            Some(ends)
        });
        ends.map(|ends| Self { ends: Some(ends), amount: 0 })
    }

    /// How many bytes are in it.
    pub(crate) fn amount(&self) -> usize {
        self.amount
    }

    /// Moves at most so much into it.
    pub(super) fn fill(&mut self, socket: BorrowedFd<'_>, most: usize) -> io::Result<usize> {
        let Some((_, end)) = &self.ends else { return Ok(0) };
        let moved = repeat(|| splice(socket, None, end, None, most, FLAGS))?;
        self.amount += moved;
        Ok(moved)
    }

    /// Moves out of it what there is room for.
    pub(super) fn drain(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let Some((end, _)) = &self.ends else { return Ok(0) };
        let moved = repeat(|| splice(end, None, socket, None, self.amount, FLAGS))?;
        self.amount -= moved;
        Ok(moved)
    }
}

const FLAGS: SpliceFlags = SpliceFlags::MOVE.union(SpliceFlags::NONBLOCK);

fn repeat(mut call: impl FnMut() -> Result<usize, Errno>) -> io::Result<usize> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

impl Drop for KernelPipe {
    fn drop(&mut self) {
        let Some(ends) = self.ends.take().filter(|_| self.amount == 0) else { return };
        // At the end of a thread there is no pool any more.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < KEPT {
                pool.push(ends);
            }
        });
    }
}
