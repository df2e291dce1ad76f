//! Tests of the asynchronous types, on both kinds of runtime.

mod accepting;
mod connecting;
mod ending;
mod identity;
mod moving;
mod orphans;

use super::*;
use crate::{
    os::windows::tokio::{Listener as AsyncListener, Stream as AsyncStream},
    traits::tokio::{Listener as _, Stream as _},
};
use ::tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::{Builder, Runtime},
};
use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
};

/// Returns a runtime of each kind, without an I/O driver, which the types do not need.
fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().enable_time().build().unwrap(),
        Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap(),
    ]
}

/// Runs a task on each kind of runtime and fails if it takes longer than the deadline.
fn on_each_runtime<F: Future<Output = ()> + Send + 'static>(task: impl Fn() -> F + Send + 'static) {
    within_deadline(move || {
        for runtime in runtimes() {
            runtime.block_on(runtime.spawn(task())).unwrap();
        }
    });
}

fn listen_async(name: &Name<'_>) -> AsyncListener {
    ListenerOptions::new().name(name.borrow()).create_tokio_as().unwrap()
}

async fn connect_async(name: &Name<'_>) -> AsyncStream {
    AsyncStream::connect(name.borrow()).await.unwrap()
}

/// Returns the server's and the client's end of a connection through a listener.
async fn connected_async() -> (AsyncStream, AsyncStream) {
    let name = unique();
    let listener = listen_async(&name);
    let client = connect_async(&name).await;
    (listener.accept().await.unwrap(), client)
}

/// Polls a future once and drops it.
async fn once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx: &mut Context<'_>| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Writes until the pipe is full and one write is in flight.
async fn fill_async(stream: &AsyncStream) -> Vec<u8> {
    let mut sent = Vec::new();
    for number in 0_u32.. {
        let block = seeded_pattern(5000, number);
        match once((&mut &*stream).write(&block)).await {
            Some(count) => sent.extend_from_slice(&block[..count.unwrap()]),
            None => break,
        }
    }
    sent
}
