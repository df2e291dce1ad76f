use super::{DEADLINE, assert_bytes};
use local_socket::{Stream, TryClone, prelude::*};
#[cfg(unix)]
use std::os::{
    fd::{AsFd, BorrowedFd},
    unix::net::UnixStream,
};
use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    thread,
};

/// One end of a connection that a test holds.
#[derive(Debug)]
pub(crate) enum Wire {
    /// A connection by a path or an abstract name.
    #[cfg(unix)]
    Local(UnixStream),
    Tcp(TcpStream),
    /// A connection by a bare word, which the library resolves.
    Word(Stream),
}

/// Calls a method of the socket.
macro_rules! socket {
    ($wire:expr, $stream:ident => $call:expr) => {
        match $wire {
            #[cfg(unix)]
            Wire::Local($stream) => $call,
            Wire::Tcp($stream) => $call,
            Wire::Word($stream) => $call,
        }
    };
}

impl Wire {
    pub(crate) fn with_deadline(self) -> Self {
        self.set_deadline(DEADLINE);
        self
    }

    fn set_deadline(&self, limit: std::time::Duration) {
        let limit = Some(limit);
        match self {
            #[cfg(unix)]
            Self::Local(stream) => {
                stream.set_read_timeout(limit).and_then(|()| stream.set_write_timeout(limit))
            }
            Self::Tcp(stream) => {
                stream.set_read_timeout(limit).and_then(|()| stream.set_write_timeout(limit))
            }
            Self::Word(stream) => {
                stream.set_recv_timeout(limit).and_then(|()| stream.set_send_timeout(limit))
            }
        }
        .unwrap();
    }

    /// Returns whether there is nothing to read and no end of file for 300 ms.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.set_deadline(std::time::Duration::from_millis(300));
        let read = self.read(&mut [0]);
        self.set_deadline(DEADLINE);
        read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Returns another handle to the same connection.
    pub(crate) fn another(&self) -> Self {
        match self {
            #[cfg(unix)]
            Self::Local(stream) => Self::Local(stream.try_clone().unwrap()),
            Self::Tcp(stream) => Self::Tcp(stream.try_clone().unwrap()),
            Self::Word(stream) => Self::Word(stream.try_clone().unwrap()),
        }
    }

    /// Half-closes the connection: the peer reads the end of file.
    pub(crate) fn end(&self) {
        // Fails if the peer has closed.
        let _ = socket!(self, stream => stream.shutdown(Shutdown::Write));
    }

    /// Returns how many sent bytes the peer has not read yet.
    #[cfg(target_os = "linux")]
    pub(crate) fn unread(&self) -> i32 {
        use rustix::ioctl::{Getter, ioctl};
        const TIOCOUTQ: u32 = 0x5411;
        // SAFETY: TIOCOUTQ writes an int (`ioctl_tty(2)`, and `unix_ioctl` of Linux).
        unsafe { ioctl(self, Getter::<TIOCOUTQ, i32>::new()) }.unwrap()
    }

    /// Waits until exactly that many bytes can be read.
    #[track_caller]
    pub(crate) fn wait_for_bytes(&self, count: u64) {
        super::wait_until(&format!("{count} bytes can be read"), || self.readable() == count);
    }

    /// On Windows, waits until so much can be read that a sender of large data waits for room: a pipe
    /// reports what is unread at its close only if a write is under way. A socket always does.
    #[track_caller]
    pub(crate) fn wait_for_blocked_sender(&self) {
        /// The buffer of a pipe.
        const BUFFER: u64 = 64 << 10;
        if cfg!(windows) {
            super::wait_until("the sender waits for room", || self.readable() > BUFFER);
        }
    }

    /// Waits until something can be read.
    #[track_caller]
    pub(crate) fn wait_for_data(&self) {
        super::wait_until("something can be read", || self.readable() > 0);
    }

    #[cfg(unix)]
    fn readable(&self) -> u64 {
        rustix::io::ioctl_fionread(self).unwrap()
    }

    /// Pipes only.
    #[cfg(windows)]
    fn readable(&self) -> u64 {
        use std::{
            os::windows::io::{AsHandle as _, AsRawHandle as _},
            ptr,
        };
        use windows_sys::Win32::System::Pipes::PeekNamedPipe;
        let Self::Word(stream) = self else { panic!("not a pipe") };
        let (pipe, mut count) = (stream.as_handle().as_raw_handle(), 0);
        let none = ptr::null_mut();
        // SAFETY: the handle is open, and the pointers are valid or null.
        let ok = unsafe {
            PeekNamedPipe(pipe, none, 0, ptr::null_mut(), &raw mut count, ptr::null_mut())
        };
        assert_ne!(ok, 0, "{}", io::Error::last_os_error());
        count.into()
    }

    /// Closes the connection so that the peer's system gets a reset (TCP).
    #[cfg(unix)]
    pub(crate) fn reset(self) {
        rustix::net::sockopt::set_socket_linger(&self, Some(std::time::Duration::ZERO)).unwrap();
    }

    /// Shuts down both directions.
    #[cfg(unix)]
    pub(crate) fn shut_down(&self) {
        rustix::net::shutdown(self, rustix::net::Shutdown::Both).unwrap();
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.write_all(bytes.as_ref()).expect("the peer reads");
    }

    /// Reads as many bytes, which have to be these.
    #[track_caller]
    pub(crate) fn expect(&mut self, bytes: impl AsRef<[u8]>) {
        let mut received = vec![0; bytes.as_ref().len()];
        self.read_exact(&mut received).expect("the peer sends");
        assert_bytes(&received, bytes.as_ref(), || "from the peer".to_owned());
    }

    /// Reads to the end of file.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let read = self.read_to_end(&mut rest);
        read.unwrap_or_else(|error| panic!("no end of file after {} bytes: {error}", rest.len()));
        rest
    }

    /// Reads to the end of file. All bytes have to be these.
    #[track_caller]
    pub(crate) fn expect_rest(&mut self, bytes: impl AsRef<[u8]>) {
        assert_bytes(&self.rest(), bytes.as_ref(), || "from the peer".to_owned());
    }

    /// Reads until the end of file or until the peer resets the connection.
    #[track_caller]
    pub(crate) fn rest_whatever_happens(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        if let Err(error) = self.read_to_end(&mut rest) {
            let is_reset = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
            assert!(is_reset.contains(&error.kind()), "{error}");
        }
        rest
    }

    /// Sends the bytes and half-closes while it reads to the end of file.
    #[track_caller]
    pub(crate) fn exchange(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut writer = self.another();
        thread::scope(|scope| {
            let writes = scope.spawn(move || {
                writer.send(bytes);
                writer.end();
            });
            let received = self.rest();
            writes.join().unwrap();
            received
        })
    }

    /// Sends the bytes, half-closes, and expects the same bytes back.
    #[track_caller]
    pub(crate) fn expect_echo(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        assert_bytes(&self.exchange(bytes), bytes, || "as the echo".to_owned());
    }

    /// Sends each piece back until the end of file, then half-closes.
    pub(super) fn echo(mut self) {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(read @ 1..) = self.read(&mut buffer) {
            if self.write_all(&buffer[..read]).is_err() {
                return;
            }
        }
        self.end();
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        socket!(self, stream => stream.read(buffer))
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        socket!(self, stream => stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        socket!(self, stream => stream.flush())
    }
}

#[cfg(unix)]
impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        socket!(self, stream => stream.as_fd())
    }
}
