//! Pseudo-terminals for commands.

use super::{
    process_watch::ProcessWatch,
    pty_pair::open_pair,
    pty_settings, signals,
    socket::{Detached, Socket, would_block},
};
use crate::{diag::Failure, system::LoopHandle};
use local_socket::{Stream, error::raw_os_error};
use lsock_startup::Watched;
use rustix::{
    io::{Errno, read, write},
    termios::{LocalModes, SpecialCodeIndex, Winsize, tcgetattr, tcgetwinsize, tcsetwinsize},
};
use std::{
    convert::Infallible,
    fmt::{self, Display, Formatter},
    future::{pending, poll_fn},
    io::{self, ErrorKind, stderr, stdin, stdout},
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    process::Command,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::unix::{OwnedReadHalf, OwnedWriteHalf},
    sync::watch,
    task::yield_now,
    time::{sleep, timeout},
};

/// The size of a terminal whose size is not known.
const DEFAULT_SIZE: Winsize = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };

/// The size of the terminals of commands: that of the terminal of this process, or 80x24.
#[derive(Clone, Debug)]
pub(crate) struct WindowSize {
    has_terminal: bool,
    /// `None` before [`follow`](Self::follow).
    changes: Option<watch::Receiver<Winsize>>,
}

impl WindowSize {
    /// Number of descriptors of a terminal, and of the socket pair that leads to it.
    pub(crate) const DESCRIPTORS: u64 = 3;

    /// Returns the size at this moment.
    ///
    /// # Errors
    /// None on this system.
    #[expect(clippy::unnecessary_wraps, reason = "other systems have no terminals for commands")]
    pub(crate) fn find() -> Result<Self, Failure> {
        Ok(Self { has_terminal: size_of_ours().is_some(), changes: None })
    }

    /// Starts to watch for changes (`SIGWINCH`), if this process has a terminal.
    pub(crate) fn follow(&mut self) -> io::Result<()> {
        if self.has_terminal {
            let (sender, receiver) = watch::channel(size());
            signals::on_window_change(move || {
                sender.send_replace(size());
            })?;
            self.changes = Some(receiver);
        }
        Ok(())
    }
}

/// For `--explain`.
impl Display for WindowSize {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Winsize { ws_col, ws_row, .. } = size();
        let source = if self.has_terminal { "as large as ours" } else { "of a fixed size" };
        write!(f, "a new one for each command, {source}: {ws_col}x{ws_row}")
    }
}

fn size() -> Winsize {
    size_of_ours().unwrap_or(DEFAULT_SIZE)
}

/// Returns the size of the terminal that is a standard stream of this process; `None` if none is, or
/// its size is not known.
fn size_of_ours() -> Option<Winsize> {
    let is_known = |size: &Winsize| size.ws_row > 0 && size.ws_col > 0;
    let size_of = |fd: BorrowedFd<'_>| tcgetwinsize(fd).ok().filter(is_known);
    size_of(stdin().as_fd())
        .or_else(|| size_of(stdout().as_fd()))
        .or_else(|| size_of(stderr().as_fd()))
}

/// The side of a terminal at which a person would sit, and the socket pair through which it is
/// reached.
#[derive(Debug)]
pub(super) struct Pty {
    reading: Watched,
    /// The same descriptor, registered for writing.
    writing: Watched,
    input: OwnedReadHalf,
    output: OwnedWriteHalf,
    /// The same socket, watched for the end of its peer.
    peer: Socket,
    size: WindowSize,
}

impl Pty {
    /// Opens a terminal and makes it the standard streams of the command. Returns the other end of
    /// the socket pair too.
    pub(super) fn open(command: &mut Command, size: &WindowSize) -> io::Result<(Self, Socket)> {
        let (master, slave) = open_pair()?;
        tcsetwinsize(&master, self::size())?;
        pty_settings::begin(slave.as_fd())?;
        command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave);
        let (ours, theirs) = UnixStream::pair()?;
        let attach = |socket| Detached::from(Stream::from(OwnedFd::from(socket))).attach();
        let peer = attach(ours.try_clone()?)?;
        ours.set_nonblocking(true)?;
        let (input, output) = tokio::net::UnixStream::from_std(ours)?.into_split();
        let writing = Watched::for_writing(master.try_clone()?)?;
        let reading = Watched::new(master)?;
        let size = size.clone();
        Ok((Self { reading, writing, input, output, peer, size }, attach(theirs)?))
    }

    /// Carries bytes in a task of this event loop until the last process has closed the terminal, or
    /// the peer has ended both directions. Then closes the terminal, which hangs up: the session gets
    /// `SIGHUP`.
    ///
    /// `pid` is the process ID of the command.
    ///
    /// # Errors
    /// `Other` outside of event loops.
    pub(super) fn carry(self, pid: Option<u32>) -> io::Result<()> {
        /// How long the terminal may take for bytes from a peer that has gone.
        const TIME_FOR_REST: Duration = Duration::from_millis(100);
        let Self { reading, mut writing, mut input, mut output, mut peer, mut size } = self;
        LoopHandle::current()?.spawn(async move {
            let mut to_command = Box::pin(send_to_command(&mut input, &mut writing));
            let ends_by_peer = async {
                let gone = poll_fn(|cx| peer.poll_gone(cx));
                tokio::select! {
                    biased;
                    () = gone => {}
                    error = &mut to_command => {
                        let Err(error) = error;
                        tracing::debug!(%error, "the terminal of a command cannot be written");
                        poll_fn(|cx| peer.poll_gone(cx)).await;
                        return;
                    }
                }
                let _ = timeout(TIME_FOR_REST, to_command).await;
            };
            let is_closed = tokio::select! {
                result = receive_from_command(&reading, &mut output) => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "the output of a command has ended");
                    }
                    true
                }
                () = ends_by_peer => false,
                () = follow(&reading, &mut size) => false,
            };
            if is_closed {
                // This ends the connection.
                drop((input, output, peer));
                ended_soon(pid).await;
            }
        });
        Ok(())
    }
}

