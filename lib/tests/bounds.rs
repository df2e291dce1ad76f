//! Bounds of types. Compiling is the test.

use local_socket::{
    ConnectOptions, ConnectWaitMode, Incoming, Listener, ListenerNonblockingMode, ListenerOptions,
    Name, OnConflict, PeerCreds, RecvHalf, SendHalf, Stream, TryClone,
    bound_util::{RefRead, RefWrite},
    error::{NameError, SocketError},
    traits,
};
use std::{
    error::Error,
    fmt::{Debug, Display},
    hash::Hash,
    io::{Read, Write},
    iter::FusedIterator,
    panic::UnwindSafe,
};

fn everywhere<T: Debug + Send + Sync + Unpin + UnwindSafe + 'static>() {}
fn copies<T: Copy + Debug + Eq>() {}
fn reads<T: Read + RefRead>()
where
    for<'a> &'a T: Read,
{
}
fn writes<T: Write + RefWrite>()
where
    for<'a> &'a T: Write,
{
}
fn is_error<T: Error + Send + Sync + 'static>() {}
fn listens<T: traits::Listener + traits::ListenerExt + FusedIterator>() {}
fn streams<T: traits::Stream + traits::StreamCommon + TryClone>() {}

#[test]
fn types_have_the_bounds_that_programs_rely_on() {
    everywhere::<Stream>();
    everywhere::<Listener>();
    everywhere::<RecvHalf>();
    everywhere::<SendHalf>();
    everywhere::<Name<'static>>();
    everywhere::<ListenerOptions<'static>>();
    everywhere::<ConnectOptions<'static>>();
    everywhere::<PeerCreds>();
    everywhere::<Incoming<'static, Listener>>();
    reads::<Stream>();
    writes::<Stream>();
    reads::<RecvHalf>();
    writes::<SendHalf>();
    listens::<Listener>();
    streams::<Stream>();
    is_error::<NameError>();
    is_error::<SocketError>();
    is_error::<local_socket::ReuniteError>();
    copies::<ListenerNonblockingMode>();
    copies::<ConnectWaitMode>();
    copies::<OnConflict>();
    fn name<T: Clone + Debug + Display + Eq + Ord + Hash>() {}
    name::<Name<'static>>();
    fn options<T: Default + Debug + TryClone>() {}
    options::<ListenerOptions<'static>>();
    options::<ConnectOptions<'static>>();
    fn half<R: traits::RecvHalf<Stream = Stream>, S: traits::SendHalf<Stream = Stream>>() {}
    half::<RecvHalf, SendHalf>();
    fn creds<T: Clone + Debug>() {}
    creds::<PeerCreds>();
}

/// The prelude imports the traits, and names that do not clash with others.
#[test]
fn the_prelude_is_enough_for_a_program() {
    mod program {
        use local_socket::{GenericNamespaced, ListenerOptions, prelude::*};
        use std::io::{self, Read as _, Write as _};

        pub(super) fn run(word: &str) -> io::Result<[u8; 2]> {
            let name = word.to_ns_name::<GenericNamespaced>()?;
            let listener: LocalSocketListener =
                ListenerOptions::new().name(name.borrow()).create_sync()?;
            let mut client = LocalSocketStream::connect(name)?;
            let mut server = listener.incoming().next().unwrap()?;
            client.write_all(b"ok")?;
            let mut buf = [0; 2];
            server.read_exact(&mut buf)?;
            server.peer_creds()?;
            Ok(buf)
        }
    }
    assert_eq!(&program::run(&crate::harness::unique_word()).unwrap(), b"ok");
}
