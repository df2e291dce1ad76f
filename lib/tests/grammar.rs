//! The grammar of names, on each platform. All rules can be tested on any system.

use NameProblem::{BadHex, Empty, NoBytesHere, NoLetter, NotAPipe, NotLiteral, Nul};
use Platform::{Linux, Unix, Windows};
use local_socket::{Name, Platform, error::NameProblem};

/// A parsed name.
#[derive(Debug, PartialEq)]
enum Read {
    /// A path of a socket file.
    File(Vec<u8>),
    /// A word in a namespace of its own.
    Word(Vec<u8>),
    /// The path of a pipe.
    Pipe(Vec<u8>),
}

fn file(text: &str) -> Result<Read, NameProblem> {
    Ok(Read::File(text.into()))
}

fn word(text: &str) -> Result<Read, NameProblem> {
    Ok(Read::Word(text.into()))
}

fn pipe(text: &str) -> Result<Read, NameProblem> {
    Ok(Read::Pipe(text.into()))
}

fn no_word(character: char) -> Result<Read, NameProblem> {
    Err(NameProblem::BadCharacter { character })
}

fn read(platform: Platform, text: &str) -> Result<Read, NameProblem> {
    let name = Name::parse_for(platform, text).map_err(|error| error.problem())?;
    let bytes = name.as_bytes().to_vec();
    Ok(match (name.is_path(), name.is_namespaced()) {
        (true, false) => Read::File(bytes),
        (false, true) => Read::Word(bytes),
        (true, true) => Read::Pipe(bytes),
        (false, false) => panic!("{name:?} is nothing"),
    })
}

#[track_caller]
fn check(platform: Platform, table: &[(&str, Result<Read, NameProblem>)]) {
    for (text, expected) in table {
        assert_eq!(&read(platform, text), expected, "`{text}` on {platform:?}");
    }
}

/// Checks texts that both families of Unix parse alike.
fn check_unix(platform: Platform) {
    check(
        platform,
        &[
            ("a", word("a")),
            (r"\\.\pipe\a", no_word('\\')),
            (r"\\longhost\x", no_word('\\')),
            ("@a", word("a")),
            ("@a/b", word("a/b")),
            ("@@a", word("@a")),
            ("@fs:a", word("fs:a")),
            ("@-", word("-")),
            ("@tcp:x", word("tcp:x")),
            ("ns:a", word("a")),
            ("ns:a/b", word("a/b")),
            ("ns:@a", word("@a")),
            ("ns:-", word("-")),
            ("ns:exec:x", word("exec:x")),
            ("ns:a b", word("a b")),
            ("@a.sock", word("a.sock")),
            ("@8080", word("8080")),
            ("FS:a", no_word(':')),
            ("tcp", word("tcp")),
            ("--", Err(NoLetter)),
            ("/", file("/")),
            ("/run/a.sock", file("/run/a.sock")),
            ("./a", file("./a")),
            ("a/b", file("a/b")),
            ("./@a", file("./@a")),
            ("//./pipe/a", file("//./pipe/a")),
            ("fs:a", file("a")),
            ("fs:-", file("-")),
            ("fs:@a", file("@a")),
            ("fs:fs:a", file("fs:a")),
            ("fs:tcp:x", file("tcp:x")),
            ("fs-hex:2f61", file("/a")),
            ("fs-hex:2F6a", file("/j")),
            ("fs-hex:2f1b", file("/\u{1b}")),
            ("", Err(Empty)),
            ("@", Err(Empty)),
            ("fs:", Err(Empty)),
            ("ns:", Err(Empty)),
            ("fs-hex:", Err(Empty)),
            ("fs-hex:2", Err(BadHex)),
            ("fs-hex:2f6", Err(BadHex)),
            ("fs-hex:zz", Err(BadHex)),
            ("fs-hex:+1", Err(BadHex)),
            ("fs-hex:2f 6", Err(BadHex)),
            ("fs-hex:é", Err(BadHex)),
            ("fs-hex:2f0061", Err(Nul { position: 1 })),
            ("a\0b", Err(Nul { position: 1 })),
            ("@a\0b", Err(Nul { position: 1 })),
            ("/a\0", Err(Nul { position: 2 })),
            ("-", Err(NoLetter)),
            ("tcp:x", no_word(':')),
        ],
    );
}

