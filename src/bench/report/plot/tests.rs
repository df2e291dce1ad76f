use super::*;
use crate::bench::{
    Api, Case, Sample, Setup,
    fixture::{TRANSPORTS, case, environment, everything, sample, setup, timed, tour},
};

/// Several sizes, APIs and transports.
fn rich() -> Results {
    let mut measured = Vec::new();
    for (index, over) in TRANSPORTS.into_iter().enumerate() {
        for api in [Api::Sync, Api::Tokio] {
            let slower = 1.0 + 0.2 * index as f64 + if api == Api::Tokio { 0.35 } else { 0.0 };
            for size in [64_usize, 1 << 12, 1 << 16, 1 << 20] {
                let bytes = 5e9 * (size as f64 / (size as f64 + 6000.0)) / slower;
                let runs = [0.96, 1.0, 1.03].map(|part| {
                    let bytes = (bytes * part) as u64;
                    Sample { bytes, messages: bytes / size as u64, ..sample(0) }
                });
                let case = Case { over, api, size, ..case(Workload::Throughput) };
                measured.push((case, runs.to_vec()));
            }
            let case = Case { over, api, ..case(Workload::Latency) };
            measured.push((case, vec![timed(20_000, (9000.0 * slower) as u64); 3]));
        }
    }
    Results::new(environment(), Setup { pin: Vec::new(), ..setup() }, measured)
}

/// Draws the results; `LSOCK_PICTURES=FOLDER` also writes them there.
fn draw(name: &str, results: &Results) -> String {
    let svg = plot(results).unwrap();
    if let Some(folder) = std::env::var_os("LSOCK_PICTURES") {
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.svg")), &svg).unwrap();
    }
    svg
}

#[test]
fn each_workload_has_its_panel() {
    for (name, results) in [("tour", tour()), ("rich", rich()), ("everything", everything())] {
        let svg = draw(name, &results);
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        for (workload, title) in [
            (Workload::Throughput, "Throughput"),
            (Workload::Latency, "Latency"),
            (Workload::Connect, "Connection"),
            (Workload::FanIn, "Fan-in"),
        ] {
            let is_there = results.rows.iter().any(|row| row.case.workload == workload);
            assert_eq!(svg.contains(&format!("\n{title}")), is_there, "{name}: {title}");
        }
    }
}

#[test]
fn axes_have_round_labels() {
    let svg = draw("tour", &tour());
    for label in ["4", "64", "64K", "50 %", "99 %", "99.99 %", "20 µs", "200 µs", "0", "800k"] {
        assert!(svg.contains(&format!("\n{label}\n")), "{label}");
    }
}

#[test]
fn odd_figures_can_be_drawn() {
    let odd = [0, 1, u64::MAX / 64];
    for (index, messages) in odd.into_iter().enumerate() {
        for workload in Workload::ALL {
            let one = Sample { bytes: messages, ..sample(messages / 8) };
            let one = Sample { latencies: timed(100, messages.min(1 << 32)).latencies, ..one };
            let cases = [Case { size: 0, ..case(workload) }, case(workload)];
            for cases in [&cases[..1], &cases[..]] {
                let measured = cases.iter().map(|case| (case.clone(), vec![one.clone()]));
                let results = Results::new(environment(), setup(), measured.collect());
                draw(&format!("odd-{workload}-{index}-{}", cases.len()), &results);
            }
        }
    }
    let mut results = everything();
    for row in &mut results.rows {
        row.latency = None;
    }
    draw("no-times", &results);
    results.rows.clear();
    assert!(draw("no-rows", &results).contains("lsock 0.1.0"));
    let mut huge = tour();
    for row in &mut huge.rows {
        row.bytes_per_second.max = f64::MAX;
        row.messages_per_second.median = 1e-300;
        if let Some(latency) = &mut row.latency {
            latency.min = 0;
            latency.quantiles.iter_mut().for_each(|quantile| quantile.nanoseconds = u64::MAX);
        }
    }
    draw("huge", &huge);
}

#[test]
fn names_of_systems_are_escaped() {
    let mut results = tour();
    results.environment.system = "<script>&\"".to_owned();
    assert!(!draw("script", &results).contains("<script>"));
}

#[test]
fn long_lines_are_broken_between_words() {
    assert_eq!(wrapped("a bc def g", 4), ["a bc", "def", "g"]);
    assert_eq!(wrapped("abcdef g", 4), ["abcdef", "g"]);
}
