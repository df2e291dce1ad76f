use super::super::{Either, Ready};
use local_socket::{Stream, traits::StreamCommon as _};
use std::{
    fs::File,
    io::{self, Read, Seek, stdin},
    os::windows::io::{AsHandle, OwnedHandle},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Standard input, where sent bytes come from.
///
/// Neither can be waited for together with something else here, so a thread reads one
/// piece ahead. What it has read and no connection has taken is there for the next one.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    feed: Arc<Feed>,
}

#[derive(Debug)]
struct Feed {
    file: File,
    state: Mutex<InputState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct InputState {
    is_reading: bool,
    piece: Vec<u8>,
    taken: usize,
    /// How the input ended, once it has.
    end: Option<Result<(), io::Error>>,
}

/// How much is read ahead.
const PIECE: usize = 256 << 10;

/// How often it is looked whether the peer has gone, while there is no input.
const INTERVAL: Duration = Duration::from_millis(20);

/// How long input that was there before the peer has gone may take to be read.
const LAST_LOOK: Duration = Duration::from_millis(250);

impl Input {
    pub(crate) fn stdin() -> io::Result<Self> {
        Ok(Self::from_file(stdin().as_handle().try_clone_to_owned()?.into()))
    }

    #[expect(clippy::unnecessary_wraps, reason = "other systems make a new descriptor")]
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(self.clone())
    }

    pub(crate) fn from_file(file: File) -> Self {
        let feed = Feed { file, state: Mutex::default(), changed: Condvar::new() };
        Self { feed: Arc::new(feed) }
    }

    /// Waits until there is input, or the peer of the stream has gone, or the flag is set.
    pub(crate) fn wait(&self, stream: &Stream, stop: &AtomicBool) -> io::Result<Ready> {
        self.start_reading()?;
        let mut state = self.feed.state();
        loop {
            if state.rest() > 0 || state.end.is_some() {
                return Ok(Ready::Input);
            }
            if stop.load(Ordering::SeqCst) || stream.peer_hung_up()? {
                return Ok(Ready::PeerGone);
            }
            state = self
                .feed
                .changed
                .wait_timeout(state, INTERVAL)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// The two cannot be waited for together.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other systems wait")]
    pub(crate) fn wait_for_either(&self, _: &Stream) -> io::Result<Either> {
        Ok(Either::Stream)
    }

    /// How much there is to read now without waiting, as far as that can be told.
    ///
    /// It is asked when the peer has gone; what has been written to the input by then may
    /// not have been read yet.
    pub(crate) fn pending(&self) -> Option<u64> {
        let is_unknown = |state: &mut InputState| state.rest() == 0 && state.end.is_none();
        let state = self
            .feed
            .changed
            .wait_timeout_while(self.feed.state(), LAST_LOOK, is_unknown)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        let rest = state.rest() as u64;
        drop(state);
        Some(rest + self.rest_of_file().unwrap_or(0))
    }

    /// How much is left of it, if it is a regular file.
    pub(crate) fn rest_of_file(&self) -> Option<u64> {
        let metadata = self.feed.file.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let position = (&self.feed.file).stream_position().ok()?;
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

    /// Reading never would block.
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
    /// How much of the piece nobody has taken yet.
    fn rest(&self) -> usize {
        self.piece.len() - self.taken
    }
}

impl Feed {
    fn state(&self) -> MutexGuard<'_, InputState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_ahead(&self) {
        let mut piece = vec![0; PIECE];
        let end = loop {
            match (&self.file).read(&mut piece) {
                // A pipe whose writers have gone is at its end.
                Ok(0) => break Ok(()),
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break Ok(()),
                Err(error) => break Err(error),
                Ok(read) => self.hand_over(&piece[..read]),
            }
        };
        self.state().end = Some(end);
        self.changed.notify_all();
    }

    /// Waits until the piece before this one has been taken, and puts this one there.
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