#[test]
fn linux() {
    check_unix(Linux);
    check(
        Linux,
        &[
            // On Windows such bytes cannot be in a text, not even for another platform.
            #[cfg(unix)]
            ("ns-hex:6100ff", Ok(Read::Word(vec![b'a', 0, 0xff]))),
            ("ns-hex:6100", Ok(Read::Word(vec![b'a', 0]))),
            ("ns-hex:00", Ok(Read::Word(vec![0]))),
            ("ns-hex:", Err(Empty)),
            ("ns-hex:6", Err(BadHex)),
            ("ns-hex:6g", Err(BadHex)),
        ],
    );
}

#[test]
fn other_unix() {
    check_unix(Unix);
    check(Unix, &[("ns-hex:61", Err(NoBytesHere)), ("ns-hex:", Err(NoBytesHere))]);
}

#[test]
fn windows() {
    check(
        Windows,
        &[
            ("a", pipe(r"\\.\pipe\a")),
            ("@a b", pipe(r"\\.\pipe\a b")),
            ("@a.sock", pipe(r"\\.\pipe\a.sock")),
            ("@a", pipe(r"\\.\pipe\a")),
            ("@a/b", pipe(r"\\.\pipe\a/b")),
            (r"@a\b", pipe(r"\\.\pipe\a\b")),
            ("ns:a", pipe(r"\\.\pipe\a")),
            ("ns:-", pipe(r"\\.\pipe\-")),
            ("@tcp:x", pipe(r"\\.\pipe\tcp:x")),
            (r"\\.\pipe\a", pipe(r"\\.\pipe\a")),
            (r"\\.\PIPE\a", pipe(r"\\.\PIPE\a")),
            (r"\\.\pipe\a\b", pipe(r"\\.\pipe\a\b")),
            ("//./pipe/a", pipe(r"\\.\pipe\a")),
            ("//./Pipe/a", pipe(r"\\.\Pipe\a")),
            (r"fs:\\.\pipe\a", pipe(r"\\.\pipe\a")),
            (r"fs:\\server\pipe\a", pipe(r"\\server\pipe\a")),
            (r"\\server\pipe\a", Err(NotAPipe)),
            ("//server/pipe/a", Err(NotAPipe)),
            (r"\\longhost\x", Err(NotAPipe)),
            (r"\\longhost\", Err(NotAPipe)),
            (r"\\longhost", Err(NotAPipe)),
            (r"\\", Err(NotAPipe)),
            ("//", Err(NotAPipe)),
            (r"\\\pipe\a", Err(NotAPipe)),
            (r"\\.", Err(NotAPipe)),
            (r"\\.\", Err(NotAPipe)),
            (r"\\.\pipe", Err(NotAPipe)),
            (r"\\.\pipes\a", Err(NotAPipe)),
            (r"\\.\mailslot\a", Err(NotAPipe)),
            (r"\\.\COM1", Err(NotAPipe)),
            (r"\\?\pipe\a", Err(NotAPipe)),
            ("//?/pipe/a", Err(NotAPipe)),
            (r"fs:\\?\pipe\a", Err(NotAPipe)),
            (r"\\?\C:\a", Err(NotAPipe)),
            (r"C:\a.sock", Err(NotAPipe)),
            ("a/b", Err(NotAPipe)),
            (r"a\b", Err(NotAPipe)),
            ("/run/a.sock", Err(NotAPipe)),
            ("fs:a", Err(NotAPipe)),
            ("fs://./pipe/a", Err(NotAPipe)),
            (r"\\.\pipe\", Err(Empty)),
            ("//./pipe/", Err(Empty)),
            ("", Err(Empty)),
            ("@", Err(Empty)),
            ("fs:", Err(Empty)),
            ("ns:", Err(Empty)),
            ("fs-hex:5c", Err(NoBytesHere)),
            ("ns-hex:61", Err(NoBytesHere)),
            ("a\0b", Err(Nul { position: 10 })),
            ("-", Err(NoLetter)),
            ("tcp:x", no_word(':')),
        ],
    );
}

/// Windows removes such parts and characters when it converts a path.
#[test]
fn names_that_windows_reads_as_others_are_refused() {
    for name in [
        r"..\C:\windows\win.ini",
        "../C:/windows/win.ini",
        r"a\..\b",
        r"a\.\b",
        "a/../b",
        r"a\..",
        ".",
        "..",
        "...",
        "a.",
        "a..",
        "a ",
        "a. ",
        " ",
        r"a.\b",
        r"a \b",
        r"a\",
        "a/",
        r"a\\b",
        "a//b",
        r"\a",
        "/a",
    ] {
        for start in ["@", "ns:", r"\\.\pipe\", "//./pipe/", r"fs:\\.\pipe\", r"fs:\\host\pipe\"] {
            let text = format!("{start}{name}");
            assert_eq!(read(Windows, &text), Err(NotLiteral), "`{text}`");
        }
    }
    for word in ["dotted.", "...", ".", ".."] {
        assert_eq!(read(Windows, word), Err(NotLiteral), "`{word}`");
    }
    check(
        Windows,
        &[
            ("a.b", pipe(r"\\.\pipe\a.b")),
            (".a", pipe(r"\\.\pipe\.a")),
            ("..a", pipe(r"\\.\pipe\..a")),
            ("@ a", pipe(r"\\.\pipe\ a")),
            (r"@.a\..b\c d", pipe(r"\\.\pipe\.a\..b\c d")),
            ("NUL", pipe(r"\\.\pipe\NUL")),
        ],
    );
}

#[test]
fn the_limits_of_each_platform() {
    for (platform, prefix, limit) in [
        (Linux, "/", 108),
        (Linux, "@", 107),
        (Unix, "/", 104),
        (Unix, "@", 99),
        (Windows, r"\\.\pipe\", 256),
        (Windows, "@", 247),
    ] {
        let text = |len: usize| {
            let counted = if prefix == "@" { 0 } else { prefix.len() };
            format!("{prefix}{}", "a".repeat(len - counted))
        };
        read(platform, &text(limit)).unwrap_or_else(|p| panic!("{platform:?} {prefix} {p:?}"));
        let problem = read(platform, &text(limit + 1)).unwrap_err();
        assert!(
            matches!(problem, NameProblem::TooLong { .. }),
            "{platform:?} {prefix} {problem:?}"
        );
    }
}

#[test]
fn names_are_printed_in_the_form_that_parses() {
    for (platform, text, printed) in [
        (Linux, "a", "@a"),
        (Linux, "ns:a/b", "@a/b"),
        (Linux, "ns-hex:6162", "@ab"),
        (Linux, "ns-hex:6100", "ns-hex:6100"),
        // On Windows such bytes cannot be in a text.
        #[cfg(unix)]
        (Linux, "ns-hex:6100ff", "ns-hex:6100ff"),
        (Linux, "@a\u{1b}[2J", "ns-hex:611b5b324a"),
        (Linux, "@\u{202e}a", "ns-hex:e280ae61"),
        (Linux, "@\u{61c}a", "ns-hex:d89c61"),
        (Linux, "@日本", "@日本"),
        (Linux, "./a", "./a"),
        (Linux, "fs:a", "fs:a"),
        (Linux, "fs:@a/b", "fs:@a/b"),
        (Linux, "fs:fs:/a", "fs:fs:/a"),
        (Linux, "unix:/a", "fs:unix:/a"),
        (Linux, "fs:~/a", "fs:~/a"),
        (Linux, "./a:b/c", "./a:b/c"),
        (Linux, "fs:ns-hex:/a", "fs:ns-hex:/a"),
        (Linux, "fs:-", "fs:-"),
        (Linux, "/a\nb", "fs-hex:2f610a62"),
        #[cfg(unix)]
        (Linux, "fs-hex:2fff", "fs-hex:2fff"),
        (Windows, "a", r"\\.\pipe\a"),
        (Windows, "//./pipe/a", r"\\.\pipe\a"),
        (Windows, r"fs:\\server\pipe\a", r"fs:\\server\pipe\a"),
        (Windows, "@a\u{1b}b", r"\\.\pipe\a\u{1b}b"),
    ] {
        let name = Name::parse_for(platform, text).unwrap();
        assert_eq!(name.to_string(), printed, "`{text}` on {platform:?}");
    }
}
