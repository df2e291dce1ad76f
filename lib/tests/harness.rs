//! Common parts of the tests: a name of their own, a deadline, and waiting for conditions.

mod common;
mod thread_mark;

#[cfg(windows)]
pub(crate) use common::is_wine;
pub(crate) use common::{eventually, seeded_pattern, unique_word, within_deadline};
pub(crate) use thread_mark::{ThreadMark, spawn_waiting};

use local_socket::{
    GenericFilePath, GenericNamespaced, Listener, ListenerOptions, Name, Stream, ToFsName as _,
    ToNsName as _,
    traits::{Listener as _, Stream as _},
};
use std::{io, thread, time::Duration};

/// A time that a call which fails at once never takes.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(5);

/// How much too early a timeout may end: the system's clocks tick in steps of this length.
pub(crate) const TICK: Duration = Duration::from_millis(16);

/// The kinds of names that this system has.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A socket file.
    #[cfg(unix)]
    File,
    /// An abstract name of Linux.
    #[cfg(linux_like)]
    Abstract,
    /// A socket file in the user's runtime folder.
    #[cfg(unix)]
    SpecialDir,
    /// A named pipe, by its path.
    #[cfg(windows)]
    PipePath,
    /// A named pipe, by a word.
    #[cfg(windows)]
    PipeWord,
}

impl Kind {
    /// A kind for tests that do not depend on the name.
    #[cfg(unix)]
    pub(crate) const NATIVE: Self = Self::File;
    /// A kind for tests that do not depend on the name.
    #[cfg(windows)]
    pub(crate) const NATIVE: Self = Self::PipeWord;
}

/// Defines a test for each kind of name from each behaviour (a function that takes a [`Place`]).
macro_rules! on_every_kind {
    ($($behaviour:ident)*) => {$(
        mod $behaviour {
            on_every_kind! { @kind $behaviour
                [cfg(unix)] file File,
                [cfg(linux_like)] abstract_name Abstract,
                [cfg(unix)] special_dir SpecialDir,
                [cfg(windows)] pipe_path PipePath,
                [cfg(windows)] pipe_word PipeWord,
            }
        }
    )*};
    (@kind $behaviour:ident $([$cfg:meta] $test:ident $kind:ident,)*) => {$(
        #[$cfg]
        #[test]
        fn $test() {
            use $crate::harness::{Kind, Place, within_deadline};
            within_deadline(|| super::$behaviour(&Place::new(Kind::$kind)));
        }
    )*};
}

/// A name that no other test uses.
#[derive(Debug)]
pub(crate) struct Place {
    kind: Kind,
    word: String,
    #[cfg(unix)]
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            word: unique_word(),
            #[cfg(unix)]
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Returns the name, the same with each call.
    pub(crate) fn name(&self) -> Name<'static> {
        match self.kind {
            #[cfg(unix)]
            Kind::File => self.folder.path().join(&self.word).to_fs_name::<GenericFilePath>(),
            #[cfg(linux_like)]
            Kind::Abstract => self.word.clone().to_ns_name::<GenericNamespaced>(),
            #[cfg(unix)]
            Kind::SpecialDir => {
                self.word.clone().to_ns_name::<local_socket::os::unix::SpecialDirUdSocket>()
            }
            #[cfg(windows)]
            Kind::PipePath => format!(r"\\.\pipe\{}", self.word).to_fs_name::<GenericFilePath>(),
            #[cfg(windows)]
            Kind::PipeWord => self.word.clone().to_ns_name::<GenericNamespaced>(),
        }
        .unwrap()
    }

    /// Returns whether the name is that of a socket file.
    pub(crate) fn has_file(&self) -> bool {
        match self.kind {
            #[cfg(unix)]
            Kind::File | Kind::SpecialDir => true,
            #[cfg(linux_like)]
            Kind::Abstract => false,
            #[cfg(windows)]
            Kind::PipePath | Kind::PipeWord => false,
        }
    }

    /// Returns options for listening on the name.
    pub(crate) fn options(&self) -> ListenerOptions<'static> {
        ListenerOptions::new().name(self.name())
    }

    pub(crate) fn listen(&self) -> Listener {
        self.options().create_sync().unwrap()
    }

    pub(crate) fn connect(&self) -> Stream {
        Stream::connect(self.name()).unwrap()
    }

    /// Connects and accepts. Returns the client's end and the server's end.
    pub(crate) fn connected(&self, listener: &Listener) -> (Stream, Stream) {
        thread::scope(|scope| {
            let client = scope.spawn(|| self.connect());
            let server = listener.accept().unwrap();
            (client.join().unwrap(), server)
        })
    }

    /// Returns both ends of a connection whose listener is closed.
    pub(crate) fn streams(&self) -> (Stream, Stream) {
        self.connected(&self.listen())
    }
}

/// Fails unless the error is of one of the kinds.
#[track_caller]
pub(crate) fn assert_kind<T: std::fmt::Debug>(
    result: io::Result<T>,
    kinds: &[io::ErrorKind],
) -> io::Error {
    match result {
        Ok(value) => panic!("expected an error of {kinds:?}, got {value:?}"),
        Err(error) if kinds.contains(&error.kind()) => error,
        Err(error) => panic!("expected an error of {kinds:?}, got {error:?}"),
    }
}

/// Kinds of errors of connecting to a name that nobody listens on.
pub(crate) const NOBODY: &[io::ErrorKind] =
    &[io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused];

/// Kinds of errors of a call that has timed out.
pub(crate) const TOO_LATE: &[io::ErrorKind] = &[io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut];

/// Kinds of errors of sending to a peer that has closed.
pub(crate) const GONE: &[io::ErrorKind] =
    &[io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];

/// Returns bytes without repetitions that could hide a loss or a swap.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    seeded_pattern(len, 0)
}

/// Fails with the position of the first difference instead of megabytes of data.
#[track_caller]
pub(crate) fn assert_same(got: &[u8], expected: &[u8]) {
    let differs = got.iter().zip(expected).position(|(one, other)| one != other);
    assert_eq!(differs, None, "the first byte that differs");
    assert_eq!(got.len(), expected.len(), "count of bytes");
}
