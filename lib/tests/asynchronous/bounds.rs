//! Bounds of types and futures. Compiling is the test.

use local_socket::{
    ConnectOptions, ListenerOptions,
    bound_util::{RefTokioAsyncRead, RefTokioAsyncWrite},
    tokio::{Listener, RecvHalf, ReuniteError, ReuniteResult, SendHalf, Stream},
    traits::{StreamCommon, tokio as traits},
};
use std::{error::Error, fmt::Debug, io, panic::UnwindSafe};
use tokio::io::{AsyncRead, AsyncWrite};

fn everywhere<T: Debug + Send + Sync + Unpin + UnwindSafe + 'static>() {}
fn reads<T: AsyncRead + RefTokioAsyncRead>()
where
    for<'a> &'a T: AsyncRead,
{
}
fn writes<T: AsyncWrite + RefTokioAsyncWrite>()
where
    for<'a> &'a T: AsyncWrite,
{
}
fn is_error<T: Error + Send + Sync + 'static>() {}

#[test]
fn types_have_the_bounds_that_programs_rely_on() {
    everywhere::<Stream>();
    everywhere::<Listener>();
    everywhere::<RecvHalf>();
    everywhere::<SendHalf>();
    reads::<Stream>();
    writes::<Stream>();
    reads::<RecvHalf>();
    writes::<SendHalf>();
    is_error::<ReuniteError>();
    fn streams<T: traits::Stream<RecvHalf = RecvHalf, SendHalf = SendHalf> + StreamCommon>() {}
    streams::<Stream>();
    fn listens<T: traits::Listener<Stream = Stream>>() {}
    listens::<Listener>();
    fn result(result: ReuniteResult) -> Result<Stream, ReuniteError> {
        result
    }
    let _ = result;
}

/// Futures that can be sent to and shared with other threads.
#[test]
fn futures_are_send_and_sync() {
    fn goes<T>(_: impl Future<Output = io::Result<T>> + Send + Sync) {}
    let options = ConnectOptions::new();
    goes::<Stream>(options.connect_tokio());
    goes::<Stream>(options.connect_tokio_as());
    fn accepting(listener: &Listener) {
        goes::<Stream>(listener.accept());
    }
    use traits::Listener as _;
    let _ = accepting;
    fn types<L: traits::Listener, S: traits::Stream>(listener: &L, options: &ConnectOptions<'_>) {
        goes(listener.accept());
        goes(S::from_options(options));
    }
    let _ = types::<Listener, Stream>;
    let _: fn(ListenerOptions<'static>) -> io::Result<Listener> = ListenerOptions::create_tokio_as;
}