/// Moves what the command writes. Returns when the last process has closed the terminal.
async fn receive_from_command(master: &Watched, output: &mut OwnedWriteHalf) -> io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        poll_fn(|cx| master.poll_read_ready(cx)).await?;
        let read = master.try_read(|master| Ok(read(master, &mut buffer)?));
        match read {
            // Linux reports the end so, others as an end of file.
            Err(error) if raw_os_error(&error) == Some(Errno::IO.raw_os_error()) => return Ok(()),
            Ok(0) => return Ok(()),
            read if would_block(&read) => {}
            read => output.write_all(&buffer[..read?]).await?,
        }
        // A program can write as fast as this reads.
        yield_now().await;
    }
}

/// Moves what the peer sends. At its end of file, types the character that ends the input of
/// programs at a terminal. A program consumes it, and the next one would wait for input: it is typed
/// again after pauses.
async fn send_to_command(
    input: &mut OwnedReadHalf,
    master: &mut Watched,
) -> Result<Infallible, io::Error> {
    const PAUSE: Duration = Duration::from_secs(1);
    let mut buffer = vec![0; 4 << 10];
    let mut is_in_line = false;
    loop {
        let read = input.read(&mut buffer).await?;
        let Some(last) = buffer[..read].last() else { break };
        is_in_line = !b"\r\n".contains(last);
        write_all(master, &buffer[..read]).await?;
        yield_now().await;
    }
    loop {
        write_all(master, &end_of_file(master.fd()?, is_in_line)).await?;
        is_in_line = false;
        sleep(PAUSE).await;
    }
}

async fn write_all(master: &mut Watched, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        poll_fn(|cx| master.poll_write_ready(cx)).await?;
        let written = master.try_write(|master| Ok(write(master, bytes)?));
        if !would_block(&written) {
            bytes = &bytes[written?..];
        }
    }
    Ok(())
}

/// Returns the keys that end the input (`termios(3)`, `VEOF`). In the middle of a line the first one
/// only passes the line on. Programs that edit lines themselves know the key too. If no key has a
/// meaning for the terminal, the program has no such key: returns nothing.
fn end_of_file(terminal: BorrowedFd<'_>, is_in_line: bool) -> Vec<u8> {
    /// A key that is turned off (`_POSIX_VDISABLE`), on Linux and on other systems.
    const NO_KEY: [u8; 2] = [0, 0xff];
    let Ok(settings) = tcgetattr(terminal) else { return Vec::new() };
    let (modes, key) = (settings.local_modes, settings.special_codes[SpecialCodeIndex::VEOF]);
    if NO_KEY.contains(&key) || !modes.intersects(LocalModes::ICANON | LocalModes::ISIG) {
        return Vec::new();
    }
    let count = if is_in_line && modes.contains(LocalModes::ICANON) { 2 } else { 1 };
    vec![key; count]
}

/// Waits until the command has ended, for a moment: many programs close their terminal just before they
/// end, and a hang-up then would be their end instead.
async fn ended_soon(pid: Option<u32>) {
    const MOMENT: Duration = Duration::from_secs(1);
    // Without a process ID it has ended. Where the system cannot watch it, the moment passes.
    let Some(pid) = pid else { return };
    let ended = async {
        match ProcessWatch::of(pid) {
            Ok(process) => process.ended().await,
            Err(error) if error.kind() == ErrorKind::Unsupported => pending().await,
            Err(error) => Err(error),
        }
    };
    if let Ok(Err(error)) = timeout(MOMENT, ended).await {
        tracing::debug!(%error, "the end of a command is not watched");
    }
}

/// Passes changes of the window size on; the foreground processes get `SIGWINCH`.
async fn follow(master: &Watched, size: &mut WindowSize) {
    if let Some(changes) = &mut size.changes {
        while changes.changed().await.is_ok() {
            let size = *changes.borrow_and_update();
            if let Err(error) = master.fd().and_then(|fd| Ok(tcsetwinsize(fd, size)?)) {
                tracing::debug!(%error, "the size of the terminal is not changed");
            }
        }
    }
    pending::<Infallible>().await;
}
