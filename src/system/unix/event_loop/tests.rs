#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use rustix::event::{
    PollFd, PollFlags,
    epoll::{EventData, EventFlags},
    poll,
};
use std::{
    future::poll_fn,
    io::{ErrorKind, Read as _, Write as _},
    os::{fd::BorrowedFd, unix::net::UnixStream},
    sync::{
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::Duration,
};
use tokio::sync::oneshot;

fn event_loop() -> EventLoop {
    EventLoop::make(1).unwrap().remove(0)
}

/// Returns a watched socket and its peer.
fn pair() -> (WatchedSocket, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (WatchedSocket::new(ours).unwrap(), theirs)
}

fn read(fd: BorrowedFd<'_>) -> io::Result<usize> {
    Ok(rustix::io::read(fd, &mut [0; 100])?)
}

fn write(fd: BorrowedFd<'_>) -> io::Result<usize> {
    Ok(rustix::io::write(fd, &[0; 4096])?)
}

/// Waits until the socket can be read, and reads.
async fn received(socket: &WatchedSocket) -> io::Result<usize> {
    loop {
        poll_fn(|cx| socket.poll_read_ready(cx)).await?;
        match socket.try_read(read) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}

/// Returns whether the future is ready at once.
async fn is_ready<T>(future: impl Future<Output = T>) -> bool {
    let mut future = pin!(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

#[test]
fn a_socket_reports_data_and_the_end_of_file() {
    event_loop().run(async {
        let (socket, mut theirs) = pair();
        assert!(!is_ready(received(&socket)).await);
        theirs.write_all(b"one").unwrap();
        assert_eq!(received(&socket).await.unwrap(), 3);
        assert!(!is_ready(received(&socket)).await);
        assert!(!is_ready(poll_fn(|cx| socket.poll_hung_up(cx))).await);
        drop(theirs);
        assert_eq!(received(&socket).await.unwrap(), 0);
        poll_fn(|cx| socket.poll_hung_up(cx)).await.unwrap();
    });
}

/// A thread reads so that there is room for more.
#[test]
fn a_socket_that_is_full_wakes_its_task_when_it_can_be_written() {
    event_loop().run(async {
        let (mut socket, mut theirs) = pair();
        while socket.fd().and_then(write).is_ok() {}
        assert!(!is_ready(poll_fn(|cx| socket.poll_write_ready(cx))).await);
        let reader = thread::spawn(move || theirs.read(&mut vec![0; 1 << 20]).map(|_| theirs));
        loop {
            poll_fn(|cx| socket.poll_write_ready(cx)).await.unwrap();
            match socket.try_write(write) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                written => break assert!(written.unwrap() > 0),
            }
        }
        drop(reader.join().unwrap().unwrap());
    });
}

/// What has arrived meanwhile is reported when the task waits again; the end is reported in any case.
#[test]
fn a_socket_that_is_not_watched_loses_no_event() {
    event_loop().run(async {
        let (mut socket, mut theirs) = pair();
        assert!(!is_ready(received(&socket)).await);
        socket.stop_watching_reading().unwrap();
        theirs.write_all(b"one").unwrap();
        tokio::task::yield_now().await;
        let is_known = poll_fn(|cx| Poll::Ready(socket.poll_read_ready(cx).is_ready())).await;
        assert!(!is_known, "it is watched");
        assert_eq!(received(&socket).await.unwrap(), 3);
        socket.stop_watching_reading().unwrap();
        socket.stop_watching_writing(&mut Context::from_waker(Waker::noop())).unwrap();
        drop(theirs);
        poll_fn(|cx| socket.poll_hung_up(cx)).await.unwrap();
        assert_eq!(received(&socket).await.unwrap(), 0);
    });
}

#[test]
fn a_socket_that_was_taken_out_can_be_watched_again() {
    event_loop().run(async {
        let (socket, mut theirs) = pair();
        let copy = socket.fd().unwrap().try_clone_to_owned().unwrap();
        let socket = WatchedSocket::new(socket.into_fd().unwrap()).unwrap();
        theirs.write_all(b"one").unwrap();
        assert_eq!(received(&socket).await.unwrap(), 3);
        drop(copy);
    });
}

/// The copy keeps the registration of the closed one alive.
#[test]
fn events_of_an_earlier_socket_are_not_those_of_the_next_one() {
    event_loop().run(async {
        let (socket, mut theirs) = pair();
        let copy = socket.fd().unwrap().try_clone_to_owned().unwrap();
        drop(socket);
        let (next, _open) = pair();
        theirs.write_all(b"one").unwrap();
        tokio::task::yield_now().await;
        assert!(!is_ready(poll_fn(|cx| next.poll_read_ready(cx))).await);
        drop(copy);
    });
}

#[test]
fn places_are_used_again_and_old_keys_lead_nowhere() {
    let mut sockets = Sockets::default();
    let first = sockets.add(EventFlags::IN);
    sockets.remove(first);
    let second = sockets.add(EventFlags::IN);
    assert_ne!(first, second);
    sockets.report(EventData::from(first), EventFlags::IN);
    assert!(sockets.place(first).is_none());
    assert!(!sockets.place(second).unwrap().readiness.may_read());
    sockets.report(EventData::from(second), EventFlags::IN);
    assert!(sockets.place(second).unwrap().readiness.may_read());
    sockets.remove(first);
    assert!(sockets.place(second).is_some());
}

#[test]
fn a_socket_belongs_to_the_event_loop_in_which_it_was_made() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let error = WatchedSocket::new(ours).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    let (socket, _theirs) = event_loop().run(async { pair() });
    event_loop().run(async {
        let (own, _theirs) = pair();
        let error = socket.try_read(read).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other);
        drop(socket);
        assert_eq!(own.try_read(read).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn tasks_are_spawned_and_woken_from_other_threads() {
    let (handle_sender, handle) = mpsc::channel();
    let (end, ended) = oneshot::channel();
    let runner = thread::spawn(move || {
        let event_loop = event_loop();
        handle_sender.send(event_loop.handle()).unwrap();
        event_loop.run(ended).unwrap();
    });
    let handle: LoopHandle = handle.recv().unwrap();
    let (senders, results): (Vec<_>, Vec<_>) = (0..100)
        .map(|_| {
            let (sender, received) = oneshot::channel::<u32>();
            let (result_sender, result) = mpsc::channel();
            handle.spawn(async move { result_sender.send(received.await.unwrap() + 1).unwrap() });
            (sender, result)
        })
        .unzip();
    for (number, sender) in (0..).zip(senders) {
        sender.send(number).unwrap();
    }
    for (number, result) in (1..).zip(results) {
        assert_eq!(result.recv().unwrap(), number);
    }
    end.send(()).unwrap();
    runner.join().unwrap();
}

/// One that wakes itself all the time keeps out neither tasks nor sockets nor timers.
#[test]
fn a_task_that_never_rests_leaves_the_others_their_turns() {
    let event_loop = event_loop();
    let handle = event_loop.handle();
    event_loop.run(async {
        handle.spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
        let (socket, mut theirs) = pair();
        let writer = thread::spawn(move || theirs.write_all(b"one").map(|()| theirs));
        assert_eq!(received(&socket).await.unwrap(), 3);
        tokio::time::sleep(Duration::from_millis(1)).await;
        drop(writer.join().unwrap().unwrap());
    });
}

/// What arrives meanwhile wakes others before the task is polled for the third time.
#[test]
fn a_task_that_yields_is_polled_again_only_after_events() {
    let event_loop = event_loop();
    let handle = event_loop.handle();
    event_loop.run(async {
        let (socket, mut theirs) = pair();
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&polls);
        handle.spawn(async move {
            theirs.write_all(b"one").unwrap();
            loop {
                counted.fetch_add(1, Relaxed);
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(received(&socket).await.unwrap(), 3);
        assert_eq!(polls.load(Relaxed), 2);
    });
}

/// As many as take more than one turn, and wake each other.
#[test]
fn tasks_that_wake_each_other_leave_the_others_their_turns() {
    let event_loop = event_loop();
    let handle = event_loop.handle();
    event_loop.run(async {
        let notify = Arc::new([const { tokio::sync::Notify::const_new() }; 2]);
        for number in 0..2 {
            let notify = Arc::clone(&notify);
            handle.spawn(async move {
                loop {
                    notify[number].notified().await;
                    notify[1 - number].notify_one();
                }
            });
        }
        notify[0].notify_one();
        let (socket, mut theirs) = pair();
        assert!(!is_ready(received(&socket)).await);
        theirs.write_all(b"one").unwrap();
        assert_eq!(received(&socket).await.unwrap(), 3);
    });
}

/// There is always something to read for it.
#[test]
fn a_task_whose_socket_is_always_ready_leaves_the_others_their_turns() {
    let event_loop = event_loop();
    let handle = event_loop.handle();
    event_loop.run(async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(b"one").unwrap();
        let (sender, is_running) = oneshot::channel();
        handle.spawn(async move {
            let socket = WatchedSocket::new(ours).unwrap();
            poll_fn(|cx| socket.poll_read_ready(cx)).await.unwrap();
            sender.send(()).unwrap();
            loop {
                poll_fn(|cx| socket.poll_read_ready(cx)).await.unwrap();
            }
        });
        is_running.await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        drop(theirs);
    });
}

#[test]
fn a_task_that_panics_ends_alone() {
    let event_loop = event_loop();
    let handle = event_loop.handle();
    event_loop.run(async {
        handle.spawn(async { panic!("in a task") });
        let (sender, received) = oneshot::channel();
        handle.spawn(async move { sender.send(()).unwrap() });
        received.await.unwrap();
    });
}

/// With their sockets, which are closed.
#[test]
fn tasks_that_have_not_ended_are_dropped_with_the_event_loop() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Counted(WatchedSocket);
    impl Drop for Counted {
        fn drop(&mut self) {
            assert!(self.0.fd().is_ok());
            DROPPED.fetch_add(1, Relaxed);
        }
    }
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let event_loop = event_loop();
    let handle = event_loop.handle();
    event_loop.run(async {
        let (sender, is_running) = oneshot::channel();
        handle.spawn(async move {
            let counted = Counted(WatchedSocket::new(ours).unwrap());
            sender.send(()).unwrap();
            let _ = received(&counted.0).await;
        });
        is_running.await.unwrap();
    });
    assert_eq!(DROPPED.load(Relaxed), 1);
    assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
}

/// A wake that nobody takes keeps neither the task nor the descriptors of the event loop.
#[test]
fn what_is_sent_to_an_event_loop_that_has_ended_is_dropped() {
    let event_loop = event_loop();
    let handle = event_loop.handle();
    let (sender, received) = oneshot::channel::<()>();
    let (stayed, has_stayed) = mpsc::channel();
    let inbox = event_loop.run(async {
        handle.spawn(async move {
            let _ = received.await;
            let _ = stayed.send(());
        });
        tokio::task::yield_now().await;
        let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        thread::spawn(|| waker.wake()).join().unwrap();
        with_current(|core| Arc::downgrade(&core.inbox)).unwrap()
    });
    // The task was dropped.
    sender.send(()).unwrap_err();
    has_stayed.recv().unwrap_err();
    let (sender, received) = mpsc::channel::<()>();
    handle.spawn(async move { drop(sender) });
    received.recv().unwrap_err();
    drop((event_loop, handle));
    assert!(inbox.upgrade().is_none());
}

#[test]
#[should_panic(expected = "an event loop runs once")]
fn an_event_loop_does_not_run_twice() {
    let event_loop = event_loop();
    event_loop.run(async {});
    event_loop.run(async {});
}

#[test]
#[should_panic(expected = "a thread runs one event loop at a time")]
fn an_event_loop_does_not_run_within_another_one() {
    event_loop().run(async { event_loop().run(async {}) });
}

/// Returns whether the peer of the socket has closed.
fn has_closed(socket: &UnixStream) -> bool {
    let mut fds = [PollFd::new(socket, PollFlags::empty())];
    poll(&mut fds, Some(&Timespec::default())).unwrap();
    fds[0].revents().contains(PollFlags::HUP)
}

#[test]
fn a_socket_is_closed_soon_after_the_tasks_that_the_next_events_wake() {
    event_loop().run(async {
        let (first, first_peer) = pair();
        let (second, mut second_peer) = pair();
        assert!(!is_ready(received(&second)).await);
        first.close_soon();
        second_peer.write_all(b"an event").unwrap();
        assert_eq!(received(&second).await.unwrap(), 8);
        assert!(!has_closed(&first_peer));
        tokio::task::yield_now().await;
        assert!(has_closed(&first_peer));
    });
}

#[test]
fn a_socket_is_closed_soon_if_there_are_no_events() {
    event_loop().run(async {
        let (socket, mut peer) = pair();
        socket.close_soon();
        let (sender, receiver) = oneshot::channel();
        // Nothing else wakes the event loop.
        let reader = thread::spawn(move || sender.send(peer.read(&mut [0; 1]).unwrap()));
        assert_eq!(receiver.await, Ok(0));
        reader.join().unwrap().unwrap();
    });
}

#[test]
fn only_a_few_sockets_are_kept_until_they_are_closed_soon() {
    event_loop().run(async {
        let (sockets, peers): (Vec<_>, Vec<_>) = (0..3 * closing::KEPT).map(|_| pair()).unzip();
        sockets.into_iter().for_each(WatchedSocket::close_soon);
        let open = peers.iter().filter(|peer| !has_closed(peer)).count();
        assert_eq!(open, closing::KEPT);
    });
}

#[test]
fn sockets_that_are_kept_are_closed_when_the_event_loop_ends() {
    let peer = event_loop().run(async {
        let (socket, peer) = pair();
        socket.close_soon();
        assert!(!has_closed(&peer));
        peer
    });
    assert!(has_closed(&peer));
}

#[test]
fn sockets_that_are_kept_can_be_closed_now() {
    event_loop().run(async {
        let (socket, peer) = pair();
        socket.close_soon();
        assert!(!has_closed(&peer));
        close_ended();
        assert!(has_closed(&peer));
    });
}

/// Such as listeners, on whose names others wait to listen.
#[test]
fn a_socket_that_is_dropped_is_closed_at_once() {
    event_loop().run(async {
        let (socket, peer) = pair();
        drop(socket);
        assert!(has_closed(&peer));
    });
}
