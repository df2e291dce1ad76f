//! Parsers of option values.

use crate::endpoint::{ListenOn, Target, parse_name};
use clap::builder::{
    OsStringValueParser, PathBufValueParser, PossibleValue, PossibleValuesParser, TypedValueParser,
};
use local_socket::Name;
use std::{
    error::Error,
    ffi::OsStr,
    fmt::Display,
    num::{NonZeroU16, NonZeroUsize},
    ops::RangeInclusive,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

/// A value of an enum on the command line: its name, hidden aliases, and help.
#[derive(Copy, Clone, Debug)]
pub(super) struct Choice<T: 'static> {
    value: T,
    name: &'static str,
    aliases: &'static [&'static str],
    help: &'static str,
}

impl<T> Choice<T> {
    pub(super) const fn new(value: T, name: &'static str, help: &'static str) -> Self {
        Self { value, name, aliases: &[], help }
    }

    pub(super) const fn alias(self, aliases: &'static [&'static str]) -> Self
    where
        T: Copy,
    {
        Self { aliases, ..self }
    }

    fn possible(&self) -> PossibleValue {
        PossibleValue::new(self.name).aliases(self.aliases).help(self.help)
    }
}

/// Parses a value of an enum.
pub(super) fn choice<T: Copy + Send + Sync + 'static>(
    choices: &'static [Choice<T>],
) -> impl TypedValueParser<Value = T> {
    let parser = PossibleValuesParser::new(choices.iter().map(Choice::possible));
    parser.try_map(move |name| chosen(choices, &name).ok_or("it is none of the possible values"))
}

/// Returns the value of an enum with this name.
pub(super) fn chosen<T: Copy>(choices: &[Choice<T>], name: &str) -> Option<T> {
    let chosen = choices.iter().find(|choice| choice.possible().matches(name, false));
    chosen.map(|choice| choice.value)
}

/// Parses a name of a local socket.
pub(super) fn name() -> impl TypedValueParser<Value = Name<'static>> {
    os_text(parse_name)
}

/// Parses LISTEN of a relay.
pub(super) fn listen_on() -> impl TypedValueParser<Value = ListenOn> {
    os_text(ListenOn::parse)
}

/// Parses TARGET of a relay.
pub(super) fn target() -> impl TypedValueParser<Value = Target> {
    os_text(Target::parse)
}

/// Parses a text, which need not be UTF-8, with the parser of its type.
fn os_text<T, E>(parse: fn(&OsStr) -> Result<T, E>) -> impl TypedValueParser<Value = T>
where
    T: Clone + Send + Sync + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    OsStringValueParser::new().try_map(move |text| parse(&text))
}

/// Parses a duration, such as `250ms`, `2s` or `1m30s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const TAKES: &str = "it takes a number with a unit, such as 250ms, 2s or 1m30s";
    humantime::parse_duration(text).map_err(|_| TAKES.to_owned())
}

/// Parses a duration greater than zero.
pub(super) fn duration_not_zero(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it takes a time of more than zero".to_owned()),
        duration => Ok(duration),
    }
}

/// Parses the number of the descriptor that readiness is written to.
pub(super) fn ready_fd(text: &str) -> Result<i32, String> {
    match text.parse() {
        Ok(0) => Err("that is standard input".to_owned()),
        Ok(2) => Err("that is standard error, which messages are written to".to_owned()),
        Ok(number @ 1..=255) => Ok(number),
        _ => Err("it takes a whole number from 3 to 255, or 1".to_owned()),
    }
}

/// Parses a security descriptor as far as every system can: it is not empty. An empty one says nothing
/// about who may connect.
pub(super) fn sddl(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it takes a security descriptor, such as D:P(A;;GA;;;SY)".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// Parses a file mode in octal digits.
pub(super) fn mode(text: &str) -> Result<u16, String> {
    match u16::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 && !text.starts_with('+') => Ok(mode),
        _ => Err("it takes permissions in octal digits, from 0 to 777, such as 660".to_owned()),
    }
}

/// Parses the size of a buffer, from 1 byte to 1 GiB.
pub(super) fn buffer_size(text: &str) -> Result<usize, String> {
    match size(text)? {
        size @ 1..=0x4000_0000 => usize::try_from(size).map_err(|error| error.to_string()),
        _ => Err("it takes a size from 1 to 1G".to_owned()),
    }
}

/// Parses a size greater than zero.
pub(super) fn size_not_zero(text: &str) -> Result<u64, String> {
    match size(text)? {
        0 => Err("it takes a size of more than zero".to_owned()),
        size => Ok(size),
    }
}

/// Parses a number of messages or connections, or the number of a connection.
pub(super) fn count(text: &str) -> Result<u64, String> {
    whole(text, 1..=u64::MAX)
}

