//! Parsing and printing of endpoints.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::{ListenOn, Target, parse_name};
use local_socket::Platform;
use proptest::prelude::*;
use std::ffi::OsStr;

fn target(text: &str) -> Target {
    Target::parse(OsStr::new(text)).unwrap()
}

#[test]
fn the_prefix_selects_the_kind() {
    assert_eq!(target("-"), Target::Stdio);
    assert!(matches!(target("tcp:localhost:80"), Target::Tcp(_)));
    assert!(matches!(target("tcp:[::1]:0"), Target::Tcp(_)));
    assert!(matches!(target("assuan:./S.gpg-agent"), Target::Assuan(_)));
    assert!(matches!(target("exec:cat -n"), Target::Command(_)));
    for text in ["pty:tty", "pty:./a b", "pty:/dev/line,1", "pty:-"] {
        assert!(matches!(target(text), Target::Pty(_)), "{text}");
        assert!(matches!(ListenOn::parse(OsStr::new(text)).unwrap(), ListenOn::Pty(_)), "{text}");
        assert_eq!(target(text).to_string(), text);
    }
    for name in ["a", "@tcp:a", "ns:exec:a"] {
        assert!(matches!(target(name), Target::Name(_)), "{name}");
    }
    for text in ["fd:3", "fd:*", "fd:web", "fd:app.socket", "fd:3a", r"fd:a\x2db@1.socket"] {
        let listen_on = ListenOn::parse(OsStr::new(text)).unwrap();
        assert!(matches!(listen_on, ListenOn::Fd(_)), "{text}");
        assert_eq!(listen_on.to_string(), text);
    }
}

#[test]
fn texts_that_cannot_work_are_rejected() {
    for text in [
        "tcp:",
        "tcp:80",
        "tcp::80",
        "tcp:a",
        "tcp:a:",
        "tcp:a:x",
        "tcp:a:+1",
        "tcp:a:65536",
        "tcp:::1:80",
        "tcp:[::1]",
        "tcp:[a]:80",
        "tcp:a b:80",
        "tcp:a/b:80",
        "pty:",
        "pty:a/",
        "pty:~/a",
        "pty:a\0",
        "",
    ] {
        assert!(Target::parse(OsStr::new(text)).is_err(), "{text}");
        assert!(ListenOn::parse(OsStr::new(text)).is_err(), "{text}");
    }
    for text in ["exec:", "exec: ", "exec:'a", "fd:3", "fd:*", "assuan:", "assuan:~", "assuan:~/a"]
    {
        assert!(Target::parse(OsStr::new(text)).is_err(), "{text}");
    }
    for text in [
        "assuan:a",
        "exec:cat",
        "fd:",
        "fd:2",
        "fd:-3",
        "fd:+3",
        "fd:99999999999",
        "fd:**",
        "fd:a*",
        "fd:a:b",
        "fd:a b",
        "fd:/a",
        "fd://3",
        "fd:3,fork",
        "fd:\u{e4}",
    ] {
        assert!(ListenOn::parse(OsStr::new(text)).is_err(), "{text}");
    }
}

#[test]
fn other_kinds_are_not_names() {
    for text in [
        "-",
        "tcp:x",
        "tcp:",
        "tcp:/a",
        "assuan:/a",
        "exec:ls",
        "fd:3",
        "pty:./a",
        "@",
        "fs:",
        "--",
        "TCP:x",
        "~/a",
    ] {
        assert!(parse_name(OsStr::new(text)).is_err(), "{text}");
    }
    for text in ["a", "tcp", "@TCP:x", "@-", "@tcp:x", "ns:exec:x", "ns:-", "@~/a"] {
        assert!(parse_name(OsStr::new(text)).is_ok(), "{text}");
    }
    let error = parse_name(OsStr::new("tcp:\u{1b}")).unwrap_err().to_string();
    assert!(error.starts_with(r"invalid name `tcp:\u{1b}`: `tcp:` is the beginning"), "{error}");
}

/// An address of another program is an endpoint on no side.
#[test]
fn addresses_of_other_programs_are_no_endpoints() {
    for text in ["UNIX-CONNECT:./a", "unix:/a", "TCP:a:80", "localhost:80", "80", "STDIO", "~/a"] {
        let text = OsStr::new(text);
        assert!(Target::parse(text).is_err(), "{text:?}");
        assert!(ListenOn::parse(text).is_err(), "{text:?}");
        assert!(parse_name(text).is_err(), "{text:?}");
    }
}

#[test]
fn words_of_a_command_are_split_as_by_a_shell() {
    let Target::Command(command) = target(r#"exec:sh -c 'echo "$0"' "a b""#) else { panic!() };
    assert_eq!(command.to_string(), r#"sh -c echo "$0" a b"#);
}

#[test]
fn a_path_that_begins_like_another_kind_is_a_name() {
    if Platform::CURRENT == Platform::Windows {
        return;
    }
    let name = target("fs:tcp:/a");
    assert!(matches!(name, Target::Name(_)));
    assert_eq!(target(&name.to_string()), name);
}

proptest! {
    /// No text panics, and each printed endpoint is parsed as the same endpoint.
    #[test]
    fn parsing_and_printing_round_trip(
        scheme in prop::sample::select(vec![
            "", "tcp:", "assuan:", "exec:", "fd:", "pty:", "fs:", "unix:/", "fs:unix:/", "fs:~/", "./unix:", "@~/",
        ]),
        rest in "\\PC{0,12}|[0-9a-z:/.'\" *\\[\\]-]{0,20}",
    ) {
        let text = format!("{scheme}{rest}");
        if let Ok(target) = Target::parse(OsStr::new(&text)) {
            prop_assert_eq!(Target::parse(OsStr::new(&target.to_string())).unwrap(), target);
        }
        if let Ok(listen_on) = ListenOn::parse(OsStr::new(&text)) {
            prop_assert_eq!(ListenOn::parse(OsStr::new(&listen_on.to_string())).unwrap(), listen_on);
        }
    }
}
