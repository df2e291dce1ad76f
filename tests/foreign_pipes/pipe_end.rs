//! One end of a pipe as a program without the library of this project creates or opens it.

use std::{
    ffi::OsStr,
    io,
    os::windows::{
        ffi::OsStrExt as _,
        io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle},
    },
    ptr, thread,
};
use windows_sys::Win32::{
    Foundation::{
        ERROR_BROKEN_PIPE, ERROR_IO_PENDING, ERROR_MORE_DATA, ERROR_PIPE_CONNECTED,
        ERROR_PIPE_NOT_CONNECTED, GENERIC_READ, GENERIC_WRITE, GetLastError, HANDLE,
        INVALID_HANDLE_VALUE,
    },
    Storage::FileSystem::{
        CreateFileW, FILE_FLAG_OVERLAPPED, FlushFileBuffers, OPEN_EXISTING, PIPE_ACCESS_DUPLEX,
        ReadFile, WriteFile,
    },
    System::{
        IO::{GetOverlappedResult, OVERLAPPED},
        Pipes::{
            ConnectNamedPipe, CreateNamedPipeW, DisconnectNamedPipe, PIPE_READMODE_MESSAGE,
            PIPE_TYPE_MESSAGE, SetNamedPipeHandleState,
        },
        Threading::CreateEventW,
    },
};

/// How a program uses pipes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Habits {
    /// Whether the pipe is message-type. The server decides that.
    pub(super) message_type: bool,
    /// Whether this end reads messages, not bytes.
    pub(super) message_reads: bool,
    /// Whether this end reads and writes at the same time, with overlapped operations. The other
    /// programs read everything first.
    pub(super) overlapped: bool,
    /// Whether it closes only after it has read the end of file.
    pub(super) closes_last: bool,
    /// Whether it sends a message of zero bytes after its data.
    pub(super) half_closes: bool,
}

impl Habits {
    /// Those of ssh-agent: it answers, and closes when the client has closed.
    pub(super) const AGENT: Self = Self {
        message_type: false,
        message_reads: false,
        overlapped: true,
        closes_last: true,
        half_closes: false,
    };

    /// Returns all that are possible.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..32).filter_map(|bits: u8| {
            let bit = |number: u8| bits >> number & 1 == 1;
            let habits = Self {
                message_type: bit(0),
                message_reads: bit(1),
                overlapped: bit(2),
                closes_last: bit(3),
                half_closes: bit(4),
            };
            // A byte-type pipe has no messages.
            let is_possible = habits.message_type || !habits.message_reads && !habits.half_closes;
            is_possible.then_some(habits)
        })
    }
}

/// One end of a pipe.
pub(super) struct PipeEnd {
    handle: OwnedHandle,
    overlapped: bool,
    is_server: bool,
}

impl PipeEnd {
    /// Creates a pipe with one instance. `directions` is `PIPE_ACCESS_DUPLEX` or one direction.
    pub(super) fn create(name: &str, habits: Habits, directions: u32) -> Self {
        let kind = if habits.message_type { PIPE_TYPE_MESSAGE } else { 0 };
        let reads = if habits.message_reads { PIPE_READMODE_MESSAGE } else { 0 };
        let flags = if habits.overlapped { FILE_FLAG_OVERLAPPED } else { 0 };
        let path = path(name);
        // SAFETY: the path ends with a NUL.
        let handle = unsafe {
            let (mode, none) = (kind | reads, ptr::null());
            CreateNamedPipeW(path.as_ptr(), directions | flags, mode, 1, 4096, 4096, 0, none)
        };
        Self { is_server: true, ..Self::own(handle, habits) }
    }

    /// Opens the client's end of a pipe.
    pub(super) fn open(name: &str, habits: Habits) -> Self {
        let flags = if habits.overlapped { FILE_FLAG_OVERLAPPED } else { 0 };
        let path = path(name);
        // SAFETY: the path ends with a NUL.
        let handle = unsafe {
            let (access, none) = (GENERIC_READ | GENERIC_WRITE, ptr::null_mut());
            CreateFileW(path.as_ptr(), access, 0, ptr::null(), OPEN_EXISTING, flags, none)
        };
        let end = Self::own(handle, habits);
        if habits.message_reads {
            let (mode, none) = (PIPE_READMODE_MESSAGE, ptr::null());
            // SAFETY: the handle is open.
            let ok = unsafe { SetNamedPipeHandleState(end.raw(), &raw const mode, none, none) };
            assert_ne!(ok, 0, "{}", io::Error::last_os_error());
        }
        end
    }

    fn own(handle: HANDLE, habits: Habits) -> Self {
        assert_ne!(handle, INVALID_HANDLE_VALUE, "{}", io::Error::last_os_error());
        // SAFETY: the handle is new.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        Self { handle, overlapped: habits.overlapped, is_server: false }
    }

    /// Waits for a client.
    pub(super) fn accept(&self) {
        // SAFETY: as in `run`.
        let result =
            self.run(|handle, _, overlapped| unsafe { ConnectNamedPipe(handle, overlapped) });
        let connected = Some(ERROR_PIPE_CONNECTED.cast_signed());
        if let Err(error) = result {
            assert_eq!(error.raw_os_error(), connected, "{error}");
        }
    }

