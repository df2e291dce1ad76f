//! Bare words: names without a prefix and a slash, on each platform.

use NameProblem::NoLetter;
use Platform::{Linux, Unix, Windows};
use local_socket::{Name, Platform, error::NameProblem};

/// A text without a prefix is a name only if it cannot be meant as anything else.
#[test]
fn bare_words_have_the_same_form_on_every_platform() {
    for platform in [Linux, Unix, Windows] {
        let expect = |text: &str, expected: Option<NameProblem>| {
            let problem = Name::parse_for(platform, text).err().map(|error| error.problem());
            assert_eq!(problem, expected, "`{text}` on {platform:?}");
        };
        for text in [
            "a",
            "A",
            "a-b",
            "a_b",
            "a.b",
            "_a",
            "-a",
            ".a",
            "a1",
            "1a",
            "5s",
            "com.example.app",
            "größe",
            "日本",
            "सेवा",
            "socket",
            "sock",
            "s",
            "a.sock.1",
            "a.ss",
            "a.so",
        ] {
            expect(text, None);
        }
        // Windows removes dots at the end.
        let is_removed = |text: &str| platform == Windows && text.ends_with('.');
        expect("a.", is_removed("a.").then_some(NameProblem::NotLiteral));
        for (text, character) in [
            ("a b", ' '),
            (" a", ' '),
            ("a,b", ','),
            ("a:b", ':'),
            ("UNIX-CONNECT:a", ':'),
            ("localhost:80", ':'),
            (":80", ':'),
            ("::1", ':'),
            ("a=b", '='),
            ("~", '~'),
            ("a@b", '@'),
            ("*", '*'),
            ("$HOME", '$'),
            ("a\u{1b}", '\u{1b}'),
            ("a\u{202e}", '\u{202e}'),
            ("a\u{200b}b", '\u{200b}'),
            ("a：80", '：'),
            ("🦀", '🦀'),
        ] {
            expect(text, Some(NameProblem::BadCharacter { character }));
        }
        for text in ["80", "8080", "0", "127.0.0.1", ".", "..", "-", "--", "_", "...", "-1", "٨٠"]
        {
            let is_removed = is_removed(text);
            expect(text, Some(if is_removed { NameProblem::NotLiteral } else { NoLetter }));
        }
        for text in ["a.sock", "a.socket", "a.s", "A.SOCK", ".sock", ".s", "a.b.sock", "größe.sock"]
        {
            expect(text, Some(NameProblem::FileOrWord { platform }));
        }
        // Each of these texts is a name with a prefix.
        for text in ["a b", "a:b", "80", ".", "a.sock", "~"] {
            if is_removed(text) {
                continue;
            }
            assert!(Name::parse_for(platform, &format!("@{text}")).is_ok(), "@{text}");
            assert!(Name::parse_for(platform, &format!("ns:{text}")).is_ok(), "ns:{text}");
        }
    }
}

#[test]
fn the_message_says_how_to_write_a_word_that_could_be_a_file() {
    for (platform, message) in [
        (
            Linux,
            "a.sock could be a file or a name: write ./a.sock for a socket file, \
             @a.sock for an abstract name",
        ),
        (
            Unix,
            "a.sock could be a file or a name: write ./a.sock for a socket file, \
             @a.sock for a file in the runtime folder",
        ),
        (Windows, "a.sock could be a file or a name: write @a.sock for a named pipe"),
    ] {
        let error = Name::parse_for(platform, "a.sock").unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let error = Name::parse_for(Linux, "a\u{9b}b").unwrap_err().to_string();
    let expected = r"invalid name `a\u{9b}b`: a bare word has only letters, digits, `_`, `-` and `.`, no `\u{9b}`";
    assert_eq!(error, expected);
}
