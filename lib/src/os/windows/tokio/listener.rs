use super::{Stream, connection::AsyncConnection};
use crate::{
    ListenerOptions, Name,
    name::sealed::Sealed,
    options::AcceptFilter,
    os::{
        runtime,
        waker_set::WakerSet,
        windows::{
            self as sync, completion_driver::Notifier, connection::Connection,
            instance_queue::InstanceQueue, listen, pipe::PipeInfo,
        },
    },
    traits::{StreamCommon as _, tokio as traits},
};
use ::tokio::task::coop;
use std::{
    future::poll_fn,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

/// An asynchronous listener on a named pipe.
///
/// Up to 8 clients can be connected before they are accepted. More clients find the pipe busy and
/// wait. The name ends with the last instance of the pipe, as described for the synchronous
/// [`Listener`](sync::Listener).
#[derive(Debug)]
pub struct Listener {
    name: Arc<Name<'static>>,
    notifier: Notifier,
    queue: Mutex<InstanceQueue>,
    filter: AcceptFilter,
}

impl Listener {
    fn new(
        name: Arc<Name<'static>>,
        mut queue: InstanceQueue,
        filter: AcceptFilter,
    ) -> io::Result<Self> {
        let notifier = Notifier::new()?;
        queue.set_notifier(&notifier)?;
        Ok(Self { name, notifier, queue: Mutex::new(queue), filter })
    }

    fn poll_accept(
        &self,
        cx: &mut Context<'_>,
        waiter: &AcceptWaiter<'_>,
    ) -> Poll<io::Result<Stream>> {
        let budget = ready!(coop::poll_proceed(cx));
        waiter.wakers.register(waiter.key, cx.waker());
        let (taken, is_ready) = {
            let mut queue = self.queue();
            let taken = queue.take_connected();
            (taken, queue.is_ready())
        };
        let Some(taken) = taken.transpose() else { return Poll::Pending };
        budget.made_progress();
        if is_ready {
            // Another client is there. Its completion was not queued because it connected at once,
            // or it has woken this task, so another task has to be woken.
            self.notifier.wakers.wake_all();
        }
        let stream = taken
            .and_then(|pipe| {
                Connection::new(pipe, PipeInfo::INSTANCE, Some(Arc::clone(&self.name)), true)
            })
            .and_then(|connection| AsyncConnection::new(connection, &self.notifier));
        Poll::Ready(stream.map(Stream::new))
    }

    fn queue(&self) -> MutexGuard<'_, InstanceQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sealed for Listener {}
impl traits::Listener for Listener {
    type Stream = Stream;

    async fn accept(&self) -> io::Result<Stream> {
        let waiter = AcceptWaiter::new(&self.notifier.wakers);
        loop {
            let stream = poll_fn(|cx| self.poll_accept(cx, &waiter)).await?;
            if self.filter.admits(|| stream.peer_creds()) {
                return Ok(stream);
            }
        }
    }

    fn local_name(&self) -> io::Result<Name<'static>> {
        Ok(Name::clone(&self.name))
    }

    /// Does nothing: a pipe's name ends with the pipe.
    fn do_not_reclaim_name_on_drop(&mut self) {}

    /// Does nothing: the name exists as long as there are instances of the pipe.
    fn give_up_name(&self) {}

    fn from_options(options: ListenerOptions<'_>) -> io::Result<Self> {
        runtime::required()?;
        let (name, queue) = listen::listen(&options)?;
        Self::new(Arc::new(name), queue, options.accept_filter)
    }
}

/// Clients that have connected already are accepted first.
///
/// The errors are `Other` outside a tokio runtime, `NotConnected` if the listener is closed, and
/// those of `CreateIoCompletionPort`.
impl TryFrom<sync::Listener> for Listener {
    type Error = io::Error;
    fn try_from(listener: sync::Listener) -> io::Result<Self> {
        runtime::required()?;
        let (name, queue, filter) = listener.into_parts();
        queue.require_open()?;
        Self::new(name, queue, filter)
    }
}

/// The registration of a task that waits for a client. Dropping it removes the task's waker.
#[derive(Debug)]
struct AcceptWaiter<'a> {
    wakers: &'a WakerSet,
    key: usize,
}

impl<'a> AcceptWaiter<'a> {
    fn new(wakers: &'a WakerSet) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Self { wakers, key: NEXT.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for AcceptWaiter<'_> {
    fn drop(&mut self) {
        self.wakers.remove(self.key);
    }
}
