use super::*;
use ::tokio::{io::AsyncWrite as _, task::yield_now, try_join};
use std::{
    fs::File,
    io::{ErrorKind, IoSlice, Read, Write},
};

#[test]
fn much_data_moves_in_both_directions() {
    on_each_runtime(|| async {
        const LEN: usize = 4_000_003;
        let (server, client) = connected_async().await;
        let exchange = async |stream: &AsyncStream, mine: u32, theirs: u32| {
            let (mine, theirs) = (seeded_pattern(LEN, mine), seeded_pattern(LEN, theirs));
            let mut received = Vec::new();
            let send = async {
                (&mut &*stream).write_all(&mine).await?;
                (&mut &*stream).shutdown().await
            };
            let receive = async { (&mut &*stream).read_to_end(&mut received).await };
            try_join!(send, receive).unwrap();
            assert_eq!(received.len(), LEN);
            assert!(received == theirs);
        };
        ::tokio::join!(exchange(&server, 1, 2), exchange(&client, 2, 1));
    });
}

#[test]
fn halves_work_in_different_tasks() {
    on_each_runtime(|| async {
        const LEN: usize = 1_000_001;
        let (server, client) = AsyncStream::pair().unwrap();
        let ((mut sr, mut ss), (mut cr, mut cs)) = (server.split(), client.split());
        let echo = ::tokio::spawn(async move {
            ::tokio::io::copy(&mut sr, &mut ss).await.unwrap();
            ss.shutdown().await.unwrap();
            AsyncStream::reunite(sr, ss).unwrap()
        });
        let send = ::tokio::spawn(async move {
            cs.write_all(&seeded_pattern(LEN, 7)).await.unwrap();
            cs.shutdown().await.unwrap();
            cs
        });
        let mut received = Vec::new();
        cr.read_to_end(&mut received).await.unwrap();
        assert!(received == seeded_pattern(LEN, 7), "{} bytes", received.len());
        echo.await.unwrap();
        AsyncStream::reunite(cr, send.await.unwrap()).unwrap();
    });
}

#[test]
fn reads_may_be_smaller_than_messages() {
    on_each_runtime(|| async {
        // Shorter and longer than a read that waits; written before and after the read.
        for (len, later) in [(10, false), (10_000, false), (10, true), (10_000, true)] {
            let (mut server, client) = AsyncStream::pair().unwrap();
            let read = ::tokio::spawn(async move {
                let mut all = Vec::new();
                let mut buf = [0; 3];
                loop {
                    match (&mut &client).read(&mut buf).await.unwrap() {
                        0 => break all,
                        n => all.extend_from_slice(&buf[..n]),
                    }
                }
            });
            if later {
                yield_now().await;
            }
            server.write_all(&seeded_pattern(len, 3)).await.unwrap();
            drop(server);
            assert!(read.await.unwrap() == seeded_pattern(len, 3));
        }
    });
}

#[test]
fn a_waiting_read_returns_the_whole_message() {
    on_each_runtime(|| async {
        let (mut server, client) = AsyncStream::pair().unwrap();
        let mut buf = vec![0; 20_000];
        let mut reader = &client;
        let mut read = pin!(reader.read(&mut buf));
        assert!(poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx).is_pending())).await);
        server.write_all(&seeded_pattern(10_000, 1)).await.unwrap();
        assert_eq!(read.await.unwrap(), 10_000);
        assert!(buf[..10_000] == seeded_pattern(10_000, 1));
    });
}

#[test]
fn a_dropped_read_loses_nothing() {
    on_each_runtime(|| async {
        let (mut server, mut client) = connected_async().await;
        let writer = ::tokio::spawn(async move {
            for number in 0_u32..2000 {
                server.write_all(&number.to_le_bytes()).await.unwrap();
                if number % 7 == 0 {
                    yield_now().await;
                }
            }
        });
        let mut received = Vec::new();
        let mut buf = [0; 3];
        let mut dropped = 0;
        loop {
            match once(client.read(&mut buf)).await {
                None => dropped += 1,
                Some(count) => match count.unwrap() {
                    0 => break,
                    n => received.extend_from_slice(&buf[..n]),
                },
            }
            yield_now().await;
        }
        writer.await.unwrap();
        assert!(dropped > 0);
        let sent: Vec<u8> = (0_u32..2000).flat_map(u32::to_le_bytes).collect();
        assert!(received == sent, "{} bytes of {}", received.len(), sent.len());
    });
}

