//! Streams in two halves.

use super::on_every_kind_async;
use crate::harness::{Place, assert_same, pattern};
use local_socket::{tokio::Stream, traits::tokio::Stream as _};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

on_every_kind_async! {
    halves_work_in_two_tasks_and_reunite
    halves_of_different_streams_are_returned
    dropping_a_half_shuts_down_nothing
    a_send_half_can_be_shut_down
    halves_work_through_shared_references
}

async fn halves_work_in_two_tasks_and_reunite(place: &Place) {
    let (client, server) = place.streams_async().await;
    let data = pattern(1_000_000);
    // A task echoes everything.
    let echo = tokio::spawn(async move {
        let (mut rh, mut sh) = server.split();
        tokio::io::copy(&mut rh, &mut sh).await.unwrap();
        Stream::reunite(rh, sh).unwrap()
    });
    let (mut rh, mut sh) = client.split();
    let sent = data.clone();
    let sender = tokio::spawn(async move {
        sh.write_all(&sent).await.unwrap();
        sh.shutdown().await.unwrap();
        sh
    });
    let mut got = vec![0; data.len()];
    rh.read_exact(&mut got).await.unwrap();
    assert_same(&got, &data);
    let mut client = Stream::reunite(rh, sender.await.unwrap()).unwrap();
    let mut server = echo.await.unwrap();
    server.write_all(b"whole again").await.unwrap();
    let mut text = [0; 11];
    client.read_exact(&mut text).await.unwrap();
    assert_eq!(&text, b"whole again");
}

async fn halves_of_different_streams_are_returned(place: &Place) {
    let (client, server) = place.streams_async().await;
    let (client_rh, client_sh) = client.split();
    let (server_rh, server_sh) = server.split();
    let error = Stream::reunite(client_rh, server_sh).unwrap_err();
    assert!(!error.to_string().is_empty());
    let (client_rh, server_sh) = (error.rh, error.sh);
    let mut client = Stream::reunite(client_rh, client_sh).unwrap();
    let mut server = Stream::reunite(server_rh, server_sh).unwrap();
    client.write_all(b"still").await.unwrap();
    let mut text = [0; 5];
    server.read_exact(&mut text).await.unwrap();
    assert_eq!(&text, b"still");
}

async fn dropping_a_half_shuts_down_nothing(place: &Place) {
    let (client, mut server) = place.streams_async().await;
    let (mut rh, sh) = client.split();
    drop(sh);
    // An end of file would be read at once.
    assert!(timeout(Duration::from_millis(20), server.read(&mut [0])).await.is_err());
    server.write_all(b"x").await.unwrap();
    rh.read_exact(&mut [0]).await.unwrap();
    drop(rh);
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    // The name of a pipe is in use as long as it has an instance.
    drop(server);

    let (client, mut server) = place.streams_async().await;
    let (rh, mut sh) = client.split();
    drop(rh);
    sh.write_all(b"x").await.unwrap();
    server.read_exact(&mut [0]).await.unwrap();
}

async fn a_send_half_can_be_shut_down(place: &Place) {
    let (client, mut server) = place.streams_async().await;
    let (mut rh, mut sh) = client.split();
    sh.write_all(b"question").await.unwrap();
    sh.shutdown().await.unwrap();
    let mut text = String::new();
    server.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "question");
    server.write_all(b"answer").await.unwrap();
    drop(server);
    text.clear();
    rh.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "answer");
}

async fn halves_work_through_shared_references(place: &Place) {
    let (client, server) = place.streams_async().await;
    let (_, sh) = client.split();
    let (rh, _) = server.split();
    { &sh }.write_all(b"by reference").await.unwrap();
    { &sh }.shutdown().await.unwrap();
    let mut text = String::new();
    { &rh }.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "by reference");
}
