//! Properties of all names.

use local_socket::{Name, Platform};
use proptest::prelude::*;
use std::ffi::{OsStr, OsString};

const PLATFORMS: [Platform; 3] = [Platform::Linux, Platform::Unix, Platform::Windows];

/// Text from pieces of the grammar and random text.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "@",
            "fs:",
            "ns:",
            "fs-hex:",
            "ns-hex:",
            "tcp:",
            "exec:",
            "fd:",
            "-",
            "/",
            "//",
            r"\",
            r"\\",
            r"\\.\pipe\",
            r"\\?\pipe\",
            "//./pipe/",
            r"\PIPE\",
            ".",
            "..",
            "host",
            "00",
            "6a",
            "\0",
            "\u{1b}",
            "\u{202e}",
            "🦀",
            " ",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
        "[a-z]{0,300}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// Any text that a command line can contain.
fn os_text() -> impl Strategy<Value = OsString> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        let bytes = prop::collection::vec(any::<u8>(), 0..130).prop_map(OsString::from_vec);
        let prefixed = ("(@|fs:|ns:|/|)", prop::collection::vec(any::<u8>(), 0..120))
            .prop_map(|(prefix, bytes)| OsString::from_vec([prefix.into_bytes(), bytes].concat()));
        let hex = ("(fs|ns)-hex:", prop::collection::vec(any::<u8>(), 0..110)).prop_map(
            |(prefix, bytes)| {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                OsString::from(prefix + &digits)
            },
        );
        prop_oneof![text().prop_map(OsString::from), bytes, prefixed, hex]
    }
    #[cfg(windows)]
    {
        use std::os::windows::ffi::OsStringExt as _;
        let units = prop::collection::vec(any::<u16>(), 0..260)
            .prop_map(|units| OsString::from_wide(&units));
        prop_oneof![text().prop_map(OsString::from), units]
    }
}

fn moves_no_cursor(printed: &str) -> bool {
    !printed.contains(|c: char| {
        c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Parsing never panics, and its result, a name or an error, can be printed.
    #[test]
    fn any_text_is_a_name_or_an_error(text in os_text()) {
        for platform in PLATFORMS {
            let printed = match Name::parse_for(platform, &text) {
                Ok(name) => {
                    prop_assert!(!name.as_bytes().is_empty());
                    name.to_string()
                }
                Err(error) => error.to_string(),
            };
            prop_assert!(moves_no_cursor(&printed), "{printed:?}");
        }
    }

    /// On Linux each printed name can be parsed again.
    #[test]
    fn printed_names_are_read_again_on_linux(text in os_text()) {
        // On Windows a text can contain half a character, which has no bytes: such a name of Linux
        // can neither be used nor be printed there.
        if cfg!(windows) && text.to_str().is_none() {
            return Ok(());
        }
        if let Ok(name) = Name::parse_for(Platform::Linux, &text) {
            let printed = name.to_string();
            prop_assert_eq!(Name::parse_for(Platform::Linux, &printed).unwrap(), name, "{}", printed);
        }
    }

    /// On Windows each printed name of plain text can be parsed again.
    #[test]
    fn printed_names_are_read_again_on_windows(text in text()) {
        if let Ok(name) = Name::parse_for(Platform::Windows, &text) {
            let printed = name.to_string();
            if printed.strip_prefix("fs:").unwrap_or(&printed).as_bytes() == name.as_bytes() {
                prop_assert_eq!(Name::parse_for(Platform::Windows, &printed).unwrap(), name, "{}", printed);
            }
        }
    }

    /// A prefix takes the text after it unchanged.
    #[test]
    fn prefixes_take_text_verbatim(word in "[^\0]{1,26}") {
        for platform in [Platform::Linux, Platform::Unix] {
            for prefix in ["@", "ns:", "fs:"] {
                let text = format!("{prefix}{word}");
                let name = Name::parse_for(platform, &text).unwrap();
                prop_assert_eq!(name.as_os_str(), OsStr::new(&word));
                prop_assert_eq!(name.is_path(), prefix == "fs:");
            }
        }
    }
}
