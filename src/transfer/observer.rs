//! What an observer of connections sees, and where the drivers call it.

use super::{DirectionEnd, EarlyEnd, Parties, Party, Stall, TransferReport};
use crate::system::{PassedDescriptor, peer::PeerProcess};
use local_socket::error::reason;
use std::{
    fmt::{self, Debug},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

/// Sees what happens to connections: the way to trace or record what moves. Both drivers call it,
/// from the thread that moves the bytes. An observed connection is copied instead of spliced, since
/// spliced bytes do not pass through this process.
pub(crate) trait Observer: Debug + Send + Sync {
    /// Sees an event of a connection, which goes on when this returns.
    fn see(&self, connection: u64, event: &ObservedEvent<'_>);
}

/// An event of a connection.
#[derive(Debug)]
pub(crate) enum ObservedEvent<'a> {
    /// The connection begins.
    Connected(&'a ConnectionEnds),
    /// Bytes were read and are going to be delivered. `offset` is the number of bytes before them in
    /// this direction.
    Chunk { direction: Direction, offset: u64, bytes: &'a [u8] },
    /// Descriptors arrived with the first byte of the chunk that follows, and are passed on.
    Descriptors { direction: Direction, descriptors: &'a [PassedDescriptor] },
    /// A direction has ended.
    Ended { direction: Direction, end: &'a DirectionEnd },
    /// The end of file of a direction was passed on to its receiver.
    ShutDown(Direction),
    /// The connection could not be served.
    Failed(&'a str),
    /// The connection has ended.
    Closed(ClosedConnection),
}

/// A direction of a connection.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    ToServer,
    ToClient,
}

/// The part that an end of a connection has.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server,
}

impl Direction {
    /// Returns the end that sends in this direction.
    pub(crate) fn sender(self) -> Role {
        match self {
            Self::ToServer => Role::Client,
            Self::ToClient => Role::Server,
        }
    }

    /// Returns the end that receives in this direction.
    pub(crate) fn receiver(self) -> Role {
        self.sender().other()
    }
}

impl Role {
    /// Returns the index of the end in a pair of client and server.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Client => 0,
            Self::Server => 1,
        }
    }

    /// Returns the role of the other end.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// The two ends of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionEnds {
    /// The name that clients connect to, as typed.
    pub(crate) name: String,
    /// What the client is joined to, if it is not the process that listens on the name.
    pub(crate) target: Option<String>,
    /// The process of the client, if the system reports it.
    pub(crate) client: Option<PeerProcess>,
    /// The address of a TCP client.
    pub(crate) address: Option<SocketAddr>,
    /// The process of the server, if the system reports it.
    pub(crate) server: Option<PeerProcess>,
}

/// The end of a connection.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct ClosedConnection {
    /// Number of bytes delivered to the server.
    pub(crate) to_server: u64,
    /// Number of bytes delivered to the client.
    pub(crate) to_client: u64,
    /// The reason why lsock has ended the connection, if it has.
    pub(crate) early_end: Option<EarlyEnd>,
}

/// The largest chunk that an observer sees at once, which limits its memory: `--buffer` may be much
/// larger.
const LARGEST_CHUNK: usize = 1 << 20;

/// An observer, and the role of the first end of the connections that it sees.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    observer: Arc<dyn Observer>,
    first: Role,
}

/// The connection in messages of `-vv`.
#[derive(Copy, Clone, Debug)]
pub(crate) struct LoggedConnection {
    /// Sequence number of the connection; `None` if there is only one.
    pub(crate) number: Option<u64>,
    pub(crate) parties: Parties,
}

/// A direction in messages of `-vv`.
#[derive(Debug)]
struct LoggedDirection {
    number: Option<u64>,
    sender: Party,
    receiver: Party,
}

/// One direction of a connection, for the log, and for the observer if there is one.
#[derive(Debug)]
pub(crate) struct ObservedDirection {
    observer: Option<Arc<dyn Observer>>,
    /// `None` if the direction is not logged.
    logged: Option<LoggedDirection>,
    connection: u64,
    direction: Direction,
    /// Number of bytes that were seen.
    offset: AtomicU64,
    has_ended: AtomicBool,
}

impl Observation {
    pub(crate) fn new(observer: Arc<dyn Observer>, first: Role) -> Self {
        Self { observer, first }
    }

    /// Reports that a connection begins.
    pub(crate) fn connected(&self, connection: u64, ends: &ConnectionEnds) {
        self.observer.see(connection, &ObservedEvent::Connected(ends));
    }

    /// Reports that a connection could not be served, and its end.
    pub(crate) fn failed(&self, connection: u64, message: &str) {
        self.observer.see(connection, &ObservedEvent::Failed(message));
        self.closed(connection, ClosedConnection::default());
    }

    /// Reports the end of a connection.
    pub(crate) fn closed(&self, connection: u64, closed: ClosedConnection) {
        self.observer.see(connection, &ObservedEvent::Closed(closed));
    }

