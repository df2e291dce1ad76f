//! What the text of a name means on each system.

use crate::diag::escaped;
use local_socket::{
    Name, Platform,
    error::{NameError, NameProblem},
};

/// The folder of pipes on Windows.
const PIPES: &str = r"\\.\pipe\";

/// What a name means on a family of systems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameMeaning {
    pub(crate) platform: Platform,
    /// The reading of the name, or the reason why it is no name there.
    pub(crate) reading: Result<NameReading, String>,
}

/// How a system reads a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameReading {
    pub(crate) kind: NamedThing,
    /// The name as it is printed on its system.
    pub(crate) shown: String,
    /// The bytes of the path or of the abstract name, without its leading zero byte.
    pub(crate) bytes: Vec<u8>,
    pub(crate) length: usize,
    pub(crate) limit: usize,
    /// What length and limit count.
    pub(crate) unit: &'static str,
}

/// What a name is the name of.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum NamedThing {
    SocketFile,
    AbstractSocket,
    /// A socket file in the user's runtime folder.
    RuntimeFile,
    Pipe,
}

impl NamedThing {
    /// Returns the thing in words.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::SocketFile => "socket file",
            Self::AbstractSocket => "abstract socket",
            Self::RuntimeFile => "socket file in the runtime folder",
            Self::Pipe => "named pipe",
        }
    }

    /// Returns the word for the thing in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::SocketFile => "file",
            Self::AbstractSocket => "abstract",
            Self::RuntimeFile => "runtime-file",
            Self::Pipe => "pipe",
        }
    }
}

/// All families of systems, this one first.
pub(crate) fn platforms() -> [Platform; 3] {
    match Platform::CURRENT {
        Platform::Linux => [Platform::Linux, Platform::Unix, Platform::Windows],
        Platform::Unix => [Platform::Unix, Platform::Linux, Platform::Windows],
        Platform::Windows => [Platform::Windows, Platform::Linux, Platform::Unix],
    }
}

/// Returns what the name means on each system, this one first. The others read the text that this
/// system prints for the name; the path of a pipe, which no other system has, is read as `@NAME`.
pub(crate) fn meanings(name: &Name<'_>) -> Vec<NameMeaning> {
    let text = name.to_string();
    let text = match text.strip_prefix(PIPES) {
        Some(rest) if Platform::CURRENT == Platform::Windows => format!("@{rest}"),
        _ => text,
    };
    let meaning = |platform| {
        let reading = if platform == Platform::CURRENT {
            Ok(read(name, platform))
        } else {
            match Name::parse_for(platform, &text) {
                Ok(name) => Ok(read(&name, platform)),
                Err(error) => Err(refusal(&error)),
            }
        };
        NameMeaning { platform, reading }
    };
    platforms().into_iter().map(meaning).collect()
}

fn read(name: &Name<'_>, platform: Platform) -> NameReading {
    let (kind, limit) = match platform {
        Platform::Windows => (NamedThing::Pipe, platform.path_limit()),
        _ if name.is_path() => (NamedThing::SocketFile, platform.path_limit()),
        Platform::Linux => (NamedThing::AbstractSocket, platform.namespaced_limit()),
        Platform::Unix => (NamedThing::RuntimeFile, platform.namespaced_limit()),
    };
    let bytes = name.as_bytes().to_owned();
    let (length, unit) = match platform {
        Platform::Windows => {
            (name.as_os_str().to_string_lossy().encode_utf16().count(), "UTF-16 units")
        }
        Platform::Linux | Platform::Unix => (bytes.len(), "bytes"),
    };
    // A system prints the forms of another one in its own way.
    let shown = match kind {
        NamedThing::RuntimeFile => escaped(&name.as_os_str().to_string_lossy()),
        _ => name.to_string(),
    };
    NameReading { kind, shown, bytes, length, limit, unit }
}

/// Returns why a text is no name on another system.
fn refusal(error: &NameError) -> String {
    match error.problem() {
        NameProblem::NotAPipe => r"only \\.\pipe\NAME is a path of a local socket there".to_owned(),
        NameProblem::NoBytesHere => "names cannot be given as bytes there".to_owned(),
        _ => {
            let text = error.to_string();
            let start = format!("invalid name `{}`: ", escaped(&error.text().to_string_lossy()));
            text.strip_prefix(&start).unwrap_or(&text).to_owned()
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn on(platform: Platform, text: &str) -> Result<NameReading, String> {
        let name = Name::parse(text).unwrap();
        let all = meanings(&name);
        assert_eq!(all[0].platform, Platform::CURRENT);
        all.into_iter().find(|meaning| meaning.platform == platform).unwrap().reading
    }

    #[test]
    fn a_word_has_a_meaning_on_every_system() {
        for (platform, kind, length, limit) in [
            (Platform::Linux, NamedThing::AbstractSocket, 3, 107),
            (Platform::Unix, NamedThing::RuntimeFile, 3, 99),
            (Platform::Windows, NamedThing::Pipe, r"\\.\pipe\app".len(), 256),
        ] {
            let reading = on(platform, "app").unwrap();
            assert_eq!((reading.kind, reading.length, reading.limit), (kind, length, limit));
        }
    }

    /// The bytes that a system reads, or the reason why it reads none.
    type ReadBytes<'a> = Result<&'a [u8], &'a str>;

    #[test]
    fn a_name_of_this_system_can_be_none_elsewhere() {
        let on_windows = r"only \\.\pipe\NAME is a path of a local socket there";
        let (long_path, long_word) = (format!("./{}", "x".repeat(104)), "x".repeat(105));
        let cases: &[(&str, Platform, ReadBytes<'_>)] = match Platform::CURRENT {
            Platform::Linux => &[
                ("./a.sock", Platform::Unix, Ok(b"./a.sock")),
                ("./a.sock", Platform::Windows, Err(on_windows)),
                (&long_path, Platform::Linux, Ok(long_path.as_bytes())),
                (&long_path, Platform::Unix, Err("it is 106 bytes long, and at most 104 fit")),
                ("ns-hex:00ff", Platform::Linux, Ok(b"\0\xff")),
                ("ns-hex:00ff", Platform::Unix, Err("names cannot be given as bytes there")),
            ],
            Platform::Unix => &[
                ("./a.sock", Platform::Linux, Ok(b"./a.sock")),
                ("./a.sock", Platform::Windows, Err(on_windows)),
            ],
            Platform::Windows => &[
                (r"\\.\pipe\app", Platform::Linux, Ok(b"app")),
                (r"\\.\pipe\app", Platform::Unix, Ok(b"app")),
                (&long_word, Platform::Linux, Ok(long_word.as_bytes())),
                (&long_word, Platform::Unix, Err("it is 105 bytes long, and at most 99 fit")),
            ],
        };
        for (text, platform, expected) in cases {
            let read = on(*platform, text).map(|reading| reading.bytes);
            assert_eq!(read.as_deref().map_err(String::as_str), *expected, "{text} {platform:?}");
        }
    }
}
