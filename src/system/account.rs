//! Users and groups as the command line names them.

use std::str::FromStr;

/// A user or a group, as given. Those that this system does not have are rejected when they are
/// looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GivenAccount {
    User(String),
    Uid(u32),
    Group(String),
    Gid(u32),
    /// A security identifier (Windows).
    Sid(String),
}

impl GivenAccount {
    /// Parses a word with a prefix, such as `user:NAME`. Returns `None` if it has another form.
    fn parse(text: &str) -> Option<Result<Self, String>> {
        let number = |n: &str| match n.parse() {
            Ok(number) if !n.starts_with('+') => Ok(number),
            _ => Err(format!("`{n}` is not a whole number from 0 to {}", u32::MAX)),
        };
        let (prefix, rest) = text.split_once(':').filter(|(_, rest)| !rest.is_empty())?;
        Some(match prefix {
            "user" => Ok(Self::User(rest.to_owned())),
            "group" => Ok(Self::Group(rest.to_owned())),
            "uid" => number(rest).map(Self::Uid),
            "gid" => number(rest).map(Self::Gid),
            "sid" => Ok(Self::Sid(rest.to_owned())),
            _ => return None,
        })
    }
}

/// Clients that `--allow` admits, as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AllowRule {
    Any,
    Account(GivenAccount),
}

impl FromStr for AllowRule {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match (text, GivenAccount::parse(text)) {
            ("any", _) => Ok(Self::Any),
            (_, Some(account)) => account.map(Self::Account),
            (_, None) => {
                Err("it takes any, user:NAME, uid:N, group:NAME, gid:N or sid:SID".to_owned())
            }
        }
    }
}

/// The owner of a socket file (`--owner`), as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileOwner(pub(crate) GivenAccount);

impl FromStr for FileOwner {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match GivenAccount::parse(text) {
            Some(Ok(GivenAccount::Group(_) | GivenAccount::Gid(_))) => {
                Err("a file belongs to a user; --group sets its group".to_owned())
            }
            Some(account) => account.map(Self),
            None if !text.is_empty() && !text.contains(':') => {
                Ok(Self(GivenAccount::User(text.to_owned())))
            }
            None => Err("it takes NAME, user:NAME or uid:N".to_owned()),
        }
    }
}

/// The user that a server must run as (`--server-user`), as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerUser {
    /// The user of this process.
    Me,
    /// A user; on Windows it can also be a group, because a pipe can belong to one.
    Account(GivenAccount),
}

impl FromStr for ServerUser {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match (text, GivenAccount::parse(text)) {
            ("me", _) => Ok(Self::Me),
            (_, Some(Ok(GivenAccount::Group(_) | GivenAccount::Gid(_)))) => {
                Err("a server runs as a user, not as a group".to_owned())
            }
            (_, Some(account)) => account.map(Self::Account),
            (name, None) if !name.is_empty() && !name.contains(':') => {
                Ok(Self::Account(GivenAccount::User(name.to_owned())))
            }
            _ => Err("it takes me, NAME, user:NAME, uid:N or sid:SID".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_options_name_accounts_in_the_same_way() {
        let user = |name: &str| GivenAccount::User(name.to_owned());
        for (text, account) in [
            ("user:root", user("root")),
            ("user:me", user("me")),
            ("user:any", user("any")),
            (r"user:NT AUTHORITY\SYSTEM", user(r"NT AUTHORITY\SYSTEM")),
            ("uid:0", GivenAccount::Uid(0)),
            ("sid:S-1-5-18", GivenAccount::Sid("S-1-5-18".to_owned())),
        ] {
            assert_eq!(text.parse(), Ok(AllowRule::Account(account.clone())));
            assert_eq!(text.parse(), Ok(ServerUser::Account(account)));
        }
        assert_eq!("any".parse(), Ok(AllowRule::Any));
        assert_eq!("me".parse(), Ok(ServerUser::Me));
        assert_eq!("any".parse(), Ok(ServerUser::Account(user("any"))));
    }

    #[test]
    fn the_owner_of_a_file_is_a_user() {
        let user = |name: &str| GivenAccount::User(name.to_owned());
        for (text, account) in
            [("me", user("me")), ("user:root", user("root")), ("uid:7", GivenAccount::Uid(7))]
        {
            assert_eq!(text.parse(), Ok(FileOwner(account)));
        }
        for text in ["", ":", "user:", "uid:x", "group:root", "gid:0", "USER:a"] {
            assert!(text.parse::<FileOwner>().is_err(), "{text}");
        }
    }

    #[test]
    fn other_words_are_refused() {
        for text in ["", ":", "user:", "uid:x", "uid:-1", "uid:4294967296", "sid:", "USER:a"] {
            assert!(text.parse::<AllowRule>().is_err(), "{text}");
            assert!(text.parse::<ServerUser>().is_err(), "{text}");
        }
        assert!("root".parse::<AllowRule>().is_err());
        for text in ["group:root", "gid:0"] {
            assert!(text.parse::<AllowRule>().is_ok());
            assert_eq!(
                text.parse::<ServerUser>(),
                Err("a server runs as a user, not as a group".to_owned())
            );
        }
    }
}
