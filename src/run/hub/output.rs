//! What clients send, written to stdout by a thread.

use crate::{
    diag::{Direction, Failure, caught},
    serve::Flag,
    system::Output,
};
use std::{
    io::{self, ErrorKind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};
use tokio::sync::mpsc as lines;

/// Whole lines of one client, or the last of what it has sent.
#[derive(Debug)]
struct Piece {
    client: u64,
    bytes: Vec<u8>,
}

/// Writes what clients send to stdout.
#[derive(Debug)]
pub(super) struct Merge {
    pieces: Mutex<Option<lines::Sender<Piece>>>,
    /// Tells how it ended.
    end: Mutex<mpsc::Receiver<Option<Failure>>>,
    failure: Mutex<Option<Failure>>,
}

/// How many pieces may wait to be written; then clients have to.
const WAITING: usize = 16;

impl Merge {
    /// Starts the thread; it raises the flag if nothing can be written any more.
    pub(super) fn start(output: Output, over: &Arc<Flag>) -> Result<Self, Failure> {
        let (sender, mut pieces) = lines::channel::<Piece>(WAITING);
        let (tell, end) = mpsc::channel();
        let over = Arc::clone(over);
        let write_all = move || {
            let mut writer = Writer { output, delivered: 0, open_line_of: None };
            while let Some(piece) = pieces.blocking_recv() {
                if let Err((error, lost)) = writer.write(&piece) {
                    // Whoever reads the output, such as `head`, may have enough.
                    let has_enough = error.kind() == ErrorKind::BrokenPipe;
                    let failure = Failure::Undelivered {
                        direction: Direction::Receive,
                        error,
                        bytes: Some(lost as u64),
                        delivered: writer.delivered,
                    };
                    return Err((!has_enough).then_some(failure));
                }
            }
            Ok(())
        };
        let write = move || {
            let written = caught(write_all).unwrap_or_else(|failure| Err(Some(failure)));
            let is_over = written.is_err();
            // Nobody waits for it where the process is about to end.
            let _ = tell.send(written.err().flatten());
            if is_over {
                over.raise();
            }
        };
        thread::Builder::new()
            .name("output".to_owned())
            .spawn(write)
            .map_err(|error| Failure::Io { what: "cannot start a thread", error })?;
        let pieces = Mutex::new(Some(sender));
        Ok(Self { pieces, end: Mutex::new(end), failure: Mutex::new(None) })
    }

    /// Has something written; whether that can be.
    pub(super) async fn write(&self, client: u64, bytes: Vec<u8>) -> bool {
        let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match pieces {
            Some(pieces) => pieces.send(Piece { client, bytes }).await.is_ok(),
            None => false,
        }
    }

    /// Waits until everything is written.
    pub(super) fn finish(&self, limit: Option<Duration>) {
        *self.pieces.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = match limit {
            Some(limit) => end.recv_timeout(limit),
            None => end.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match ended {
            Ok(failure) => {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
            }
            Err(RecvTimeoutError::Timeout) => {
                tracing::warn!("not everything could be written to stdout within the grace time");
            }
            Err(RecvTimeoutError::Disconnected) => {}
        }
    }

    /// What went wrong, once it is finished.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[derive(Debug)]
struct Writer {
    output: Output,
    delivered: u64,
    /// The client whose line has not ended.
    open_line_of: Option<u64>,
}

impl Writer {
    /// Writes a piece; the error comes with how much of it is lost. A line that a client
    /// has left open is ended before another client's begins.
    fn write(&mut self, piece: &Piece) -> Result<(), (io::Error, usize)> {
        if self.open_line_of.is_some_and(|client| client != piece.client) {
            self.write_all(b"\n").map_err(|(error, _)| (error, piece.bytes.len()))?;
        }
        self.write_all(&piece.bytes)?;
        self.delivered += piece.bytes.len() as u64;
        self.open_line_of = (!piece.bytes.ends_with(b"\n")).then_some(piece.client);
        Ok(())
    }

    fn write_all(&self, mut bytes: &[u8]) -> Result<(), (io::Error, usize)> {
        while !bytes.is_empty() {
            let error = match self.output.write(bytes) {
                Ok(0) => ErrorKind::WriteZero.into(),
                Ok(written) => {
                    bytes = &bytes[written..];
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    match self.output.wait_writable() {
                        Ok(()) => continue,
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            return Err((error, bytes.len()));
        }
        Ok(())
    }
}
