use crate::{
    diag::Failure,
    system::{ListenSettings, listening::Allowed},
};
use local_socket::{Listener, Name};

/// A listening socket that came with the process: there never is one of these.
#[derive(Debug)]
pub(crate) enum Inherited {
    #[expect(dead_code, reason = "other systems have them")]
    Local(Box<Listener>, Option<Name<'static>>, Allowed),
    #[expect(dead_code, reason = "other systems have them")]
    Tcp(std::net::TcpListener),
}

/// There are no numbered descriptors.
pub(crate) fn take(_: i32, _: &ListenSettings) -> Result<Inherited, Failure> {
    Err(Failure::Unsupported { option: "fd:N", why: "Windows has no numbered descriptors" })
}
