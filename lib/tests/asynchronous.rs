//! Tests of the asynchronous API. Each behaviour is a future that runs on one thread, which a
//! blocking call would stop.

#[cfg(unix)]
mod backlog;
mod bounds;
mod crowd;
#[cfg(any(linux_like, windows))]
mod draining;
mod durations;
mod ending;
#[cfg(unix)]
pub(crate) mod fd_passing;
#[cfg(unix)]
mod folder_lock;
mod halves;
mod listening;
mod runtime;
mod sharing;
mod transfer;
#[cfg(unix)]
mod unix;

use crate::harness::Place;
use local_socket::{
    tokio::{Listener, Stream},
    traits::tokio::{Listener as _, Stream as _},
};
use std::{future::poll_fn, pin::Pin, task::Poll};

/// Defines a test for each kind of name from each behaviour (an `async fn` that takes a [`Place`]).
macro_rules! on_every_kind_async {
    ($($behaviour:ident)*) => {$(
        mod $behaviour {
            fn run(place: &crate::harness::Place) {
                crate::asynchronous::block_on(super::$behaviour(place));
            }
            on_every_kind! { run }
        }
    )*};
}
use on_every_kind_async;

/// Runs a future on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future)
}

/// Polls a future one time.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

impl Place {
    pub(crate) fn listen_async(&self) -> Listener {
        self.options().create_tokio().unwrap()
    }

    pub(crate) async fn connect_async(&self) -> Stream {
        Stream::connect(self.name()).await.unwrap()
    }

    /// Connects and accepts. Returns the client's end and the server's end.
    pub(crate) async fn connected_async(&self, listener: &Listener) -> (Stream, Stream) {
        let (client, server) = tokio::join!(self.connect_async(), listener.accept());
        (client, server.unwrap())
    }

    /// Returns both ends of a connection whose listener is closed.
    pub(crate) async fn streams_async(&self) -> (Stream, Stream) {
        self.connected_async(&self.listen_async()).await
    }
}
