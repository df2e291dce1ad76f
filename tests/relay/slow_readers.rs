//! Clients and targets that read slowly or not at all.

use crate::harness::{Scene, data, wait_until};
#[cfg(target_os = "linux")]
use crate::harness::{Wire, peak_memory};
use std::{thread, time::Duration};

const SIZE: usize = 20_000_000;

#[test]
fn slow_readers_get_everything() {
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let _relay = scene.relay("./s", &target).start_listening();
    let mut client = scene.wire("./s");
    let mut wire = host.accept();
    let writers = [client.another(), wire.another()].map(|mut wire| {
        thread::spawn(move || {
            wire.send(data(SIZE));
            wire.end();
        })
    });
    // Time is the subject: nobody reads.
    thread::sleep(Duration::from_secs(2));
    let reader = thread::spawn(move || client.expect_rest(data(SIZE)));
    wire.expect_rest(data(SIZE));
    reader.join().unwrap();
    for writer in &writers {
        wait_until("the writer has sent everything", || writer.is_finished());
    }
}

/// Nothing is lost either.
#[cfg(target_os = "linux")]
#[test]
fn stopped_readers_cost_little_memory_and_do_not_delay_others() {
    use rustix::io::ioctl_fionread;
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };
    const CLIENTS: usize = 8;
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    for args in [&[][..], &["--copy", "buffer"]] {
        let relay = scene.relay("./s", &target).args(args).start_listening();
        let visit = || {
            let mut client = scene.wire("./s");
            let mut wire = host.accept();
            let echo = thread::spawn(move || {
                let received = wire.rest();
                wire.send(&received);
            });
            client.expect_echo(data(2_000_000));
            echo.join().unwrap();
        };
        visit();
        let before = peak_memory(&relay);
        let sent = Arc::new(AtomicUsize::new(0));
        let stuck: Vec<(Wire, _)> = (0..CLIENTS)
            .map(|_| {
                let mut client = scene.wire("./s");
                let (wire, sent) = (host.accept(), Arc::clone(&sent));
                let writes = thread::spawn(move || {
                    for piece in data(SIZE).chunks(10_000) {
                        client.send(piece);
                        sent.fetch_add(piece.len(), Relaxed);
                    }
                });
                (wire, writes)
            })
            .collect();
        let mut last = 0;
        wait_until("all buffers are full", || {
            // They are full if nothing was sent for a while.
            thread::sleep(Duration::from_millis(200));
            let before = std::mem::replace(&mut last, sent.load(Relaxed));
            before == last && stuck.iter().all(|(wire, _)| ioctl_fionread(wire).unwrap() > 0)
        });
        visit();
        visit();
        assert!(sent.load(Relaxed) < CLIENTS * SIZE / 4, "{last} bytes are buffered");
        let grown = peak_memory(&relay) - before;
        assert!(grown < CLIENTS as u64 * 400_000, "{args:?}: {grown} bytes more memory");
        for (mut wire, writes) in stuck {
            wire.expect_rest(data(SIZE));
            writes.join().unwrap();
        }
    }
}
