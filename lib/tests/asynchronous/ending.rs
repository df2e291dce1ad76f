//! The end of one direction and of both.

use super::{on_every_kind_async, poll_once};
use crate::harness::{GONE, Place, assert_kind, assert_same, pattern};
use local_socket::{tokio::Stream, traits::tokio::Stream as _};
use std::{io::ErrorKind, pin::pin, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

on_every_kind_async! {
    a_close_is_the_other_sides_end_of_file
    half_close_is_the_end_of_one_direction
    half_close_of_both_one_after_the_other
    half_close_through_a_shared_reference
    an_empty_write_is_not_an_end_of_file
    writing_after_half_close_is_an_error
    writing_to_a_closed_peer_is_an_error
    shutting_down_twice_is_no_error
    shutting_down_after_the_peer_has_closed_is_no_error
    shutting_down_ends_a_waiting_write
    a_cancelled_read_loses_nothing
    written_data_arrives_after_a_drop
}

async fn read_all(stream: &mut Stream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

async fn a_close_is_the_other_sides_end_of_file(place: &Place) {
    for client_closes in [true, false] {
        let (client, server) = place.streams_async().await;
        let (mut one, mut other) = if client_closes { (client, server) } else { (server, client) };
        one.write_all(b"and then no more").await.unwrap();
        drop(one);
        assert_eq!(read_all(&mut other).await, b"and then no more");
        // It stays at the end of file.
        assert_eq!(other.read(&mut [0]).await.unwrap(), 0);
    }
}

async fn half_close_is_the_end_of_one_direction(place: &Place) {
    for client_asks in [true, false] {
        let (client, server) = place.streams_async().await;
        let (mut one, mut other) = if client_asks { (client, server) } else { (server, client) };
        let (question, answer) = (pattern(100_000), pattern(300_000));
        let asking = async {
            one.write_all(&question).await.unwrap();
            one.shutdown().await.unwrap();
            assert_same(&read_all(&mut one).await, &answer);
        };
        let answering = async {
            assert_same(&read_all(&mut other).await, &question);
            assert_eq!(other.read(&mut [0]).await.unwrap(), 0);
            // The whole answer is sent after the end of the question.
            other.write_all(&answer).await.unwrap();
            drop(other);
        };
        tokio::join!(asking, answering);
    }
}

async fn half_close_of_both_one_after_the_other(place: &Place) {
    let (mut client, mut server) = place.streams_async().await;
    client.shutdown().await.unwrap();
    assert_eq!(read_all(&mut server).await, b"");
    server.write_all(b"last words").await.unwrap();
    server.shutdown().await.unwrap();
    assert_eq!(read_all(&mut client).await, b"last words");
}

async fn half_close_through_a_shared_reference(place: &Place) {
    let (client, mut server) = place.streams_async().await;
    { &client }.write_all(b"through it").await.unwrap();
    { &client }.shutdown().await.unwrap();
    assert_eq!(read_all(&mut server).await, b"through it");
    server.write_all(b"back").await.unwrap();
    let mut text = [0; 4];
    { &client }.read_exact(&mut text).await.unwrap();
    assert_eq!(&text, b"back");
}

async fn an_empty_write_is_not_an_end_of_file(place: &Place) {
    let (mut client, mut server) = place.streams_async().await;
    assert_eq!(client.write(b"").await.unwrap(), 0);
    client.write_all(b"x").await.unwrap();
    let mut byte = [0];
    server.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"x");
}

async fn writing_after_half_close_is_an_error(place: &Place) {
    let (mut client, _server) = place.streams_async().await;
    client.shutdown().await.unwrap();
    assert_kind(client.write_all(b"x").await, &[ErrorKind::BrokenPipe]);
}

async fn writing_to_a_closed_peer_is_an_error(place: &Place) {
    let (mut client, server) = place.streams_async().await;
    drop(server);
    // Data that is in flight when the peer closes may still be accepted.
    let error = loop {
        match client.write(&[0; 1000]).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert!(GONE.contains(&error.kind()), "{error:?}");
}

async fn shutting_down_twice_is_no_error(place: &Place) {
    let (mut client, mut server) = place.streams_async().await;
    client.shutdown().await.unwrap();
    client.shutdown().await.unwrap();
    let (rh, mut sh) = client.split();
    sh.shutdown().await.unwrap();
    assert_eq!(read_all(&mut server).await, b"");
    drop(rh);
}

async fn shutting_down_after_the_peer_has_closed_is_no_error(place: &Place) {
    // With and without data that one of the ends has not read.
    for (forth, back) in [("", ""), ("unread", ""), ("", "unread"), ("unread", "unread")] {
        for half_closed in [false, true] {
            let (mut client, mut server) = place.streams_async().await;
            client.write_all(forth.as_bytes()).await.unwrap();
            server.write_all(back.as_bytes()).await.unwrap();
            if half_closed {
                server.shutdown().await.unwrap();
            }
            drop(server);
            client.shutdown().await.unwrap();
            { &client }.shutdown().await.unwrap();
            client.split().1.shutdown().await.unwrap();
        }
    }
}

/// A write of one task ends when another task shuts the direction down. What has been written
/// before is read by the peer, and nothing comes after it.
async fn shutting_down_ends_a_waiting_write(place: &Place) {
    let (client, mut server) = place.streams_async().await;
    let data = pattern(8 << 20);
    let writing = async {
        let mut sent = 0;
        loop {
            match { &client }.write(&data[sent..]).await {
                Ok(count) => sent += count,
                Err(error) => return (sent, error),
            }
        }
    };
    // The peer reads nothing, so it is enough to begin with the shutdown.
    let beginning = async {
        let mut client = &client;
        let _ = poll_once(pin!(client.shutdown())).await;
    };
    let ((sent, error), ()) = tokio::join!(writing, beginning);
    assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}");
    let mut shared = &client;
    let (received, ended) = tokio::join!(read_all(&mut server), shared.shutdown());
    ended.unwrap();
    assert_same(&received, &data[..sent]);
}

async fn a_cancelled_read_loses_nothing(place: &Place) {
    let (mut client, mut server) = place.streams_async().await;
    let data = pattern(200_000);
    let sending = async {
        for piece in data.chunks(1009) {
            client.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        client.shutdown().await.unwrap();
    };
    let receiving = async {
        let (mut got, mut buf) = (Vec::new(), [0; 5000]);
        loop {
            match timeout(Duration::from_micros(50), server.read(&mut buf)).await {
                Err(_) => {}
                Ok(Ok(0)) => return got,
                Ok(len) => got.extend_from_slice(&buf[..len.unwrap()]),
            }
        }
    };
    let ((), got) = tokio::join!(sending, receiving);
    assert_same(&got, &data);
}

async fn written_data_arrives_after_a_drop(place: &Place) {
    let (mut client, mut server) = place.streams_async().await;
    // As much as can be written without a reader.
    let data = pattern(50_000);
    client.write_all(&data).await.unwrap();
    drop(client);
    assert_same(&read_all(&mut server).await, &data);
}
