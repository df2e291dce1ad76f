//! Without a runtime, with a runtime without extras, and with one that ends.

use super::poll_once;
use crate::harness::{Kind, Place, within_deadline};
use local_socket::{ConnectOptions, tokio::Stream};
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn place() -> Place {
    Place::new(Kind::NATIVE)
}

#[test]
fn outside_a_runtime_is_an_error() {
    within_deadline(|| {
        let place = place();
        let error = place.options().create_tokio().unwrap_err();
        assert!(error.to_string().contains("runtime"), "{error}");
        // No listener was created.
        drop(place.options().create_sync().unwrap());
        let options = ConnectOptions::new().name(place.name());
        let mut connecting = pin!(options.connect_tokio());
        match connecting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(error)) => assert!(error.to_string().contains("runtime"), "{error}"),
            other => panic!("{other:?}"),
        }
        assert!(Stream::pair().is_err());
    });
}

/// tokio's timers are not needed.
#[test]
fn a_runtime_with_nothing_but_io_is_enough() {
    within_deadline(|| {
        let place = place();
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_io().build().unwrap().block_on(async {
            let (mut client, mut server) = place.streams_async().await;
            client.write_all(b"x").await.unwrap();
            server.read_exact(&mut [0]).await.unwrap();
        });
    });
}

/// Streams and listeners outlive the runtime, and tasks are interrupted by its end.
#[test]
fn a_runtime_can_end_before_its_streams_and_tasks() {
    within_deadline(|| {
        for multi_thread in [false, true] {
            let place = place();
            let runtime = if multi_thread {
                tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
            } else {
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
            };
            let (listener, mut client, server) = runtime.block_on(async {
                let listener = place.listen_async();
                let (client, server) = place.connected_async(&listener).await;
                let (mut waiting, other) = place.connected_async(&listener).await;
                tokio::spawn(async move {
                    let _ = waiting.read(&mut [0]).await;
                    drop(other);
                });
                let (one, mut written) = place.connected_async(&listener).await;
                tokio::spawn(async move {
                    let _ = written.write_all(&vec![0; 10_000_000]).await;
                    drop(one);
                });
                tokio::task::yield_now().await;
                (listener, client, server)
            });
            // During a read.
            {
                let mut buf = [0];
                let reading = pin!(client.read(&mut buf));
                assert!(runtime.block_on(poll_once(reading)).is_pending());
            }
            runtime.shutdown_background();
            drop((listener, client, server));
        }
    });
}

#[test]
fn a_pair_is_connected() {
    within_deadline(|| {
        super::block_on(async {
            let (mut one, mut other) = Stream::pair().unwrap();
            one.write_all(b"to the other").await.unwrap();
            one.shutdown().await.unwrap();
            let mut text = String::new();
            other.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "to the other");
        });
    });
}

#[test]
fn a_listener_without_a_name_is_an_error() {
    within_deadline(|| {
        super::block_on(async {
            let error = local_socket::ListenerOptions::new().create_tokio().unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
            let error = ConnectOptions::new().connect_tokio().await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        });
    });
}
