//! Transfer of many bytes.

use super::on_every_kind_async;
use crate::harness::{Place, assert_same, pattern};
use std::{io::IoSlice, sync::LazyLock};
use tokio::io::{AsyncReadExt as _, AsyncWrite as _, AsyncWriteExt as _};

on_every_kind_async! {
    large_transfers_in_both_directions_at_once
    shared_references_transfer_in_both_directions_at_once
    every_size_around_buffer_limits_arrives_completely
    vectored_writes_keep_the_order
}

static DATA: LazyLock<Vec<u8>> = LazyLock::new(|| pattern(8 * 1024 * 1024));

async fn large_transfers_in_both_directions_at_once(place: &Place) {
    let (client, server) = place.streams_async().await;
    let ends = [client, server].map(|stream| {
        tokio::spawn(async move {
            let (mut reader, mut writer) = tokio::io::split(stream);
            let sending = async {
                for piece in DATA.chunks(100_003) {
                    writer.write_all(piece).await.unwrap();
                }
                writer.shutdown().await.unwrap();
            };
            let mut got = Vec::new();
            let (_, received) = tokio::join!(sending, reader.read_to_end(&mut got));
            received.unwrap();
            assert_same(&got, &DATA);
        })
    });
    for end in ends {
        end.await.unwrap();
    }
}

async fn shared_references_transfer_in_both_directions_at_once(place: &Place) {
    let (client, server) = place.streams_async().await;
    let end = async |stream: &local_socket::tokio::Stream| {
        let (mut reader, mut writer) = (stream, stream);
        let sending = async {
            writer.write_all(&DATA).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let mut got = Vec::new();
        let ((), received) = tokio::join!(sending, reader.read_to_end(&mut got));
        received.unwrap();
        assert_same(&got, &DATA);
    };
    tokio::join!(end(&client), end(&server));
}

async fn every_size_around_buffer_limits_arrives_completely(place: &Place) {
    for size in [0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 1_000_000] {
        let (mut client, mut server) = place.streams_async().await;
        let sending = async {
            client.write_all(&DATA[..size]).await.unwrap();
            client.shutdown().await.unwrap();
        };
        let mut got = Vec::new();
        let ((), received) = tokio::join!(sending, server.read_to_end(&mut got));
        received.unwrap();
        assert_same(&got, &DATA[..size]);
    }
}

async fn vectored_writes_keep_the_order(place: &Place) {
    let (mut client, mut server) = place.streams_async().await;
    assert!(client.is_write_vectored());
    assert!({ &client }.is_write_vectored());
    let parts = [&DATA[..10], &[], &DATA[10..5000], &DATA[5000..60_000]];
    let sending = async {
        let mut slices = parts.map(IoSlice::new);
        let mut rest = &mut slices[..];
        while !rest.is_empty() {
            let len = client.write_vectored(rest).await.unwrap();
            IoSlice::advance_slices(&mut rest, len);
            while rest.first().is_some_and(|slice| slice.is_empty()) {
                rest = &mut rest[1..];
            }
        }
        client.shutdown().await.unwrap();
    };
    let mut got = Vec::new();
    let ((), received) = tokio::join!(sending, server.read_to_end(&mut got));
    received.unwrap();
    assert_same(&got, &DATA[..60_000]);
}
