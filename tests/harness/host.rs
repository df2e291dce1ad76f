#[cfg(unix)]
use super::DEADLINE;
use super::{Scene, Wire, wait_until};
use local_socket::{Listener, ListenerOptions, Name, Stream, prelude::*};
#[cfg(unix)]
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{listen, shutdown},
};
#[cfg(unix)]
use std::os::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    unix::net::{SocketAddr, UnixListener, UnixStream},
};
use std::{
    io,
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread::{self, JoinHandle},
};

/// A listening socket that a test holds.
#[derive(Debug)]
pub(crate) enum Host {
    #[cfg(unix)]
    Local(UnixListener),
    Tcp(TcpListener),
    Word(Listener),
}

/// A listening socket whose clients are served until this is dropped (Unix).
#[derive(Debug)]
pub(crate) struct Serving(#[cfg_attr(windows, expect(dead_code))] Arc<Host>);

impl Scene {
    /// Returns the address of `./file` or `@name`.
    #[cfg(unix)]
    fn address(&self, name: &str) -> Option<SocketAddr> {
        match name.strip_prefix('@') {
            #[cfg(target_os = "linux")]
            Some(name) => {
                use std::os::linux::net::SocketAddrExt;
                Some(SocketAddr::from_abstract_name(name).unwrap())
            }
            _ if name.contains('/') => Some(SocketAddr::from_pathname(self.path(name)).unwrap()),
            _ => None,
        }
    }

    /// Listens on `./file`, `@name`, a bare word or `tcp:127.0.0.1:0`. Returns the name to
    /// connect to.
    #[track_caller]
    pub(crate) fn host(&self, name: &str) -> (Host, String) {
        if let Some(address) = name.strip_prefix("tcp:") {
            let listener = TcpListener::bind(address).unwrap();
            let name = format!("tcp:{}", listener.local_addr().unwrap());
            return (Host::Tcp(listener), name);
        }
        #[cfg(unix)]
        if let Some(address) = self.address(name) {
            return (Host::Local(UnixListener::bind_addr(&address).unwrap()), name.to_owned());
        }
        let word = Name::parse(name).unwrap().into_owned();
        (Host::Word(ListenerOptions::new().name(word).create_sync().unwrap()), name.to_owned())
    }

    /// Listens as [`Self::host`] does and echoes what each client sends.
    #[track_caller]
    pub(crate) fn echo(&self, name: &str) -> (Serving, String) {
        let (host, name) = self.host(name);
        (host.serve(Wire::echo), name)
    }

    /// Waits until somebody listens on the name, and connects.
    #[track_caller]
    pub(crate) fn wire(&self, name: &str) -> Wire {
        let connect = || {
            if let Some(address) = name.strip_prefix("tcp:") {
                return TcpStream::connect(address).map(Wire::Tcp);
            }
            #[cfg(unix)]
            if let Some(address) = self.address(name) {
                return UnixStream::connect_addr(&address).map(Wire::Local);
            }
            Stream::connect(Name::parse(name).unwrap()).map(Wire::Word)
        };
        let mut wire = None;
        wait_until(&format!("connected to {name}"), || {
            wire = connect().ok();
            wire.is_some()
        });
        wire.unwrap().with_deadline()
    }

    /// Connects to a server that echoes, and waits until it serves the connection.
    #[track_caller]
    pub(crate) fn served_wire(&self, name: &str) -> Wire {
        let mut wire = self.wire(name);
        wire.send("x");
        wire.expect("x");
        wire
    }
}

impl Host {
    /// Accepts the next client.
    #[track_caller]
    pub(crate) fn accept(&self) -> Wire {
        #[cfg(unix)]
        {
            let mut fds = [PollFd::new(self, PollFlags::IN)];
            let limit = Timespec { tv_sec: DEADLINE.as_secs().cast_signed(), tv_nsec: 0 };
            assert!(poll(&mut fds, Some(&limit)).unwrap() > 0, "nobody has connected");
        }
        self.accept_without_deadline().unwrap()
    }

    fn accept_without_deadline(&self) -> io::Result<Wire> {
        Ok(match self {
            #[cfg(unix)]
            Self::Local(listener) => Wire::Local(listener.accept()?.0),
            Self::Tcp(listener) => Wire::Tcp(listener.accept()?.0),
            Self::Word(listener) => Wire::Word(listener.accept()?),
        }
        .with_deadline())
    }

    /// Serves each client on another thread.
    pub(crate) fn serve(self, serve: impl Fn(Wire) + Send + Sync + 'static) -> Serving {
        let (host, serve) = (Arc::new(self), Arc::new(serve));
        let accepting = Arc::clone(&host);
        thread::spawn(move || {
            while let Ok(wire) = accepting.accept_without_deadline() {
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(wire));
            }
        });
        Serving(host)
    }

    /// Serves `count` clients, one after another, on one thread, and closes.
    pub(crate) fn serve_each(
        self,
        count: usize,
        mut serve: impl FnMut(Wire) + Send + 'static,
    ) -> JoinHandle<()> {
        thread::spawn(move || (0..count).for_each(|_| serve(self.accept())))
    }
}

#[cfg(unix)]
impl Host {
    /// Sets how many clients can wait to be accepted.
    pub(crate) fn backlog(&self, length: i32) {
        listen(self, length).unwrap();
    }
}

#[cfg(unix)]
impl AsFd for Host {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Local(listener) => listener.as_fd(),
            Self::Tcp(listener) => listener.as_fd(),
            Self::Word(listener) => listener.as_fd(),
        }
    }
}

#[cfg(unix)]
impl From<Host> for OwnedFd {
    fn from(host: Host) -> Self {
        match host {
            Host::Local(listener) => listener.into(),
            Host::Tcp(listener) => listener.into(),
            Host::Word(listener) => listener.into(),
        }
    }
}

#[cfg(unix)]
impl Drop for Serving {
    fn drop(&mut self) {
        // Ends the thread that accepts.
        let _ = shutdown(&*self.0, rustix::net::Shutdown::Both);
    }
}
