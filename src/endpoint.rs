//! What connections are joined to. Descriptions are read from the command line; opening
//! one is another thing.

mod command;
mod dial;
mod error;
mod listen_on;
mod resolver;
mod stdio;
mod target;
mod tcp;

pub(crate) use command::{CommandLine, joined_to};
pub(crate) use dial::{RetryPolicy, Wait, dial, dial_tcp};
pub(crate) use error::EndpointError;
pub(crate) use listen_on::ListenOn;
pub(crate) use stdio::open_stdio;
pub(crate) use target::Target;
pub(crate) use tcp::TcpAddress;

use local_socket::Name;
use std::fmt::{self, Formatter};

/// How endpoints begin that are not names.
const SCHEMES: [&str; 4] = ["tcp:", "exec:", "fd:", "-"];

/// Writes a name so that it is read as one where other endpoints could stand, too.
fn write_name(f: &mut Formatter<'_>, name: &Name<'_>) -> fmt::Result {
    let text = name.to_string();
    // Only a path can begin like that: words with these beginnings are written with `@`.
    let explicit =
        if SCHEMES[..3].iter().any(|scheme| text.starts_with(scheme)) { "fs:" } else { "" };
    write!(f, "{explicit}{text}")
}

#[cfg(test)]
mod tests;
