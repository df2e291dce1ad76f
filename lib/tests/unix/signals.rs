//! `SIGPIPE`, in processes that do not ignore it.

use super::child::{Job, argument};
use crate::{
    asynchronous::block_on,
    harness::{GONE, assert_kind, within_deadline},
};
use ::tokio::io::{AsyncWrite, AsyncWriteExt as _};
use local_socket::{
    Stream,
    os::unix::{Stream as UdStream, send_with_fds, tokio as uds},
    tokio,
    traits::{SendHalf as _, Stream as _, StreamCommon as _, tokio::Stream as _},
};
use rustix::stdio::stderr;
use std::{
    future::poll_fn,
    io::{self, IoSlice, Write as _},
    net::Shutdown,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixStream,
    },
    pin::Pin,
};

/// A name and a call.
type Call = (&'static str, fn() -> io::Result<()>);

/// Calls that send to a peer that has closed. Each has its own process, which the signal would end.
const SENDING: &[Call] = &[
    ("write", || stream().write(b"x").map(drop)),
    ("write_vectored", || stream().write_vectored(&bufs()).map(drop)),
    ("write through a reference", || (&stream()).write(b"x").map(drop)),
    ("write_vectored through a reference", || (&stream()).write_vectored(&bufs()).map(drop)),
    ("write of a half", || stream().split().1.write(b"x").map(drop)),
    ("write_vectored of a half", || stream().split().1.write_vectored(&bufs()).map(drop)),
    ("write_vectored of a converted socket", || {
        let (one, _) = UnixStream::pair()?;
        Stream::from(OwnedFd::from(one)).write_vectored(&bufs()).map(drop)
    }),
    ("send_with_fds", || ud_stream().send_with_fds(b"x", &[stderr()]).map(drop)),
    ("send_vectored_with_fds", || {
        ud_stream().send_vectored_with_fds(&bufs(), &[stderr()]).map(drop)
    }),
    ("send_with_fds of a half", || ud_stream().split().1.send_with_fds(b"x", &[]).map(drop)),
    ("send_with_fds of any socket", || send_with_fds(ud_stream().as_fd(), b"x", &[]).map(drop)),
    ("asynchronous write", || block_on(async { async_stream().write(b"x").await.map(drop) })),
    ("asynchronous write_vectored", || block_on(async { write_vectored(async_stream()).await })),
    ("asynchronous write_vectored through a reference", || {
        block_on(async { write_vectored(&async_stream()).await })
    }),
    ("asynchronous write of a half", || {
        block_on(async { async_stream().split().1.write(b"x").await.map(drop) })
    }),
    ("asynchronous write_vectored of a half", || {
        block_on(async { write_vectored(async_stream().split().1).await })
    }),
    ("asynchronous write_vectored of a half, through a reference", || {
        block_on(async { write_vectored(&async_stream().split().1).await })
    }),
    ("asynchronous send_with_fds", || {
        block_on(async {
            let (one, _) = uds::Stream::pair()?;
            one.send_with_fds(b"x", &[stderr()]).await.map(drop)
        })
    }),
    ("try_send_with_fds", || {
        block_on(async {
            let (one, _) = uds::Stream::pair()?;
            one.inner().writable().await?;
            one.try_send_with_fds(b"x", &[]).map(drop)
        })
    }),
];

/// Calls for a closed peer that send nothing.
const OTHERS: &[Call] = &[
    ("flush", || stream().flush()),
    ("shutdown", || stream().shutdown(Shutdown::Both)),
    ("close", || stream().split().1.close()),
    ("take_error", || stream().take_error().map(drop)),
    ("asynchronous flush", || block_on(async { async_stream().flush().await })),
    ("asynchronous shutdown", || block_on(async { async_stream().shutdown().await })),
];

fn bufs() -> [IoSlice<'static>; 2] {
    [IoSlice::new(b"one"), IoSlice::new(b"other")]
}

/// Returns a stream whose peer has closed.
fn stream() -> Stream {
    Stream::pair().unwrap().0
}

/// Does the same with the type of Unix.
fn ud_stream() -> UdStream {
    UdStream::pair().unwrap().0
}

/// Does the same in a runtime.
fn async_stream() -> tokio::Stream {
    tokio::Stream::pair().unwrap().0
}

async fn write_vectored(mut stream: impl AsyncWrite + Unpin) -> io::Result<()> {
    poll_fn(|cx| Pin::new(&mut stream).poll_write_vectored(cx, &bufs())).await.map(drop)
}

#[test]
fn sending_to_a_closed_peer_is_an_error_and_raises_no_signal() {
    within_deadline(|| {
        for (call, _) in SENDING.iter().chain(OTHERS) {
            let mut job = Job::new("call with a closed peer").with("call", call).start();
            assert_eq!(job.next_line().as_deref(), Some("returned"), "{call}");
            job.finish();
        }
    });
}

/// The job: makes one call.
#[allow(unsafe_code, reason = "nothing safe sets a signal's action")]
pub(super) fn call_with_closed_peer() {
    // SAFETY: no handler is installed, and no other thread depends on the action.
    assert_ne!(unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) }, libc::SIG_ERR);
    let wanted = argument("call");
    let find =
        |calls: &[Call]| calls.iter().find(|(call, _)| **call == *wanted).map(|(_, call)| *call);
    match find(SENDING) {
        Some(call) => drop(assert_kind(call(), GONE)),
        None => find(OTHERS).expect("a known call")().unwrap(),
    }
    super::child::tell("returned");
}
