use super::*;
use crate::bench::{
    Results, Sample, ServerDescription,
    fixture::{case, environment, everything, sample, setup, timed},
};
use std::time::Duration;

/// Returns the warnings about one case on a machine without warnings.
fn of(workload: Workload, samples: Vec<Sample>) -> Vec<Warning> {
    Results::new(environment(), setup(), vec![(case(workload), samples)]).warnings
}

fn of_machine(
    cpus: usize,
    pin: &[usize],
    governor: Option<&str>,
    kind: ServerKind,
) -> Vec<Warning> {
    let environment = Environment { cpus, governor: governor.map(str::to_owned), ..environment() };
    let server = ServerDescription { kind, name: None };
    let setup = Setup { pin: pin.to_vec(), server, ..setup() };
    Results::new(environment, setup, Vec::new()).warnings
}

fn lasting(milliseconds: u64) -> Sample {
    Sample { elapsed: Duration::from_millis(milliseconds), ..sample(1000 * milliseconds) }
}

#[test]
fn a_run_of_less_than_a_tenth_of_a_second_is_too_short() {
    let case = case(Workload::Throughput).to_string();
    assert_eq!(of(Workload::Throughput, vec![lasting(100); 2]), []);
    assert_eq!(
        of(Workload::Throughput, vec![lasting(500), lasting(99)]),
        [Warning::TooShort { cases: 1, case, seconds: 0.099 }]
    );
}

#[test]
fn a_thousand_times_of_all_runs_are_enough() {
    let of_times = |a, b| of(Workload::Latency, vec![timed(a, 9000), timed(b, 9000)]);
    assert_eq!(of_times(500, 500), []);
    let case = || case(Workload::Latency).to_string();
    assert_eq!(of_times(500, 400), [Warning::FewTimes { cases: 1, case: case(), count: 900 }]);
    // Only latency needs many times.
    assert_eq!(of(Workload::Connect, vec![timed(100, 9000)]), []);
}

#[test]
fn a_spread_over_a_tenth_is_reported() {
    let of_counts = |counts: [u64; 3]| of(Workload::Throughput, counts.map(sample).to_vec());
    assert_eq!(of_counts([950, 1000, 1050]), []);
    let case = case(Workload::Throughput).to_string();
    assert_eq!(of_counts([950, 1000, 1075]), [Warning::Spread { cases: 1, case, spread: 0.125 }]);
}

#[test]
fn only_the_worst_case_is_reported() {
    let spread = |counts: [u64; 3]| counts.map(sample).to_vec();
    let cases = vec![
        (case(Workload::Throughput), spread([950, 1000, 1075])),
        (case(Workload::FanIn), spread([900, 1000, 1150])),
        (case(Workload::Connect), spread([1000, 1000, 1000])),
    ];
    assert_eq!(
        Results::new(environment(), setup(), cases).warnings,
        [Warning::Spread { cases: 2, case: case(Workload::FanIn).to_string(), spread: 0.25 }]
    );
}

#[test]
fn busy_cpus_are_reported_once() {
    let beside = |other_cpus| Sample { other_cpus, ..sample(1000) };
    let of_others = |a, b| of(Workload::Throughput, vec![beside(a), beside(b)]);
    assert_eq!(of_others(None, Some(0.1)), []);
    assert_eq!(of_others(Some(0.5), Some(0.25)), [Warning::Busy { cpus: 0.5 }]);
    assert_eq!(of_others(Some(0.101), None), [Warning::Busy { cpus: 0.101 }]);
}

#[test]
fn a_shared_cpu_is_reported() {
    let of = |cpus, pin: &[usize]| of_machine(cpus, pin, None, ServerKind::Process);
    assert_eq!(of(2, &[]), []);
    assert_eq!(of(2, &[0, 1]), []);
    assert_eq!(of(2, &[1]), [Warning::OneCpu { pinned: true }]);
    assert_eq!(of(2, &[1, 1]), [Warning::OneCpu { pinned: true }]);
    assert_eq!(of(1, &[]), [Warning::OneCpu { pinned: false }]);
    // There is no other CPU.
    assert_eq!(of(1, &[0]), [Warning::OneCpu { pinned: false }]);
}

#[test]
fn a_variable_frequency_is_reported() {
    let of = |governor| of_machine(2, &[], governor, ServerKind::Process);
    assert_eq!(of(None), []);
    assert_eq!(of(Some("performance")), []);
    let governor = "schedutil".to_owned();
    assert_eq!(of(Some("schedutil")), [Warning::Frequency { governor }]);
}

#[test]
fn discarded_bytes_of_an_external_server_are_not_verified() {
    let of = |server| of_machine(2, &[], None, server);
    assert_eq!(of(ServerKind::ForeignDiscard), [Warning::NotVerified]);
    for server in [
        ServerKind::Process,
        ServerKind::InProcess,
        ServerKind::ForeignEcho,
        ServerKind::OwnEcho,
        ServerKind::OwnDiscard,
    ] {
        assert_eq!(of(server), []);
    }
}

#[test]
fn warnings_have_texts() {
    let texts: Vec<String> = everything().warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "the received bytes were not checked: the server only discards them",
            "server and clients are pinned to one CPU",
            "the frequency of the CPUs is governed by `powersave`",
            "other processes kept up to 0.8 CPUs busy during the runs",
            "latency 64 over abstract: a run of 50 ms is too short",
            "latency 64 over abstract and one other case: 500 times are too few for the tail",
            "latency 64 over abstract and 2 other cases: the runs are 25 % apart",
        ]
    );
}
