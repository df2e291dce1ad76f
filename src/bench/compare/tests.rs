use super::*;
use crate::bench::fixture::{self, assert_golden, case, sample, timed, tour};

/// Results of one case with these figures, one per run.
fn results(workload: Workload, figures: &[u64]) -> Results {
    let sample = |figure: &u64| match workload.metric() {
        Metric::MedianTime => timed(10_000, *figure),
        _ => sample(*figure),
    };
    let samples = figures.iter().map(sample).collect();
    Results::new(fixture::environment(), fixture::setup(), vec![(case(workload), samples)])
}

fn verdict(workload: Workload, old: &[u64], new: &[u64]) -> Verdict {
    let (old, new) = (results(workload, old), results(workload, new));
    Comparison::new(&old, &new).unwrap().changes[0].verdict
}

#[test]
fn more_is_faster_except_for_times() {
    use Workload::{Connect, FanIn, Latency, Throughput};
    let (low, high) = ([10_000, 10_100], [12_000, 12_100]);
    for workload in [Throughput, Connect, FanIn] {
        assert_eq!(verdict(workload, &low, &high), Verdict::Faster, "{workload}");
        assert_eq!(verdict(workload, &high, &low), Verdict::Slower, "{workload}");
    }
    assert_eq!(verdict(Latency, &low, &high), Verdict::Slower);
    assert_eq!(verdict(Latency, &high, &low), Verdict::Faster);
}

#[test]
fn overlapping_runs_are_noise() {
    let of = |old: &[u64], new: &[u64]| verdict(Workload::Throughput, old, new);
    // The medians are 20 % apart, the spreads are smaller.
    assert_eq!(of(&[1000, 1000, 1150], &[1150, 1200, 1200]), Verdict::Same);
    assert_eq!(of(&[1000, 1000, 1149], &[1150, 1200, 1200]), Verdict::Faster);
}

#[test]
fn a_change_within_the_spread_is_noise() {
    let of = |old: &[u64], new: &[u64]| verdict(Workload::Throughput, old, new);
    // 25 % more, with an old spread of 25 %; then of 24 %.
    assert_eq!(of(&[800, 1000, 1050], &[1250, 1250, 1250]), Verdict::Same);
    assert_eq!(of(&[810, 1000, 1050], &[1250, 1250, 1250]), Verdict::Faster);
    // The new spread counts as well: 20 % less, with a spread of 25 % and then 18.75 %.
    assert_eq!(of(&[1000, 1000, 1000], &[700, 800, 900]), Verdict::Same);
    assert_eq!(of(&[1000, 1000, 1000], &[700, 800, 850]), Verdict::Slower);
}

#[test]
fn a_change_of_one_percent_is_noise() {
    let of = |old: &[u64], new: &[u64]| verdict(Workload::Throughput, old, new);
    assert_eq!(of(&[10_000; 3], &[10_100; 3]), Verdict::Same);
    assert_eq!(of(&[10_000; 3], &[10_101; 3]), Verdict::Faster);
    assert_eq!(of(&[10_000; 3], &[9900; 3]), Verdict::Same);
    assert_eq!(of(&[10_000; 3], &[9899; 3]), Verdict::Slower);
}

#[test]
fn a_single_run_is_unclear() {
    let of = |old: &[u64], new: &[u64]| verdict(Workload::Throughput, old, new);
    assert_eq!(of(&[1000], &[2000; 3]), Verdict::Unclear);
    assert_eq!(of(&[1000; 3], &[2000]), Verdict::Unclear);
    assert_eq!(of(&[1000; 2], &[2000; 2]), Verdict::Faster);
}

#[test]
fn zeros_are_handled() {
    let of = |old: &[u64], new: &[u64]| verdict(Workload::Throughput, old, new);
    assert_eq!(of(&[0; 2], &[0; 2]), Verdict::Same);
    assert_eq!(of(&[0; 2], &[5; 2]), Verdict::Faster);
    assert_eq!(of(&[5; 2], &[0; 2]), Verdict::Slower);
}

#[test]
fn a_slowdown_counts_beyond_its_limit_only() {
    let (old, new) = ([1000; 3], [900; 3]);
    let throughput =
        Comparison::new(&results(Workload::Throughput, &old), &results(Workload::Throughput, &new))
            .unwrap();
    assert_eq!(throughput.slower_by_more_than(9.0).len(), 1);
    assert_eq!(throughput.slower_by_more_than(11.0), Vec::<&Change>::new());
    // For times, more is slower.
    let of = |old: &[u64], new: &[u64]| {
        Comparison::new(&results(Workload::Latency, old), &results(Workload::Latency, new))
            .unwrap()
            .slower_by_more_than(9.0)
            .len()
    };
    assert_eq!(of(&[900; 3], &[1000; 3]), 1);
    assert_eq!(of(&[1000; 3], &[900; 3]), 0);
    // Changes within the noise are not slower.
    assert_eq!(of(&[500, 900], &[800, 2000]), 0);
}

#[test]
fn results_without_a_common_case_cannot_be_compared() {
    let comparison =
        Comparison::new(&results(Workload::Throughput, &[1]), &results(Workload::Connect, &[1]));
    assert!(comparison.is_none());
}

#[test]
fn the_text_contains_changes_and_differences() {
    let (mut old, new) = (tour(), tour());
    old.rows.retain(|row| row.case.workload != Workload::FanIn);
    let [first, .., last] = &mut old.rows[..] else { panic!("there are rows") };
    for figure in [
        &mut first.bytes_per_second.min,
        &mut first.bytes_per_second.median,
        &mut first.bytes_per_second.max,
    ] {
        *figure *= 1.25;
    }
    last.case.over = crate::bench::Transport::Socketpair;
    for run in &mut old.rows[10].runs {
        run.p50_nanoseconds = run.p50_nanoseconds.map(|time| time * 3);
    }
    old.rows[11].runs.truncate(1);
    old.environment.kernel = Some("Linux \x1b[2J".to_owned());
    old.environment.cpu = None;
    old.setup.server.kind = crate::bench::ServerKind::InProcess;
    old.setup.pin = vec![1];
    let comparison = Comparison::new(&old, &new).unwrap();
    assert_golden("comparison.txt", &comparison.text(false));
    assert!(comparison.text(true).contains("\x1b[31mslower\x1b[0m"));
    assert!(!comparison.text(false).contains('\x1b'));
}
