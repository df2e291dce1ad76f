use super::*;
use crate::bench::{
    Api, Transport,
    fixture::{case, environment, sample, setup, timed},
};

fn only_section(rows: Vec<(Case, u64)>) -> Section {
    let measured = rows.into_iter().map(|(case, time)| {
        let sample = if time > 0 { timed(10_000, time) } else { sample(1000) };
        (case, vec![sample])
    });
    let results = Results::new(environment(), setup(), measured.collect());
    sections(&results).pop().unwrap()
}

fn titles(section: &Section) -> Vec<&str> {
    section.columns.iter().map(|column| column.title.as_str()).collect()
}

fn cells<'a>(section: &'a Section, title: &str) -> Vec<&'a str> {
    let column = section.columns.iter().find(|column| column.title == title).unwrap();
    column.cells.iter().map(|cell| cell.text.as_str()).collect()
}

#[test]
fn common_values_are_in_the_heading() {
    let busy = Case {
        api: Api::Tokio,
        clients: 4,
        both_ways: true,
        rate: Some(500),
        ..case(Workload::Throughput)
    };
    let section =
        only_section(vec![(busy.clone(), 0), (Case { over: Transport::File, ..busy }, 0)]);
    assert_eq!(section.heading, "throughput: tokio, size 64, 4 clients, both ways, rate 500/s");
    assert_eq!(titles(&section)[..2], ["over", "GB/s"]);
}

#[test]
fn different_values_have_a_column() {
    let plain = case(Workload::Throughput);
    let busy = Case {
        api: Api::Tokio,
        size: 1 << 20,
        clients: 4,
        both_ways: true,
        rate: Some(500),
        ..plain.clone()
    };
    let section = only_section(vec![(plain, 0), (busy, 0)]);
    assert_eq!(section.heading, "throughput");
    assert_eq!(titles(&section)[..6], ["over", "api", "size", "clients", "ways", "rate"]);
    assert_eq!(cells(&section, "api"), ["sync", "tokio"]);
    assert_eq!(cells(&section, "size"), ["64", "1M"]);
    assert_eq!(cells(&section, "clients"), ["1", "4"]);
    assert_eq!(cells(&section, "ways"), ["one", "both"]);
    assert_eq!(cells(&section, "rate"), ["-", "500"]);
}

#[test]
fn times_have_the_unit_in_which_the_shortest_median_can_be_read() {
    let of =
        |times: [u64; 2]| only_section(times.map(|time| (case(Workload::Latency), time)).to_vec());
    let section = of([500_000, 4_000_000]);
    assert_eq!(section.heading, "latency: size 64, times in µs");
    // The histogram returns the greatest value of the bucket.
    assert_eq!(cells(&section, "p50"), ["500", "4002"]);
    assert_eq!(of([2_000_000, 4_000_000]).heading, "latency: size 64, times in ms");
    assert_eq!(of([2_000_000_000, 4_000_000_000]).heading, "latency: size 64, times in s");
}

#[test]
fn clear_ratios_and_spreads_are_highlighted() {
    let rows = [1000, 1100, 1101, 900, 899];
    let measured = rows.map(|count| {
        // A spread of 10 % of 1000; smaller counts have a larger spread.
        (case(Workload::FanIn), vec![sample(count - 50), sample(count), sample(count + 50)])
    });
    let results = Results::new(environment(), setup(), measured.to_vec());
    let section = sections(&results).pop().unwrap();
    let emphasis = |title: &str| -> Vec<Emphasis> {
        let column = section.columns.iter().find(|column| column.title == title).unwrap();
        column.cells.iter().map(|cell| cell.emphasis).collect()
    };
    use Emphasis::{Bad, Doubtful, Good, Plain};
    assert_eq!(emphasis("ratio"), [Plain, Plain, Good, Plain, Bad]);
    assert_eq!(emphasis("spread"), [Plain, Plain, Plain, Doubtful, Doubtful]);
}

#[test]
fn bars_are_fractions_of_the_greatest_figure() {
    let rows = [200, 400, 0].map(|count| (case(Workload::FanIn), vec![sample(count)]));
    let results = Results::new(environment(), setup(), rows.to_vec());
    assert_eq!(sections(&results).pop().unwrap().bars, [0.5, 1.0, 0.0]);
}
