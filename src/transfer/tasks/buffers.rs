//! Buffers of an event loop. A connection has a buffer only while it holds bytes that its output
//! does not take yet.

use crate::memory;
use std::{
    cell::RefCell,
    io,
    ops::{Deref, DerefMut},
};

/// A buffer, which is returned to the event loop's pool when it is dropped.
#[derive(Debug)]
pub(super) struct Buffer(Box<[u8]>);

/// The number of unused buffers that an event loop keeps.
const KEPT: usize = 8;

thread_local! {
    #[allow(
        clippy::missing_const_for_thread_local,
        reason = "it is one; where the system has no such variables, clippy does not see it"
    )]
    static POOL: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

impl Buffer {
    /// Takes a buffer of this size.
    ///
    /// # Errors
    /// `OutOfMemory`, which is the error of one connection.
    pub(super) fn take(size: usize) -> io::Result<Self> {
        let kept = POOL.with_borrow_mut(Vec::pop).filter(|buffer| buffer.len() == size);
        kept.map_or_else(|| memory::zeroed(size), Ok).map(Self)
    }
}

impl Deref for Buffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        // The pool is gone at the end of a thread.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < KEPT {
                pool.push(buffer);
            }
        });
    }
}
