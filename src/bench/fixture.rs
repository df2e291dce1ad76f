//! Invented results for tests.

use super::{
    Amount, Api, Case, Environment, Results, Sample, ServerDescription, ServerKind, Setup,
    Transport, Usage, Warning, Workload, histogram, measure::ContextSwitches,
};
use std::{env, fs, path::Path, time::Duration};

pub(super) fn environment() -> Environment {
    Environment {
        lsock: "0.1.0".to_owned(),
        time: "2026-03-01T12:00:00Z".to_owned(),
        system: "Debian 13.0.0 [64-bit]".to_owned(),
        kernel: Some("Linux 6.12.5-amd64".to_owned()),
        machine: "x86_64".to_owned(),
        cpu: Some("Example \"Fast\" CPU, 3.00 GHz".to_owned()),
        cpus: 8,
        governor: Some("performance".to_owned()),
        options: vec!["--pin".to_owned(), "0,1".to_owned()],
    }
}

pub(super) fn setup() -> Setup {
    Setup {
        server: ServerDescription { kind: ServerKind::Process, name: None },
        pin: vec![0, 1],
        repeat: 2,
        warmup: Duration::from_millis(100),
        amount: Amount::Time(Duration::from_secs(1)),
    }
}

/// One client, an abstract name, blocking calls.
pub(super) fn case(workload: Workload) -> Case {
    Case {
        workload,
        over: Transport::Abstract,
        api: Api::Sync,
        size: 64,
        clients: 1,
        both_ways: false,
        rate: None,
    }
}

/// One second with `messages` messages of 64 bytes, and a tenth of a second of CPU time.
pub(super) fn sample(messages: u64) -> Sample {
    Sample {
        elapsed: Duration::from_secs(1),
        bytes: 64 * messages,
        messages,
        latencies: None,
        client: Some(usage(60, 3 * messages)),
        server: Some(usage(40, messages)),
        other_cpus: Some(0.0),
        fairness: None,
    }
}

pub(super) fn usage(milliseconds: u64, voluntary: u64) -> Usage {
    Usage {
        cpu: Duration::from_millis(milliseconds),
        switches: Some(ContextSwitches { voluntary, involuntary: 0 }),
    }
}

/// Like [`sample`], with times: 50 % of the messages took `nanoseconds`, 40 % 1.5 times as long, 9
/// % twice as long and 1 % ten times as long.
pub(super) fn timed(messages: u64, nanoseconds: u64) -> Sample {
    let mut times = histogram();
    for (time, count) in [
        (nanoseconds, messages * 50 / 100),
        (nanoseconds * 3 / 2, messages * 40 / 100),
        (nanoseconds * 2, messages * 9 / 100),
        (nanoseconds * 10, messages / 100),
    ] {
        times.record_n(time, count).unwrap();
    }
    Sample { latencies: Some(times), ..sample(messages) }
}

/// Every kind of row and warning; every optional value is missing at least once.
pub(super) fn everything() -> Results {
    let fast = Sample { bytes: 3 << 30, messages: 3 << 14, ..sample(0) };
    let slow = Sample { bytes: 1 << 30, messages: 1 << 14, other_cpus: None, ..sample(0) };
    let bare = Usage { cpu: Duration::from_millis(1500), switches: None };
    let alone =
        Sample { client: Some(bare), server: None, fairness: Some(0.875), ..sample(100_000) };
    let throughput = Case { size: 1 << 16, both_ways: true, ..case(Workload::Throughput) };
    let latency = Case { rate: Some(10_000), ..case(Workload::Latency) };
    let connect = Case { over: Transport::File, size: 8, ..case(Workload::Connect) };
    let fan_in = Case { api: Api::Tokio, clients: 16, ..case(Workload::FanIn) };
    let measured = vec![
        (throughput, vec![fast, slow]),
        (latency, vec![timed(10_000, 9000), timed(10_000, 10_000)]),
        (connect, vec![timed(20_000, 30_000)]),
        (fan_in, vec![alone]),
    ];
    let mut results = Results::new(environment(), setup(), measured);
    let case = || "latency 64 over abstract".to_owned();
    results.warnings = vec![
        Warning::NotVerified,
        Warning::OneCpu { pinned: true },
        Warning::Frequency { governor: "powersave".to_owned() },
        Warning::Busy { cpus: 0.75 },
        Warning::TooShort { cases: 1, case: case(), seconds: 0.05 },
        Warning::FewTimes { cases: 2, case: case(), count: 500 },
        Warning::Spread { cases: 3, case: case(), spread: 0.25 },
    ];
    results
}

/// All transports, in the order of the tour.
pub(super) const TRANSPORTS: [Transport; 5] =
    [Transport::Abstract, Transport::File, Transport::Pipe, Transport::Socketpair, Transport::Tcp];

/// Results of the tour, with plausible figures.
pub(super) fn tour() -> Results {
    let mut measured = Vec::new();
    for (index, over) in TRANSPORTS.into_iter().enumerate() {
        for (size, rate) in [(64, 120_u64 << 20), (1 << 16, 4200 << 20)] {
            let runs = [100, 98, 103 + 8 * index as u64].map(|percent| {
                let bytes = rate * percent / (100 + 15 * index as u64);
                Sample { bytes, messages: bytes / size, ..sample(0) }
            });
            measured.push((
                Case { over, size: size as usize, ..case(Workload::Throughput) },
                runs.to_vec(),
            ));
        }
    }
    for (index, over) in TRANSPORTS.into_iter().enumerate() {
        let time = 5100 + 1800 * index as u64;
        let runs = [time, time + 40, time + 90].map(|time| timed(1_000_000_000 / time, time));
        measured.push((Case { over, ..case(Workload::Latency) }, runs.to_vec()));
    }
    for (index, over) in
        [Transport::Abstract, Transport::File, Transport::Tcp].into_iter().enumerate()
    {
        let time = 21_000 + 9000 * index as u64;
        let runs = [time, time + 100, time + 300].map(|time| timed(1_000_000_000 / time, time));
        measured.push((Case { over, size: 8, ..case(Workload::Connect) }, runs.to_vec()));
    }
    for api in [Api::Sync, Api::Tokio] {
        let runs = [0.9, 0.85, 0.95].map(|fair| Sample {
            fairness: Some(fair),
            ..sample(if api == Api::Sync { 700_000 } else { 910_000 })
        });
        measured.push((Case { api, clients: 16, ..case(Workload::FanIn) }, runs.to_vec()));
    }
    let setup = Setup { pin: Vec::new(), repeat: 3, ..setup() };
    Results::new(Environment { options: Vec::new(), ..environment() }, setup, measured)
}

/// Compares a text with a file in `golden`; `LSOCK_BLESS=1` writes the file.
#[track_caller]
pub(super) fn assert_golden(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bench/report/golden").join(file);
    if env::var_os("LSOCK_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, text).unwrap();
    }
    // Git may have converted the line endings.
    let expected = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert_eq!(text, expected, "{file} is another one; if that is right, LSOCK_BLESS=1 keeps it");
}
