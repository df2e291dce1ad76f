use super::*;
use crate::bench::{
    Api, Transport,
    fixture::{case, environment, sample, setup, timed, usage},
    histogram,
};

/// Returns the row of one case.
fn row(case: Case, samples: Vec<Sample>) -> Row {
    let mut results = Results::new(environment(), setup(), vec![(case, samples)]);
    results.rows.pop().unwrap()
}

fn results(workload: Workload, rows: Vec<(Transport, Vec<Sample>)>) -> Results {
    let rows = rows.into_iter().map(|(over, samples)| (Case { over, ..case(workload) }, samples));
    Results::new(environment(), setup(), rows.collect())
}

fn ratios(results: &Results) -> Vec<Option<f64>> {
    results.rows.iter().map(|row| row.ratio).collect()
}

#[test]
fn rates_have_a_median_of_all_runs() {
    let run = |bytes, messages, milliseconds| Sample {
        bytes,
        messages,
        elapsed: Duration::from_millis(milliseconds),
        ..sample(0)
    };
    let samples = vec![run(3000, 30, 500), run(8000, 80, 2000), run(5000, 50, 1000)];
    let row = row(case(Workload::Throughput), samples);
    assert_eq!(row.bytes_per_second, Figure { median: 5000.0, min: 4000.0, max: 6000.0 });
    assert_eq!(row.messages_per_second, Figure { median: 50.0, min: 40.0, max: 60.0 });
    assert_eq!(row.spread, Some(0.4));
    assert_eq!(row.runs[1].seconds, 2.0);
    assert_eq!(row.runs[1].bytes, 8000);
}

#[test]
fn the_spread_needs_two_runs() {
    let spread = |workload, samples| row(case(workload), samples).spread;
    let messages = || vec![sample(80), sample(100), sample(110)];
    assert_eq!(spread(Workload::Throughput, messages()), Some(0.3));
    assert_eq!(spread(Workload::FanIn, messages()), Some(0.3));
    assert_eq!(spread(Workload::Connect, messages()), Some(0.3));
    // The histogram is exact below 2048.
    let times = vec![timed(100, 800), timed(50, 1000), timed(100, 1100)];
    assert_eq!(spread(Workload::Latency, times), Some(0.3));
    assert_eq!(spread(Workload::Throughput, vec![sample(80)]), None);
    assert_eq!(spread(Workload::Latency, messages()), None);
}

#[test]
fn ratios_are_to_the_first_row_of_the_workload_and_more_is_faster() {
    let rows = || {
        vec![
            (Transport::Abstract, vec![sample(100)]),
            (Transport::File, vec![sample(50)]),
            (Transport::Tcp, vec![sample(250)]),
        ]
    };
    let expected = [Some(1.0), Some(0.5), Some(2.5)];
    for workload in [Workload::Throughput, Workload::Connect, Workload::FanIn] {
        assert_eq!(ratios(&results(workload, rows())), expected);
    }
    let rows = vec![
        (Transport::Abstract, vec![timed(100, 1000)]),
        (Transport::File, vec![timed(100, 2000)]),
        (Transport::Tcp, vec![timed(100, 400)]),
    ];
    assert_eq!(ratios(&results(Workload::Latency, rows)), expected);
}

#[test]
fn each_workload_has_its_own_first_row() {
    let of = |workload, count| (case(workload), vec![sample(count)]);
    let measured = vec![
        of(Workload::Throughput, 100),
        of(Workload::FanIn, 10),
        of(Workload::Throughput, 300),
        of(Workload::FanIn, 5),
    ];
    let results = Results::new(environment(), setup(), measured);
    assert_eq!(ratios(&results), [Some(1.0), Some(1.0), Some(3.0), Some(0.5)]);
}

#[test]
fn each_size_has_its_own_first_row() {
    let of = |over, api, size, count| {
        (Case { over, api, size, ..case(Workload::Throughput) }, vec![sample(count)])
    };
    let measured = vec![
        of(Transport::Abstract, Api::Sync, 64, 100),
        of(Transport::Abstract, Api::Sync, 4096, 10),
        of(Transport::Tcp, Api::Sync, 64, 50),
        of(Transport::Abstract, Api::Tokio, 4096, 20),
    ];
    let results = Results::new(environment(), setup(), measured);
    assert_eq!(ratios(&results), [Some(1.0), Some(1.0), Some(0.5), Some(2.0)]);
}

#[test]
fn a_ratio_to_zero_is_unknown() {
    let rows = vec![(Transport::Abstract, vec![sample(0)]), (Transport::File, vec![sample(5)])];
    assert_eq!(ratios(&results(Workload::Throughput, rows)), [None, None]);
    let rows = vec![(Transport::Abstract, vec![sample(9)]), (Transport::File, vec![timed(100, 5)])];
    assert_eq!(ratios(&results(Workload::Latency, rows)), [None, None]);
}

