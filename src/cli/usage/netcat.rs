//! Command lines of nc and ncat.

use super::{
    habit::endpoint,
    line::{joined, quoted},
};
use crate::endpoint::is_number;
use local_socket::{Name, Platform};

/// Options of nc and ncat with a value.
const WITH_VALUE: &str = "cegimopqswxX";

/// Whether names can be socket files.
const HAS_FILES: bool = !matches!(Platform::CURRENT, Platform::Windows);

/// Returns the line of lsock for the arguments of nc or ncat.
pub(super) fn netcat(words: &[&str]) -> Option<String> {
    let mut options = Vec::new();
    let mut command = None;
    let mut operands = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match (word.strip_prefix("--"), word.strip_prefix('-')) {
            (Some("listen"), _) => options.push('l'),
            (Some("unixsock" | "connect" | "client"), _) => options.push('U'),
            (Some("keep-open"), _) => options.push('k'),
            (Some("send-only"), _) => options.push('S'),
            (Some("recv-only"), _) => options.push('R'),
            (Some(_), _) => return None,
            (None, Some(short)) if !short.is_empty() => {
                options.extend(short.chars());
                let last = short.chars().last().unwrap_or_default();
                if WITH_VALUE.contains(last) {
                    let value = words.next();
                    match last {
                        'e' => command = shlex::split(value?),
                        'c' => command = Some(["sh", "-c", value?].map(str::to_owned).into()),
                        _ => {}
                    }
                }
            }
            _ => operands.push(*word),
        }
    }
    let has = |option: char| options.contains(&option);
    let known = "lUkNzuvweckdpSRnt46Cqi";
    if options.iter().any(|option| !known.contains(*option)) {
        return None;
    }
    let side = match &*operands {
        [] if has('U') || has('l') => "NAME".to_owned(),
        [] => return None,
        [host, port] if is_number(port) => return Some(tcp(host, port, has('l'))),
        [port] if is_number(port) => return Some(tcp("localhost", port, has('l'))),
        [name, ..] => match Name::parse(*name) {
            // A word after -U is a file in the working directory.
            Ok(_) if has('U') && !name.contains(['/', '@', ':']) && HAS_FILES => {
                quoted(&format!("./{name}"))
            }
            _ => endpoint(name),
        },
    };
    if has('u') {
        return Some(format!("lsock has no datagrams: `socat - UNIX-SENDTO:{side}`"));
    }
    let line = match (has('l'), has('k')) {
        (true, true) => "listen -k",
        (true, false) => "listen",
        (false, _) => "connect",
    };
    let direction = match (has('d') || has('R'), has('S')) {
        (true, _) => " --recv-only",
        (_, true) => " --send-only",
        _ => "",
    };
    let end = match command {
        Some(command) => format!(" -- {}", joined(command)),
        None if has('z') && !has('l') => " < /dev/null".to_owned(),
        None => String::new(),
    };
    Some(format!("`lsock {line}{direction} {side}{end}`"))
}

/// Returns the line of lsock for a port.
fn tcp(host: &str, port: &str, is_listener: bool) -> String {
    let endpoint = endpoint(&format!("{host}:{port}"));
    if is_listener {
        format!("`lsock relay {endpoint} -`")
    } else {
        format!("`lsock relay - {endpoint}`")
    }
}
