use super::*;
use std::{
    io::{ErrorKind, Read, Write},
    net::Shutdown,
    sync::Arc,
    time::Instant,
};

/// Writes to a non-blocking stream until it is full.
pub(super) fn fill(mut stream: &Stream) -> Vec<u8> {
    let mut sent = Vec::new();
    for number in 0_u32.. {
        let block: Vec<u8> = number.to_le_bytes().repeat(1000);
        match stream.write(&block) {
            Ok(n) => sent.extend_from_slice(&block[..n]),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                break;
            }
        }
    }
    sent
}

#[test]
fn a_timed_out_read_loses_nothing() {
    let (mut server, client) = connected();
    within_deadline(move || {
        let time = Duration::from_millis(1);
        client.set_recv_timeout(Some(time)).unwrap();
        let writer = start(move || {
            for number in 0_u32..500 {
                server.write_all(&number.to_le_bytes()).unwrap();
                if number % 10 == 0 {
                    // Time is the subject: timeouts of reads end at different times of the writes.
                    thread::sleep(Duration::from_micros(u64::from(number) * 7));
                }
            }
        });
        let mut received = Vec::new();
        let mut buf = [0; 3];
        loop {
            let begin = Instant::now();
            match (&client).read(&mut buf) {
                Ok(0) => break,
                Ok(n) => received.extend_from_slice(&buf[..n]),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::TimedOut);
                    assert!(begin.elapsed() >= time);
                }
            }
        }
        writer.recv().unwrap();
        let sent: Vec<u8> = (0_u32..500).flat_map(u32::to_le_bytes).collect();
        assert_eq!(received, sent);
    });
}

#[test]
fn nonblocking_reads_without_data_fail_with_would_block() {
    let (mut server, mut client) = connected();
    within_deadline(move || {
        client.set_nonblocking(true).unwrap();
        let mut buf = [0; 8];
        assert_eq!(client.read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        server.write_all(b"abc").unwrap();
        assert_eq!(client.read(&mut buf).unwrap(), 3);
        assert_eq!(client.read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(server);
        assert_eq!(client.read(&mut buf).unwrap(), 0);
    });
}

#[test]
fn nonblocking_writes_keep_every_byte() {
    let (server, mut client) = connected();
    within_deadline(move || {
        server.set_nonblocking(true).unwrap();
        // The thread exits while its write is in flight.
        let (server, mut sent) = start(move || {
            let sent = fill(&server);
            (server, sent)
        })
        .recv()
        .unwrap();
        let reader = start(move || {
            let mut received = Vec::new();
            client.read_to_end(&mut received).unwrap();
            received
        });
        server.set_nonblocking(false).unwrap();
        (&server).write_all(b"blocking").unwrap();
        sent.extend_from_slice(b"blocking");
        server.set_send_timeout(Some(DEADLINE)).unwrap();
        (&server).write_all(&[7; 300_000]).unwrap();
        sent.extend_from_slice(&[7; 300_000]);
        drop(server);
        let received = reader.recv().unwrap();
        assert!(received == sent, "{} bytes of {}", received.len(), sent.len());
    });
}

#[test]
fn writes_time_out() {
    let (mut server, mut client) = connected();
    within_deadline(move || {
        server.set_send_timeout(Some(Duration::from_millis(5))).unwrap();
        let block = [3; 10_000];
        let mut sent = 0;
        let error = loop {
            match server.write(&block) {
                Ok(n) => sent += n,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(sent > 0);
        drop(server);
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert_eq!(received.len(), sent);
    });
}

#[test]
fn timeouts_of_zero_are_refused() {
    let (server, _client) = connected();
    let zero = Some(Duration::ZERO);
    assert_eq!(server.set_recv_timeout(zero).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(server.set_send_timeout(zero).unwrap_err().kind(), ErrorKind::InvalidInput);
    server.set_recv_timeout(Some(Duration::MAX)).unwrap();
}

#[test]
fn shutting_down_wakes_a_reader() {
    for how in [Shutdown::Read, Shutdown::Both] {
        let (server, _client) = connected();
        let server = Arc::new(server);
        let theirs = Arc::clone(&server);
        let read = start(move || (&*theirs).read(&mut [0; 8]));
        assert!(read.recv_timeout(MOMENT).is_err(), "the call waits");
        server.shutdown(how).unwrap();
        assert_eq!(read.recv_timeout(DEADLINE).unwrap().unwrap(), 0);
    }
}

#[test]
fn a_waiting_read_does_not_block_writes() {
    let (server, mut client) = connected();
    let server = Arc::new(server);
    let theirs = Arc::clone(&server);
    let read = start(move || (&*theirs).read(&mut [0; 8]));
    assert!(read.recv_timeout(MOMENT).is_err(), "the call waits");
    within_deadline(move || {
        (&*server).write_all(b"x").unwrap();
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 1);
        client.write_all(b"yz").unwrap();
    });
    assert_eq!(read.recv_timeout(DEADLINE).unwrap().unwrap(), 2);
}

#[test]
fn an_end_of_file_wakes_the_reads_of_all_clones() {
    let (server, client) = connected();
    let clients = [Arc::new(client)];
    let reads: Vec<_> = (0..3)
        .map(|_| {
            let client = Arc::clone(&clients[0]);
            start(move || (&*client).read(&mut [0; 8]))
        })
        .collect();
    assert!(reads[0].recv_timeout(MOMENT).is_err(), "the calls wait");
    server.shutdown(Shutdown::Write).unwrap();
    for read in reads {
        assert_eq!(read.recv_timeout(DEADLINE).unwrap().unwrap(), 0);
    }
}
