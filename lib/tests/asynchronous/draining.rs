//! Waiting until the peer has read everything.

use super::{on_every_kind_async, poll_once};
use crate::harness::{AT_ONCE, Place, TICK, assert_kind, pattern};
use local_socket::traits::tokio::Stream as _;
use std::{
    io::ErrorKind,
    pin::pin,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{sleep, timeout},
};

on_every_kind_async! {
    draining_waits_until_the_peer_has_read_everything
    draining_without_unread_data_returns_at_once
    draining_ends_at_the_deadline
    draining_fails_if_the_peer_closes_without_reading
    draining_fails_if_the_peer_has_closed_without_reading
    draining_can_be_cancelled
}

#[cfg(unix)]
on_every_kind_async! {
    an_error_that_was_returned_before_is_remembered
    draining_fails_if_the_peer_closes_during_a_write
}

/// Longer than any test waits.
const LONG: Duration = Duration::from_secs(30);

async fn draining_waits_until_the_peer_has_read_everything(place: &Place) {
    let (mut client, mut server) = place.streams_async().await;
    let data = pattern(200_000);
    let sending = async {
        client.write_all(&data).await.unwrap();
        client.drain(LONG).await.unwrap();
    };
    let receiving = async {
        let mut received = vec![0; data.len()];
        server.read_exact(&mut received).await.unwrap();
    };
    tokio::join!(sending, receiving);
    server.write_all(b"data").await.unwrap();
    {
        let mut drained = pin!(server.drain(LONG));
        assert!(poll_once(drained.as_mut()).await.is_pending());
        client.read_exact(&mut [0; 3]).await.unwrap();
        assert!(timeout(Duration::from_millis(40), drained.as_mut()).await.is_err());
        client.read_exact(&mut [0]).await.unwrap();
        drained.await.unwrap();
    }
}

async fn draining_without_unread_data_returns_at_once(place: &Place) {
    let (mut client, mut server) = place.streams_async().await;
    for deadline in [Duration::ZERO, Duration::from_nanos(1), LONG, Duration::MAX] {
        client.drain(deadline).await.unwrap();
    }
    server.write_all(b"x").await.unwrap();
    client.read_exact(&mut [0]).await.unwrap();
    server.drain(LONG).await.unwrap();
}

async fn draining_ends_at_the_deadline(place: &Place) {
    let (mut client, mut server) = place.streams_async().await;
    client.write_all(b"x").await.unwrap();
    for millis in [0, 1, 80] {
        let (start, deadline) = (Instant::now(), Duration::from_millis(millis));
        assert_kind(client.drain(deadline).await, &[ErrorKind::TimedOut]);
        assert!(start.elapsed() < AT_ONCE);
    }
    server.read_exact(&mut [0]).await.unwrap();
    client.drain(LONG).await.unwrap();
}

async fn draining_fails_if_the_peer_closes_without_reading(place: &Place) {
    let (mut client, server) = place.streams_async().await;
    client.write_all(b"x").await.unwrap();
    let mut drained = pin!(client.drain(LONG));
    assert!(poll_once(drained.as_mut()).await.is_pending());
    // On Windows a thread waits for the peer, and nothing shows when the system has got its call.
    sleep(TICK).await;
    drop(server);
    assert_kind(drained.await, &[ErrorKind::BrokenPipe]);
}

async fn draining_can_be_cancelled(place: &Place) {
    let (mut client, mut server) = place.streams_async().await;
    client.write_all(b"one").await.unwrap();
    for _ in 0..20 {
        assert!(timeout(Duration::from_millis(1), client.drain(LONG)).await.is_err());
    }
    client.write_all(b"two").await.unwrap();
    client.shutdown().await.unwrap();
    let mut text = String::new();
    server.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "onetwo");
    client.drain(LONG).await.unwrap();
}

async fn draining_fails_if_the_peer_has_closed_without_reading(place: &Place) {
    let (mut client, server) = place.streams_async().await;
    client.write_all(b"x").await.unwrap();
    drop(server);
    for deadline in [Duration::ZERO, LONG, Duration::MAX] {
        assert_kind(client.drain(deadline).await, &[ErrorKind::BrokenPipe]);
    }
}

/// The system returns the error once.
#[cfg(unix)]
async fn an_error_that_was_returned_before_is_remembered(place: &Place) {
    for shared in [false, true] {
        let (mut client, server) = place.streams_async().await;
        client.write_all(b"x").await.unwrap();
        drop(server);
        let read =
            if shared { { &client }.read(&mut [0]).await } else { client.read(&mut [0]).await };
        assert_kind(read, &[ErrorKind::ConnectionReset]);
        assert_kind(client.drain(LONG).await, &[ErrorKind::BrokenPipe]);
        let (rh, sh) = client.split();
        let client = local_socket::tokio::Stream::reunite(rh, sh).unwrap();
        assert_kind(client.drain(LONG).await, &[ErrorKind::BrokenPipe]);
    }
}

/// A write during which the peer closes can return the length of a part; the system drops the error
/// then. The peer closes at a different time in each round: no call reports how far a write is.
#[cfg(unix)]
async fn draining_fails_if_the_peer_closes_during_a_write(place: &Place) {
    use std::{
        sync::{Arc, Barrier},
        thread,
    };
    let data = pattern(150_000);
    for round in 0..1500 {
        let (mut client, server) = place.streams_async().await;
        let barrier = Arc::new(Barrier::new(2));
        let other = Arc::clone(&barrier);
        let closing = thread::spawn(move || {
            other.wait();
            let start = Instant::now();
            while start.elapsed() < Duration::from_nanos(round % 200 * 200) {}
            drop(server);
        });
        barrier.wait();
        let written =
            if round % 2 == 0 { client.write(&data).await } else { { &client }.write(&data).await };
        closing.join().unwrap();
        if written.is_ok() {
            // A process that another test is starting can still have the other end open.
            assert_kind(client.drain(LONG).await, &[ErrorKind::BrokenPipe]);
        }
    }
}
