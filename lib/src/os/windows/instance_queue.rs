#[cfg(feature = "tokio")]
use super::completion_driver::Notifier;
use super::{
    background_operation::BackgroundOperation,
    event::Event,
    pipe::{Pipe, WidePath, code},
    security_descriptor::SecurityDescriptor,
    wait_limit::WaitLimit,
};
use std::{collections::VecDeque, io, sync::Arc};
use windows_sys::Win32::Foundation::{ERROR_NO_DATA, ERROR_OPERATION_ABORTED};

/// Number of clients that can connect before the first is accepted.
const BACKLOG: usize = 8;

/// The instances of a pipe that clients can connect to, in the order of their creation. The system
/// uses them in the same order, so clients are accepted in the order in which they connected.
#[derive(Debug)]
pub(super) struct InstanceQueue {
    path: WidePath,
    security: Arc<SecurityDescriptor>,
    /// Wakes tasks when a client connects. Without it each instance has an event.
    #[cfg(feature = "tokio")]
    notifier: Option<Notifier>,
    /// Empty only if the listener is closed.
    instances: VecDeque<Instance>,
}

#[derive(Debug)]
struct Instance {
    pipe: Arc<Pipe>,
    /// The operation that waits for a client. It has been started.
    listen: BackgroundOperation,
}

impl Instance {
    fn new(path: &WidePath, security: &SecurityDescriptor, first: bool) -> io::Result<Self> {
        let pipe = Arc::new(Pipe::create_instance(path, security, first, Pipe::UNLIMITED)?);
        let mut listen = BackgroundOperation::new(Arc::clone(&pipe))?;
        listen.listen();
        Ok(Self { pipe, listen })
    }

    /// Creates an instance that wakes tasks.
    #[cfg(feature = "tokio")]
    fn with_notifier(
        path: &WidePath,
        security: &SecurityDescriptor,
        notifier: &Notifier,
    ) -> io::Result<Self> {
        let pipe = Arc::new(Pipe::create_instance(path, security, false, Pipe::UNLIMITED)?);
        notifier.attach(&pipe)?;
        let mut listen = BackgroundOperation::with_notifier(Arc::clone(&pipe), notifier);
        listen.listen();
        Ok(Self { pipe, listen })
    }

    /// Switches from the event to waking tasks. A client that has connected already stays.
    #[cfg(feature = "tokio")]
    fn set_notifier(&mut self, notifier: &Notifier) -> io::Result<()> {
        notifier.attach(&self.pipe)?;
        // Replacing the operation cancels only the waiting. If a client has connected, the new
        // operation completes at once.
        self.listen = BackgroundOperation::with_notifier(Arc::clone(&self.pipe), notifier);
        self.listen.listen();
        Ok(())
    }

    fn into_pipe(self) -> io::Result<Pipe> {
        drop(self.listen);
        // The listening operation was the only other owner.
        Arc::into_inner(self.pipe).ok_or_else(|| io::ErrorKind::Other.into())
    }
}

impl InstanceQueue {
    pub(super) fn new(path: WidePath, security: Arc<SecurityDescriptor>) -> io::Result<Self> {
        let mut instances = VecDeque::with_capacity(BACKLOG + 1);
        for number in 0..BACKLOG {
            instances.push_back(Instance::new(&path, &security, number == 0)?);
        }
        Ok(Self {
            path,
            security,
            #[cfg(feature = "tokio")]
            notifier: None,
            instances,
        })
    }

    /// Switches from events to waking tasks.
    #[cfg(feature = "tokio")]
    pub(super) fn set_notifier(&mut self, notifier: &Notifier) -> io::Result<()> {
        self.notifier = Some(notifier.clone());
        self.instances.iter_mut().try_for_each(|instance| instance.set_notifier(notifier))
    }

    /// Returns whether a client may have connected.
    #[cfg(feature = "tokio")]
    pub(super) fn is_ready(&self) -> bool {
        self.instances.iter().any(|instance| !instance.listen.is_pending())
    }

    /// Takes the first instance that has a client out of the queue. A new instance is created
    /// before, so that clients always find the pipe.
    ///
    /// # Errors
    /// `NotConnected` if the listener is closed. If no new instance can be created, the error of
    /// that; the client stays in the queue.
    pub(super) fn take_connected(&mut self) -> io::Result<Option<Pipe>> {
        self.require_open()?;
        let mut at = 0;
        while let Some(instance) = self.instances.get_mut(at) {
            let Some(result) = instance.listen.finish(WaitLimit::NoWait) else {
                at += 1;
                continue;
            };
            match result.map_err(|error| (code(&error), error)) {
                Ok(_) => return self.replace(at)?.map(Instance::into_pipe).transpose(),
                // The thread that had started the operation has exited.
                Err((Some(ERROR_OPERATION_ABORTED), _)) => self.listen_again(at),
                // The client has disconnected already. Its data can still be read.
                Err((Some(ERROR_NO_DATA), _)) => {
                    if let Some(gone) = self.replace(at)?
                        && gone.pipe.available().is_ok_and(|available| available > 0)
                    {
                        return gone.into_pipe().map(Some);
                    }
                }
                Err((_, error)) => {
                    // The first error says more than one of the replacement.
                    let _ = self.replace(at);
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Takes an instance whose operation has completed out of the queue, after adding a new one.
    ///
    /// # Errors
    /// If no new instance can be created. The old one stays in the queue and listens again: if it
    /// has a client, the operation completes at once with `ERROR_PIPE_CONNECTED`.
    fn replace(&mut self, at: usize) -> io::Result<Option<Instance>> {
        match self.new_instance() {
            Ok(instance) => {
                self.instances.push_back(instance);
                Ok(self.instances.remove(at))
            }
            Err(error) => {
                self.listen_again(at);
                Err(error)
            }
        }
    }

    pub(super) fn require_open(&self) -> io::Result<()> {
        if self.instances.is_empty() {
            let text = "the listener is closed";
            return Err(io::Error::new(io::ErrorKind::NotConnected, text));
        }
        Ok(())
    }

    fn new_instance(&self) -> io::Result<Instance> {
        #[cfg(feature = "tokio")]
        if let Some(notifier) = &self.notifier {
            return Instance::with_notifier(&self.path, &self.security, notifier);
        }
        Instance::new(&self.path, &self.security, false)
    }

    fn listen_again(&mut self, at: usize) {
        if let Some(instance) = self.instances.get_mut(at) {
            instance.listen.listen();
        }
    }

    /// Returns the events that are set when a client may have connected.
    pub(super) fn events(&self) -> Vec<Arc<Event>> {
        self.instances.iter().filter_map(|instance| instance.listen.event()).cloned().collect()
    }

    /// Returns the first instance, to which a client may have connected, and closes the others.
    /// Returns `None` if the listener is closed.
    pub(super) fn into_first(mut self) -> Option<Pipe> {
        self.instances.pop_front().and_then(|instance| instance.into_pipe().ok())
    }

    /// Closes all instances, also those with clients that were not accepted.
    pub(super) fn close(&mut self) {
        self.instances.clear();
    }
}
