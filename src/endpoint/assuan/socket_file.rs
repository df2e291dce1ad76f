//! The content of a file that GnuPG uses in place of a socket (`assuan-socket.c` of libassuan).

use crate::diag::AssuanProblem;
use std::{env, fs::File, io::Read, path::Path};

/// Length of the secret that a client sends first.
pub(super) const NONCE: usize = 16;

/// What a socket file says about its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AssuanSocketFile {
    /// GnuPG on Windows: a port of 127.0.0.1.
    Port { port: u16, nonce: [u8; NONCE] },
    /// A redirection: the path of the socket, or of its file.
    Redirection(String),
}

/// Maximum length of a redirection.
const LIMIT: usize = 511;

const CYGWIN: &[u8] = b"!<socket >";
const REDIRECTION: &[u8] = b"%Assuan%\n";

impl AssuanSocketFile {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, AssuanProblem> {
        let mut content = Vec::new();
        File::open(path)
            .and_then(|file| file.take(LIMIT as u64 + 1).read_to_end(&mut content))
            .map_err(AssuanProblem::Unreadable)?;
        Self::parse(&content, |variable| env::var(variable).ok())
    }

    /// Parses the content of a file, or its first bytes if there is more than [`LIMIT`].
    fn parse(
        content: &[u8],
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, AssuanProblem> {
        if content.is_empty() {
            return Err(AssuanProblem::Empty);
        }
        if content.starts_with(CYGWIN) {
            return Err(AssuanProblem::Cygwin);
        }
        if let Some(rest) = content.strip_prefix(REDIRECTION) {
            if content.len() > LIMIT {
                return Err(AssuanProblem::LongRedirection(LIMIT));
            }
            return redirection(rest, variable).map(Self::Redirection);
        }
        port_and_nonce(content)
    }
}

/// Parses a port in decimal digits, a newline, and the nonce.
fn port_and_nonce(content: &[u8]) -> Result<AssuanSocketFile, AssuanProblem> {
    let end = content.iter().position(|byte| *byte == b'\n').ok_or(AssuanProblem::NoPort)?;
    let (digits, rest) = (&content[..end], &content[end + 1..]);
    let digits = str::from_utf8(digits)
        .ok()
        .filter(|digits| crate::endpoint::is_number(digits))
        .ok_or(AssuanProblem::NoPort)?;
    let port = match digits.parse() {
        Ok(port @ 1..) => port,
        _ => return Err(AssuanProblem::PortOutOfRange(digits.to_owned())),
    };
    match rest.try_into() {
        Ok(nonce) => Ok(AssuanSocketFile::Port { port, nonce }),
        Err(_) if rest.len() < NONCE => Err(AssuanProblem::ShortNonce(rest.len())),
        Err(_) => Err(AssuanProblem::LongNonce),
    }
}

/// Parses the line `socket=PATH`, with `${VARIABLE}` replaced by its value.
fn redirection(
    rest: &[u8],
    variable: impl Fn(&str) -> Option<String>,
) -> Result<String, AssuanProblem> {
    let text = str::from_utf8(rest).ok().and_then(|text| text.strip_prefix("socket="));
    let line = text.and_then(|text| text.split('\n').next()).filter(|line| !line.is_empty());
    let mut left = line.ok_or(AssuanProblem::NoRedirection)?;
    let mut path = String::new();
    while let Some((before, after)) = left.split_once("${") {
        let (name, after) = after.split_once('}').ok_or(AssuanProblem::OpenVariable)?;
        path.push_str(before);
        path.push_str(
            &variable(name).ok_or_else(|| AssuanProblem::UnsetVariable(name.to_owned()))?,
        );
        left = after;
    }
    path.push_str(left);
    Ok(path)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn parse(content: &[u8]) -> Result<AssuanSocketFile, String> {
        let variable = |name: &str| match name {
            "DIR" => Some("/run/user/1".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        AssuanSocketFile::parse(content, variable).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_port_and_a_nonce_of_any_bytes_are_read() {
        for nonce in [*b"0123456789abcdef", [b'\n'; 16], [0; 16], [0xff; 16]] {
            for (line, port) in [("1\n", 1), ("65535\n", 65535), ("00080\n", 80)] {
                let content = [line.as_bytes(), &nonce].concat();
                assert_eq!(parse(&content), Ok(AssuanSocketFile::Port { port, nonce }));
            }
        }
    }

    #[test]
    fn a_redirection_names_a_path() {
        for (content, path) in [
            ("%Assuan%\nsocket=/run/a\n", "/run/a"),
            // A missing newline and further lines are harmless.
            ("%Assuan%\nsocket=./a b", "./a b"),
            ("%Assuan%\nsocket=/run/a\nmore\n", "/run/a"),
            ("%Assuan%\nsocket=${DIR}/a\n", "/run/user/1/a"),
            ("%Assuan%\nsocket=/x${EMPTY}/${DIR}$}\n", "/x//run/user/1$}"),
        ] {
            assert_eq!(
                parse(content.as_bytes()),
                Ok(AssuanSocketFile::Redirection(path.to_owned()))
            );
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let long = [b"%Assuan%\nsocket=".to_vec(), vec![b'a'; 500]].concat();
        let cases: &[(&[u8], &str)] = &[
            (b"", "is empty"),
            (b"80", "not a port number"),
            (b"\n0123456789abcdef", "not a port number"),
            (b"-1\n0123456789abcdef", "not a port number"),
            (b"+80\n0123456789abcdef", "not a port number"),
            (b"80\r\n0123456789abcdef", "not a port number"),
            (b" 80\n0123456789abcdef", "not a port number"),
            (b"\xff\n0123456789abcdef", "not a port number"),
            (b"0\n0123456789abcdef", "port 0 in the file is out of range"),
            (b"65536\n0123456789abcdef", "port 65536 in the file is out of range"),
            (b"80\n", "it has 0 of 16 bytes"),
            (b"80\n0123456789abcde", "it has 15 of 16 bytes"),
            (b"80\n0123456789abcdef\n", "continues after the 16 bytes"),
            (b"!<socket >80 s 01234567-01234567-01234567-01234567\0", "socket file of Cygwin"),
            (b"%Assuan%\n", "lacks a line"),
            (b"%Assuan%\nsocket=\n", "lacks a line"),
            (b"%Assuan%\nSocket=/a\n", "lacks a line"),
            (b"%Assuan%\r\nsocket=/a\n", "not a port number"),
            (b"%Assuan%\nsocket=/a\xff\n", "lacks a line"),
            (b"%Assuan%\nsocket=${DIR/a\n", "`${` without `}`"),
            (b"%Assuan%\nsocket=${NONE}/a\n", "the variable NONE, which is not set"),
            (&long, "more than 511 bytes"),
            (&[b'a'; 512], "not a port number"),
        ];
        for (content, text) in cases {
            let problem = parse(content).unwrap_err();
            assert!(problem.contains(text), "{}: {problem}", content.escape_ascii());
        }
    }
}
