//! The end of the help of each command: examples, and the exit statuses that it can have.
//!
//! Each command has an entry in [`ENTRIES`]. `tests/examples.rs` runs the examples.

use clap::builder::Styles;
use local_socket::Platform;
use std::borrow::Cow;

/// The end of the help of a command.
pub(super) struct HelpEnd {
    /// The command; empty for lsock itself.
    command: &'static str,
    /// Whether it takes a NAME.
    has_names: bool,
    examples: [Example; 3],
    statuses: &'static [Status],
}

/// A command line, and what it does.
type Example = (&'static str, &'static str);

/// An exit status, and when the command has it.
type Status = (&'static str, &'static str);

const DELIVERED: Status = ("0", "Everything was delivered");
const FAILED: Status = ("1", "It failed while running");
const USAGE: Status = ("2", "Wrong usage: nothing was opened");
const LOST: Status = ("5", "Bytes that were read could not be delivered");
const COMMAND: Status = ("N", "That of the command that served the only client");
const SIGNAL: Status = ("128+n", "A signal with the number n has ended it (Unix)");

const ENTRIES: [HelpEnd; 10] = [
    HelpEnd {
        command: "",
        has_names: true,
        examples: [
            ("lsock listen @app", "Accept a client and join it to this terminal"),
            ("lsock connect @app", "Connect to it from another terminal"),
            ("lsock relay tcp:localhost:8080 @app", "Make a server reachable through a port"),
        ],
        statuses: &[
            DELIVERED,
            FAILED,
            USAGE,
            ("3", "It could not listen or connect"),
            ("4", "A time limit was reached"),
            LOST,
            COMMAND,
            SIGNAL,
        ],
    },
    HelpEnd {
        command: "listen",
        has_names: true,
        examples: [
            ("lsock listen @app", "Accept a client and join it to this terminal"),
            ("lsock listen --recv-only @app > copy", "Receive a file"),
            ("lsock listen -k @app -- sort", "Start a command for each client"),
        ],
        statuses: &[
            DELIVERED,
            FAILED,
            USAGE,
            ("3", "It could not listen on NAME"),
            ("4", "The time of --idle-timeout or --max-time was reached"),
            LOST,
            COMMAND,
            SIGNAL,
        ],
    },
    HelpEnd {
        command: "connect",
        has_names: true,
        examples: [
            ("lsock connect @app", "Join this terminal to a server"),
            (
                "lsock connect --wait=10s --send-only @app < file",
                "Send a file to a server that may start later",
            ),
            (
                "lsock connect --server-user me @app < request",
                "Send a request to a server of the same user, and print the answer",
            ),
        ],
        statuses: &[
            DELIVERED,
            FAILED,
            USAGE,
            ("3", "It could not connect to NAME, or --server-user names another user"),
            (
                "4",
                "The time of --wait, --connect-timeout, --idle-timeout or --max-time was reached",
            ),
            LOST,
            ("N", "That of the command"),
            SIGNAL,
        ],
    },
    HelpEnd {
        command: "relay",
        has_names: true,
        examples: [
            ("lsock relay tcp:localhost:8080 @app", "Make a server reachable through a port"),
            ("lsock relay @app tcp:localhost:8080", "Give the server on a port a local socket"),
            ("lsock relay @app -- sort", "Start a command for each client"),
        ],
        statuses: &[
            ("0", "Everything was delivered (with --once or -)"),
            FAILED,
            USAGE,
            ("3", "It could not listen on LISTEN, or connect to TARGET (with --once or -)"),
            ("4", "A time limit was reached (with --once or -)"),
            ("5", "Bytes that were read could not be delivered (with --once or -)"),
            ("N", "That of the command that served the only client (with --once)"),
            SIGNAL,
        ],
    },
    HelpEnd {
        command: "tap",
        has_names: true,
        examples: [
            ("lsock tap ./app.sock", "Show what clients and the server send to each other"),
            ("lsock tap ./app.sock --record app.pcapng", "Write a file that Wireshark opens"),
            ("lsock tap --restore ./app.sock", "Put back the socket file after a crash of a tap"),
        ],
        statuses: &[
            ("0", "The socket file was put back (--restore)"),
            ("1", "The tap has ended because of its server"),
            USAGE,
            ("3", "NAME cannot be tapped, or nobody listens there"),
            SIGNAL,
        ],
    },
    HelpEnd {
        command: "bench",
        has_names: false,
        examples: [
            ("lsock bench latency --over abstract,tcp", "Compare a local socket with TCP"),
            ("lsock bench throughput --size 4K,64K --save before.json", "Save results"),
            ("lsock bench throughput --size 4K,64K --compare before.json", "Compare with them"),
        ],
        statuses: &[
            ("0", "Everything was measured, and all reports are written"),
            ("1", "A run or a report failed, or a case is slower than --fail-over allows"),
            USAGE,
            ("3", "It could not listen on or connect to the NAME of --at or --to"),
            ("4", "The server of --to has accepted no connection"),
            SIGNAL,
        ],
    },
    HelpEnd {
        command: "name",
        has_names: true,
        examples: [
            ("lsock name ./app.sock", "Say what stands there, who listens and who is connected"),
            ("lsock name -q --probe=10s @app", "Wait until a server accepts connections"),
            ("lsock name --json @app", "The report for a program"),
        ],
        statuses: &[
            ("0", "Somebody listens on all names; with --probe all have accepted"),
            USAGE,
            ("3", "Nobody listens on one of the names, or it is not known"),
            ("4", "The time of --probe is over"),
            SIGNAL,
        ],
    },
    HelpEnd {
        command: "ls",
        has_names: false,
        examples: [
            ("lsock ls", "List the sockets that accept connections"),
            ("lsock ls --all '@app*'", "List the connections of the names of a pattern as well"),
            ("lsock ls ./old.sock --stale .", "Find socket files that servers have left behind"),
        ],
        statuses: &[
            ("0", "The sockets were listed, even if there are none"),
            ("1", "The table of the system or a folder could not be read"),
            ("2", "Wrong usage, or a system without such a table"),
        ],
    },
    HelpEnd {
        command: "replay",
        has_names: true,
        examples: [
            ("lsock replay app.pcapng @app", "Compare a server with a recorded one"),
            ("lsock replay app.pcapng @app --fast", "The same, without the recorded pauses"),
            ("lsock replay app.pcapng --serve @app", "Play the recorded server for a client"),
        ],
        statuses: &[
            ("0", "All bytes are the recorded ones"),
            ("1", "A difference, which is shown, or a failure"),
            USAGE,
            ("3", "It could not connect to NAME or listen on it"),
            ("4", "The time of --wait, --connect-timeout or --answer-timeout was reached"),
            SIGNAL,
        ],
    },
    HelpEnd {
        command: "completions",
        has_names: false,
        examples: [
            ("lsock completions bash > lsock.bash", "Write the script, to be read by ~/.bashrc"),
            ("lsock completions fish > lsock.fish", "The same for fish"),
            ("lsock completions powershell > lsock.ps1", "The same for PowerShell"),
        ],
        statuses: &[("0", "The script is written"), FAILED, USAGE],
    },
];

