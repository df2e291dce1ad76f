use super::{
    super::{
        background_operation::BackgroundOperation, completion_port::CompletionPort, linger::LINGER,
        wait_limit::WaitLimit,
    },
    *,
};
use crate::traits::StreamCommon as _;
use std::{
    io::{ErrorKind, Read, Write},
    os::windows::io::OwnedHandle,
    sync::Arc,
};

#[test]
fn dropping_delivers_written_data() {
    for server_sends in [true, false] {
        let (server, client) = connected();
        let (mut from, mut to) = if server_sends { (server, client) } else { (client, server) };
        within_deadline(move || {
            from.write_all(b"last words").unwrap();
            drop(from);
            // Time is the subject: a slow reader.
            thread::sleep(MOMENT);
            let mut text = String::new();
            to.read_to_string(&mut text).unwrap();
            assert_eq!(text, "last words");
        });
    }
}

#[test]
fn dropping_delivers_the_write_in_flight() {
    let (server, mut client) = connected();
    within_deadline(move || {
        server.set_nonblocking(true).unwrap();
        let sent = timing::fill(&server);
        let begin = std::time::Instant::now();
        drop(server);
        assert!(begin.elapsed() < LINGER / 2, "dropping does not wait for the peer");
        // Time is the subject: a slow reader.
        thread::sleep(MOMENT);
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert!(received == sent, "{} bytes of {}", received.len(), sent.len());
    });
}

/// The buffer of such a write is leaked.
#[test]
fn a_write_whose_end_is_not_reported_does_not_keep_its_owner() {
    for has_port in [false, true] {
        let (stream, _peer) = Stream::pair().unwrap();
        let pipe = Arc::clone(&stream.0.pipe);
        within_deadline(move || {
            let mut write = match has_port {
                true => {
                    let port = Arc::new(CompletionPort::for_pipe(&pipe).unwrap());
                    BackgroundOperation::with_port(pipe, port)
                }
                false => BackgroundOperation::new(pipe).unwrap(),
            };
            write.start_without_end();
            assert!(write.finish(WaitLimit::at_most(MOMENT)).is_none(), "it is pending");
            drop(write);
        });
    }
}

/// Wine can lose the completion if the thread exits at the same time.
#[test]
fn a_pending_write_can_be_dropped_after_its_thread_has_exited() {
    for has_port in [false, true] {
        let (stream, _peer) = Stream::pair().unwrap();
        let pipe = Arc::clone(&stream.0.pipe);
        within_deadline(move || {
            let port = has_port.then(|| Arc::new(CompletionPort::for_pipe(&pipe).unwrap()));
            for _ in 0..20 {
                let (pipe, port) = (Arc::clone(&pipe), port.clone());
                let write = thread::spawn(move || {
                    let mut write = match port {
                        Some(port) => BackgroundOperation::with_port(pipe, port),
                        None => BackgroundOperation::new(pipe).unwrap(),
                    };
                    write.write(&[0; 1 << 20]);
                    write
                });
                drop(write.join().unwrap());
            }
        });
    }
}

#[test]
fn draining_waits_for_the_peer() {
    let (mut server, mut client) = connected();
    within_deadline(move || {
        server.drain(MOMENT).unwrap();
        server.write_all(b"data").unwrap();
        assert_eq!(server.drain(MOMENT).unwrap_err().kind(), ErrorKind::TimedOut);
        let drained = start(move || {
            server.drain(DEADLINE).unwrap();
            server.drain(Duration::ZERO).unwrap();
            server
        });
        assert!(drained.recv_timeout(MOMENT).is_err(), "the call waits");
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 4);
        drop(drained.recv().unwrap());
    });
}

#[test]
fn a_timed_out_drain_leaves_no_thread_behind() {
    let (mut server, mut client) = connected();
    within_deadline(move || {
        server.write_all(b"data").unwrap();
        assert_eq!(server.drain(MOMENT).unwrap_err().kind(), ErrorKind::TimedOut);
        // A thread that is still flushing would keep the pipe open.
        drop(server);
        let error = loop {
            match client.write(b"x") {
                Ok(count) => {
                    assert_eq!(count, 1);
                    thread::yield_now();
                }
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 4, "and nothing is lost");
    });
}

#[test]
fn draining_fails_if_the_peer_closes_without_reading() {
    let (mut server, client) = connected();
    within_deadline(move || {
        server.write_all(b"data").unwrap();
        let delivery = Arc::clone(&server.0.delivery);
        let drained = start(move || server.drain(DEADLINE));
        eventually("the thread waits for the peer", || delivery.is_flushing());
        assert!(drained.recv_timeout(MOMENT).is_err(), "the call waits");
        drop(client);
        assert_eq!(drained.recv().unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn operations_after_the_peer_has_closed() {
    let (mut server, client) = connected();
    within_deadline(move || {
        assert!(!server.peer_hung_up().unwrap());
        drop(client);
        assert!(server.peer_hung_up().unwrap());
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 0);
        assert_eq!(server.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        server.shutdown(std::net::Shutdown::Write).unwrap();
        server.shutdown(std::net::Shutdown::Both).unwrap();
    });
}

#[test]
fn the_next_call_returns_the_error_of_a_write_in_flight() {
    let (mut server, client) = connected();
    within_deadline(move || {
        server.set_nonblocking(true).unwrap();
        timing::fill(&server);
        drop(client);
        assert_eq!(server.flush().unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(server.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn streams_convert_to_handles_and_back() {
    let (mut server, client) = connected();
    within_deadline(move || {
        let handle = OwnedHandle::from(client);
        let mut client = Stream::try_from(handle).unwrap();
        client.write_all(b"x").unwrap();
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 1);
        let (rh, sh) = client.split();
        let client = Stream::reunite(rh, sh).unwrap();
        let clone = crate::TryClone::try_clone(&client).unwrap();
        let handle = OwnedHandle::from(client);
        drop(clone);
        let mut client = Stream::try_from(handle).unwrap();
        client.write_all(b"yz").unwrap();
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 2);
    });
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    let error = Stream::try_from(OwnedHandle::from(file)).unwrap_err();
    assert!(error.source.is_some() && error.cause.is_some());
}

#[test]
fn halves_of_different_streams_do_not_reunite() {
    let (one, other) = Stream::pair().unwrap();
    let ((r1, s1), (r2, s2)) = (one.split(), other.split());
    let error = Stream::reunite(r1, s2).unwrap_err();
    assert!(Stream::reunite(error.rh, s1).is_ok());
    assert!(Stream::reunite(r2, error.sh).is_ok());
}
