use super::*;
use crate::traits::StreamCommon as _;
use std::{
    io::{ErrorKind, Read, Write},
    os::windows::io::OwnedHandle,
};

#[test]
fn dropping_delivers_written_data() {
    for server_sends in [true, false] {
        let (server, client) = connected();
        let (mut from, mut to) = if server_sends { (server, client) } else { (client, server) };
        within(move || {
            from.write_all(b"last words").unwrap();
            drop(from);
            // A slow reader. Only reading shows whether the data is still there, so there is no
            // condition to wait for.
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
    within(move || {
        server.set_nonblocking(true).unwrap();
        let sent = timing::fill(&server);
        let begin = std::time::Instant::now();
        drop(server);
        assert!(begin.elapsed() < DEADLINE / 2, "dropping does not wait for the peer");
        // A slow reader. Only reading shows whether the data is still there, so there is no
        // condition to wait for.
        thread::sleep(MOMENT);
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert!(received == sent, "{} bytes of {}", received.len(), sent.len());
    });
}

#[test]
fn draining_waits_for_the_peer() {
    let (mut server, mut client) = connected();
    within(move || {
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
    within(move || {
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
    within(move || {
        server.write_all(b"data").unwrap();
        let drained = start(move || server.drain(DEADLINE));
        assert!(drained.recv_timeout(MOMENT).is_err(), "the call waits");
        drop(client);
        assert_eq!(drained.recv().unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn operations_after_the_peer_has_closed() {
    let (mut server, client) = connected();
    within(move || {
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
    within(move || {
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
    within(move || {
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
