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
pub(super) struct Buffer {
    bytes: Box<[u8]>,
    /// Whether it has the size of the pool's buffers.
    is_whole: bool,
}

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
        let bytes = kept.map_or_else(|| memory::zeroed(size), Ok)?;
        Ok(Self { bytes, is_whole: true })
    }

    /// Returns a copy of the bytes in a buffer of their size, if that is much smaller.
    pub(super) fn shrunk(&self, bytes: &[u8]) -> Option<Self> {
        let is_worth_it = self.is_whole && bytes.len() <= self.bytes.len() / 8;
        is_worth_it.then(|| Self { bytes: bytes.into(), is_whole: false })
    }
}

impl Deref for Buffer {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if !self.is_whole {
            return;
        }
        let buffer = std::mem::take(&mut self.bytes);
        // The pool is gone at the end of a thread.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < KEPT {
                pool.push(buffer);
            }
        });
    }
}
