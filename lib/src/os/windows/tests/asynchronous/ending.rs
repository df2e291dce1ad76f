use super::*;
use crate::traits::StreamCommon as _;
use ::tokio::task::yield_now;
use std::io::{ErrorKind, Read};

#[test]
fn the_other_direction_stays_open() {
    on_each_runtime(|| async {
        let (mut server, mut client) = connected_async().await;
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(client.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        let mut text = String::new();
        server.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "question");
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0, "the end stays the end");
        assert!(!server.peer_hung_up().unwrap());
        server.write_all(b"answer").await.unwrap();
        server.shutdown().await.unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "answer");
    });
}

#[test]
fn the_end_of_file_is_sent_when_the_peer_has_read_everything() {
    on_each_runtime(|| async {
        let (mut server, mut client) = connected_async().await;
        server.write_all(b"data").await.unwrap();
        server.shutdown().await.unwrap();
        // Time is the subject: the end of file is not sent while data is unread.
        ::tokio::time::sleep(MOMENT).await;
        assert!(!server.connection().delivery.has_sent_end());
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "data");
        assert!(server.connection().delivery.has_sent_end());
    });
}

#[test]
fn a_peer_that_closes_without_reading_is_an_error_once() {
    on_each_runtime(|| async {
        let (mut server, client) = connected_async().await;
        server.write_all(b"data").await.unwrap();
        let drained = AsyncStream::drain(&server, Duration::ZERO).await;
        assert_eq!(drained.unwrap_err().kind(), ErrorKind::TimedOut);
        let delivery = &server.connection().delivery;
        eventually("the thread waits for the peer", || delivery.is_flushing());
        // Nothing shows when the system has got the call.
        ::tokio::time::sleep(MOMENT).await;
        drop(client);
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
        let error = server.take_error().unwrap().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert!(server.take_error().unwrap().is_none());
    });
}

#[test]
fn a_shutdown_that_is_unsupported_waits_for_the_write_in_flight() {
    on_each_runtime(|| async {
        let name = unique();
        let mut server = std::fs::File::from(raw::byte_server(&name));
        let mut client = connect_async(&name).await;
        let sent = fill_async(&client).await;
        assert!(once(client.shutdown()).await.is_none());
        let reads = ::tokio::task::spawn_blocking(move || {
            let mut received = vec![0; sent.len()];
            server.read_exact(&mut received).unwrap();
            assert!(received == sent);
            server
        });
        assert_eq!(client.shutdown().await.unwrap_err().kind(), ErrorKind::Unsupported);
        drop(reads.await.unwrap());
    });
}

#[test]
fn an_end_of_file_wakes_a_waiting_read() {
    on_each_runtime(|| async {
        for close in [false, true] {
            let (mut server, mut client) = connected_async().await;
            let read = ::tokio::spawn(async move { client.read(&mut [0; 8]).await });
            yield_now().await;
            if close {
                drop(server);
            } else {
                server.shutdown().await.unwrap();
            }
            assert_eq!(read.await.unwrap().unwrap(), 0);
        }
    });
}

#[test]
fn the_end_of_file_comes_directly_after_data() {
    on_each_runtime(|| async {
        for len in [1, 2, 4095, 4096, 4097, 65_535, 65_536, 65_537, 300_000] {
            let (mut server, mut client) = connected_async().await;
            let write = ::tokio::spawn(async move {
                server.write_all(&seeded_pattern(len, 5)).await.unwrap();
                server.shutdown().await.unwrap();
                server
            });
            let mut received = Vec::new();
            client.read_to_end(&mut received).await.unwrap();
            assert!(received == seeded_pattern(len, 5), "{} bytes of {len}", received.len());
            drop(write.await.unwrap());
        }
    });
}

#[test]
fn flush_and_shutdown_wait_for_the_write_in_flight() {
    on_each_runtime(|| async {
        let (mut server, mut client) = connected_async().await;
        let sent = fill_async(&server).await;
        assert!(once(server.flush()).await.is_none());
        assert!(once(server.shutdown()).await.is_none());
        let read = ::tokio::spawn(async move {
            let mut received = Vec::new();
            client.read_to_end(&mut received).await.unwrap();
            received
        });
        server.flush().await.unwrap();
        server.shutdown().await.unwrap();
        let received = read.await.unwrap();
        assert!(received == sent, "{} bytes of {}", received.len(), sent.len());
    });
}

