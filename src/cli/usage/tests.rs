use super::{habit, is_near, line, optional_value};
use crate::cli::{Everywhere, definition};
use clap::{Arg, Args as _};
use std::collections::BTreeSet;

/// Every option with an optional value needs the check for a value that follows as a word.
#[test]
fn options_with_an_optional_value_are_known() {
    let mut definition = definition();
    definition.build();
    let is_optional = |arg: &&Arg| {
        arg.is_require_equals_set()
            && arg.get_num_args().is_some_and(|count| count.min_values() == 0)
    };
    let commands = definition.get_subcommands().chain([&definition]);
    let found = commands.flat_map(|command| command.get_arguments().filter(is_optional));
    let found: BTreeSet<String> =
        found.filter_map(|arg| Some(format!("--{}", arg.get_long()?))).collect();
    let known = optional_value::OPTIONS.map(|known| known.option.to_owned());
    assert_eq!(found, BTreeSet::from(known));
}

/// Options before the command that take a value: a value is not the command.
#[test]
fn the_value_of_an_option_is_not_the_command() {
    let args = |line: &str| -> Vec<_> { line.split(' ').map(Into::into).collect() };
    for (line, command) in [
        ("lsock relay ./a", Some("relay")),
        ("lsock -v --color always listen ./a", Some("listen")),
        ("lsock --log-format listen connect", Some("connect")),
        ("lsock --color=never connect relay", Some("connect")),
        ("lsock client listen", None),
        ("lsock -v", None),
    ] {
        assert_eq!(line::command(&args(line)).as_deref(), command, "{line}");
    }
}

#[test]
fn all_options_before_the_command_that_have_a_value_are_known() {
    let options = Everywhere::augment_args(clap::Command::new("lsock"));
    let with_value = options.get_arguments().filter(|arg| arg.get_action().takes_values());
    let found: Vec<String> =
        with_value.filter_map(|arg| Some(format!("--{}", arg.get_long()?))).collect();
    assert_eq!(found, line::WITH_VALUE);
}

/// Values that are none are answered with what is accepted, not with the words of Rust's parsers.
#[test]
fn the_reason_of_a_wrong_value_is_what_the_option_takes() {
    const WORDS: [&str; 7] = [
        "invalid digit",
        "number too",
        "number would",
        "cannot parse",
        "is not in",
        "float",
        "NonZero",
    ];
    let mut definition = definition();
    definition.build();
    let mut count = 0;
    for command in definition.get_subcommands() {
        for arg in command.get_arguments().filter(|arg| arg.get_action().takes_values()) {
            let Some(option) = arg.get_long() else { continue };
            for value in ["x", "-1", "0", "99999999999999999999999", "1.5", "+1", "\u{663}"] {
                let option = format!("--{option}={value}");
                let line = ["lsock", command.get_name(), &option];
                let Err(error) = definition.clone().try_get_matches_from(line) else { continue };
                let text = error.render().to_string();
                let found = WORDS.iter().find(|words| text.contains(**words));
                assert_eq!(found, None, "{text}");
                count += usize::from(error.kind() == clap::error::ErrorKind::ValueValidation);
            }
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn suggestions_are_near() {
    for (wrong, meant) in [
        ("--keepopen", "--keep-open"),
        ("--conect-timeout", "--connect-timeout"),
        ("--recv", "--recv-only"),
        ("--idle", "--idle-timeout"),
        ("lisen", "listen"),
        ("hlaf", "half"),
        ("Half", "half"),
    ] {
        assert!(is_near(wrong, meant), "{wrong} {meant}");
    }
    for (wrong, other) in [
        ("--user", "--buffer"),
        ("--nope", "--once"),
        ("--force", "--once"),
        ("--exec", "--explain"),
        ("client", "listen"),
        ("never", "always"),
    ] {
        assert!(!is_near(wrong, other), "{wrong} {other}");
    }
}

/// Each option that a hint names exists in the command for which it is given.
#[test]
fn hints_name_options_that_exist() {
    let tried = [
        "-U",
        "--abstract",
        "-l",
        "--connect",
        "-N",
        "-z",
        "-u",
        "--ssl",
        "-p",
        "-w",
        "-i",
        "--timeout",
        "--idle",
        "-e",
        "--exec",
        "-c",
        "--fork",
        "-k",
        "--keepopen",
        "--once",
        "--oneshot",
        "--unlink",
        "--force",
        "--user",
        "--chmod",
        "-m",
        "-d",
        "--sendonly",
        "--retry",
        "--daemon",
        "--bufsize",
        "--debug",
        "--json",
        "--dry-run",
    ];
    let mut definition = definition();
    definition.build();
    let mut count = 0;
    for name in ["listen", "connect", "relay"] {
        for hint in tried.iter().filter_map(|option| habit::option(name, option)) {
            // The hint may name another command.
            let other = hint.split_once("`lsock ").and_then(|(_, rest)| rest.split(' ').next());
            let command = other.and_then(|other| definition.find_subcommand(other));
            let command = command.or_else(|| definition.find_subcommand(name));
            let command = command.unwrap_or_else(|| panic!("no command {name}"));
            let arguments: Vec<&Arg> = command.get_arguments().collect();
            let options = hint
                .split([' ', '`', '=', ';', ','])
                .filter(|word| word.strip_prefix("--").is_some_and(|rest| !rest.is_empty()));
            for option in options {
                let is_known = arguments.iter().any(|arg| {
                    arg.get_long() == option.strip_prefix("--")
                        || arg.get_all_aliases().is_some_and(|all| all.contains(&&option[2..]))
                });
                assert!(is_known, "{name} has no {option}: {hint}");
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count}");
}
