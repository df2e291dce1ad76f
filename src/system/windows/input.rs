use super::{
    super::{Either, Leaving, Output, Ready},
    output::half_close,
    poll,
    standard_stream::StandardReader,
};
use local_socket::{Stream, traits::StreamCommon as _};
use lsock_startup::{HalfClose, HandleKind, read_messages, stdin_kind};
use std::{
    fs::File,
    io::{self, Seek, stdin},
    os::windows::io::AsHandle,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Standard input, from which sent bytes are read.
///
/// The system cannot wait for it together with a pipe, so a thread reads one piece ahead. Bytes
/// that no connection has taken remain for the next one.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    feed: Arc<Feed>,
}

#[derive(Debug)]
struct Feed {
    /// `None` if the process has no standard input, which is an empty one.
    source: Option<(File, HandleKind)>,
    state: Mutex<InputState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct InputState {
    is_reading: bool,
    piece: Vec<u8>,
    taken: usize,
    /// The end of file or the error, after the input has ended.
    end: Option<Result<(), io::Error>>,
}

/// Whether a wait for input ends when this process shuts down receiving.
pub(crate) const REPORTS_END_OF_RECEIVING: bool = false;

/// Maximum number of bytes that are read ahead.
const PIECE: usize = 256 << 10;

/// Interval of checks whether the peer has closed, while there is no input.
const INTERVAL: Duration = Duration::from_millis(20);

/// Time limit for reading the input that was written before the peer closed.
const READ_TIME: Duration = Duration::from_millis(250);

impl Input {
    pub(crate) fn stdin() -> io::Result<Self> {
        let Some(kind) = stdin_kind() else { return Ok(Self::new(None)) };
        let file = File::from(stdin().as_handle().try_clone_to_owned()?);
        if half_close() == Some(HalfClose::Message) {
            // An empty message that follows others would not be seen in byte-read mode.
            read_messages(file.as_handle());
        }
        Ok(Self::new(Some((file, kind))))
    }

    #[expect(clippy::unnecessary_wraps, reason = "other systems make a new descriptor")]
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(self.clone())
    }

    /// Returns `None`: consoles have no raw mode.
    #[expect(clippy::unused_self, reason = "other systems have it")]
    pub(crate) fn leaving(&self) -> Option<&Arc<Leaving>> {
        None
    }

    #[cfg(test)]
    pub(crate) fn from_file(file: File) -> Self {
        Self::new(Some((file, HandleKind::File)))
    }

    fn new(source: Option<(File, HandleKind)>) -> Self {
        let feed = Feed { source, state: Mutex::default(), changed: Condvar::new() };
        Self { feed: Arc::new(feed) }
    }

    /// Waits until there is input, the peer of the stream has closed, or the flag is set.
    pub(crate) fn wait(&self, stream: &Stream, _: bool, stop: &AtomicBool) -> io::Result<Ready> {
        self.start_reading()?;
        self.wait_until(|| {
            let is_gone = stop.load(Ordering::SeqCst) || stream.peer_hung_up()?;
            if !is_gone {
                // What was sent before can be lost while there is no input.
                poll::watch_delivery(stream);
            }
            Ok(is_gone)
        })
    }

    /// Waits until there is input, or the function, which is called at intervals, returns that the
    /// peer has closed. The function may block, so the state is not locked meanwhile.
    fn wait_until(&self, mut peer_is_gone: impl FnMut() -> io::Result<bool>) -> io::Result<Ready> {
        let mut time = Duration::ZERO;
        loop {
            if self.state_within(time).is_known() {
                return Ok(Ready::Input);
            }
            if peer_is_gone()? {
                return Ok(Ready::PeerGone);
            }
            time = INTERVAL;
        }
    }

    /// Returns `Stream` at once: the system cannot wait for both.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other systems wait")]
    pub(crate) fn wait_for_either(&self, _: &Stream, _: &Output) -> io::Result<Either> {
        Ok(Either::Stream)
    }

