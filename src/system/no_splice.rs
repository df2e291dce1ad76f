use super::{Input, Output, Socket};
use local_socket::Stream;
use std::{
    io,
    task::{Context, Poll},
};

/// Splicing between a pipe and a socket, which this system does not have. No value exists.
#[derive(Debug)]
pub(crate) enum Splicer {}

impl Splicer {
    pub(crate) fn sending(_: &Input, _: &Stream, _: Option<usize>) -> Option<Self> {
        None
    }

    pub(crate) fn receiving(_: &Stream, _: &Output, _: Option<usize>, _: bool) -> Option<Self> {
        None
    }

    pub(crate) fn send(&mut self, _: &Input, _: &Stream, _: usize) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn receive(&mut self, _: &Stream, _: &Output) -> io::Result<Option<usize>> {
        match *self {}
    }

    pub(crate) fn is_bulk(&self) -> bool {
        match *self {}
    }
}

/// The number of bytes that can be spliced from a socket. No value exists.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Spliceable {}

/// A pipe through which bytes are spliced. No value exists.
#[derive(Debug)]
pub(crate) enum KernelPipe {}

impl KernelPipe {
    pub(crate) const DESCRIPTORS: u64 = 2;

    pub(crate) fn set_limit(_: usize) {}

    pub(crate) fn take() -> Option<Self> {
        None
    }

    pub(crate) fn amount(&self) -> usize {
        match *self {}
    }
}

impl Socket {
    #[expect(clippy::unused_self, reason = "other systems use it")]
    pub(crate) fn poll_spliceable(
        &mut self,
        _: &mut Context<'_>,
        _: usize,
    ) -> Poll<io::Result<Option<Spliceable>>> {
        Poll::Ready(Ok(None))
    }

    pub(crate) fn poll_splice_in(
        &mut self,
        _: &mut Context<'_>,
        pipe: &mut KernelPipe,
        _: Spliceable,
    ) -> Poll<io::Result<usize>> {
        match *pipe {}
    }

    pub(crate) fn poll_splice_out(
        &mut self,
        _: &mut Context<'_>,
        pipe: &mut KernelPipe,
    ) -> Poll<io::Result<usize>> {
        match *pipe {}
    }
}
