//! Common parts of the tests: a name of their own, a deadline, and waiting for conditions.

mod thread_mark;

pub(crate) use thread_mark::{ThreadMark, spawn_waiting};

use local_socket::{
    GenericFilePath, GenericNamespaced, Listener, ListenerOptions, Name, Stream, ToFsName as _,
    ToNsName as _,
    traits::{Listener as _, Stream as _},
};
use std::{
    fmt::Write as _,
    io, panic, process,
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

/// A test that takes longer hangs. No test waits that long on purpose.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

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

/// Returns a word that no other test uses, in this process or another.
pub(crate) fn unique_word() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("local-socket-test-{}-{count}", process::id())
}

/// Runs a test in a thread of its own, and fails if it does not end.
pub(crate) fn within_deadline(test: impl FnOnce() + Send + 'static) {
    let (running, ended) = mpsc::channel::<()>();
    let name = thread::current().name().unwrap_or("test").to_owned();
    let thread = thread::Builder::new().name(name).spawn(move || {
        let _running = running;
        test();
    });
    let thread = thread.unwrap();
    match ended.recv_timeout(DEADLINE) {
        Err(RecvTimeoutError::Timeout) => {
            panic!("the test hangs: still running after {DEADLINE:?}\n{}", threads());
        }
        _ => {
            if let Err(report) = thread.join() {
                panic::resume_unwind(report);
            }
        }
    }
}

/// Returns the system calls in which the threads of this process wait, if the system reports them.
fn threads() -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let read = |file| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        let (comm, wchan, syscall) = (read("comm"), read("wchan"), read("syscall"));
        let _ = writeln!(text, "thread {}: in {wchan}, syscall {}", comm.trim(), syscall.trim());
    }
    text
}

/// Returns whether this is Wine, which lacks some features of Windows.
#[cfg(windows)]
pub(crate) fn is_wine() -> bool {
    use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
    // SAFETY: both texts end with a NUL, and ntdll.dll is always loaded.
    unsafe {
        let ntdll = GetModuleHandleA(c"ntdll.dll".as_ptr().cast());
        GetProcAddress(ntdll, c"wine_get_version".as_ptr().cast()).is_some()
    }
}

/// Waits for a condition that no call reports.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE / 2;
    while !condition() {
        assert!(Instant::now() < deadline, "timed out waiting until {what}");
        // No call waits for the condition, so it is checked again after a pause.
        thread::sleep(Duration::from_millis(1));
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
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Fails with the position of the first difference instead of megabytes of data.
#[track_caller]
pub(crate) fn assert_same(got: &[u8], expected: &[u8]) {
    let differs = got.iter().zip(expected).position(|(one, other)| one != other);
    assert_eq!(differs, None, "the first byte that differs");
    assert_eq!(got.len(), expected.len(), "count of bytes");
}