const NAMES: &str = "\
A NAME without a slash is not a file: a and @a are namespaced names, ./a is a
socket file (not on Windows). See `lsock help names`.";

/// Returns the end of the help of a command, if it has an entry.
pub(super) fn of(command: &str) -> Option<&'static HelpEnd> {
    ENTRIES.iter().find(|entry| entry.command == command)
}

impl HelpEnd {
    /// Returns the end of the summary (`-h`), if there is one.
    pub(super) fn short(&self) -> Option<&'static str> {
        self.has_names.then_some(NAMES)
    }

    /// Returns the end of the whole help (`--help`).
    pub(super) fn long(&self, styles: &Styles) -> String {
        let header = styles.get_header();
        let mut text = match self.short() {
            Some(names) => format!("{names}\n\n"),
            None => String::new(),
        };
        text.push_str(&format!("{header}Examples:{header:#}"));
        for (line, what) in self.examples {
            let line = for_platform(line, Platform::CURRENT);
            text.push_str(&format!("\n  {line}\n          {what}"));
        }
        text.push_str(&format!("\n\n{header}Exit status:{header:#}"));
        for (status, when) in self.statuses {
            text.push_str(&format!("\n  {status:<5}  {when}"));
        }
        text
    }
}

/// Returns an example with names that the system has, and quotes of its shell.
fn for_platform(line: &str, platform: Platform) -> Cow<'_, str> {
    match platform {
        Platform::Linux | Platform::Unix => line.into(),
        Platform::Windows => line
            .replace("./app.sock", "@app")
            .replace("./old.sock", "old")
            .replace('\'', "\"")
            .into(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::cli::{Cli, parse};
    use clap::CommandFactory as _;

    #[test]
    fn every_command_has_examples_and_exit_statuses() {
        let root = Cli::command();
        let commands = root.get_subcommands().map(clap::Command::get_name);
        let expected: Vec<&str> = [""].into_iter().chain(commands).collect();
        assert_eq!(ENTRIES.map(|entry| entry.command).to_vec(), expected);
        for entry in &ENTRIES {
            for status in ["0", "2"] {
                assert!(entry.statuses.iter().any(|known| known.0 == status), "{}", entry.command);
            }
        }
    }

    #[test]
    fn examples_are_command_lines_of_the_command() {
        let lines = |entry: &HelpEnd| {
            match Platform::CURRENT {
                Platform::Windows => vec![Platform::Windows],
                // The names of Windows are names everywhere.
                current => vec![current, Platform::Windows],
            }
            .into_iter()
            .flat_map(|platform| entry.examples.map(|(line, _)| for_platform(line, platform)))
            .collect::<Vec<_>>()
        };
        for entry in &ENTRIES {
            for line in lines(entry) {
                let words: Vec<_> =
                    line.split(' ').take_while(|word| !"<>".contains(*word)).collect();
                assert!(entry.command.is_empty() || words[1] == entry.command, "{line}");
                parse(&words.into_iter().map(Into::into).collect::<Vec<_>>()).unwrap();
            }
        }
    }
}
