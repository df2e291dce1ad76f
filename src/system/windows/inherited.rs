use crate::{
    diag::Failure,
    system::{ListenSettings, listening::Allowed},
};
use local_socket::Listener;

/// A socket that the process inherited: there is none on this system.
#[derive(Debug)]
pub(crate) enum InheritedSocket {
    #[expect(dead_code, reason = "other systems have them")]
    Local(Box<Listener>, Allowed),
    #[expect(dead_code, reason = "other systems have them")]
    Tcp(std::net::TcpListener),
    #[expect(dead_code, reason = "other systems have them")]
    Connection,
}

/// Returns nothing: no service manager passes sockets on this system.
#[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
pub(crate) fn passed() -> Result<Vec<i32>, Failure> {
    Ok(Vec::new())
}

/// Fails with `Unsupported`: there are no numbered descriptors.
pub(crate) fn passed_with_names() -> Result<Vec<Option<String>>, Failure> {
    Err(unsupported())
}

/// Fails with `Unsupported`: there are no numbered descriptors.
pub(crate) fn take(_: i32, _: &ListenSettings) -> Result<InheritedSocket, Failure> {
    Err(unsupported())
}

fn unsupported() -> Failure {
    Failure::Unsupported { option: "fd:N", why: "Windows has no numbered descriptors" }
}
