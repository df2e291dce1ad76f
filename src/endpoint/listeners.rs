//! The open listening sockets of a source. One server accepts from all of them.

use super::{
    Accepted,
    tcp::{self, TcpClient},
};
use crate::{
    diag::Failure,
    system::{LocalListener, LoopTcpListener, listening::Allowed},
};
use std::{
    future::poll_fn,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

/// What is known of a listening socket to those who serve its clients.
#[derive(Clone, Debug)]
pub(crate) struct ListenSocket {
    /// The name or address that commands get.
    pub(crate) address: String,
    /// The rules for clients of a local socket; `None` for clients without credentials.
    pub(crate) allowed: Option<Allowed>,
}

/// The open listening sockets of a source, one or several.
#[derive(Debug)]
pub(crate) struct Listeners {
    listeners: Vec<OpenListener>,
    /// Number of calls of [`accept`](Self::accept). Each one starts with the next socket, so that
    /// many clients of one socket do not keep out those of another.
    calls: AtomicUsize,
    /// Whether the sockets belong to a service manager.
    are_inherited: bool,
}

/// An open listening socket.
#[derive(Debug)]
pub(super) struct OpenListener {
    listener: AnyListener,
    socket: Arc<ListenSocket>,
}

#[derive(Debug)]
enum AnyListener {
    Local(LocalListener),
    Tcp(LoopTcpListener),
}

impl OpenListener {
    /// Registers a local listener with the event loop of the caller.
    ///
    /// # Errors
    /// `Io` if the event loop cannot watch the listener.
    pub(super) fn local(
        listener: local_socket::Listener,
        socket: ListenSocket,
    ) -> Result<Self, Failure> {
        let listener = LocalListener::new(listener).map(AnyListener::Local);
        Self::new(listener, Arc::new(socket))
    }

    /// Registers a TCP listener with the event loop of the caller.
    ///
    /// # Errors
    /// As [`local`](Self::local).
    pub(super) fn tcp(
        listener: std::net::TcpListener,
        socket: Arc<ListenSocket>,
    ) -> Result<Self, Failure> {
        Self::new(LoopTcpListener::new(listener).map(AnyListener::Tcp), socket)
    }

    fn new(listener: io::Result<AnyListener>, socket: Arc<ListenSocket>) -> Result<Self, Failure> {
        match listener {
            Ok(listener) => Ok(Self { listener, socket }),
            Err(error) => Err(Failure::Io { what: "cannot watch the listening socket", error }),
        }
    }

    async fn accept(&self) -> io::Result<Accepted> {
        match &self.listener {
            AnyListener::Local(listener) => Ok(self.accepted(listener.accept().await?)),
            AnyListener::Tcp(listener) => {
                let (stream, from) = listener.accept().await?;
                tcp::prepare(&stream);
                Ok(Accepted::Tcp(TcpClient { stream, from, socket: Arc::clone(&self.socket) }))
            }
        }
    }

    fn accepted(&self, client: crate::system::LocalClient) -> Accepted {
        Accepted::Local(client, Arc::clone(&self.socket))
    }
}

impl Listeners {
    pub(super) fn new(listeners: Vec<OpenListener>) -> Self {
        Self { listeners, calls: AtomicUsize::new(0), are_inherited: false }
    }

    /// Returns the listeners of sockets that belong to a service manager.
    pub(super) fn inherited(listeners: Vec<OpenListener>) -> Self {
        Self { are_inherited: true, ..Self::new(listeners) }
    }

    /// Returns whether the sockets belong to a service manager.
    pub(super) fn are_inherited(&self) -> bool {
        self.are_inherited
    }

    /// Waits for a client of any socket, in one task at a time: a socket wakes only the task that
    /// polled it last. Cancel safe.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        if let [only] = &self.listeners[..] {
            return only.accept().await;
        }
        let first = self.calls.fetch_add(1, Ordering::Relaxed) % self.listeners.len().max(1);
        let (last, first) = self.listeners.split_at(first);
        let mut clients: Vec<_> =
            first.iter().chain(last).map(|listener| Box::pin(listener.accept())).collect();
        poll_fn(|cx| {
            for client in &mut clients {
                if let Poll::Ready(accepted) = client.as_mut().poll(cx) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Removes the names, as far as that is possible before the last client is accepted.
    pub(super) fn give_up_names(&self) {
        for OpenListener { listener, .. } in &self.listeners {
            if let AnyListener::Local(listener) = listener {
                listener.give_up_name();
            }
        }
    }

    /// Has the system refuse further clients of local sockets, if it can do so before a socket is
    /// closed, and accepts those that have connected before.
    pub(super) fn accept_last(&self) -> Vec<Accepted> {
        let mut clients = Vec::new();
        for listening in self.listeners.iter().filter(|_| !self.are_inherited) {
            if let AnyListener::Local(listener) = &listening.listener {
                let last = listener.accept_last().into_iter();
                clients.extend(last.map(|client| listening.accepted(client)));
            }
        }
        clients
    }
}
