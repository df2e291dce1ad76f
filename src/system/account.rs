//! Users and groups as the command line names them.

use std::str::FromStr;

/// A user or a group, as given. Those that this system does not have are rejected when they are
/// looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    User(String),
    Uid(u32),
    Group(String),
    Gid(u32),
    /// A security identifier (Windows).
    Sid(String),
}

impl Account {
    /// Parses a word with a prefix, such as `user:NAME`. Returns `None` if it has another form.
    fn parse(text: &str) -> Option<Result<Self, String>> {
        let number = |n: &str| n.parse().map_err(|_| format!("`{n}` is not a number"));
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
    Account(Account),
}

impl FromStr for AllowRule {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match (text, Account::parse(text)) {
            ("any", _) => Ok(Self::Any),
            (_, Some(account)) => account.map(Self::Account),
            (_, None) => {
                Err("it takes any, user:NAME, uid:N, group:NAME, gid:N or sid:SID".to_owned())
            }
        }
    }
}

/// The user that a server must run as (`--server-user`), as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerUser {
    /// The user of this process.
    Me,
    /// A user; on Windows it can also be a group, because a pipe can belong to one.
    Account(Account),
}

impl FromStr for ServerUser {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match (text, Account::parse(text)) {
            ("me", _) => Ok(Self::Me),
            (_, Some(Ok(Account::Group(_) | Account::Gid(_)))) => {
                Err("a server runs as a user, not as a group".to_owned())
            }
            (_, Some(account)) => account.map(Self::Account),
            (name, None) if !name.is_empty() && !name.contains(':') => {
                Ok(Self::Account(Account::User(name.to_owned())))
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
        let user = |name: &str| Account::User(name.to_owned());
        for (text, account) in [
            ("user:root", user("root")),
            ("user:me", user("me")),
            ("user:any", user("any")),
            (r"user:NT AUTHORITY\SYSTEM", user(r"NT AUTHORITY\SYSTEM")),
            ("uid:0", Account::Uid(0)),
            ("sid:S-1-5-18", Account::Sid("S-1-5-18".to_owned())),
        ] {
            assert_eq!(text.parse(), Ok(AllowRule::Account(account.clone())));
            assert_eq!(text.parse(), Ok(ServerUser::Account(account)));
        }
        assert_eq!("any".parse(), Ok(AllowRule::Any));
        assert_eq!("me".parse(), Ok(ServerUser::Me));
        assert_eq!("any".parse(), Ok(ServerUser::Account(user("any"))));
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
