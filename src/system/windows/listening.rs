use super::{
    super::AcceptError,
    accounts::{self, describe},
};
use crate::{
    diag::{Failure, USAGE},
    system::{AllowRule, ListenSettings, user_names},
};
use local_socket::{
    Access, ListenerOptions, Name, PeerCreds,
    error::reason,
    os::windows::{ListenerOptionsExt, SecurityDescriptor, Sid},
    traits::StreamCommon,
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

/// Adds the options that only some systems have, and returns the rules for clients. Accounts are looked
/// up once, so that messages name those that the security descriptor admits.
///
/// # Errors
/// `Unsupported` for options that this system does not have, `Usage` for an invalid `--sddl` and
/// unknown accounts, `Advised` for a descriptor that does not let this process listen.
pub(crate) fn options<'n>(
    options: ListenerOptions<'n>,
    _: &Name<'_>,
    listening: &ListenSettings,
) -> Result<(ListenerOptions<'n>, Allowed), Failure> {
    const FILES: &str =
        "Windows has pipes and no socket files; --allow and --sddl say who may connect";
    let absent = [
        ("--mode", listening.mode.is_some(), FILES),
        ("--owner", listening.owner.is_some(), FILES),
        ("--group", listening.group.is_some(), FILES),
        ("--replace", listening.replace, "a pipe on Windows goes with its server"),
        ("--backlog", listening.backlog.is_some(), "a pipe on Windows has no backlog"),
        (
            "--max-conns-per-user",
            listening.max_conns_per_user.is_some(),
            "Windows does not number users",
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
            let allowed = Allowed { clients: AllowedClients::OfDescriptor };
            Ok((options.security_descriptor(descriptor), allowed))
        }
        None => {
            let allowed = Allowed::resolve(&listening.allow)?;
            Ok((allowed.admit(options)?, allowed))
        }
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

/// The rules of `--allow`, as the security descriptor has them. The system checks them when a client
/// connects.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    clients: AllowedClients,
}

#[derive(Clone, Debug)]
enum AllowedClients {
    /// This user, SYSTEM and the administrators.
    Default,
    Any,
    /// These and this user, who can create instances of the pipe.
    Accounts(Vec<Sid>),
    /// Those of `--sddl`.
    OfDescriptor,
}

impl Allowed {
    /// Looks up the accounts.
    fn resolve(rules: &[AllowRule]) -> Result<Self, Failure> {
        let mut accounts = Vec::new();
        let mut any = false;
        for rule in rules {
            match rule {
                AllowRule::Any => any = true,
                AllowRule::Account(account) => accounts.push(accounts::client(account)?),
            }
        }
        let clients = match (any, rules) {
            (true, _) => AllowedClients::Any,
            (false, []) => AllowedClients::Default,
            (false, _) => AllowedClients::Accounts(accounts),
        };
        Ok(Self { clients })
    }

    /// Has the system admit the clients.
    fn admit<'n>(&self, options: ListenerOptions<'n>) -> Result<ListenerOptions<'n>, Failure> {
        match &self.clients {
            AllowedClients::Default => Ok(options.access(Access::CurrentUser)),
            AllowedClients::Any => Ok(options.access(Access::Everyone)),
            AllowedClients::Accounts(accounts) => SecurityDescriptor::for_clients(accounts)
                .map(|descriptor| options.security_descriptor(descriptor))
                .map_err(|error| Failure::Io { what: "cannot admit the accounts", error }),
            AllowedClients::OfDescriptor => Ok(options),
        }
    }

    /// Looks up the names of those who will probably connect, for messages about them.
    pub(crate) fn look_up_names(&self) {
        if !tracing::enabled!(tracing::Level::INFO) {
            return;
        }
        let accounts = match &self.clients {
            AllowedClients::Accounts(accounts) => accounts.as_slice(),
            AllowedClients::Default | AllowedClients::Any | AllowedClients::OfDescriptor => &[],
        };
        for user in Sid::current_user().iter().chain(accounts) {
            user_names::look_up(*user);
        }
    }

    #[expect(clippy::unused_self, reason = "other systems decide here")]
    pub(crate) fn is_kept_out(&self, _: &Name<'_>, _: &ListenSettings) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "other systems map users")]
    pub(crate) fn unmapped_user(&self) -> Option<u32> {
        None
    }

    /// Returns the process of a client.
    #[expect(clippy::unused_self, reason = "the rules of other systems name groups")]
    pub(crate) fn credentials(&self, client: &impl StreamCommon) -> io::Result<PeerCreds> {
        client.peer_creds()
    }

    #[expect(clippy::unused_self, reason = "other systems decide here")]
    pub(crate) fn admits(&self, _: &PeerCreds) -> bool {
        true
    }
}

/// For `--explain`.
impl Display for Allowed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let accounts = match &self.clients {
            AllowedClients::Default => return f.write_str("this user, SYSTEM and administrators"),
            AllowedClients::Any => return f.write_str("whoever can connect"),
            AllowedClients::OfDescriptor => {
                return f.write_str("whom the security descriptor admits");
            }
            AllowedClients::Accounts(accounts) => accounts,
        };
        f.write_str("this user")?;
        accounts.iter().try_for_each(|account| {
            write!(f, ", {}", describe(*account, user_names::look_up(*account)))
        })
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Returns the options of a listener as text, which contains the security descriptor.
    fn options_with(allow: &[&str]) -> String {
        let name = Name::parse("a").unwrap();
        let allow = allow.iter().map(|rule| rule.parse().unwrap()).collect();
        let settings = ListenSettings { allow, ..ListenSettings::default() };
        format!("{:?}", options(ListenerOptions::new(), &name, &settings).unwrap().0)
    }

    #[test]
    fn the_descriptor_admits_the_accounts_of_the_rules() {
        let accounts = ["S-1-5-18", "S-1-5-21-1-2-3-4004"].map(|sid| sid.parse::<Sid>().unwrap());
        let expected = format!("{:?}", SecurityDescriptor::for_clients(&accounts).unwrap());
        let rules = accounts.map(|sid| format!("sid:{sid}"));
        let text = options_with(&rules.each_ref().map(String::as_str));
        assert!(expected.contains("0x12019b;;;SY"), "{expected}");
        assert!(text.contains(&expected), "{text}");
        for allow in [&[][..], &["any"], &["any", "sid:S-1-5-18"]] {
            assert!(!options_with(allow).contains("0x12019b"), "{allow:?}");
        }
        assert!(options_with(&["sid:S-1-5-18", "any"]).contains("Everyone"));
    }
}
