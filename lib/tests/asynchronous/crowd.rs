//! Many clients.

use super::on_every_kind_async;
use crate::harness::{NOBODY, Place, assert_kind};
use local_socket::{
    tokio::Stream,
    traits::{
        StreamCommon as _,
        tokio::{Listener as _, Stream as _},
    },
};
use std::process;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

on_every_kind_async! {
    eighty_clients
    two_hundred_clients_at_once
}

/// Each end sends a line and then a text that ends with NUL, while it reads those of the other end:
/// it reads and writes at the same time through a shared reference.
async fn exchange(stream: Stream, ours: [&str; 2], theirs: [&str; 2]) {
    let pid = stream.peer_creds().unwrap().pid();
    assert_eq!(pid.and_then(|pid| u32::try_from(pid).ok()), Some(process::id()));
    let (mut writer, mut reader) = (&stream, BufReader::with_capacity(128, &stream));
    let writing = async {
        writer.write_all(format!("{}\n", ours[0]).as_bytes()).await?;
        writer.write_all(format!("{}\0", ours[1]).as_bytes()).await
    };
    let reading = async {
        for (end, expected) in [b'\n', 0].into_iter().zip(theirs) {
            let mut text = Vec::new();
            reader.read_until(end, &mut text).await?;
            assert_eq!(text.pop(), Some(end));
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        }
        Ok(())
    };
    tokio::try_join!(writing, reading).unwrap();
}

const FROM_CLIENT: [&str; 2] = ["Hello from client!", "Good night from client!"];
const FROM_SERVER: [&str; 2] = ["Hello from server!", "Good night from server!"];

async fn eighty_clients(place: &Place) {
    let listener = place.listen_async();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..80 {
        let name = place.name();
        tasks.spawn(async move {
            exchange(Stream::connect(name).await.unwrap(), FROM_CLIENT, FROM_SERVER).await;
        });
    }
    for _ in 0..80 {
        let stream = listener.accept().await.unwrap();
        tasks.spawn(exchange(stream, FROM_SERVER, FROM_CLIENT));
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    drop(listener);
    assert_kind(Stream::connect(place.name()).await, NOBODY);
}

async fn two_hundred_clients_at_once(place: &Place) {
    const CLIENTS: usize = 200;
    let listener = place.listen_async();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let name = place.name();
        tasks.spawn(async move {
            let mut stream = Stream::connect(name).await.unwrap();
            stream.write_all(format!("{number}\n").as_bytes()).await.unwrap();
            let mut answer = String::new();
            BufReader::new(&stream).read_line(&mut answer).await.unwrap();
            assert_eq!(answer, format!("you are {number}\n"));
        });
    }
    // All clients are connected before the first one is answered.
    let mut streams = Vec::new();
    for _ in 0..CLIENTS {
        streams.push(listener.accept().await.unwrap());
    }
    let mut seen = [false; CLIENTS];
    for stream in &streams {
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await.unwrap();
        let number: usize = line.trim_end().parse().unwrap();
        assert!(!std::mem::replace(&mut seen[number], true), "{number} came twice");
        { stream }.write_all(format!("you are {line}").as_bytes()).await.unwrap();
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    assert!(seen.into_iter().all(|seen| seen));
}
