//! Reading and writing with several buffers. Windows has no such calls for pipes, so the data is
//! copied through one buffer.

use super::connection::Connection;
use std::{
    borrow::Cow,
    io::{self, IoSlice, IoSliceMut},
};

/// Maximum length of the copy: the size of the pipe's buffer.
const MAX_COPY: usize = 64 * 1024;

impl Connection {
    pub(super) fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write(&concatenated(bufs))
    }

    pub(super) fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let mut filled = bufs.iter_mut().filter(|buf| !buf.is_empty());
        let Some(first) = filled.next() else { return Ok(0) };
        let Some(second) = filled.next().filter(|_| first.len() < MAX_COPY) else {
            return self.read(first);
        };
        let size = first.len() + second.len() + filled.by_ref().map(|buf| buf.len()).sum::<usize>();
        let mut concatenated = vec![0; size.min(MAX_COPY)];
        let count = self.read(&mut concatenated)?;
        let mut rest = &concatenated[..count];
        for buf in bufs {
            let (here, later) = rest.split_at(buf.len().min(rest.len()));
            buf[..here.len()].copy_from_slice(here);
            rest = later;
        }
        Ok(count)
    }
}

/// Returns the concatenated buffers, at most [`MAX_COPY`] bytes. A single buffer is not copied.
pub(super) fn concatenated<'b>(bufs: &'b [IoSlice<'_>]) -> Cow<'b, [u8]> {
    let mut filled = bufs.iter().filter(|buf| !buf.is_empty());
    let Some(first) = filled.next() else { return Cow::default() };
    let Some(second) = filled.next().filter(|_| first.len() < MAX_COPY) else {
        return Cow::Borrowed(first);
    };
    let mut concatenated = Vec::with_capacity(MAX_COPY);
    for buf in [first, second].into_iter().chain(filled) {
        let rest = MAX_COPY - concatenated.len();
        concatenated.extend_from_slice(buf.get(..rest).unwrap_or(buf));
    }
    Cow::Owned(concatenated)
}
