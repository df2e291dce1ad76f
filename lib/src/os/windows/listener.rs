use super::{
    atomic_timeout::AtomicTimeout,
    connection::Connection,
    event::{Event, wait_any},
    instance_queue::InstanceQueue,
    listen,
    pipe::PipeInfo,
    stream::Stream,
    wait_limit::WaitLimit,
};
use crate::{
    ListenerNonblockingMode, ListenerOptions, Name, PeerCreds, listener::next_client,
    name::sealed::Sealed, options::AcceptFilter, traits, traits::StreamCommon as _,
};
use std::{
    io,
    iter::FusedIterator,
    os::windows::io::{AsHandle, OwnedHandle},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// A listener on a named pipe.
///
/// Up to 8 clients can be connected before they are accepted. More clients find the pipe busy and
/// wait.
///
/// The name ends with the last instance of the pipe. While streams that were accepted from a
/// closed listener are open, clients find the pipe busy, and no other listener can use the name.
#[derive(Debug)]
pub struct Listener {
    name: Arc<Name<'static>>,
    accept_nonblocking: AtomicBool,
    stream_nonblocking: AtomicBool,
    timeout: AtomicTimeout,
    /// Set when the listener is closed; wakes the threads that are waiting in `accept`.
    closing: Event,
    queue: Mutex<InstanceQueue>,
    filter: AcceptFilter,
}

impl Listener {
    /// Returns the parts of which an asynchronous listener is made.
    #[cfg(feature = "tokio")]
    pub(super) fn into_parts(self) -> (Arc<Name<'static>>, InstanceQueue, AcceptFilter) {
        let queue = self.queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        (self.name, queue, self.filter)
    }

    fn queue(&self) -> MutexGuard<'_, InstanceQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sealed for Listener {}
impl traits::Listener for Listener {
    type Stream = Stream;

    fn accept(&self) -> io::Result<Stream> {
        let nonblocking = self.accept_nonblocking.load(Ordering::Relaxed);
        let limit = WaitLimit::from_mode(nonblocking, self.timeout.get());
        loop {
            // The lock is not held while waiting. Several threads wait for the same events, so
            // another one may have accepted the client.
            let events = {
                let mut queue = self.queue();
                if let Some(pipe) = queue.take_connected()? {
                    drop(queue);
                    let nonblocking = self.stream_nonblocking.load(Ordering::Relaxed);
                    let name = Some(Arc::clone(&self.name));
                    let stream =
                        Stream::new(Connection::new(pipe, PipeInfo::INSTANCE, name, nonblocking)?);
                    if self.filter.admits(|| stream.peer_creds()) {
                        return Ok(stream);
                    }
                    drop(stream);
                    // A series of refused clients must not extend the timeout. In non-blocking
                    // mode all clients in the queue are checked.
                    if limit.is_over() && limit != WaitLimit::NoWait {
                        return Err(limit.error());
                    }
                    continue;
                }
                queue.events()
            };
            if limit.is_over() {
                return Err(limit.error());
            }
            let events: Vec<_> = std::iter::once(self.closing.as_handle())
                .chain(events.iter().map(|event| event.as_handle()))
                .collect();
            wait_any(&events, limit)?;
        }
    }

    fn set_nonblocking(&self, mode: ListenerNonblockingMode) -> io::Result<()> {
        self.accept_nonblocking.store(mode.accept_nonblocking(), Ordering::Relaxed);
        self.stream_nonblocking.store(mode.stream_nonblocking(), Ordering::Relaxed);
        Ok(())
    }

    fn set_accept_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.timeout.set(timeout)
    }

    fn set_accept_filter(&mut self, filter: impl Fn(&PeerCreds) -> bool + Send + Sync + 'static) {
        self.filter.set(filter);
    }

    fn close(&self) -> io::Result<()> {
        self.queue().close();
        self.closing.set();
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.queue().require_open().is_err()
    }

    /// Does nothing: the name exists as long as there are instances of the pipe.
    fn give_up_name(&self) {}

    fn local_name(&self) -> io::Result<Name<'static>> {
        Ok(Name::clone(&self.name))
    }

    /// Does nothing: a pipe's name ends with the pipe.
    fn do_not_reclaim_name_on_drop(&mut self) {}

    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self> {
        let (name, queue) = listen::listen(&options)?;
        Ok(Self {
            name: Arc::new(name),
            accept_nonblocking: AtomicBool::new(options.nonblocking.accept_nonblocking()),
            stream_nonblocking: AtomicBool::new(options.nonblocking.stream_nonblocking()),
            timeout: AtomicTimeout::default(),
            closing: Event::new()?,
            queue: Mutex::new(queue),
            filter: options.accept_filter,
        })
    }
}

impl Iterator for Listener {
    type Item = io::Result<Stream>;
    fn next(&mut self) -> Option<Self::Item> {
        next_client(self)
    }
}
impl FusedIterator for Listener {}

impl From<Listener> for OwnedHandle {
    /// Returns the first instance of the pipe, to which a client may have connected, and closes
    /// the others. A closed listener has no instances: the result is the handle of an event, on
    /// which all operations for pipes fail.
    fn from(listener: Listener) -> Self {
        let queue = listener.queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        queue.into_first().map_or_else(|| listener.closing.into(), Self::from)
    }
}
