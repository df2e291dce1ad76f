//! Addresses in the syntax of other programs (socat, nc, HAProxy, URLs): what they mean in lsock.
//!
//! They are never parsed as names, so that no other socket is opened than the one that is meant.

mod keyword;

use self::keyword::{Keyword, bare, named};
use super::{
    CommandLine, InheritedSockets, TcpAddress, assuan, exec::needs_shell, pty, stdio, tcp,
};
use crate::diag::quoted_for;
use ForeignRole::{Connect, Either, Listen};
use local_socket::Platform;
use std::net::{IpAddr, Ipv6Addr};

/// An address of another program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForeignAddress {
    pub(crate) role: ForeignRole,
    /// Whether it serves any number of clients (socat's option `fork`).
    pub(crate) forks: bool,
    pub(crate) meaning: Meaning,
}

/// The side on which the other program uses the address.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum ForeignRole {
    Listen,
    Connect,
    Either,
}

/// What an address of another program is in lsock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A name, as it is typed.
    Name(String),
    /// An endpoint `tcp:HOST:PORT`.
    Tcp(String),
    /// An endpoint `assuan:PATH`.
    Assuan(String),
    /// An endpoint `fd:N`.
    Fd(String),
    /// An endpoint `pty:LINK`.
    Pty(String),
    Stdio,
    Command(CommandLine),
    /// Something that lsock does not have and socat has, and the address for socat.
    Absent {
        what: &'static str,
        socat: String,
    },
    /// Something else: what lsock does not do, and what to do instead.
    Advice {
        why: &'static str,
        hint: String,
    },
}