    /// Returns the number of bytes that can be read without waiting. It is called after the peer
    /// has closed, and gives the thread time to read the input that was written before.
    pub(crate) fn pending(&self) -> Option<u64> {
        let state = self.state_within(READ_TIME);
        let rest = state.rest() as u64;
        drop(state);
        Some(rest + self.rest_of_file().unwrap_or(0))
    }

    /// Returns whether the input is at its end, or reaches it within this time, without another byte.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        let state = self.state_within(time);
        state.rest() == 0 && state.end.is_some()
    }

    /// Waits until there is input, or its end, at most for this time.
    fn state_within(&self, time: Duration) -> MutexGuard<'_, InputState> {
        self.feed
            .changed
            .wait_timeout_while(self.feed.state(), time, |state| !state.is_known())
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Returns the number of bytes that are left, if this is a regular file.
    pub(crate) fn rest_of_file(&self) -> Option<u64> {
        let Some((file, HandleKind::File)) = &self.feed.source else { return None };
        let mut file = file;
        let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let position = file.stream_position().ok()?;
        Some(metadata.len().saturating_sub(position))
    }

    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.start_reading()?;
        let mut state = self.feed.state();
        while state.rest() == 0 {
            match state.end.take() {
                None => {
                    state = self.feed.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                Some(Ok(())) => {
                    state.end = Some(Ok(()));
                    return Ok(0);
                }
                Some(Err(error)) => {
                    state.end = Some(Ok(()));
                    return Err(error);
                }
            }
        }
        let from = &state.piece[state.taken..];
        let read = from.len().min(buffer.len());
        buffer[..read].copy_from_slice(&from[..read]);
        state.taken += read;
        drop(state);
        self.feed.changed.notify_all();
        Ok(read)
    }

    /// Returns at once: handles are never non-blocking.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other systems wait")]
    pub(crate) fn wait_readable(&self) -> io::Result<()> {
        Ok(())
    }

    fn start_reading(&self) -> io::Result<()> {
        let mut state = self.feed.state();
        if !state.is_reading {
            let feed = Arc::clone(&self.feed);
            thread::Builder::new().name("input".to_owned()).spawn(move || feed.read_ahead())?;
            state.is_reading = true;
        }
        Ok(())
    }
}

impl InputState {
    /// Returns the number of bytes of the piece that are not taken yet.
    fn rest(&self) -> usize {
        self.piece.len() - self.taken
    }

    /// Returns whether there is input, or its end.
    fn is_known(&self) -> bool {
        self.rest() > 0 || self.end.is_some()
    }
}

impl Feed {
    fn state(&self) -> MutexGuard<'_, InputState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_ahead(&self) {
        let end = self.read_to_end();
        self.state().end = Some(end);
        self.changed.notify_all();
    }

    fn read_to_end(&self) -> io::Result<()> {
        let Some((file, kind)) = &self.source else { return Ok(()) };
        let mut reader = StandardReader::new(*kind, file)?;
        let mut piece = vec![0; PIECE];
        loop {
            match reader.read(file, &mut piece)? {
                0 => return Ok(()),
                read => self.hand_over(&piece[..read]),
            }
        }
    }

    /// Waits until the previous piece is taken, and stores this one.
    fn hand_over(&self, piece: &[u8]) {
        let is_full = |state: &mut InputState| state.rest() > 0;
        let mut state =
            self.changed.wait_while(self.state(), is_full).unwrap_or_else(PoisonError::into_inner);
        state.piece.clear();
        state.piece.extend_from_slice(piece);
        state.taken = 0;
        drop(state);
        self.changed.notify_all();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_not_locked_while_the_peer_is_checked() {
        let input = Input::new(None);
        let mut checks = 0;
        let ready = input.wait_until(|| {
            assert!(input.feed.state.try_lock().is_ok(), "the reading thread has to wait");
            checks += 1;
            Ok(checks == 3)
        });
        assert_eq!((ready.unwrap(), checks), (Ready::PeerGone, 3));
    }
}
