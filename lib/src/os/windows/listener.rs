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
    ListenerNonblockingMode, ListenerOptions, Name, PeerCreds, name::sealed::Sealed,
    options::AcceptFilter, traits, traits::StreamCommon as _,
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
/// Up to 8 clients can be connected before they are accepted; more of them wait for the
/// pipe to be free.
///
/// The name ends with the last instance of the pipe. As long as streams that were
/// accepted from a closed listener are open, clients find it busy instead of missing,
/// and nobody can listen under it anew.
#[derive(Debug)]
pub struct Listener {
    name: Arc<Name<'static>>,
    accept_nonblocking: AtomicBool,
    stream_nonblocking: AtomicBool,
    timeout: AtomicTimeout,
    /// Set when the listener is closed, for who is waiting.
    closing: Event,
    queue: Mutex<InstanceQueue>,
    filter: AcceptFilter,
}

impl Listener {
    /// What the asynchronous listener is made of.
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
            // Nobody holds the lock while waiting: events are shared, and who wakes up
            // looks again whether the client is still there.
            let events = {
                let mut queue = self.queue();
                if let Some(pipe) = queue.take_connected()? {
                    drop(queue);
                    let info = PipeInfo { is_server: true, has_messages: true };
                    let nonblocking = self.stream_nonblocking.load(Ordering::Relaxed);
                    let name = Some(Arc::clone(&self.name));
                    let stream = Stream::new(Connection::new(pipe, info, name, nonblocking)?);
                    if self.filter.admits(|| stream.peer_creds()) {
                        return Ok(stream);
                    }
                    drop(stream);
                    // As long as clients are refused, nothing waits that would time out;
                    // who does not wait at all still gets whoever is there.
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
        self.filter = AcceptFilter::new(filter);
    }

    fn close(&self) -> io::Result<()> {
        self.queue().close();
        self.closing.set();
        Ok(())
    }

    /// Does nothing: as long as clients can be accepted, there are instances of the pipe.
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
        Some(traits::Listener::accept(self))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}
impl FusedIterator for Listener {}

impl From<Listener> for OwnedHandle {
    /// Gives away the instance of the pipe that the next client gets, or has got, and
    /// closes the others. Of a listener that was closed before there is none: what comes
    /// then is the handle of an event, with which no operation on pipes succeeds.
    fn from(listener: Listener) -> Self {
        let queue = listener.queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        queue.into_first().map_or_else(|| listener.closing.into(), Self::from)
    }
}
