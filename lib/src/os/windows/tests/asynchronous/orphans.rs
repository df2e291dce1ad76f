//! Operations whose owner was dropped.

use super::*;
use crate::os::windows::completion_driver::CompletionDriver;
use ::tokio::io::{AsyncRead, ReadBuf};
use std::{
    io::{Read, Write},
    pin::Pin,
    sync::Mutex,
    task::{Wake, Waker},
};

#[test]
fn memory_of_orphaned_operations_is_freed() {
    within_deadline(|| {
        runtimes()[0].block_on(async {
            for _ in 0..50 {
                let (mut server, mut client) = AsyncStream::pair().unwrap();
                assert!(once(server.read(&mut [0; 8])).await.is_none());
                assert!(once(client.read(&mut [0; 8])).await.is_none());
            }
        });
        // Other tests may have orphaned operations for a short time.
        while CompletionDriver::orphans() > 0 {
            thread::yield_now();
        }
    });
}

#[test]
fn debug_output_of_a_stream_omits_other_streams() {
    on_each_runtime(|| async {
        let (server, _client) = AsyncStream::pair().unwrap();
        let before = format!("{server:?}").len();
        let sent = fill_async(&server).await;
        assert!(once((&mut &server).read(&mut [0; 8])).await.is_none());
        let text = format!("{server:?}");
        assert!(text.len() < before + 1000, "{text}, of {} bytes", sent.len());
    });
}

/// A waker that drops a stream when it is woken.
struct Last(Mutex<Option<AsyncStream>>);

impl Wake for Last {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().unwrap().take());
    }
}

/// A waker that panics when it is woken.
struct Bad;

impl Wake for Bad {
    fn wake(self: Arc<Self>) {
        panic!("this is meant to be");
    }
}

#[test]
fn wakers_can_drop_streams_and_panic() {
    within_deadline(|| {
        let runtime = &runtimes()[0];
        let _context = runtime.enter();
        for bad in [true, false] {
            let (one, other) = connected();
            let (mut one, mut other) = (AsyncStream::try_from(one).unwrap(), other);
            let last = Arc::new(Last(Mutex::new(None)));
            let waker = if bad { Waker::from(Arc::new(Bad)) } else { Waker::from(last.clone()) };
            let (mut buf, mut cx) = ([0; 8], Context::from_waker(&waker));
            let read = Pin::new(&mut one).poll_read(&mut cx, &mut ReadBuf::new(&mut buf));
            assert!(read.is_pending());
            *last.0.lock().unwrap() = Some(one);
            other.write_all(b"x").unwrap();
            if !bad {
                assert_eq!(other.read(&mut [0; 8]).unwrap(), 0, "the stream has been dropped");
            }
        }
        runtime.block_on(async {
            let (one, mut other) = AsyncStream::pair().unwrap();
            let read = ::tokio::spawn(async move { (&mut &one).read(&mut [0; 8]).await });
            ::tokio::task::yield_now().await;
            other.write_all(b"xy").await.unwrap();
            assert_eq!(read.await.unwrap().unwrap(), 2, "the driver goes on");
        });
    });
}
