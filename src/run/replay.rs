use super::{connect, listening};
use crate::{
    cli,
    diag::{Failure, Outcome, Terminal, counted, escaped},
    endpoint::{ConnectTarget as _, ListenSource as _, NameSource, NameTarget, RetryPolicy},
    inspect::{
        ConnectionSummary, Difference, Mismatch, RecordingFile, ReplaySettings, play, role_name,
    },
    serve::{ReadyFile, Stopper},
    system::{Detached, ListenSettings, Readiness, Socket, signals, stdout},
    text_table::{Column, lines},
    transfer::{Role, tasks::EventLoops},
};
use local_socket::{Directions, Stream, traits::Listener as _};
use std::{
    fmt::{self, Display, Formatter, Write as _},
    sync::Arc,
    time::Duration,
};

/// The plan of `lsock replay`.
#[derive(Debug)]
struct ReplayPlan {
    file: RecordingFile,
    connection: ConnectionSummary,
    other_end: OtherEnd,
    settings: ReplaySettings,
}

/// The end that is not played.
#[derive(Debug)]
enum OtherEnd {
    /// A server to connect to.
    Server(NameTarget, RetryPolicy),
    /// A client that connects.
    Client(NameSource, Box<ListenSettings>),
}

/// The largest number of connections that are listed.
const MOST_LISTED: usize = 1000;

/// Plays one end of a recorded connection.
pub(super) fn run(args: cli::Replay, terminal: Terminal) -> Result<Outcome, Failure> {
    let explain = args.explain;
    let plan = ReplayPlan::new(args)?;
    if explain {
        stdout::print(plan.to_string().as_bytes())?;
        return Ok(Outcome::Done);
    }
    plan.warn();
    // The recording is opened first: what cannot be read again is refused before anything is sent.
    let ours = plan.file.events(&plan.connection, plan.settings.role)?;
    let theirs = plan.file.events(&plan.connection, plan.settings.role.other())?;
    let stream = match &plan.other_end {
        OtherEnd::Server(target, retry_policy) => {
            Some(connect::connect(target, *retry_policy, Directions::Both, terminal)?)
        }
        OtherEnd::Client(source, settings) => accept(source, settings, terminal)?,
    };
    // A signal has ended the wait for a client.
    let Some(stream) = stream else { return Ok(Outcome::Done) };
    let loops = EventLoops::start_one()
        .map_err(|error| Failure::Io { what: "cannot start an event loop", error })?;
    let played = loops.run(async {
        let socket = attach(stream)?;
        play(socket, [ours, theirs], plan.settings).await
    });
    plan.outcome(played, terminal)
}

impl ReplayPlan {
    fn new(args: cli::Replay) -> Result<Self, Failure> {
        let pace = args.pace();
        let settings = |role| ReplaySettings { role, pace, patience: args.answer_timeout };
        let (other_end, settings) = match (args.serving.serve.clone(), args.name) {
            (Some(name), _) => {
                let listen = args.serving.options();
                let source = NameSource::new(name, &listen)?;
                (OtherEnd::Client(source, Box::new(listen)), settings(Role::Server))
            }
            (None, Some(name)) => {
                let target = NameTarget::new(name, args.connecting.server_user.as_ref())?;
                let retry_policy = args.connecting.retry_policy();
                (OtherEnd::Server(target, retry_policy), settings(Role::Client))
            }
            (None, None) => return Err(Failure::Usage("NAME or --serve NAME is missing".into())),
        };
        let file = RecordingFile::open(&args.file)?;
        let connection = match file.choose(args.connection) {
            Ok(connection) => connection.clone(),
            Err(failure) => {
                let is_chosen =
                    file.connections().iter().any(|it| Some(it.number) == args.connection);
                if file.connections().len() > 1 && !is_chosen {
                    stdout::print(list(file.connections()).as_bytes())?;
                }
                return Err(failure);
            }
        };
        Ok(Self { file, connection, other_end, settings })
    }

    fn warn(&self) {
        let (file, connection) = (self.file.path().display(), &self.connection);
        if self.file.ends_early() {
            tracing::warn!(
                "{file} ends in the middle of a packet: the recorder did not end properly"
            );
        }
        if !connection.has_end_of(self.settings.role.other()) {
            tracing::warn!(
                "the end of connection {} is not in {file}: what follows is not compared",
                connection.number
            );
        }
    }