    /// Reports the end of a connection with its report.
    pub(super) fn finished(&self, connection: u64, report: &TransferReport) {
        let (forth, back) = report.delivered();
        let (to_server, to_client) = match self.first {
            Role::Client => (forth, back),
            Role::Server => (back, forth),
        };
        let early_end = report.early_end;
        self.closed(connection, ClosedConnection { to_server, to_client, early_end });
    }

    /// Returns the directions from the first end to the second one, and back.
    pub(crate) fn directions(
        observation: Option<&Self>,
        connection: u64,
        logged: Option<LoggedConnection>,
    ) -> [ObservedDirection; 2] {
        let directions = match observation.map(|it| it.first) {
            Some(Role::Server) => [Direction::ToClient, Direction::ToServer],
            Some(Role::Client) | None => [Direction::ToServer, Direction::ToClient],
        };
        let [forth, back] = directions.map(|direction| ObservedDirection {
            observer: observation.map(|it| Arc::clone(&it.observer)),
            logged: None,
            connection,
            direction,
            offset: AtomicU64::new(0),
            has_ended: AtomicBool::new(false),
        });
        let logged = |is_forth| logged.map(|it| LoggedDirection::new(it, is_forth));
        [
            ObservedDirection { logged: logged(true), ..forth },
            ObservedDirection { logged: logged(false), ..back },
        ]
    }
}

impl ObservedDirection {
    /// Returns a direction that nobody observes.
    pub(crate) fn none() -> Self {
        let [direction, _] = Observation::directions(None, 0, None);
        direction
    }

    pub(super) fn is_observed(&self) -> bool {
        self.observer.is_some()
    }

    pub(super) fn chunk(&self, bytes: &[u8]) {
        if let Some(observer) = &self.observer {
            for bytes in bytes.chunks(LARGEST_CHUNK) {
                let offset = self.offset.fetch_add(bytes.len() as u64, Relaxed);
                let event = ObservedEvent::Chunk { direction: self.direction, offset, bytes };
                observer.see(self.connection, &event);
            }
        }
    }

    pub(super) fn descriptors(&self, descriptors: &[PassedDescriptor]) {
        if let Some(observer) = &self.observer {
            let event = ObservedEvent::Descriptors { direction: self.direction, descriptors };
            observer.see(self.connection, &event);
        }
    }

    /// Reports that the end of file was passed on.
    pub(super) fn shut_down(&self) {
        if let Some(logged) = &self.logged {
            logged.debug(format_args!("sent the end of file to {}", logged.receiver.receiver()));
        }
        if let Some(observer) = &self.observer {
            observer.see(self.connection, &ObservedEvent::ShutDown(self.direction));
        }
    }

    /// Reports the end, once: a thread that was left behind may end later.
    pub(super) fn ended(&self, end: &DirectionEnd) {
        if self.has_ended.swap(true, Relaxed) {
            return;
        }
        if let Some(logged) = &self.logged {
            logged.ended(end);
        }
        if let Some(observer) = &self.observer {
            let event = ObservedEvent::Ended { direction: self.direction, end };
            observer.see(self.connection, &event);
        }
    }
}

impl ObservedDirection {
    /// Logs that the direction waits for its output, or no longer does.
    pub(super) fn stalled(&self, stall: Option<Stall>) {
        let (Some(logged), Some(stall)) = (&self.logged, stall) else { return };
        let receiver = logged.receiver.receiver();
        match stall {
            Stall::Begun => {
                let time = humantime::format_duration(Stall::LIMIT);
                logged
                    .debug(format_args!("{receiver} has taken nothing for {time}: waiting for it"));
            }
            Stall::Over(time) => {
                let time = time.as_secs_f64();
                logged.debug(format_args!("{receiver} takes bytes again after {time:.1}s"));
            }
        }
    }
}

impl LoggedDirection {
    fn new(connection: LoggedConnection, is_forth: bool) -> Self {
        let LoggedConnection { number, parties: Parties { first, second } } = connection;
        let (sender, receiver) = if is_forth { (first, second) } else { (second, first) };
        Self { number, sender, receiver }
    }

    fn ended(&self, end: &DirectionEnd) {
        let (sender, receiver) = (self.sender.name_as_sender(), self.receiver.receiver());
        match end {
            DirectionEnd::Unused => {}
            DirectionEnd::Eof => self.debug(format_args!("end of file from {sender}")),
            DirectionEnd::ReceiverGone => self.debug(format_args!("{receiver} has closed")),
            DirectionEnd::InputFailed(error) => {
                self.debug(format_args!("cannot read from {sender}: {}", reason(error)));
            }
            DirectionEnd::OutputFailed(error) => {
                self.debug(format_args!("cannot write to {receiver}: {}", reason(error)));
            }
            DirectionEnd::Stopped => {
                self.debug(format_args!("nothing more is sent to {receiver}"));
            }
        }
    }

    fn debug(&self, text: fmt::Arguments<'_>) {
        match self.number {
            Some(number) => tracing::debug!(conn = number, "connection {number}: {text}"),
            None => tracing::debug!("{text}"),
        }
    }
}
