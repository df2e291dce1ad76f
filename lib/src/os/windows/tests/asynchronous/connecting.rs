use super::*;
use crate::{ConnectWaitMode, error::SocketError};
use ::tokio::time::timeout;
use std::{io::ErrorKind, time::Instant};

/// Connects to all instances of a listener.
async fn crowd(name: &Name<'_>) -> Vec<AsyncStream> {
    let deferred = ConnectOptions::new().name(name.borrow()).wait_mode(ConnectWaitMode::Deferred);
    let mut clients = Vec::new();
    loop {
        match deferred.connect_tokio_as().await {
            Ok(client) => clients.push(client),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                break clients;
            }
        }
        assert!(clients.len() < 1000);
    }
}

#[test]
fn connecting_to_a_busy_pipe_waits_as_the_mode_says() {
    on_each_runtime(|| async {
        let name = unique();
        let listener = listen_async(&name);
        let mut clients = crowd(&name).await;
        let options = ConnectOptions::new().name(name.borrow());
        let begin = Instant::now();
        let timed = options.clone().wait_mode(ConnectWaitMode::Timeout(MOMENT));
        let error = timed.connect_tokio_as::<AsyncStream>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(SocketError::of(&error).is_some());
        assert!(begin.elapsed() >= MOMENT);

        let theirs = name.clone();
        let mut waiting = ::tokio::spawn(async move { connect_async(&theirs).await });
        assert!(::tokio::time::timeout(MOMENT, &mut waiting).await.is_err(), "the call waits");
        let _server = listener.accept().await.unwrap();
        let mut last = waiting.await.unwrap();
        last.write_all(b"last").await.unwrap();
        clients.remove(0);
        for _ in &clients {
            listener.accept().await.unwrap();
        }
        let mut server = listener.accept().await.unwrap();
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 4);
    });
}

#[test]
fn waiting_for_a_busy_pipe_can_be_cancelled() {
    within_deadline(|| {
        for runtime in runtimes() {
            let (name, listener, clients) = runtime.block_on(async {
                let name = unique();
                let listener = listen_async(&name);
                let clients = crowd(&name).await;
                assert!(timeout(MOMENT, AsyncStream::connect(name.borrow())).await.is_err());
                assert!(once(AsyncStream::connect(name.borrow())).await.is_none());
                (name, listener, clients)
            });
            // The runtime ends while the pipe is still busy.
            drop(runtime);
            runtimes()[0].block_on(async {
                // Only these clients have connected.
                for _ in &clients {
                    listener.accept().await.unwrap();
                }
                assert!(timeout(MOMENT * 2, listener.accept()).await.is_err());
                connect_async(&name).await;
            });
        }
    });
}

#[test]
fn a_missing_pipe_is_not_found_in_every_mode() {
    on_each_runtime(|| async {
        let name = unique();
        for mode in [
            ConnectWaitMode::Deferred,
            ConnectWaitMode::Timeout(DEADLINE),
            ConnectWaitMode::Unbounded,
        ] {
            let options = ConnectOptions::new().name(name.borrow()).wait_mode(mode);
            let error = options.connect_tokio_as::<AsyncStream>().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
        }
    });
}

#[test]
fn connecting_fails_outside_a_runtime() {
    let name = unique();
    let _listener = listen(&name);
    let connect = AsyncStream::connect(name.borrow());
    let mut connect = pin!(connect);
    let cx = &mut Context::from_waker(std::task::Waker::noop());
    assert!(matches!(connect.as_mut().poll(cx), Poll::Ready(Err(_))));
}

#[test]
fn futures_are_send_and_sync() {
    fn check<T: Send + Sync>(_: T) {}
    fn type_check<T: Send + Sync + Unpin + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    let name = unique();
    check(AsyncStream::connect(name.borrow()));
    within_deadline(|| {
        runtimes()[0].block_on(async {
            let listener = listen_async(&unique());
            check(listener.accept());
        });
    });
    type_check::<AsyncStream>();
    type_check::<AsyncListener>();
    type_check::<crate::os::windows::tokio::RecvHalf>();
    type_check::<crate::os::windows::tokio::SendHalf>();
}
