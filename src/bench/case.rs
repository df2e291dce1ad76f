//! What is measured.

use super::{ServerKind, property::CaseProperty};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display, Formatter};

/// What clients and server do in a run.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Workload {
    /// Bytes per second: clients send as fast as the server reads.
    Throughput,
    /// Time from sending a message to receiving its answer.
    Latency,
    /// Connections per second, each with one message there and back.
    Connect,
    /// Small messages per second from many clients to one server.
    FanIn,
}

/// What connects clients and server.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Transport {
    /// A local socket whose name is a path: a socket file, or a named pipe by its path.
    #[serde(alias = "fs")]
    File,
    /// A local socket whose name is not a path; see lsock-names(7).
    #[serde(alias = "ns")]
    Abstract,
    /// Two plain pipes, as a shell creates them.
    Pipe,
    /// A pair of connected sockets without a name.
    Socketpair,
    /// TCP on the loopback interface.
    Tcp,
}

/// The kind of system calls with which bytes are moved.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Api {
    /// Blocking calls, one thread per direction.
    Sync,
    /// An event loop on one thread.
    Tokio,
}

/// One thing to measure: a row of the reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) workload: Workload,
    pub(crate) over: Transport,
    pub(crate) api: Api,
    /// Bytes of each message or write.
    #[serde(rename = "size_bytes")]
    pub(crate) size: usize,
    /// Number of concurrent connections.
    pub(crate) clients: usize,
    /// Whether both sides send (throughput).
    pub(crate) both_ways: bool,
    /// Messages per second of all clients together (latency), sent whether answers have arrived or
    /// not (open loop).
    #[serde(rename = "rate_per_second")]
    pub(crate) rate: Option<u64>,
}

impl Workload {
    pub(crate) const ALL: [Self; 4] = [Self::Throughput, Self::Latency, Self::Connect, Self::FanIn];
}

impl Transport {
    /// Returns whether clients connect to a listener.
    pub(crate) fn has_listener(self) -> bool {
        matches!(self, Self::File | Self::Abstract | Self::Tcp)
    }
}

impl Case {
    /// Returns whether the cases differ in nothing but transport and API.
    pub(crate) fn is_comparable_to(&self, other: &Self) -> bool {
        let Self { over, api, .. } = self;
        *self == Self { over: *over, api: *api, ..other.clone() }
    }
}

/// Displays enums by the words of JSON: a `Formatter` is a `Serializer` of unit variants.
macro_rules! display_as_in_json {
    ($($name:ty),*) => {$(
        impl Display for $name {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                self.serialize(f)
            }
        }
    )*};
}

display_as_in_json!(Workload, Transport, Api, ServerKind);

/// Example: `throughput 64K over abstract (tokio, 4 clients, both ways)`.
impl Display for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} over {}", self.workload, size_text(self.size), self.over)?;
        let mentioned = CaseProperty::ALL
            .into_iter()
            .filter(|property| *property != CaseProperty::Size && !property.is_default(self));
        let details: Vec<String> = mentioned.filter_map(|property| property.text(self)).collect();
        if details.is_empty() { Ok(()) } else { write!(f, " ({})", details.join(", ")) }
    }
}

/// Formats a size in the form of the command line: `64`, `4K`, `1M`.
pub(crate) fn size_text(size: usize) -> String {
    for (shift, unit) in [(30, "G"), (20, "M"), (10, "K")] {
        if size >= 1 << shift && size.is_multiple_of(1 << shift) {
            return format!("{}{unit}", size >> shift);
        }
    }
    size.to_string()
}