#[test]
fn operations_after_the_peer_has_closed() {
    on_each_runtime(|| async {
        let (mut server, client) = connected_async().await;
        assert!(!server.peer_hung_up().unwrap());
        drop(client);
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        assert!(server.peer_hung_up().unwrap());
        assert_eq!(server.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        server.shutdown().await.unwrap();
        server.shutdown().await.unwrap();

        let (server, client) = connected_async().await;
        fill_async(&server).await;
        let server = Arc::new(server);
        let theirs = Arc::clone(&server);
        let write = ::tokio::spawn(async move { (&mut &*theirs).write_all(&[0; 10]).await });
        yield_now().await;
        drop(client);
        assert_eq!(write.await.unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!((&mut &*server).read(&mut [0; 8]).await.unwrap(), 0);
    });
}

#[test]
fn dropping_delivers_written_data() {
    on_each_runtime(|| async {
        for server_sends in [true, false] {
            let (server, client) = connected_async().await;
            let (mut from, mut to) = if server_sends { (server, client) } else { (client, server) };
            from.write_all(b"last words").await.unwrap();
            drop(from);
            let mut text = String::new();
            to.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "last words");
        }
    });
}

#[test]
fn dropping_delivers_the_write_in_flight() {
    on_each_runtime(|| async {
        let (server, mut client) = connected_async().await;
        let sent = fill_async(&server).await;
        drop(server);
        // Time is the subject: a slow reader.
        ::tokio::time::sleep(MOMENT).await;
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.unwrap();
        assert!(received == sent, "{} bytes of {}", received.len(), sent.len());
    });
}

#[test]
fn runtimes_can_end_before_their_streams() {
    for background in [false, true] {
        within_deadline(move || {
            for runtime in runtimes() {
                let (sender, receiver) = mpsc::channel();
                let (mut client, sent) = runtime.block_on(async {
                    let name = unique();
                    let listener = listen_async(&name);
                    let client = connect(&name);
                    let server = Arc::new(listener.accept().await.unwrap());
                    let sent = fill_async(&server).await;
                    // The tasks are dropped while operations are pending.
                    let (reader, writer) = (Arc::clone(&server), server);
                    let ready = sender.clone();
                    ::tokio::spawn(async move {
                        ready.send(()).unwrap();
                        (&mut &*reader).read(&mut [0; 8]).await
                    });
                    let ready = sender.clone();
                    ::tokio::spawn(async move {
                        ready.send(()).unwrap();
                        (&mut &*writer).flush().await
                    });
                    ::tokio::spawn(async move {
                        sender.send(()).unwrap();
                        listener.accept().await
                    });
                    for _ in 0..3 {
                        while receiver.try_recv().is_err() {
                            yield_now().await;
                        }
                    }
                    (client, sent)
                });
                if background {
                    runtime.shutdown_background();
                } else {
                    drop(runtime);
                }
                let mut received = Vec::new();
                client.read_to_end(&mut received).unwrap();
                assert!(received == sent, "{} bytes of {}", received.len(), sent.len());
            }
        });
    }
}

#[test]
fn streams_can_be_dropped_without_a_runtime() {
    within_deadline(|| {
        let (mut client, server) = runtimes()[0].block_on(async {
            let name = unique();
            let listener = listen_async(&name);
            let client = connect(&name);
            let mut server = listener.accept().await.unwrap();
            server.write_all(b"data").await.unwrap();
            assert!(once(server.read(&mut [0; 8])).await.is_none());
            (client, server)
        });
        drop(server);
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert_eq!(text, "data");
    });
}

#[test]
fn halves_of_different_streams_do_not_reunite() {
    on_each_runtime(|| async {
        let (one, other) = AsyncStream::pair().unwrap();
        let ((r1, s1), (mut r2, s2)) = (one.split(), other.split());
        let error = AsyncStream::reunite(r1, s2).unwrap_err();
        let mut one = AsyncStream::reunite(error.rh, s1).unwrap();
        drop(error.sh);
        // Dropping a half does not shut down its direction.
        one.write_all(b"x").await.unwrap();
        assert_eq!(r2.read(&mut [0; 8]).await.unwrap(), 1);
        assert!(once(one.read(&mut [0; 8])).await.is_none());
    });
}

#[test]
fn bytes_are_in_flight_until_the_pipe_has_taken_them() {
    on_each_runtime(|| async {
        let (server, mut client) = connected_async().await;
        assert_eq!(server.in_flight(), 0);
        let sent = fill_async(&server).await;
        assert_eq!(server.in_flight(), 5000, "the last write");
        client.read_exact(&mut vec![0; sent.len()]).await.unwrap();
        (&server).flush().await.unwrap();
        assert_eq!(server.in_flight(), 0);
    });
}

#[test]
fn bytes_that_a_peer_has_not_read_before_it_closed_stay_in_flight() {
    on_each_runtime(|| async {
        let (server, client) = connected_async().await;
        fill_async(&server).await;
        drop(client);
        while (&server).flush().await.is_ok() {
            yield_now().await;
        }
        assert_eq!(server.in_flight(), 0, "the error was returned");
    });
    on_each_runtime(|| async {
        let (server, client) = connected_async().await;
        fill_async(&server).await;
        drop(client);
        assert_eq!(server.in_flight(), 5000);
        assert!((&server).flush().await.is_err(), "the error is left");
    });
}
