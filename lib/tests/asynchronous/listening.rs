//! Names, clients and closing of listeners.

use super::{on_every_kind_async, poll_once};
use crate::harness::{AT_ONCE, NOBODY, Place, assert_kind};
use local_socket::{
    ConnectOptions, ConnectWaitMode, ListenerOptions,
    tokio::{Listener, Stream},
    traits::{
        StreamCommon as _,
        tokio::{Listener as _, Stream as _},
    },
};
use std::{
    io::ErrorKind,
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

on_every_kind_async! {
    connecting_without_a_server_fails_at_once
    a_name_in_use_is_refused
    a_name_can_be_taken_again
    clients_that_have_connected_are_accepted_after_the_name_is_removed
    a_cancelled_accept_loses_no_client
    a_cancelled_connect_does_no_harm
    clients_that_disconnect_before_accept_are_skipped_or_at_their_end_of_file
    connecting_while_the_server_starts
    refused_clients_are_never_returned
    synchronous_listeners_and_streams_become_asynchronous
    both_ends_return_names_and_processes
    the_client_can_be_synchronous
    a_closed_listener_does_not_become_asynchronous
}

async fn connecting_without_a_server_fails_at_once(place: &Place) {
    for wait_mode in [
        ConnectWaitMode::Unbounded,
        ConnectWaitMode::Deferred,
        ConnectWaitMode::Timeout(Duration::from_secs(300)),
    ] {
        let start = Instant::now();
        let options = ConnectOptions::new().name(place.name()).wait_mode(wait_mode);
        let error = assert_kind(options.connect_tokio().await, NOBODY);
        assert!(error.to_string().contains("connect"), "{error}");
        assert!(start.elapsed() < AT_ONCE);
    }
}

async fn a_name_in_use_is_refused(place: &Place) {
    let _listener = place.listen_async();
    assert_kind(place.options().create_tokio(), &[ErrorKind::AddrInUse]);
    assert_kind(place.options().create_sync(), &[ErrorKind::AddrInUse]);
}

async fn a_name_can_be_taken_again(place: &Place) {
    for _ in 0..3 {
        let listener = place.listen_async();
        assert_eq!(listener.local_name().unwrap(), place.name());
        let _streams = place.connected_async(&listener).await;
        drop(listener);
        #[cfg(unix)]
        assert_kind(Stream::connect(place.name()).await, NOBODY);
    }
}

/// This holds also for names that the system cannot release.
async fn clients_that_have_connected_are_accepted_after_the_name_is_removed(place: &Place) {
    let listener = place.listen_async();
    let mut client = place.connect_async().await;
    listener.give_up_name();
    let mut server = listener.accept().await.unwrap();
    exchange(&mut client, &mut server).await;
    drop((client, server, listener));
    assert_kind(Stream::connect(place.name()).await, NOBODY);
}

async fn a_cancelled_accept_loses_no_client(place: &Place) {
    let listener = place.listen_async();
    for _ in 0..20 {
        assert!(timeout(Duration::from_millis(1), listener.accept()).await.is_err());
        let mut client = place.connect_async().await;
        // Polls the future once and drops it.
        {
            let accept = std::pin::pin!(listener.accept());
            if let std::task::Poll::Ready(server) = poll_once(accept).await {
                exchange(&mut client, &mut server.unwrap()).await;
                continue;
            }
        }
        exchange(&mut client, &mut listener.accept().await.unwrap()).await;
    }
}

async fn exchange(one: &mut Stream, other: &mut Stream) {
    let mut byte = [0];
    one.write_all(b"?").await.unwrap();
    other.read_exact(&mut byte).await.unwrap();
    other.write_all(b"!").await.unwrap();
    one.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"!");
}

async fn a_cancelled_connect_does_no_harm(place: &Place) {
    let listener = place.listen_async();
    for _ in 0..5 {
        drop(Stream::connect(place.name()));
    }
    let (mut client, mut server) = place.connected_async(&listener).await;
    exchange(&mut client, &mut server).await;
}

async fn clients_that_disconnect_before_accept_are_skipped_or_at_their_end_of_file(place: &Place) {
    let listener = place.listen_async();
    for _ in 0..3 {
        drop(place.connect_async().await);
    }
    let mut client = place.connect_async().await;
    client.write_all(b"here").await.unwrap();
    // Clients that have disconnected may be accepted with nothing to read. This one is accepted.
    loop {
        let mut text = [0; 4];
        let mut server = listener.accept().await.unwrap();
        if server.read(&mut text).await.unwrap() > 0 {
            assert_eq!(&text, b"here");
            return;
        }
    }
}