#[test]
fn slices_are_written_as_one_message() {
    on_each_runtime(|| async {
        let (mut server, mut client) = AsyncStream::pair().unwrap();
        let slices = [IoSlice::new(b"on"), IoSlice::new(b""), IoSlice::new(b"e")];
        assert!(server.is_write_vectored());
        assert_eq!(server.write_vectored(&slices).await.unwrap(), 3);
        assert_eq!(server.write_vectored(&slices[1..2]).await.unwrap(), 0);
        assert_eq!(server.write(b"").await.unwrap(), 0);
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 3);
        assert!(once(client.read(&mut [0; 8])).await.is_none(), "nothing is no end of file");
    });
}

#[test]
fn operations_go_on_after_their_threads_have_exited() {
    within_deadline(|| {
        // Without a completion port the system cancels the pending operations of the thread.
        let started = thread::spawn(|| {
            runtimes()[0].block_on(async {
                let name = unique();
                let listener = listen_async(&name);
                let client = connect_async(&name).await;
                let server = listener.accept().await.unwrap();
                assert!(once((&mut &server).read(&mut [0; 8])).await.is_none());
                let sent = fill_async(&server).await;
                (name, listener, (server, sent), client)
            })
        });
        let (name, listener, server, mut client) = started.join().unwrap();
        runtimes()[1].block_on(async {
            let (mut server, sent) = server;
            client.write_all(b"x").await.unwrap();
            assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 1);
            let shutdown = ::tokio::spawn(async move { server.shutdown().await });
            let mut received = Vec::new();
            client.read_to_end(&mut received).await.unwrap();
            assert!(received == sent, "{} bytes of {}", received.len(), sent.len());
            shutdown.await.unwrap().unwrap();
            let _client = connect_async(&name).await;
            listener.accept().await.unwrap();
        });
    });
}

#[test]
fn streams_convert_from_synchronous_streams() {
    on_each_runtime(|| async {
        let (server, mut client) = connected();
        client.write_all(b"before").unwrap();
        let (mut server, mut buf) = (AsyncStream::try_from(server).unwrap(), [0; 8]);
        assert_eq!(server.read(&mut buf).await.unwrap(), 6);
        server.write_all(b"after").await.unwrap();
        assert_eq!(client.read(&mut buf).unwrap(), 5);
        assert!(once(server.read(&mut buf)).await.is_none());
        client.write_all(b"x").unwrap();
        assert_eq!(server.read(&mut buf).await.unwrap(), 1);
    });
}

#[test]
fn streams_with_clones_do_not_convert() {
    on_each_runtime(|| async {
        let (server, client) = connected();
        let clone = crate::TryClone::try_clone(&server).unwrap();
        let error = AsyncStream::try_from(server).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResourceBusy);
        clone.set_nonblocking(true).unwrap();
        timing::fill(&clone);
        let error = AsyncStream::try_from(clone).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResourceBusy);
        client.set_nonblocking(true).unwrap();
        drop(client);
    });
}

#[test]
fn pipes_of_other_programs() {
    on_each_runtime(|| async {
        let name = unique();
        let server = raw::message_server(&name);
        let mut client = connect_async(&name).await;
        let mut server = File::from(server);
        server.write_all(b"data").unwrap();
        assert_eq!(server.write(b"").unwrap(), 0);
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "data");
        client.write_all(b"x").await.unwrap();
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 1);

        let name = unique();
        let server = raw::byte_server(&name);
        let mut client = connect_async(&name).await;
        assert_eq!(client.shutdown().await.unwrap_err().kind(), ErrorKind::Unsupported);
        client.write_all(b"still").await.unwrap();
        let mut server = File::from(server);
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 5);
        server.write_all(b"data").unwrap();
        drop(server);
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "data");
    });
}
