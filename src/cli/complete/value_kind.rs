//! What the values of arguments are.

use clap::{Arg, Command};

/// What a value is, beyond values that the definition lists.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
    /// A name to listen on: only its folder exists.
    NewName,
    /// A name that a server listens on.
    LiveName,
    /// The path of a socket file.
    SocketFile,
    /// The name of any socket with a name.
    AnyName,
    /// LISTEN of a relay.
    Listen,
    /// TARGET of a relay.
    Target,
    File,
    Folder,
    Group,
    User,
    /// Users and groups of `--allow`.
    Allowed,
    /// A user of `--server-user`.
    ServerUser,
    /// A number, or another text that cannot be proposed.
    Text,
}

impl ValueKind {
    /// Returns the kind of an argument by the name that its value has in help texts. Returns `None`
    /// if the name is unknown.
    pub(super) fn of(command: &Command, arg: &Arg) -> Option<Self> {
        let name = arg.get_value_names()?.first()?.as_str();
        Some(match (name, command.get_name(), arg.get_id().as_str()) {
            ("NAME", "listen", _) | ("NAME", _, "serve" | "at") => Self::NewName,
            ("NAME", "name", _) => Self::AnyName,
            ("NAME", "tap", _) => Self::SocketFile,
            ("NAME", ..) => Self::LiveName,
            ("LISTEN", ..) => Self::Listen,
            ("TARGET", ..) => Self::Target,
            ("FILE" | "FILE.svg" | "FILE.pcapng", ..) => Self::File,
            ("DIR", ..) => Self::Folder,
            ("GROUP", ..) => Self::Group,
            ("USER", ..) => Self::User,
            ("WHO", _, "allow") => Self::Allowed,
            ("WHO", _, "server_user") => Self::ServerUser,
            (
                "API,..." | "CMD" | "CPU,..." | "DURATION" | "FORMAT" | "KEY" | "N" | "N,..."
                | "OCTAL" | "PATTERN" | "PERCENT" | "PID" | "PORT" | "SHELL" | "SIZE" | "SIZE,..."
                | "STRING" | "TOPIC" | "TRANSPORT,..." | "TYPE,..." | "WAY" | "WHAT" | "WHEN"
                | "WORKLOAD",
                ..,
            ) => Self::Text,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_every_argument_has_a_kind() {
        let mut root = crate::cli::definition();
        root.build();
        let mut count = 0;
        for command in root.get_subcommands().chain([&root]) {
            for arg in command.get_arguments().filter(|arg| arg.get_action().takes_values()) {
                assert!(ValueKind::of(command, arg).is_some(), "{command} {arg}");
                count += 1;
            }
        }
        assert!(count > 50, "{count}");
    }
}