    /// Prints the difference, if there is one, and returns the failure.
    fn outcome(
        &self,
        played: Result<(), Mismatch>,
        terminal: Terminal,
    ) -> Result<Outcome, Failure> {
        let role = self.settings.role;
        let sender = role_name(role.other());
        let (to_send, total) =
            (self.connection.sent_by(role), self.connection.sent_by(role.other()));
        match played {
            Ok(()) => {
                tracing::info!(
                    "replayed: {} sent, {} received, the same as in {}",
                    counted(to_send, "byte"),
                    counted(total, "byte"),
                    self.file.path().display()
                );
                Ok(Outcome::Done)
            }
            Err(Mismatch::Difference(difference)) => {
                // The rows may not fit on a disk; the line of the difference is printed all the same.
                if let Err(failure) = self.show(&difference, terminal) {
                    tracing::error!("{failure}");
                }
                let file = self.file.path().display().to_string();
                let difference = difference.describe(sender, total, to_send, &file);
                Err(Failure::Differs(format!("{}: {difference}", self.name())))
            }
            Err(Mismatch::Late { offset }) if offset == total => Err(Failure::Unanswered(format!(
                "{}: the {sender} has sent all of {}, but has not ended for {} longer than in {}",
                self.name(),
                counted(total, "byte"),
                humantime::format_duration(self.settings.patience),
                self.file.path().display()
            ))),
            Err(Mismatch::Late { offset }) => Err(Failure::Unanswered(format!(
                "{}: the {sender} has sent {offset} of {} and then nothing for {} longer than in {}",
                self.name(),
                counted(total, "byte"),
                humantime::format_duration(self.settings.patience),
                self.file.path().display()
            ))),
            Err(Mismatch::Stuck { sent }) => Err(Failure::Unanswered(format!(
                "{}: the {sender} has taken {sent} of {} and then nothing for {} longer than in {}",
                self.name(),
                counted(to_send, "byte"),
                humantime::format_duration(self.settings.patience),
                self.file.path().display()
            ))),
            Err(Mismatch::Failed(failure)) => Err(failure),
        }
    }

    fn show(&self, difference: &Difference, terminal: Terminal) -> Result<(), Failure> {
        let rows = difference.rows(terminal.colors_stdout());
        rows.map_or(Ok(()), |rows| stdout::print(rows.as_bytes()))
    }

    /// Returns the name of the socket, as typed.
    fn name(&self) -> String {
        match &self.other_end {
            OtherEnd::Server(target, _) => target.to_string(),
            OtherEnd::Client(source, _) => source.endpoint(),
        }
    }
}

/// Listens and accepts one client. Returns `None` if a signal asks to end.
fn accept(
    source: &NameSource,
    settings: &ListenSettings,
    terminal: Terminal,
) -> Result<Option<Stream>, Failure> {
    let readiness = Readiness::new(settings.ready_fd)?;
    let ready_file = ReadyFile::new(settings.ready_file.as_deref())?;
    listening::warn(source, settings);
    let (listener, stopper) = {
        let _held = signals::BlockedSignals::new();
        let listener = Arc::new(source.listen()?);
        // A replay that is interrupted has nothing to finish.
        let stopper = Stopper::start(&listener, ready_file.clone(), Duration::ZERO, terminal)?;
        (listener, stopper)
    };
    let accepted = ready_file
        .write(&source.endpoint())
        .and_then(|()| readiness.notify(&source.endpoint()))
        .and_then(|()| {
            listening::log(source, false, terminal);
            let mut acceptor = listening::acceptor(&listener, source, settings);
            acceptor.next(None)
        });
    // No other client would be served.
    ready_file.withdraw();
    if let Err(error) = listener.close() {
        tracing::debug!(%error, "listener not closed");
    }
    let (stream, result) = match accepted {
        Ok(accepted) => (accepted.map(|(stream, _)| stream), Ok(Outcome::Done)),
        Err(failure) => (None, Err(failure)),
    };
    stopper.finish(&result);
    result.map(|_| stream)
}

fn attach(stream: Stream) -> Result<Socket, Failure> {
    Detached::from(stream)
        .attach()
        .map_err(|error| Failure::Io { what: "cannot watch the connection", error })
}

/// Returns a table of connections.
fn list(connections: &[ConnectionSummary]) -> String {
    let column = |title, is_text, cell: fn(&ConnectionSummary) -> String| {
        Column::plain(title, is_text, connections.iter().take(MOST_LISTED).map(cell))
    };
    let columns = [
        column("NUMBER", false, |connection| connection.number.to_string()),
        column("TO-SERVER", false, |connection| connection.to_server.to_string()),
        column("TO-CLIENT", false, |connection| connection.to_client.to_string()),
        column("CONNECTION", true, |connection| escaped(&connection.description)),
    ];
    let mut text: String =
        lines(&columns.each_ref(), false, None).map(|line| line + "\n").collect();
    if let more @ 1.. = connections.len().saturating_sub(MOST_LISTED) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "and {more} more");
    }
    text
}

/// For `--explain`.
impl Display for ReplayPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { file, connection, other_end, settings } = self;
        let ConnectionSummary { number, to_server, to_client, duration, description, .. } =
            connection;
        let played = role_name(settings.role);
        writeln!(
            f,
            "play         the {played} of connection {number} of {}",
            file.path().display()
        )?;
        writeln!(f, "recorded     {}", escaped(description))?;
        let duration = humantime::format_duration(Duration::from_millis(
            u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        ));
        let (to_server, to_client) = (counted(*to_server, "byte"), counted(*to_client, "byte"));
        writeln!(
            f,
            "             {to_server} to the server, {to_client} to the client, in {duration}"
        )?;
        match other_end {
            OtherEnd::Server(target, retry_policy) => {
                target.explain(f)?;
                target.explain_time(f, *retry_policy)?;
            }
            OtherEnd::Client(source, settings) => {
                source.explain(f, settings)?;
                writeln!(f, "clients      one")?;
                listening::explain_readiness(f, settings)?;
            }
        }
        writeln!(f, "pace         {}", settings.pace)?;
        let patience = humantime::format_duration(settings.patience);
        writeln!(f, "answers      at most {patience} later than recorded")
    }
}