#[test]
fn cpu_time_is_that_of_both_sides_and_all_runs() {
    let run = |client, server: Option<u64>, messages| Sample {
        bytes: 1_000_000_000,
        messages,
        client: Some(usage(client, 30)),
        server: server.map(|milliseconds| usage(milliseconds, 10)),
        ..sample(0)
    };
    let both =
        row(case(Workload::Throughput), vec![run(200, Some(300), 100), run(600, Some(900), 300)]);
    assert_eq!(both.cpu_seconds_per_gb, Some(1.0));
    assert_eq!(both.cpu_microseconds_per_message, Some(5000.0));
    assert_eq!(both.switches_per_message, Some(0.2));
    let one = row(case(Workload::Throughput), vec![run(200, None, 100)]);
    assert_eq!(one.cpu_seconds_per_gb, Some(0.2));
    assert_eq!(one.cpu_microseconds_per_message, Some(2000.0));
    assert_eq!(one.switches_per_message, Some(0.3));
    let nothing = row(case(Workload::Throughput), vec![sample(0)]);
    assert_eq!(nothing.cpu_seconds_per_gb, None);
    assert_eq!(nothing.cpu_microseconds_per_message, None);
    assert_eq!(nothing.switches_per_message, None);
}

#[test]
fn switches_have_to_be_known_in_all_runs() {
    let blind = Usage { switches: None, ..usage(1, 0) };
    for unknown in
        [Sample { client: Some(blind), ..sample(10) }, Sample { server: Some(blind), ..sample(10) }]
    {
        let row = row(case(Workload::Throughput), vec![sample(10), unknown]);
        assert_eq!(row.switches_per_message, None);
    }
}

#[test]
fn fairness_is_that_of_the_worst_run() {
    let fair = |fairness| Sample { fairness, ..sample(10) };
    let of = |samples| row(case(Workload::FanIn), samples).fairness;
    assert_eq!(of(vec![fair(Some(0.75)), fair(Some(0.5)), fair(None)]), Some(0.5));
    assert_eq!(of(vec![fair(None)]), None);
}

#[test]
fn a_case_without_samples_has_no_row() {
    let measured = vec![(case(Workload::Throughput), Vec::new())];
    assert_eq!(Results::new(environment(), setup(), measured).rows, []);
}

#[test]
fn a_run_of_no_time_has_a_row() {
    let quick = Sample { elapsed: Duration::ZERO, ..sample(10) };
    let row = row(case(Workload::Throughput), vec![quick]);
    assert_eq!(row.messages_per_second.median, 10.0 / 1e-9);
}

#[test]
fn quantiles_are_those_of_all_runs() {
    let latency = row(case(Workload::Latency), vec![timed(100, 1000), timed(300, 200)]).latency;
    let latency = latency.unwrap();
    // 150 of 200, 120 of 300, 27 of 400, 50 of 1000, 40 of 1500, 9 of 2000, 3 of 2000, 1 of 10000.
    assert_eq!((latency.count, latency.min), (400, 200));
    // The greatest value of a bucket of eight.
    assert_eq!(latency.max, 10_007);
    assert_eq!(latency.time_at(0.3), Some(200));
    assert_eq!(latency.time_at(0.5), Some(300));
    assert_eq!(latency.time_at(0.7), Some(400));
    assert_eq!(latency.time_at(0.8), Some(1000));
    assert_eq!(latency.time_at(0.9), Some(1500));
    assert_eq!(latency.time_at(0.42), None);
}

#[test]
fn a_quantile_needs_a_time_beyond_it() {
    let of = |count| {
        row(case(Workload::Latency), vec![Sample { latencies: Some(times(count)), ..sample(1) }])
    };
    let last = |count| of(count).latency.unwrap().quantiles.last().map(|last| last.quantile);
    assert_eq!(of(0).latency, None);
    assert_eq!(last(1), None);
    assert_eq!(last(2), Some(0.5));
    assert_eq!(last(9), Some(0.8));
    assert_eq!(last(10), Some(0.9));
    assert_eq!(last(999), Some(0.995));
    assert_eq!(last(1000), Some(0.999));
    assert_eq!(last(9999), Some(0.9995));
    assert_eq!(last(10_000), Some(0.9999));
}

fn times(count: u64) -> Histogram<u64> {
    let mut times = histogram();
    times.record_n(500, count).unwrap();
    times
}

/// `data/latencies.py` generated the times and computed the expected quantiles with numpy.
#[test]
fn quantiles_equal_those_of_numpy() {
    let numbers = include_str!("../data/latencies.txt").lines().map(|line| line.parse().unwrap());
    let numbers: Vec<u64> = numbers.collect();
    // Three runs, in the order of the file.
    let samples = numbers.chunks(numbers.len().div_ceil(3)).map(|part| {
        let mut times = histogram();
        part.iter().for_each(|time| times.record(*time).unwrap());
        Sample { latencies: Some(times), ..sample(1) }
    });
    let latency = row(case(Workload::Latency), samples.collect()).latency.unwrap();
    assert_eq!(latency.count, 4000);
    let mut seen = 0;
    for line in include_str!("../data/quantiles.txt").lines().filter(|line| !line.starts_with('#'))
    {
        let (what, expected) = line.split_once(' ').unwrap();
        let expected: f64 = expected.parse().unwrap();
        let found = match what {
            "min" => latency.min as f64,
            "mean" => latency.mean,
            "max" => latency.max as f64,
            quantile => latency.time_at(quantile.parse().unwrap()).unwrap() as f64,
        };
        let off = (found - expected).abs() / expected;
        assert!(off <= 0.001, "{what}: {found} instead of {expected}");
        seen += 1;
    }
    assert_eq!(seen, 3 + latency.quantiles.len());
}