    /// Reads once. 0 is a message of zero bytes, or the end of file.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let gone =
            [ERROR_BROKEN_PIPE, ERROR_PIPE_NOT_CONNECTED].map(|code| Some(code.cast_signed()));
        let len = u32::try_from(buffer.len()).unwrap();
        // SAFETY: as in `run`; the buffer outlives the operation.
        let read = self.run(|handle, count, overlapped| unsafe {
            ReadFile(handle, buffer.as_mut_ptr(), len, count, overlapped)
        });
        match read {
            Err(error) if gone.contains(&error.raw_os_error()) => Ok(0),
            result => result,
        }
    }

    /// Writes one message.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let len = u32::try_from(bytes.len()).unwrap();
        // SAFETY: as in `run`; the bytes outlive the operation.
        self.run(|handle, count, overlapped| unsafe {
            WriteFile(handle, bytes.as_ptr(), len, count, overlapped)
        })
    }

    /// Writes all bytes.
    pub(super) fn send(&self, bytes: &[u8]) {
        bytes.chunks(60_000).for_each(|piece| assert_eq!(self.write(piece).unwrap(), piece.len()));
    }

    /// Reads this number of bytes and no more.
    pub(super) fn receive(&self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let mut done = 0;
        while done < length {
            let most = length.min(done + 60_000);
            match self.read(&mut bytes[done..most]).unwrap() {
                0 => break,
                read => done += read,
            }
        }
        bytes.truncate(done);
        bytes
    }

    /// Reads to the end of file.
    pub(super) fn rest(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            match self.receive(60_000) {
                piece if piece.is_empty() => return bytes,
                piece => bytes.extend(piece),
            }
        }
    }

    /// Receives this number of bytes and sends these, then ends as its habits are. Returns what it
    /// has received.
    pub(super) fn converse(self, habits: Habits, length: usize, bytes: &[u8]) -> Vec<u8> {
        let mut received = if habits.overlapped {
            thread::scope(|scope| {
                let sending = scope.spawn(|| self.send(bytes));
                let received = self.receive(length);
                sending.join().unwrap();
                received
            })
        } else {
            let received = self.receive(length);
            self.send(bytes);
            received
        };
        if habits.half_closes {
            assert_eq!(self.write(b"").unwrap(), 0);
        }
        if habits.closes_last {
            received.extend(self.rest());
        }
        self.close(habits);
        received
    }

    /// Closes this end. Servers with blocking calls flush and disconnect first, as Microsoft's
    /// example does.
    pub(super) fn close(self, habits: Habits) {
        if self.is_server && !habits.overlapped {
            // SAFETY: the handle is open. Both fail if the client has closed.
            unsafe {
                FlushFileBuffers(self.raw());
                DisconnectNamedPipe(self.raw());
            }
        }
    }

    /// Runs an operation to its end.
    fn run(
        &self,
        start: impl FnOnce(HANDLE, *mut u32, *mut OVERLAPPED) -> i32,
    ) -> io::Result<usize> {
        let mut count = 0;
        if !self.overlapped {
            let done = start(self.raw(), &raw mut count, ptr::null_mut());
            return result(done, count);
        }
        // SAFETY: no pointers but null.
        let event = unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) };
        // SAFETY: the handle is new.
        let _event = unsafe { OwnedHandle::from_raw_handle(event) };
        let mut overlapped = OVERLAPPED { hEvent: event, ..OVERLAPPED::default() };
        let done = start(self.raw(), ptr::null_mut(), &raw mut overlapped);
        // SAFETY: no arguments.
        let code = if done == 0 { unsafe { GetLastError() } } else { 0 };
        if !matches!(code, 0 | ERROR_IO_PENDING | ERROR_MORE_DATA) {
            return Err(io::Error::from_raw_os_error(code.cast_signed()));
        }
        // SAFETY: the OVERLAPPED belongs to the operation, which this waits for.
        let done =
            unsafe { GetOverlappedResult(self.raw(), &raw const overlapped, &raw mut count, 1) };
        result(done, count)
    }

    fn raw(&self) -> HANDLE {
        self.handle.as_raw_handle()
    }
}

/// Returns the result of a call that has set the last error.
fn result(done: i32, count: u32) -> io::Result<usize> {
    let error = io::Error::last_os_error();
    // The rest of the message is returned by the next read.
    let is_part = error.raw_os_error() == Some(ERROR_MORE_DATA.cast_signed());
    if done != 0 || is_part { Ok(count as usize) } else { Err(error) }
}

fn path(name: &str) -> Vec<u16> {
    OsStr::new(&format!(r"\\.\pipe\{name}")).encode_wide().chain([0]).collect()
}

/// Starts a server that serves one client on another thread. The pipe exists when this returns.
pub(super) fn serve<T: Send + 'static>(
    name: &str,
    habits: Habits,
    directions: u32,
    serve: impl FnOnce(PipeEnd) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let end = PipeEnd::create(name, habits, directions);
    thread::spawn(move || {
        end.accept();
        serve(end)
    })
}

/// As [`serve`], for both directions.
pub(super) fn serve_both<T: Send + 'static>(
    name: &str,
    habits: Habits,
    function: impl FnOnce(PipeEnd) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    serve(name, habits, PIPE_ACCESS_DUPLEX, function)
}
