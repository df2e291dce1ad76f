//! Many clients at the same time.

use crate::harness::{NOBODY, Place, assert_kind};
use local_socket::{
    Stream,
    traits::{ListenerExt as _, Stream as _, StreamCommon as _},
};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    process,
    sync::{
        Barrier,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

on_every_kind! {
    eighty_clients_six_at_once
    two_hundred_clients_at_once
}

/// Each end sends a line and then a text that ends with NUL, while it reads those of the other end:
/// two threads read and write on one stream at the same time.
fn exchange(stream: &Stream, ours: [&str; 2], theirs: [&str; 2]) {
    assert_eq!(
        stream.peer_creds().unwrap().pid().and_then(|pid| u32::try_from(pid).ok()),
        Some(process::id())
    );
    stream.set_nonblocking(true).unwrap();
    stream.set_nonblocking(false).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut stream = stream;
            stream.write_all(format!("{}\n", ours[0]).as_bytes()).unwrap();
            stream.write_all(format!("{}\0", ours[1]).as_bytes()).unwrap();
        });
        let mut stream = BufReader::with_capacity(128, stream);
        for (end, expected) in [b'\n', 0].into_iter().zip(theirs) {
            let mut text = Vec::new();
            stream.read_until(end, &mut text).unwrap();
            assert_eq!(text.pop(), Some(end));
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        }
    });
}

const CLIENTS: u32 = 80;
const AT_ONCE: u32 = 6;
const FROM_CLIENT: [&str; 2] = ["Hello from client!", "Good night from client!"];
const FROM_SERVER: [&str; 2] = ["Hello from server!", "Good night from server!"];

fn eighty_clients_six_at_once(place: &Place) {
    let listener = place.listen();
    let left = AtomicU32::new(CLIENTS);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while left
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                    .is_ok()
                {
                    exchange(&place.connect(), FROM_CLIENT, FROM_SERVER);
                }
            });
        }
        for stream in listener.incoming().take(CLIENTS as usize) {
            let stream = stream.unwrap();
            scope.spawn(move || exchange(&stream, FROM_SERVER, FROM_CLIENT));
        }
    });
    drop(listener);
    assert_kind(Stream::connect(place.name()), NOBODY);
}

fn two_hundred_clients_at_once(place: &Place) {
    const CLIENTS: usize = 200;
    let listener = place.listen();
    let start = Barrier::new(CLIENTS);
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                let stream = place.connect();
                (&stream).write_all(format!("{number}\n").as_bytes()).unwrap();
                let mut answer = String::new();
                BufReader::new(&stream).read_line(&mut answer).unwrap();
                assert_eq!(answer, format!("you are {number}\n"));
            });
        }
        // All clients are connected before the first one is answered.
        let streams: Vec<_> = listener.incoming().take(CLIENTS).map(Result::unwrap).collect();
        let mut seen = vec![false; CLIENTS];
        for stream in &streams {
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).unwrap();
            let number: usize = line.trim_end().parse().unwrap();
            assert!(!std::mem::replace(&mut seen[number], true), "{number} came twice");
            { stream }.write_all(format!("you are {line}").as_bytes()).unwrap();
        }
        assert!(seen.into_iter().all(|seen| seen));
    });
}
