use super::ForeignRole::{self, Connect, Either, Listen};

/// What the keyword at the beginning of an address stands for.
#[derive(Copy, Clone, Debug)]
pub(super) enum Keyword {
    File(ForeignRole),
    Abstract(ForeignRole),
    Tcp(ForeignRole),
    Tcp4(ForeignRole),
    Tcp6(ForeignRole),
    /// A URL with this port by default.
    Url(&'static str),
    UnknownUrl,
    Assuan,
    Exec,
    Shell,
    Fd,
    Pty,
    Stdio,
    Echo,
    Open,
    NamedPipe,
    Own,
    Absent(&'static str),
}

/// Returns the keyword of a word without parameters. Short words that are likely to be names are
/// keywords in capitals only.
pub(super) fn bare(word: &str) -> Option<Keyword> {
    if word.len() > 2 && word[..2].eq_ignore_ascii_case("fd") {
        return word[2..].bytes().all(|b| b.is_ascii_digit()).then_some(Keyword::Fd);
    }
    match (word, word.to_ascii_uppercase().as_str()) {
        (_, "STDIO" | "STDIN" | "STDOUT" | "STDERR") => Some(Keyword::Stdio),
        (_, "PTY") => named(word),
        ("PIPE" | "ECHO", _) => Some(Keyword::Echo),
        _ => None,
    }
}

/// Returns the keyword with parameters that a word is, in any case.
pub(super) fn named(word: &str) -> Option<Keyword> {
    let word = word.to_ascii_uppercase();
    Some(match word.as_str() {
        "UNIX" | "LOCAL" | "SOCKET" => Keyword::File(Either),
        "UNIX-CONNECT" | "UNIX-CLIENT" => Keyword::File(Connect),
        "UNIX-LISTEN" | "UNIX-L" => Keyword::File(Listen),
        "ABSTRACT" | "UNIX-ABSTRACT" | "ABNS" | "ABNSZ" => Keyword::Abstract(Either),
        "ABSTRACT-CONNECT" | "ABSTRACT-CLIENT" => Keyword::Abstract(Connect),
        "ABSTRACT-LISTEN" | "ABSTRACT-L" => Keyword::Abstract(Listen),
        "INET" | "IPV4" => Keyword::Tcp(Either),
        "TCP" | "TCP-CONNECT" => Keyword::Tcp(Connect),
        "TCP-LISTEN" | "TCP-L" | "INET-LISTEN" | "INET-L" => Keyword::Tcp(Listen),
        "TCP4" | "TCP4-CONNECT" | "INET4" => Keyword::Tcp4(Connect),
        "TCP4-LISTEN" | "TCP4-L" | "INET4-LISTEN" => Keyword::Tcp4(Listen),
        "TCP6" | "TCP6-CONNECT" | "INET6" | "IPV6" => Keyword::Tcp6(Connect),
        "TCP6-LISTEN" | "TCP6-L" | "INET6-LISTEN" => Keyword::Tcp6(Listen),
        "HTTP" | "WS" => Keyword::Url("80"),
        "HTTPS" | "WSS" => Keyword::Url("443"),
        "ASSUAN" => Keyword::Assuan,
        "EXEC" => Keyword::Exec,
        "SYSTEM" | "SHELL" => Keyword::Shell,
        "FD" | "ACCEPT" | "ACCEPT-FD" => Keyword::Fd,
        "STDIO" | "STDIN" | "STDOUT" | "STDERR" => Keyword::Stdio,
        "PIPE" | "FIFO" | "ECHO" | "OPEN" | "GOPEN" | "CREATE" | "CREAT" | "FILE" => Keyword::Open,
        "NPIPE" | "NAMEDPIPE" | "NAMED-PIPE" => Keyword::NamedPipe,
        "FS" | "NS" | "FS-HEX" | "NS-HEX" => Keyword::Own,
        "PTY" => Keyword::Pty,
        "READLINE" => Keyword::Absent("line editing"),
        "TUN" | "INTERFACE" => Keyword::Absent("network interfaces"),
        "SSL" | "SSL-L" | "TLS" => Keyword::Absent("TLS"),
        _ => {
            const ABSENT: [(&str, &str); 13] = [
                ("UDP", "UDP"),
                ("VSOCK", "vsock"),
                ("OPENSSL", "TLS"),
                ("SCTP", "SCTP"),
                ("DCCP", "DCCP"),
                ("IP-", "raw IP"),
                ("IP4-", "raw IP"),
                ("IP6-", "raw IP"),
                ("SOCKS", "proxies"),
                ("PROXY", "proxies"),
                ("UNIX-", "datagrams"),
                ("ABSTRACT-", "datagrams"),
                ("POSIXMQ", "message queues"),
            ];
            // socat's keywords go on with a digit or a dash: `UDP4-LISTEN`.
            let goes_on = |rest: &str| {
                let ends =
                    rest.is_empty() || rest.starts_with(|c: char| c == '-' || c.is_numeric());
                ends || rest.starts_with("LITE")
            };
            let (_, what) = ABSENT.iter().find(|(start, _)| {
                word.strip_prefix(start).is_some_and(|rest| start.ends_with('-') || goes_on(rest))
            })?;
            Keyword::Absent(what)
        }
    })
}
