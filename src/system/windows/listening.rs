use super::super::AcceptError;
use crate::{
    diag::{Failure, USAGE},
    system::{AllowRule, ListenSettings},
};
use local_socket::{
    Access, ListenerOptions, Name, PeerCreds,
    error::reason,
    os::windows::{ListenerOptionsExt, SecurityDescriptor, Sid},
};
use std::{
    fmt::{self, Display, Formatter},
    io,
    net::TcpListener,
};

/// Classifies an error code of accepting.
pub(crate) fn accept_error(code: i32) -> AcceptError {
    const ACCESS_DENIED: i32 = 5;
    const INVALID_HANDLE: i32 = 6;
    const INVALID_PARAMETER: i32 = 87;
    const WSAEBADF: i32 = 10009;
    const WSAEFAULT: i32 = 10014;
    const WSAEINVAL: i32 = 10022;
    const WSAENOTSOCK: i32 = 10038;
    const WSAEOPNOTSUPP: i32 = 10045;
    match code {
        INVALID_HANDLE | WSAEBADF | WSAEFAULT | WSAENOTSOCK => AcceptError::IsBroken,
        ACCESS_DENIED | INVALID_PARAMETER | WSAEINVAL | WSAEOPNOTSUPP => {
            AcceptError::IsBrokenIfItPersists
        }
        _ => AcceptError::Passes,
    }
}

/// Returns whether an error of `bind` means that this machine does not have the address.
pub(crate) fn lacks_address(error: &io::Error) -> bool {
    const WSAEAFNOSUPPORT: i32 = 10047;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(WSAEAFNOSUPPORT)
}

/// Adds the options that only some systems have.
///
/// # Errors
/// `Unsupported` for options that this system does not have, `Usage` for an invalid `--sddl`,
/// `Advised` for one that does not let this process listen.
pub(crate) fn options<'n>(
    options: ListenerOptions<'n>,
    _: &Name<'_>,
    listening: &ListenSettings,
) -> Result<ListenerOptions<'n>, Failure> {
    const FILES: &str = "Windows has pipes and no socket files; --sddl says who may connect";
    let absent = [
        ("--mode", listening.mode.is_some(), FILES),
        ("--group", listening.group.is_some(), FILES),
        ("--replace", listening.replace, "a pipe on Windows goes with its server"),
        ("--backlog", listening.backlog.is_some(), "a pipe on Windows has no backlog"),
        (
            "--max-conns-per-user",
            listening.max_conns_per_user.is_some(),
            "Windows does not number users",
        ),
        (
            "--allow",
            listening.allow.iter().any(|rule| *rule != AllowRule::Any),
            "Windows does not number users; --sddl says who may connect",
        ),
    ];
    for (option, is_given, why) in absent {
        ListenSettings::refuse([(option, is_given)], why)?;
    }
    match &listening.sddl {
        Some(_) if !listening.allow.is_empty() => {
            Err(Failure::Usage("--sddl and --allow both say who may connect".to_owned()))
        }
        Some(sddl) => {
            let refusal = |error| format!("--sddl `{sddl}`: {}", reason(&error));
            let descriptor = SecurityDescriptor::from_sddl(sddl)
                .map_err(|error| Failure::Usage(refusal(error)))?;
            descriptor.check_server_access().map_err(|error| Failure::Advised {
                message: refusal(error),
                hint: Sid::current_user()
                    .ok()
                    .map(|user| format!("add (A;;GA;;;{user}) for this user")),
                status: USAGE,
            })?;
            Ok(options.security_descriptor(descriptor))
        }
        None if !listening.allow.is_empty() => Ok(options.access(Access::Everyone)),
        None => Ok(options.access(Access::CurrentUser)),
    }
}

/// Keeps the default backlog of the system.
///
/// # Errors
/// `Unsupported` if another backlog is given.
pub(crate) fn set_backlog(_: &TcpListener, backlog: Option<u32>) -> io::Result<()> {
    match backlog {
        None => Ok(()),
        Some(_) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "--backlog is not available on this system",
        )),
    }
}

/// Returns `None`: a pipe is not in a folder of users.
pub(crate) fn unsafe_folder(_: &Name<'_>) -> Option<String> {
    None
}

/// The rules of `--allow`. The system checks them when a client connects.
#[derive(Clone, Debug)]
pub(crate) struct Allowed;

impl Allowed {
    #[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
    pub(crate) fn new(_: &Name<'_>, _: &ListenSettings) -> Result<Self, Failure> {
        Ok(Self)
    }

    #[expect(clippy::unused_self, reason = "other systems decide here")]
    pub(crate) fn is_kept_out(&self, _: &Name<'_>, _: &ListenSettings) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "other systems map users")]
    pub(crate) fn unmapped_user(&self) -> Option<u32> {
        None
    }

    #[expect(clippy::unused_self, reason = "other systems decide here")]
    pub(crate) fn admits(&self, _: &PeerCreds) -> bool {
        true
    }
}

/// For `--explain`.
impl Display for Allowed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("whom the security descriptor admits")
    }
}

/// Returns `None`: users have no numbers.
pub(crate) fn user(_: &PeerCreds) -> Option<u32> {
    None
}

/// Returns the process of a peer; users and groups have no numbers.
pub(crate) fn ids(peer: &PeerCreds) -> [Option<String>; 3] {
    [peer.pid().map(|id| id.to_string()), None, None]
}

/// Returns the user of the peer as text, if it is known to be another user than that of this
/// process.
pub(crate) fn other_user(_: &PeerCreds) -> Option<String> {
    None
}