async fn connecting_while_the_server_starts(place: &Place) {
    for _ in 0..20 {
        let client = async {
            loop {
                match Stream::connect(place.name()).await {
                    Ok(stream) => return stream,
                    Err(error) => {
                        assert!(NOBODY.contains(&error.kind()), "{error:?}");
                        tokio::task::yield_now().await;
                    }
                }
            }
        };
        let server = async {
            tokio::task::yield_now().await;
            let listener = place.listen_async();
            listener.accept().await.unwrap()
        };
        let (mut client, mut server) = tokio::join!(client, server);
        exchange(&mut client, &mut server).await;
    }
}

async fn refused_clients_are_never_returned(place: &Place) {
    let asked = std::sync::Arc::new(AtomicU32::new(0));
    let count = std::sync::Arc::clone(&asked);
    // Every third client is served.
    let options = place.options().accept_filter(move |peer| {
        assert!(peer.pid().is_some());
        count.fetch_add(1, Ordering::SeqCst) % 3 == 2
    });
    let listener = options.create_tokio().unwrap();
    for round in 1..=3 {
        let server = async {
            let mut server = listener.accept().await.unwrap();
            server.write_all(b"in").await.unwrap();
        };
        let clients = async {
            let mut served = 0;
            for _ in 0..3 {
                let mut client = place.connect_async().await;
                let mut text = String::new();
                // A refused client reads the end of file, or its connection is closed.
                if client.read_to_string(&mut text).await.is_ok() && text == "in" {
                    served += 1;
                }
            }
            assert_eq!(served, 1);
        };
        tokio::join!(server, clients);
        assert_eq!(asked.load(Ordering::SeqCst), 3 * round);
    }
}

async fn synchronous_listeners_and_streams_become_asynchronous(place: &Place) {
    let listener = Listener::try_from(place.listen()).unwrap();
    let client = place.connect();
    let mut client = Stream::try_from(client).unwrap();
    let mut server = listener.accept().await.unwrap();
    exchange(&mut client, &mut server).await;
    assert_eq!(listener.local_name().unwrap(), place.name());
}

async fn both_ends_return_names_and_processes(place: &Place) {
    let (client, server) = place.streams_async().await;
    for stream in [&client, &server] {
        let pid = stream.peer_creds().unwrap().pid();
        assert_eq!(pid.and_then(|pid| u32::try_from(pid).ok()), Some(process::id()));
        assert!(stream.take_error().unwrap().is_none());
        assert!(!stream.peer_hung_up().unwrap());
    }
    // The name of a pipe is in use as long as it has an instance.
    drop((client, server));
    let listener = place.listen_async();
    let name = listener.local_name().unwrap();
    let (client, server) = place.connected_async(&listener).await;
    #[cfg(unix)]
    {
        // The socket returns the file of a name in the runtime folder, which is a name as well.
        let is_same = |other: Option<local_socket::Name<'static>>| {
            let other = other.unwrap();
            other == name || other.is_path()
        };
        assert!(is_same(client.peer_name().unwrap()));
        assert!(is_same(server.local_name().unwrap()));
        assert_eq!(client.local_name().unwrap(), None);
        assert_eq!(server.peer_name().unwrap(), None);
    }
    #[cfg(windows)]
    {
        assert_eq!(client.peer_name().unwrap().as_ref(), Some(&name));
        assert_eq!(server.local_name().unwrap().as_ref(), Some(&name));
    }
    drop(server);
    crate::harness::eventually("the peer has hung up", || client.peer_hung_up().unwrap());
}

async fn the_client_can_be_synchronous(place: &Place) {
    use local_socket::traits::{Listener as _, Stream as _};
    use std::io::{Read as _, Write as _};
    let listener = place.listen_async();
    let (name, thread_name) = (place.name(), place.name());
    let client = std::thread::spawn(move || {
        let mut client = local_socket::Stream::connect(thread_name).unwrap();
        client.write_all(b"question").unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        answer
    });
    let mut server = listener.accept().await.unwrap();
    let mut question = String::new();
    server.read_to_string(&mut question).await.unwrap();
    assert_eq!(question, "question");
    server.write_all(b"answer").await.unwrap();
    drop(server);
    assert_eq!(client.join().unwrap(), "answer");
    drop(listener);

    let listener = ListenerOptions::new().name(name.borrow()).create_sync().unwrap();
    let server = std::thread::spawn(move || {
        let mut server = listener.accept().unwrap();
        let mut question = String::new();
        server.read_to_string(&mut question).unwrap();
        server.write_all(question.as_bytes()).unwrap();
    });
    let mut client = place.connect_async().await;
    client.write_all(b"echo").await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "echo");
    server.join().unwrap();
}

async fn a_closed_listener_does_not_become_asynchronous(place: &Place) {
    let listener = place.listen();
    local_socket::traits::Listener::close(&listener).unwrap();
    assert_kind(Listener::try_from(listener), &[ErrorKind::NotConnected]);
}
