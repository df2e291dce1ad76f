//! The test of the bare programs, which `cargo test` runs: every byte arrives, also after the other
//! direction has ended.
//!
//! A limit that loses bytes, or ends both directions at once, would do less work than lsock does.

use super::{
    Run,
    pairs::PAIRS,
    pattern::{Check, Pattern},
    relays::Relay,
    roles::role,
    stdio,
};
use anyhow::{Context as _, Result, anyhow, ensure};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    thread,
    time::Duration,
};

/// Longer than a check takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// More than the sockets of a relayed connection hold, and not a multiple of any block.
const REQUEST: usize = 1_000_003;
const ANSWER: usize = 700_001;

/// A reader of pieces of this size is slower than the relay, whose output is full then.
const PIECE: usize = 1000;

/// A test's name and what it runs.
type Test = (&'static str, fn(&Run) -> Result<()>);

const TESTS: [Test; 5] = [
    ("bare_epoll_relay", |run| relay(run, Relay::Epoll)),
    ("bare_splice_relay", |run| relay(run, Relay::Splice)),
    ("bare_splice_loops", |run| {
        stdio::pass(run, &PAIRS[0], REQUEST as u64, Check::Whole).map(drop)
    }),
    ("echo_of_events", |run| echo(run, "echo-events")),
    ("echo_of_threads", |run| echo(run, "echo-threads")),
];

/// Options of other test programs that have a value.
const VALUED: [&str; 5] = ["--test-threads", "--skip", "--format", "--color", "-Z"];

/// Runs the tests whose names contain the first word that is no option, and no option's value.
pub(super) fn check(run: &Run, mut args: impl Iterator<Item = String>) -> Result<()> {
    let mut filter = String::new();
    while let Some(arg) = args.next() {
        if VALUED.contains(&&*arg) {
            args.next();
        } else if !arg.starts_with('-') {
            filter = arg;
            break;
        }
    }
    for (name, test) in TESTS.iter().filter(|(name, _)| name.contains(&*filter)) {
        test(run).with_context(|| format!("test {name} failed"))?;
        println!("test {name} ... ok");
    }
    Ok(())
}

/// The client is the first to end its direction, and over another connection the server is.
fn relay(run: &Run, relay: Relay) -> Result<()> {
    let (listen, target) = (run.folder.join("relay.sock"), run.folder.join("target.sock"));
    let server = UnixListener::bind(&target)?;
    let mut command = relay.command(&listen, &target)?.context("no program")?;
    let process = stdio::listening(run, relay.name(), &mut command, &listen.to_string_lossy());
    let mut process = process?;
    let both = || -> Result<()> {
        let (client, accepted) = connected(&listen, &server)?;
        exchange(&client, &accepted, REQUEST, ANSWER).context("the client ends first")?;
        let (client, accepted) = connected(&listen, &server)?;
        exchange(&accepted, &client, ANSWER, REQUEST).context("the server ends first")
    };
    let result = both();
    // That the relay has ended says more.
    process.is_running()?;
    drop(process);
    fs::remove_file(listen)?;
    fs::remove_file(target)?;
    result
}

/// Returns a new connection through the relay: the ends of the client and the server.
fn connected(listen: &Path, server: &UnixListener) -> Result<(UnixStream, UnixStream)> {
    let client = UnixStream::connect(listen)?;
    let (accepted, _) = server.accept()?;
    for end in [&client, &accepted] {
        end.set_read_timeout(Some(LIMIT))?;
        end.set_write_timeout(Some(LIMIT))?;
    }
    Ok((client, accepted))
}

/// The first end sends and ends its direction; the second one reads it to the end of file, and then
/// answers in the same way.
fn exchange(first: &UnixStream, second: &UnixStream, request: usize, answer: usize) -> Result<()> {
    let pattern = Pattern::new(REQUEST.max(ANSWER));
    let send = |mut stream: &UnixStream, bytes: usize| -> Result<()> {
        stream.write_all(pattern.at(0, bytes))?;
        Ok(stream.shutdown(Shutdown::Write)?)
    };
    let receive = |mut stream: &UnixStream, bytes: usize| -> Result<()> {
        let (mut piece, mut received) = ([0; PIECE], 0);
        loop {
            let count = stream.read(&mut piece)?;
            if count == 0 {
                ensure!(received == bytes as u64, "{received} bytes arrived, not {bytes}");
                return Ok(());
            }
            pattern.compare(received, &piece[..count], Check::Whole)?;
            received += count as u64;
        }
    };
    thread::scope(|scope| {
        let answering = scope.spawn(|| {
            receive(second, request).context("request")?;
            send(second, answer).context("answer")
        });
        let sent = send(first, request)
            .context("request")
            .and_then(|()| receive(first, answer).context("answer"));
        // The error of the receiver says more.
        answering.join().map_err(|_| anyhow!("a thread has panicked"))?.and(sent)
    })
}

/// Messages come back, and the end of file as well.
fn echo(run: &Run, server: &str) -> Result<()> {
    let path = run.folder.join("echo.sock");
    let mut command = role(server)?;
    let _server = stdio::listening(run, server, command.arg(&path), &path.to_string_lossy())?;
    let mut client = UnixStream::connect(&path)?;
    client.set_read_timeout(Some(LIMIT))?;
    let pattern = Pattern::new(4096);
    let mut sent = 0;
    for size in [1, 8, 64, 4096, 3] {
        client.write_all(pattern.at(sent, size))?;
        let mut answer = vec![0; size];
        client.read_exact(&mut answer)?;
        pattern.compare(sent, &answer, Check::Whole)?;
        sent += size as u64;
    }
    client.shutdown(Shutdown::Write)?;
    ensure!(client.read(&mut [0])? == 0, "more than what was sent");
    Ok(fs::remove_file(path)?)
}
