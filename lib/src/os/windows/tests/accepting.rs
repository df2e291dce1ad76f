use super::*;
use crate::{
    ConnectWaitMode, ListenerNonblockingMode, OnConflict,
    error::{Obstacle, SocketError},
    traits::StreamCommon as _,
};
use std::{
    io::{ErrorKind, Read, Write},
    sync::Arc,
    time::Instant,
};

#[test]
fn a_name_in_use_is_addr_in_use() {
    let name = unique();
    let listener = listen(&name);
    for policy in [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace] {
        let options = ListenerOptions::new().name(name.borrow()).on_conflict(policy);
        let error = options.create_sync_as::<Listener>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let obstacle = SocketError::of(&error).unwrap().obstacle();
        assert_eq!(obstacle, Some(&Obstacle::LiveServer(None)));
    }
    // The second listener has taken neither an instance nor a client of the first.
    let _client = connect(&name);
    listener.accept().unwrap();
    drop(listener);
    listen(&name);
}

#[test]
fn closing_wakes_waiting_accepts_and_removes_the_name() {
    let name = unique();
    let listener = Arc::new(listen(&name));
    let accepts: Vec<_> = (0..3)
        .map(|_| {
            let listener = Arc::clone(&listener);
            start(move || listener.accept().map(drop))
        })
        .collect();
    assert!(accepts[0].recv_timeout(MOMENT).is_err(), "the call waits");
    listener.close().unwrap();
    listener.close().unwrap();
    for accept in accepts {
        let error = accept.recv_timeout(DEADLINE).unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    }
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::NotConnected);
    let error = <Stream as crate::traits::Stream>::connect(name.borrow()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    listen(&name);
}

#[test]
fn a_waiting_accept_does_not_block_other_calls() {
    let name = unique();
    let listener = Arc::new(listen(&name));
    let theirs = Arc::clone(&listener);
    let accept = start(move || theirs.accept());
    assert!(accept.recv_timeout(MOMENT).is_err(), "the call waits");
    let theirs = Arc::clone(&listener);
    within_deadline(move || theirs.set_nonblocking(ListenerNonblockingMode::Both)).unwrap();
    let _client = connect(&name);
    let mut stream = accept.recv_timeout(DEADLINE).unwrap().unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn accepting_times_out() {
    let listener = listen(&unique());
    listener.set_accept_timeout(Some(MOMENT)).unwrap();
    let begin = Instant::now();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(begin.elapsed() >= MOMENT);
    let zero = listener.set_accept_timeout(Some(Duration::ZERO));
    assert_eq!(zero.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn clients_are_accepted_in_order() {
    let name = unique();
    let listener = listen(&name);
    for _ in 0..5 {
        let clients: Vec<_> = (0..6_u8)
            .map(|number| {
                let mut client = connect(&name);
                client.write_all(&[number]).unwrap();
                client
            })
            .collect();
        for number in 0..6_u8 {
            let mut buf = [0];
            listener.accept().unwrap().read_exact(&mut buf).unwrap();
            assert_eq!(buf, [number]);
        }
        drop(clients);
    }
}

#[test]
fn a_listener_works_after_its_thread_has_exited() {
    let name = unique();
    let theirs = name.clone();
    // The system cancels the pending operations of the thread.
    let listener = thread::spawn(move || listen(&theirs)).join().unwrap();
    let client = connect(&name);
    let server = within_deadline(move || listener.accept()).unwrap();
    assert_eq!(server.peer_creds().unwrap().pid(), Some(std::process::id()));
    assert_eq!(client.peer_creds().unwrap().pid(), Some(std::process::id()));
    assert_eq!(server.local_name().unwrap().as_ref(), Some(&name));
    assert_eq!(client.peer_name().unwrap().as_ref(), Some(&name));
    assert_eq!((server.peer_name().unwrap(), client.local_name().unwrap()), (None, None));
}

#[test]
fn connecting_to_a_busy_pipe_waits_as_the_mode_says() {
    let name = unique();
    let listener = listen(&name);
    let options = ConnectOptions::new().name(name.borrow());
    let deferred = options.clone().wait_mode(ConnectWaitMode::Deferred);
    let mut clients = Vec::new();
    let error = loop {
        match deferred.connect_sync_as::<Stream>() {
            Ok(client) => clients.push(client),
            Err(error) => break error,
        }
        assert!(clients.len() < 1000);
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let begin = Instant::now();
    let timed = options.clone().wait_mode(ConnectWaitMode::Timeout(MOMENT));
    let error = timed.connect_sync_as::<Stream>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(begin.elapsed() >= MOMENT);
    let theirs = name.clone();
    let waiting = start(move || connect(&theirs));
    assert!(waiting.recv_timeout(MOMENT).is_err(), "the call waits");
    listener.accept().unwrap();
    waiting.recv_timeout(DEADLINE).unwrap();
}

#[test]
fn a_missing_pipe_is_not_found_in_every_mode() {
    let name = unique();
    for mode in
        [ConnectWaitMode::Deferred, ConnectWaitMode::Timeout(DEADLINE), ConnectWaitMode::Unbounded]
    {
        let options = ConnectOptions::new().name(name.borrow()).wait_mode(mode);
        let error = options.connect_sync_as::<Stream>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

#[test]
fn clients_always_find_a_live_listener() {
    let name = unique();
    let listener = listen(&name);
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let name = name.clone();
            start(move || {
                for _ in 0..50 {
                    connect(&name).write_all(b"x").unwrap();
                }
            })
        })
        .collect();
    within_deadline(move || {
        let listener = Arc::new(listener);
        let servers: Vec<_> = (0..2)
            .map(|_| {
                let listener = Arc::clone(&listener);
                start(move || {
                    for _ in 0..100 {
                        let mut buf = [0; 2];
                        // The data of a client that has disconnected can still be read.
                        assert_eq!(listener.accept().unwrap().read(&mut buf).unwrap(), 1);
                    }
                })
            })
            .collect();
        servers.iter().for_each(|server| server.recv().unwrap());
    });
    clients.iter().for_each(|client| client.recv_timeout(DEADLINE).unwrap());
}
