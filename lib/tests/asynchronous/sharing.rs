//! Several tasks that wait for the same stream or listener through shared references.

use super::on_every_kind_async;
use crate::harness::{AT_ONCE, Place, eventually};
use local_socket::{
    tokio::Stream,
    traits::tokio::{Listener as _, Stream as _},
};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    task::JoinSet,
    time::timeout,
};

on_every_kind_async! {
    all_tasks_that_read_through_shared_references_are_woken
    all_tasks_that_write_through_shared_references_are_woken
    all_tasks_that_read_wake_at_the_end_of_file
    all_tasks_that_accept_are_woken
    tasks_that_have_stopped_waiting_do_not_pile_up
    wakers_can_poll_the_stream
}

const TASKS: usize = 5;

/// Starts a task for each number. Returns when each has been polled once.
async fn start<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    count: usize,
    task: impl Fn(usize) -> F,
) -> JoinSet<T> {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        tasks.spawn(task(number));
    }
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    tasks
}

/// Waits for all tasks. Those that are never woken are counted in the message.
async fn join<T: 'static>(mut tasks: JoinSet<T>) -> Vec<T> {
    let (mut results, count) = (Vec::new(), tasks.len());
    while !tasks.is_empty() {
        match timeout(AT_ONCE, tasks.join_next()).await {
            Ok(result) => results.push(result.unwrap().unwrap()),
            Err(_) => panic!("{} of {count} tasks were not woken", tasks.len()),
        }
    }
    results
}

async fn all_tasks_that_read_through_shared_references_are_woken(place: &Place) {
    let (client, mut server) = place.streams_async().await;
    let (rh, _sh) = client.split();
    all_read(Arc::new(rh), &mut server).await;
    let (client, mut server) = Stream::pair().unwrap();
    all_read(Arc::new(client), &mut server).await;
}

async fn all_read<R: Send + Sync + 'static>(reader: Arc<R>, writer: &mut Stream)
where
    for<'a> &'a R: AsyncRead + Unpin + Send,
{
    let tasks = start(TASKS, |_| {
        let reader = Arc::clone(&reader);
        async move {
            let mut byte = [0];
            { &*reader }.read_exact(&mut byte).await.unwrap();
            byte[0]
        }
    });
    let tasks = tasks.await;
    // Each byte wakes the tasks that still wait.
    for number in 0..5 {
        writer.write_all(&[number]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut bytes = join(tasks).await;
    bytes.sort_unstable();
    assert_eq!(bytes, [0, 1, 2, 3, 4]);
}

async fn all_tasks_that_write_through_shared_references_are_woken(place: &Place) {
    let (client, mut server) = place.streams_async().await;
    let (_rh, sh) = client.split();
    all_write(Arc::new(sh), &mut server).await;
    let (client, mut server) = Stream::pair().unwrap();
    all_write(Arc::new(client), &mut server).await;
}

async fn all_write<W: Send + Sync + 'static>(writer: Arc<W>, reader: &mut Stream)
where
    for<'a> &'a W: AsyncWrite + Unpin + Send,
{
    const PIECE: usize = 400_000;
    let tasks = start(TASKS, |_| {
        let writer = Arc::clone(&writer);
        async move { { &*writer }.write_all(&vec![1; PIECE]).await.unwrap() }
    });
    let tasks = tasks.await;
    let mut buf = vec![0; TASKS * PIECE];
    let read = timeout(2 * AT_ONCE, reader.read_exact(&mut buf)).await;
    read.expect("a task that writes was not woken").unwrap();
    join(tasks).await;
}

async fn all_tasks_that_read_wake_at_the_end_of_file(place: &Place) {
    let (client, server) = place.streams_async().await;
    let client = Arc::new(client);
    let tasks = start(TASKS, |_| {
        let client = Arc::clone(&client);
        async move { { &*client }.read(&mut [0; 9]).await.unwrap() }
    });
    let tasks = tasks.await;
    drop(server);
    assert_eq!(join(tasks).await, [0; TASKS]);
}

async fn all_tasks_that_accept_are_woken(place: &Place) {
    let listener = Arc::new(place.listen_async());
    let tasks = start(TASKS, |_| {
        let listener = Arc::clone(&listener);
        async move { listener.accept().await.unwrap() }
    });
    let tasks = tasks.await;
    let mut clients = Vec::new();
    for _ in 0..TASKS {
        clients.push(place.connect_async().await);
    }
    join(tasks).await;
}

/// A waker keeps its task in memory.
async fn tasks_that_have_stopped_waiting_do_not_pile_up(place: &Place) {
    /// Counts the wakers that exist, and the calls.
    struct Counted(Arc<AtomicUsize>, Arc<AtomicUsize>);
    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.1.fetch_add(1, Ordering::SeqCst);
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let (client, mut server) = place.streams_async().await;
    let (count, woken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let stop_waiting = || {
        count.fetch_add(1, Ordering::SeqCst);
        let waker = Arc::new(Counted(Arc::clone(&count), Arc::clone(&woken))).into();
        let mut cx = Context::from_waker(&waker);
        let mut buf = [0];
        let mut buf = ReadBuf::new(&mut buf);
        assert!(Pin::new(&mut &client).poll_read(&mut cx, &mut buf).is_pending());
    };
    (0..100).for_each(|_| stop_waiting());
    eventually("the wakers are dropped", || {
        stop_waiting();
        count.load(Ordering::SeqCst) < 10
    });
    // Those that might still wait are woken.
    assert!(woken.load(Ordering::SeqCst) >= 90, "{woken:?}");
    server.write_all(b"x").await.unwrap();
    { &client }.read_exact(&mut [0]).await.unwrap();
}

/// Some executors poll a task in its waker. Streams must not call wakers while they hold a lock.
async fn wakers_can_poll_the_stream(place: &Place) {
    type Call = fn(&Stream, &mut Context<'_>);
    struct Polling(Arc<Stream>, Call, Arc<AtomicUsize>);
    impl Wake for Polling {
        fn wake(self: Arc<Self>) {
            self.2.fetch_add(1, Ordering::SeqCst);
            (self.1)(&self.0, &mut Context::from_waker(Waker::noop()));
        }
    }
    let read: Call = |mut stream, cx| {
        let mut buf = [0];
        let _ = Pin::new(&mut stream).poll_read(cx, &mut ReadBuf::new(&mut buf));
    };
    let write: Call = |mut stream, cx| {
        while let Poll::Ready(Ok(_)) = Pin::new(&mut stream).poll_write(cx, &[0; 65_536]) {}
    };
    let flush: Call = |mut stream, cx| {
        let _ = Pin::new(&mut stream).poll_flush(cx);
    };
    let (client, _server) = place.streams_async().await;
    let client = Arc::new(client);
    write(&client, &mut Context::from_waker(Waker::noop()));
    // A socket has no buffer in this process, so flushing it does not wait.
    let polls = if cfg!(windows) { vec![read, write, flush] } else { vec![read, write] };
    for poll in polls {
        let woken = Arc::new(AtomicUsize::new(0));
        // Of many tasks that wait, all are woken from time to time.
        eventually("a task is woken", || {
            let waker = Arc::new(Polling(Arc::clone(&client), poll, Arc::clone(&woken))).into();
            poll(&client, &mut Context::from_waker(&waker));
            woken.load(Ordering::SeqCst) > 0
        });
    }
}
