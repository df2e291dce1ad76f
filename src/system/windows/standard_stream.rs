//! Reading and writing of standard streams: files, consoles, and handles that may be overlapped.

use super::super::console_text::{ShownText, TypedText, whole_characters};
use lsock_startup::{HandleKind, StreamIo, read_console, write_console};
use std::{
    fs::File,
    io::{self, ErrorKind, Read, Write},
    os::windows::io::AsHandle,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// UTF-16 units of a console that are read or written at a time. A read buffer of a console is
/// limited to about 30,000 of them.
const UNITS: usize = 4096;

/// Reads standard input.
#[derive(Debug)]
pub(super) enum StandardReader {
    File,
    Console(TypedText),
    Stream(StreamIo),
}

impl StandardReader {
    pub(super) fn new(kind: HandleKind, file: &File) -> io::Result<Self> {
        Ok(match kind {
            HandleKind::File => Self::File,
            HandleKind::Console => Self::Console(TypedText::default()),
            HandleKind::Stream => Self::Stream(StreamIo::of_stdin(file.try_clone()?.into())?),
        })
    }

    /// Waits for input and reads it. The buffer has room for three bytes for each of [`UNITS`], and
    /// a character more. Returns 0 at the end of the input.
    pub(super) fn read(&mut self, mut file: &File, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self {
            Self::File => file.read(buffer),
            Self::Console(text) => read_text(file, text, buffer),
            Self::Stream(stream) => stream.read(buffer),
        };
        match read {
            // All writers of the pipe have closed it.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(0),
            read => read,
        }
    }
}

/// Reads a line that was typed.
fn read_text(console: &File, text: &mut TypedText, buffer: &mut [u8]) -> io::Result<usize> {
    let mut units = [0; UNITS];
    loop {
        let count = read_console(console.as_handle(), &mut units)?;
        let typed = match count {
            0 => text.end().map(String::from).unwrap_or_default(),
            _ => text.convert(&units[..count]),
        };
        // The first half of a surrogate pair alone is not the end of the input.
        if count == 0 || !typed.is_empty() {
            buffer[..typed.len()].copy_from_slice(typed.as_bytes());
            return Ok(typed.len());
        }
    }
}

/// Writes standard output. Clones share their state.
#[derive(Clone, Debug)]
pub(in super::super) enum StandardWriter {
    File,
    Console(Arc<Mutex<Screen>>),
    Stream(Arc<Mutex<StreamIo>>),
}

/// A console on which received bytes are shown.
#[derive(Debug)]
pub(in super::super) struct Screen {
    console: File,
    text: ShownText,
}

impl StandardWriter {
    pub(super) fn new(kind: HandleKind, file: &File) -> io::Result<Self> {
        Ok(match kind {
            HandleKind::File => Self::File,
            HandleKind::Console => {
                let screen = Screen { console: file.try_clone()?, text: ShownText::default() };
                Self::Console(Arc::new(Mutex::new(screen)))
            }
            HandleKind::Stream => {
                Self::Stream(Arc::new(Mutex::new(StreamIo::new(file.try_clone()?.into())?)))
            }
        })
    }

    pub(in super::super) fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File => file.write(bytes),
            Self::Console(screen) => locked(screen).write(bytes),
            Self::Stream(stream) => locked(stream).write(bytes),
        }
    }
}

impl Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let units = self.text.convert(bytes);
        self.show(&units)?;
        Ok(bytes.len())
    }

    fn show(&self, mut units: &[u16]) -> io::Result<()> {
        while !units.is_empty() {
            let piece = &units[..whole_characters(units, UNITS)];
            match write_console(self.console.as_handle(), piece)? {
                0 => return Err(ErrorKind::WriteZero.into()),
                written => units = &units[written..],
            }
        }
        Ok(())
    }
}

impl Drop for Screen {
    /// Shows a character that is incomplete at the end of the output.
    fn drop(&mut self) {
        if let Some(unit) = self.text.end()
            && let Err(error) = self.show(&[unit])
        {
            tracing::debug!(%error, "the end of the output is not shown");
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
