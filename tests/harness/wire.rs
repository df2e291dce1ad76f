//! The ends of connections that a test holds itself, whatever kind of socket they are.

use super::{DEADLINE, Scene, wait_until};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{listen, shutdown},
};
use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::{UnixListener, UnixStream},
    },
    sync::Arc,
    thread,
};

/// One end of a connection.
#[derive(Debug)]
pub(crate) enum Wire {
    Local(UnixStream),
    Tcp(TcpStream),
}

/// A socket that listens.
#[derive(Debug)]
pub(crate) enum Host {
    Local(UnixListener),
    Tcp(TcpListener),
}

/// A socket that listens, and whose clients are served until this is dropped.
#[derive(Debug)]
pub(crate) struct Serving(Arc<Host>);

impl Scene {
    /// Listens on `./file`, `@name` or `tcp:127.0.0.1:0`; gives what can be connected to.
    #[track_caller]
    pub(crate) fn host(&self, name: &str) -> (Host, String) {
        if let Some(address) = name.strip_prefix("tcp:") {
            let listener = TcpListener::bind(address).unwrap();
            let name = format!("tcp:{}", listener.local_addr().unwrap());
            return (Host::Tcp(listener), name);
        }
        let listener = match name.strip_prefix('@') {
            Some(name) => UnixListener::bind_addr(&abstract_address(name)).unwrap(),
            None => UnixListener::bind(self.path(name)).unwrap(),
        };
        (Host::Local(listener), name.to_owned())
    }

    /// Sends back to every client what it sends.
    #[track_caller]
    pub(crate) fn echo(&self, name: &str) -> (Serving, String) {
        let (host, name) = self.host(name);
        (host.serve(Wire::echo), name)
    }

    /// Waits until somebody listens under the name, and connects.
    #[track_caller]
    pub(crate) fn wire(&self, name: &str) -> Wire {
        let connect = || match (name.strip_prefix("tcp:"), name.strip_prefix('@')) {
            (Some(address), _) => TcpStream::connect(address).ok().map(Wire::Tcp),
            (_, Some(name)) => {
                UnixStream::connect_addr(&abstract_address(name)).ok().map(Wire::Local)
            }
            _ => UnixStream::connect(self.path(name)).ok().map(Wire::Local),
        };
        let mut wire = None;
        wait_until(&format!("connected to {name}"), || {
            wire = connect();
            wire.is_some()
        });
        wire.unwrap().with_deadline()
    }
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &str) -> std::os::unix::net::SocketAddr {
    use std::os::linux::net::SocketAddrExt;
    std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap()
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_: &str) -> std::os::unix::net::SocketAddr {
    panic!("only Linux has abstract names")
}

impl Wire {
    fn with_deadline(self) -> Self {
        match &self {
            Self::Local(stream) => {
                stream.set_read_timeout(Some(DEADLINE)).unwrap();
                stream.set_write_timeout(Some(DEADLINE)).unwrap();
            }
            Self::Tcp(stream) => {
                stream.set_read_timeout(Some(DEADLINE)).unwrap();
                stream.set_write_timeout(Some(DEADLINE)).unwrap();
            }
        }
        self
    }

    pub(crate) fn another(&self) -> Self {
        match self {
            Self::Local(stream) => Self::Local(stream.try_clone().unwrap()),
            Self::Tcp(stream) => Self::Tcp(stream.try_clone().unwrap()),
        }
    }

    /// Tells the peer that nothing more comes.
    pub(crate) fn end(&self) {
        // One that has gone needs not be told.
        let _ = match self {
            Self::Local(stream) => stream.shutdown(Shutdown::Write),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.write_all(bytes.as_ref()).expect("the peer reads");
    }

    /// Waits for exactly these bytes.
    #[track_caller]
    pub(crate) fn expect(&mut self, bytes: impl AsRef<[u8]>) {
        let mut received = vec![0; bytes.as_ref().len()];
        self.read_exact(&mut received).expect("the peer sends");
        assert!(received == bytes.as_ref(), "other bytes than expected");
    }

    /// Reads to the end of file.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let read = self.read_to_end(&mut rest);
        read.unwrap_or_else(|error| panic!("no end of file after {} bytes: {error}", rest.len()));
        rest
    }

    /// Reads until the peer has ended or broken off.
    #[track_caller]
    pub(crate) fn rest_whatever_happens(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        if let Err(error) = self.read_to_end(&mut rest) {
            assert!(error.kind() == io::ErrorKind::ConnectionReset, "{error}");
        }
        rest
    }

    /// Sends the bytes and then the end of file, and reads to the end of file meanwhile.
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

    fn echo(mut self) {
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
        match self {
            Self::Local(stream) => stream.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Local(stream) => stream.write(bytes),
            Self::Tcp(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Local(stream) => stream.as_fd(),
            Self::Tcp(stream) => stream.as_fd(),
        }
    }
}

impl Host {
    /// Waits for a client.
    #[track_caller]
    pub(crate) fn accept(&self) -> Wire {
        let mut fds = [PollFd::new(self, PollFlags::IN)];
        let limit = Timespec { tv_sec: DEADLINE.as_secs().cast_signed(), tv_nsec: 0 };
        assert!(poll(&mut fds, Some(&limit)).unwrap() > 0, "nobody has connected");
        self.accept_some_time().unwrap()
    }

    fn accept_some_time(&self) -> io::Result<Wire> {
        Ok(match self {
            Self::Local(listener) => Wire::Local(listener.accept()?.0),
            Self::Tcp(listener) => Wire::Tcp(listener.accept()?.0),
        }
        .with_deadline())
    }

    /// So many clients may wait.
    pub(crate) fn backlog(&self, length: i32) {
        listen(self, length).unwrap();
    }

    /// Serves every client on a thread of its own.
    pub(crate) fn serve(self, serve: impl Fn(Wire) + Send + Sync + 'static) -> Serving {
        let (host, serve) = (Arc::new(self), Arc::new(serve));
        let accepting = Arc::clone(&host);
        thread::spawn(move || {
            while let Ok(wire) = accepting.accept_some_time() {
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(wire));
            }
        });
        Serving(host)
    }
}

impl AsFd for Host {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Local(listener) => listener.as_fd(),
            Self::Tcp(listener) => listener.as_fd(),
        }
    }
}

impl From<Host> for OwnedFd {
    fn from(host: Host) -> Self {
        match host {
            Host::Local(listener) => listener.into(),
            Host::Tcp(listener) => listener.into(),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It ends the thread that accepts.
        let _ = shutdown(&*self.0, rustix::net::Shutdown::Both);
    }
}