/// Parses a limit of the number of clients.
pub(super) fn most_clients(text: &str) -> Result<NonZeroUsize, String> {
    whole(text, NonZeroUsize::MIN..=NonZeroUsize::MAX)
}

/// Parses a number of concurrent clients.
pub(super) fn clients(text: &str) -> Result<usize, String> {
    whole(text, 1..=10_000)
}

/// Parses the number of clients that are shown.
pub(super) fn clients_shown(text: &str) -> Result<usize, String> {
    whole(text, 0..=usize::MAX)
}

/// Parses a number of repetitions.
pub(super) fn repeat(text: &str) -> Result<usize, String> {
    whole(text, 1..=1000)
}

/// Parses the length of a backlog, which is an `int` in `listen(2)`.
pub(super) fn backlog(text: &str) -> Result<u32, String> {
    whole(text, 0..=0x7fff_ffff)
}

/// Parses a port.
pub(super) fn port(text: &str) -> Result<NonZeroU16, String> {
    whole(text, NonZeroU16::MIN..=NonZeroU16::MAX)
}

/// Parses a process ID.
pub(super) fn pid(text: &str) -> Result<u32, String> {
    whole(text, 1..=u32::MAX)
}

/// Parses the number of a CPU.
pub(super) fn cpu(text: &str) -> Result<usize, String> {
    whole(text, 0..=usize::MAX)
}

/// Parses a whole number in decimal digits. The reason of an error is what is accepted.
fn whole<T>(text: &str, range: RangeInclusive<T>) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    let is_whole = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if is_whole && range.contains(&number) => Ok(number),
        _ => Err(format!("it takes a whole number from {} to {}", range.start(), range.end())),
    }
}

/// Parses the path of a file. `-` is refused: many programs take it for a standard stream. `instead`
/// says what to use in its place.
pub(super) fn file(instead: &'static str) -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(move |path| match path.as_os_str() == "-" {
        true => Err(format!("{instead}; ./- is a file of that name")),
        false => Ok(path),
    })
}

/// Parses a factor of the speed.
pub(super) fn speed(text: &str) -> Result<f64, String> {
    match text.strip_suffix('x').unwrap_or(text).parse() {
        Ok(speed @ 0.001..=1_000_000.0) => Ok(speed),
        _ => Err("it takes a number from 0.001 to 1000000, such as 10 or 0.5".to_owned()),
    }
}

/// Parses a percentage.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    match text.strip_suffix('%').unwrap_or(text).parse() {
        Ok(percent @ 0.0..=1000.0) => Ok(percent),
        _ => Err("it takes a number from 0 to 1000, such as 5".to_owned()),
    }
}

/// Parses a size in bytes, such as `512`, `64K`, `1MiB` or `10G`; units are powers of 1024.
fn size(text: &str) -> Result<u64, String> {
    const TAKES: &str = "it takes a number of bytes with or without a unit, \
                         such as 512, 64K, 1MiB or 10G";
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        _ => return Err(TAKES.to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| TAKES.to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| TAKES.to_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_1024() {
        let sizes = ["0", "512", "512B", "64K", "64kib", "1MiB", "10G"].map(size);
        let bytes = [0, 512, 512, 65536, 65536, 1 << 20, 10 << 30].map(Ok);
        assert_eq!(sizes, bytes);
    }

    #[test]
    fn sizes_that_are_none_are_refused() {
        for text in ["", "K", "1KB", "1.5M", "-1", "+1", "1 K", "99999999999G", "0x10"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert!(buffer_size("0").is_err());
        assert!(buffer_size("2G").is_err());
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for text in ["", "5", "-1s", "1x", "s"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(duration_not_zero("0s").is_err());
    }

    #[test]
    fn whole_numbers_have_digits_alone_and_limits() {
        assert_eq!(
            ["1", "0080", "65535"].map(port).map(|port| port.map(NonZeroU16::get)),
            [Ok(1), Ok(80), Ok(65535)]
        );
        for text in ["", "0", "65536", "+1", "-1", " 1", "1.0", "0x50", "99999999999999999999"] {
            let reason = port(text).unwrap_err();
            assert_eq!(reason, "it takes a whole number from 1 to 65535", "{text}");
        }
    }

    #[test]
    fn speeds_are_positive_numbers() {
        assert_eq!(["10", "0.5", "2x"].map(speed), [10.0, 0.5, 2.0].map(Ok));
        for text in ["", "0", "-1", "nan", "inf", "1e9", "x", "fast"] {
            assert!(speed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!(mode("660"), Ok(0o660));
        assert_eq!(mode("0600"), Ok(0o600));
        for text in ["", "8", "1777", "rw", "+7", "-1"] {
            assert!(mode(text).is_err(), "{text}");
        }
    }
}
