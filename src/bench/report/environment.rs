//! One-line descriptions of environment and options.

use crate::{
    bench::{Environment, ServerKind, Setup},
    diag::escaped,
};
use std::borrow::Cow;

/// Example: `lsock 0.1.0, Debian 13, Linux 6.12, x86_64, 8 CPUs: Example CPU`.
pub(in crate::bench) fn machine(environment: &Environment) -> String {
    let Environment { lsock, system, kernel, machine, cpus, .. } = environment;
    let kernel = kernel.as_ref().map(|kernel| format!(", {kernel}")).unwrap_or_default();
    let cpu = environment.cpu.as_ref().map(|cpu| format!(": {cpu}")).unwrap_or_default();
    let unit = if *cpus == 1 { "CPU" } else { "CPUs" };
    escaped(&format!("lsock {lsock}, {system}{kernel}, {machine}, {cpus} {unit}{cpu}"))
}

/// Example: `lsock bench latency --rate 1000`.
pub(in crate::bench) fn command(environment: &Environment) -> String {
    let text = format!("lsock bench {}", command_line(&environment.options));
    escaped(text.trim_end())
}

/// Example: `3 runs of 1s after 100ms of warm-up, pinned to CPUs 0,1`.
pub(in crate::bench) fn setup(setup: &Setup) -> String {
    let runs =
        if setup.repeat == 1 { "1 run".to_owned() } else { format!("{} runs", setup.repeat) };
    let mut text = format!("{runs} of {}", setup.amount);
    if !setup.warmup.is_zero() {
        text += &format!(" after {} of warm-up", humantime::format_duration(setup.warmup));
    }
    if setup.server.kind != ServerKind::Process {
        text += &format!(", server: {}", setup.server);
    }
    if !setup.pin.is_empty() {
        text += &format!(", pinned to {}", pins(&setup.pin));
    }
    escaped(&text)
}

/// Examples: `CPU 0`, `CPUs 0,1`, `no CPU`.
pub(in crate::bench) fn pins(pin: &[usize]) -> String {
    let numbers: Vec<String> = pin.iter().map(ToString::to_string).collect();
    match pin {
        [] => "no CPU".to_owned(),
        [only] => format!("CPU {only}"),
        _ => format!("CPUs {}", numbers.join(",")),
    }
}

/// Quotes words for a shell.
pub(super) fn command_line(words: &[String]) -> String {
    let quoted = words.iter().map(|word| {
        // `shlex` would quote a comma, which is special only inside of braces.
        let is_list = |c: char| c.is_ascii_alphanumeric() || "-.,".contains(c);
        if !word.is_empty() && word.chars().all(is_list) {
            return word.clone();
        }
        // Fails only for NUL, which a command line cannot contain.
        shlex::try_quote(word).map_or_else(|_| word.clone(), Cow::into_owned)
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{Amount, ServerDescription, fixture};
    use std::time::Duration;

    #[test]
    fn unknown_parts_of_the_machine_are_left_out() {
        let known = fixture::environment();
        assert_eq!(
            machine(&known),
            "lsock 0.1.0, Debian 13.0.0 [64-bit], Linux 6.12.5-amd64, x86_64, 8 CPUs: \
             Example \"Fast\" CPU, 3.00 GHz"
        );
        let unknown = Environment { kernel: None, cpu: None, cpus: 1, ..known };
        assert_eq!(machine(&unknown), "lsock 0.1.0, Debian 13.0.0 [64-bit], x86_64, 1 CPU");
    }

    #[test]
    fn control_characters_are_escaped() {
        let hostile = "\x1b[2J\r".to_owned();
        let environment = Environment { cpu: Some(hostile.clone()), ..fixture::environment() };
        let server = ServerDescription { kind: ServerKind::OwnEcho, name: Some(hostile) };
        let elsewhere = Setup { server, ..fixture::setup() };
        for text in [machine(&environment), setup(&elsewhere)] {
            assert!(!text.contains(['\x1b', '\r']) && text.contains("[2J"), "{text}");
        }
    }

    #[test]
    fn options_can_be_typed_again() {
        let words = ["--to", "a b", "--size", "64,4K", ""].map(str::to_owned);
        assert_eq!(command_line(&words), "--to 'a b' --size 64,4K ''");
    }

    #[test]
    fn the_setup_contains_what_is_not_the_default() {
        let pinned = fixture::setup();
        assert_eq!(setup(&pinned), "2 runs of 1s after 100ms of warm-up, pinned to CPUs 0,1");
        let other = Setup {
            server: ServerDescription {
                kind: ServerKind::ForeignEcho,
                name: Some("./a.sock".to_owned()),
            },
            pin: vec![3],
            repeat: 1,
            warmup: Duration::ZERO,
            amount: Amount::Messages(500),
        };
        assert_eq!(
            setup(&other),
            "1 run of 500 messages or connections, server: an external one at ./a.sock, \
             which echoes, pinned to CPU 3"
        );
    }
}
