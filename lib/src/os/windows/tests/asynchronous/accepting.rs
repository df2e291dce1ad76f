use super::*;
use crate::traits::StreamCommon as _;
use ::tokio::task::{JoinSet, yield_now};
use std::io::{ErrorKind, Write};

#[test]
fn a_hundred_clients_at_the_same_time() {
    on_each_runtime(|| async {
        let name = unique();
        let listener = Arc::new(listen_async(&name));
        let mut tasks = JoinSet::new();
        for number in 0..100_u32 {
            let name = name.clone();
            tasks.spawn(async move {
                let mut client = connect_async(&name).await;
                client.write_all(&seeded_pattern(9000, number)).await.unwrap();
                client.shutdown().await.unwrap();
                let mut answer = Vec::new();
                client.read_to_end(&mut answer).await.unwrap();
                assert!(answer == seeded_pattern(9000, number));
            });
        }
        // Several tasks accept.
        for _ in 0..4 {
            let listener = Arc::clone(&listener);
            tasks.spawn(async move {
                let mut served = JoinSet::new();
                for _ in 0..25 {
                    let mut stream = listener.accept().await.unwrap();
                    served.spawn(async move {
                        let mut data = Vec::new();
                        stream.read_to_end(&mut data).await.unwrap();
                        stream.write_all(&data).await.unwrap();
                        stream
                    });
                }
                served.join_all().await;
            });
        }
        tasks.join_all().await;
    });
}

#[test]
fn a_dropped_accept_loses_no_client() {
    on_each_runtime(|| async {
        let name = unique();
        let listener = listen_async(&name);
        for number in 0..20_u8 {
            assert!(once(listener.accept()).await.is_none());
            let mut client = connect_async(&name).await;
            client.write_all(&[number]).await.unwrap();
            if number % 2 == 0 {
                yield_now().await;
            }
            let mut buf = [0];
            let mut server = listener.accept().await.unwrap();
            server.read_exact(&mut buf).await.unwrap();
            assert_eq!(buf, [number]);
        }
    });
}

#[test]
fn a_cancelled_accept_leaves_the_client_to_another_task() {
    on_each_runtime(|| async {
        let name = unique();
        let listener = Arc::new(listen_async(&name));
        for _ in 0..20 {
            let theirs = Arc::clone(&listener);
            let other = ::tokio::spawn(async move { theirs.accept().await.map(drop) });
            yield_now().await;
            let _client = {
                let mut accept = pin!(listener.accept());
                assert!(poll_fn(|cx| Poll::Ready(accept.as_mut().poll(cx).is_pending())).await);
                connect_async(&name).await
            };
            other.await.unwrap().unwrap();
        }
    });
}

#[test]
fn clients_are_accepted_in_order() {
    on_each_runtime(|| async {
        let name = unique();
        let listener = listen_async(&name);
        for _ in 0..3 {
            let mut clients = Vec::new();
            for number in 0..6_u8 {
                let mut client = connect_async(&name).await;
                client.write_all(&[number]).await.unwrap();
                clients.push(client);
            }
            for number in 0..6_u8 {
                let mut buf = [0];
                listener.accept().await.unwrap().read_exact(&mut buf).await.unwrap();
                assert_eq!(buf, [number]);
            }
        }
    });
}

#[test]
fn clients_that_have_disconnected_are_no_errors() {
    on_each_runtime(|| async {
        let name = unique();
        let listener = listen_async(&name);
        for _ in 0..3 {
            drop(connect_async(&name).await);
        }
        connect_async(&name).await.write_all(b"left").await.unwrap();
        let _client = connect_async(&name).await;
        let mut text = String::new();
        loop {
            let mut stream = listener.accept().await.unwrap();
            if !stream.peer_hung_up().unwrap() {
                break;
            }
            stream.read_to_string(&mut text).await.unwrap();
        }
        assert_eq!(text, "left");
    });
}

#[test]
fn names_end_with_their_listeners() {
    on_each_runtime(|| async {
        let name = unique();
        for _ in 0..20 {
            let listener = listen_async(&name);
            assert_eq!(listener.local_name().unwrap(), name);
            let error = ListenerOptions::new().name(name.borrow()).create_tokio().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            assert!(once(listener.accept()).await.is_none());
            let client = connect_async(&name).await;
            let server = listener.accept().await.unwrap();
            assert_eq!(server.peer_creds().unwrap().pid(), Some(std::process::id()));
            assert_eq!(server.local_name().unwrap().as_ref(), Some(&name));
            assert_eq!(client.peer_name().unwrap().as_ref(), Some(&name));
            assert_eq!((server.peer_name().unwrap(), client.local_name().unwrap()), (None, None));
        }
    });
}

#[test]
fn listeners_convert_from_synchronous_listeners() {
    on_each_runtime(|| async {
        let name = unique();
        let listener = listen(&name);
        // The clients disconnect before the first accept.
        drop(connect(&name));
        connect(&name).write_all(b"left").unwrap();
        let mut clients: Vec<_> = (0..3).map(|_| connect(&name)).collect();
        let listener = AsyncListener::try_from(listener).unwrap();
        let mut text = String::new();
        listener.accept().await.unwrap().read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "left", "clients without data are skipped");
        clients.extend((0..3).map(|_| connect(&name)));
        for client in &mut clients {
            client.write_all(b"x").unwrap();
            let mut server = listener.accept().await.unwrap();
            assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 1);
        }
        let closed = listen(&unique());
        crate::traits::Listener::close(&closed).unwrap();
        let error = AsyncListener::try_from(closed).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    });
}

#[test]
fn creating_fails_outside_a_runtime() {
    let name = unique();
    ListenerOptions::new().name(name.borrow()).create_tokio().unwrap_err();
    AsyncStream::pair().unwrap_err();
    let listener = listen(&name);
    AsyncStream::try_from(connect(&name)).unwrap_err();
    AsyncListener::try_from(listener).unwrap_err();
    // The failed calls have left no pipe behind.
    listen(&name);
}
