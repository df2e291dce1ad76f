//! Parsers of option values.

use crate::endpoint::{ListenOn, Target, parse_name};
use clap::builder::{OsStringValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use local_socket::Name;
use std::{error::Error, ffi::OsStr, time::Duration};

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

/// Parses a whole number from 1.
pub(super) fn count(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(count @ 1..) if !text.starts_with('+') => Ok(count),
        _ => Err("it takes a whole number from 1".to_owned()),
    }
}

/// Parses a number of concurrent clients.
pub(super) fn clients(text: &str) -> Result<usize, String> {
    match count(text) {
        Ok(clients @ ..=10_000) => usize::try_from(clients).map_err(|error| error.to_string()),
        _ => Err("it takes a number from 1 to 10000".to_owned()),
    }
}

/// Parses a number of repetitions.
pub(super) fn repeat(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(repeat @ 1..=1000) if !text.starts_with('+') => Ok(repeat),
        _ => Err("it takes a number from 1 to 1000".to_owned()),
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
    fn modes_are_octal() {
        assert_eq!(mode("660"), Ok(0o660));
        assert_eq!(mode("0600"), Ok(0o600));
        for text in ["", "8", "1777", "rw", "+7", "-1"] {
            assert!(mode(text).is_err(), "{text}");
        }
    }
}