/// Returns what a text means that is an address of another program; `None` for every other text.
pub(crate) fn recognise(text: &str, platform: Platform) -> Option<ForeignAddress> {
    if let Some(meaning) = without_keyword(text, platform) {
        return Some(ForeignAddress { role: Either, forks: false, meaning });
    }
    // A URL such as `http+unix://%2Frun%2Fa`.
    if let Some((scheme, rest)) = text.split_once("://")
        && scheme.contains('+')
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    {
        return Some(address(Keyword::UnknownUrl, scheme, &format!("//{rest}"), platform));
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let mut separator = rest.chars();
    let rest = match separator.next() {
        None => return bare(word).map(|keyword| address(keyword, word, "", platform)),
        // Options of socat follow a keyword without parameters.
        Some(',') => {
            return bare(&word.to_ascii_uppercase())
                .map(|keyword| address(keyword, word, rest, platform));
        }
        Some(':') => separator.as_str(),
        Some('@') => {
            // HAProxy.
            let is_known = ["unix", "abns", "abnsz", "ipv4", "ipv6", "fd"].contains(&word);
            return named(word)
                .filter(|_| is_known)
                .map(|keyword| address(keyword, word, separator.as_str(), platform));
        }
        _ => return None,
    };
    match named(word) {
        // What is written for a shell is a command of the shell.
        Some(_)
            if word == "exec" && platform != Platform::Windows && needs_shell(platform, rest) =>
        {
            Some(ForeignAddress { role: Either, forks: false, meaning: shell(rest, platform) })
        }
        Some(_) if is_own(word, rest) => None,
        Some(keyword) => Some(address(keyword, word, rest, platform)),
        None if rest.starts_with("//") => Some(address(Keyword::UnknownUrl, word, rest, platform)),
        None => None,
    }
}

/// Returns whether a text is an endpoint of lsock as it stands.
fn is_own(word: &str, rest: &str) -> bool {
    match word {
        "tcp" => TcpAddress::parse(Some(rest)).is_ok(),
        "fd" => InheritedSockets::parse(Some(rest)).is_ok(),
        _ => ["assuan", "exec", "pty", "fs", "ns", "fs-hex", "ns-hex"].contains(&word),
    }
}

/// Returns whether a text is a number, such as a port, in decimal digits.
pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the meaning of texts that do not start with a keyword: `~/a`, `localhost:80`, `:80`,
/// `[::1]:80`, `80`, `127.0.0.1`, `\\.\pipe\a` on Unix, and `\0a`.
fn without_keyword(text: &str, platform: Platform) -> Option<Meaning> {
    // A program that is not a shell passes quotes on.
    let path = text.trim_start_matches(['"', '\'', '\\']).trim_end_matches(['"', '\'']);
    if path.starts_with('~') && platform != Platform::Windows {
        let hint = match path.strip_prefix("~/") {
            Some(rest) => {
                format!("write {} without quotes, or \"$HOME/{rest}\"", quoted_for(platform, path))
            }
            None => format!("write {} without quotes", quoted_for(platform, path)),
        };
        return Some(Meaning::Advice { why: "`~` has not been replaced by a folder", hint });
    }
    if let Some(name) = text.strip_prefix(r"\0") {
        return Some(Meaning::Name(format!("@{name}")));
    }
    if let Some(pipe) = text.strip_prefix(r"\\.\pipe\").filter(|_| platform != Platform::Windows) {
        return Some(Meaning::Name(format!("@{pipe}")));
    }
    let endpoint = tcp_endpoint(text, None, "localhost", "PORT");
    let in_brackets = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let is_address = match in_brackets {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => text.parse::<IpAddr>().is_ok(),
    };
    let is_host = is_address || text.eq_ignore_ascii_case("localhost");
    let has_port = || {
        text.rsplit_once(':').is_some_and(|(host, port)| {
            // `@` makes a name of any text; `USER@HOST` is a host.
            let is_host = named(host).is_none() && !host.contains('/') && !host.starts_with('@');
            is_number(port) && is_host && is_tcp(&endpoint)
        })
    };
    (is_number(text) || is_host || has_port()).then_some(Meaning::Tcp(endpoint))
}

/// Returns the address that a keyword and the text after its separator are.
fn address(keyword: Keyword, word: &str, rest: &str, platform: Platform) -> ForeignAddress {
    let url = rest.strip_prefix("//");
    let (place, options) = match url {
        Some(place) => (place, ""),
        // socat's options.
        None => rest.split_once(',').unwrap_or((rest, "")),
    };
    let option = |name: &str| {
        let mut options =
            options.split(',').map(|option| option.split_once('=').unwrap_or((option, "")));
        options.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let bind = option("bind");
    let role = match keyword {
        Keyword::File(role)
        | Keyword::Abstract(role)
        | Keyword::Tcp(role)
        | Keyword::Tcp4(role)
        | Keyword::Tcp6(role) => role,
        Keyword::Absent(_) if word.to_ascii_uppercase().ends_with("-LISTEN") => Listen,
        Keyword::Assuan | Keyword::Url(_) | Keyword::UnknownUrl => Connect,
        _ => Either,
    };
    // `tcp://HOST:PORT` and `tcp:PORT` are used on both sides.
    let role = if url.is_some() || word.eq_ignore_ascii_case("tcp") { Either } else { role };
    let meaning = match keyword {
        Keyword::File(_) => Meaning::Name(file(place, platform)),
        Keyword::Abstract(_) => Meaning::Name(format!("@{}", or(place, "NAME"))),
        Keyword::Tcp(_) => Meaning::Tcp(possible(tcp_endpoint(place, bind, "localhost", "PORT"))),
        Keyword::Tcp4(_) => Meaning::Tcp(possible(tcp_endpoint(place, bind, "127.0.0.1", "PORT"))),
        Keyword::Tcp6(_) => Meaning::Tcp(possible(tcp_endpoint(place, bind, "[::1]", "PORT"))),
        Keyword::UnknownUrl if place.starts_with('/') => Meaning::Name(file(place, platform)),
        Keyword::UnknownUrl => {
            let endpoint = tcp_endpoint(place, None, "localhost", "PORT");
            if is_tcp(&endpoint) {
                Meaning::Tcp(endpoint)
            } else {
                let hint = "a port is written tcp:HOST:PORT, a socket file ./FILE".to_owned();
                Meaning::Advice { why: "lsock has no such URLs", hint }
            }
        }
        Keyword::Url(port) => Meaning::Tcp(possible(tcp_endpoint(place, None, "localhost", port))),
        Keyword::Assuan => Meaning::Assuan(format!("{}{}", assuan::PREFIX, or(rest, "FILE"))),
        Keyword::Exec => command(shlex::split(place)),
        Keyword::Shell => shell(or(place, "CMD"), platform),
        Keyword::Fd => {
            // `fd3`, but not the word of `ACCEPT-FD:`.
            let of_word = word.get(2..).filter(|number| is_number(number));
            let number = of_word.unwrap_or(place);
            match number {
                "0" | "1" | "2" => Meaning::Stdio,
                _ => Meaning::Fd(format!("fd:{}", or(number, "N"))),
            }
        }
        Keyword::Pty if platform == Platform::Windows => absent("pseudo-terminals", word, rest),
        Keyword::Pty => {
            Meaning::Pty(format!("{}{}", pty::PREFIX, option("link").unwrap_or("LINK")))
        }
        Keyword::Stdio => Meaning::Stdio,
        Keyword::Echo => command(Some(vec!["cat".to_owned()])),
        // A URL of a file.
        Keyword::Open if url.is_some() => Meaning::Name(file(place, platform)),
        Keyword::Open => Meaning::Advice {
            why: "lsock opens no files",
            hint: format!(
                "let the shell open it for stdin or stdout: `< {0}` or `> {0}`",
                or(place, "FILE")
            ),
        },
        Keyword::NamedPipe => {
            let name = place.rsplit(['/', '\\']).next().unwrap_or_default();
            Meaning::Name(format!("@{}", or(name, "NAME")))
        }
        Keyword::Own => Meaning::Name(format!("{}:{rest}", word.to_ascii_lowercase())),
        Keyword::Absent(what) => absent(what, word, url.unwrap_or(rest)),
    };
    ForeignAddress { role, forks: option("fork").is_some(), meaning }
}

/// Returns what only socat has.
fn absent(what: &'static str, word: &str, rest: &str) -> Meaning {
    let word = word.to_ascii_uppercase();
    let end = if rest.is_empty() || rest.starts_with(',') { "" } else { ":" };
    Meaning::Absent { what, socat: format!("{word}{end}{rest}") }
}

/// Returns the text, or a placeholder if it is empty.
fn or<'t>(text: &'t str, placeholder: &'t str) -> &'t str {
    if text.is_empty() { placeholder } else { text }
}

/// Returns the command of these words, or a placeholder if there are none.
fn command(words: Option<Vec<String>>) -> Meaning {
    let words = words.filter(|words| !words.is_empty()).unwrap_or_else(|| vec!["CMD".to_owned()]);
    let line = CommandLine::new(words.into_iter().map(Into::into));
    line.map_or(Meaning::Stdio, Meaning::Command)
}

/// Returns the shell with this command.
fn shell(line: &str, platform: Platform) -> Meaning {
    Meaning::Command(CommandLine::of_shell(platform, line))
}

/// Returns the name of a socket file, or the abstract name that a path with `@` or `\0` is, as
/// most programs write it. D-Bus writes `path=` and `abstract=`.
fn file(place: &str, platform: Platform) -> String {
    let place = place.strip_prefix("path=").unwrap_or(place);
    for prefix in ["@", r"\0", "abstract="] {
        if let Some(name) = place.strip_prefix(prefix) {
            return format!("@{}", or(name, "NAME"));
        }
    }
    let place = or(place, "FILE");
    match platform {
        Platform::Windows => {
            let name = place.rsplit(['/', '\\']).next().unwrap_or_default();
            format!("@{}", or(name, "NAME"))
        }
        Platform::Linux | Platform::Unix if place.contains('/') => place.to_owned(),
        Platform::Linux | Platform::Unix => format!("./{place}"),
    }
}

/// Returns `tcp:HOST:PORT` for the host and port, either of which can be missing.
fn tcp_endpoint(place: &str, bind: Option<&str>, host: &str, port: &str) -> String {
    let place = place.split('/').next().unwrap_or_default();
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    let (found_host, found_port) = match place.rsplit_once(':') {
        _ if place.parse::<Ipv6Addr>().is_ok() => (place, ""),
        Some((host, port)) if !place.ends_with(']') => (host, port),
        None if is_number(place) => ("", place),
        _ => (place, ""),
    };
    let found_host = match bind.unwrap_or(found_host) {
        "*" => "0.0.0.0",
        "" => host,
        other => other,
    };
    let is_v6 = found_host.parse::<Ipv6Addr>().is_ok();
    let (left, right) = if is_v6 { ("[", "]") } else { ("", "") };
    format!("{}{left}{found_host}{right}:{}", tcp::PREFIX, or(found_port, port))
}

/// Replaces a host or a port that lsock does not take, such as the name of a service, by a
/// placeholder.
fn possible(endpoint: String) -> String {
    let Some((host, port)) = endpoint.rsplit_once(':') else { return endpoint };
    let port = if is_tcp(&format!("{}a:{port}", tcp::PREFIX)) { port } else { "PORT" };
    let host = if is_tcp(&format!("{host}:1")) { host } else { "tcp:HOST" };
    format!("{host}:{port}")
}

/// Returns whether the endpoint is one that lsock takes.
fn is_tcp(endpoint: &str) -> bool {
    TcpAddress::parse(endpoint.strip_prefix(tcp::PREFIX)).is_ok()
}

impl Meaning {
    /// Returns the endpoint as it is typed, if lsock has it.
    pub(crate) fn endpoint(&self) -> Option<String> {
        match self {
            Self::Name(text)
            | Self::Tcp(text)
            | Self::Assuan(text)
            | Self::Fd(text)
            | Self::Pty(text) => Some(text.clone()),
            Self::Stdio => Some(stdio::TEXT.to_owned()),
            Self::Command(command) => Some(command.endpoint()),
            Self::Absent { .. } | Self::Advice { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
