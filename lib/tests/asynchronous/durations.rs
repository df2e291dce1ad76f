//! The shortest and the longest durations.

use super::on_every_kind_async;
use crate::{durations::LONG, harness::Place};
use local_socket::{ConnectOptions, ConnectWaitMode};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

on_every_kind_async! {
    any_time_for_connecting_reaches_a_free_server
    any_time_for_replacing_a_name_is_accepted
}

async fn any_time_for_connecting_reaches_a_free_server(place: &Place) {
    use local_socket::traits::tokio::Listener as _;
    let listener = place.listen_async();
    for time in LONG.iter().chain(&[Duration::from_nanos(1), Duration::ZERO]) {
        let mode = ConnectWaitMode::Timeout(*time);
        let options = ConnectOptions::new().name(place.name()).wait_mode(mode);
        let (client, server) = tokio::join!(options.connect_tokio(), listener.accept());
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        client.write_all(b"x").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();
    }
}

async fn any_time_for_replacing_a_name_is_accepted(place: &Place) {
    for time in LONG.iter().chain(&[Duration::from_nanos(1), Duration::ZERO]) {
        drop(place.options().max_spin_time(*time).create_tokio().unwrap());
    }
}
