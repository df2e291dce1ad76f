//! `lsock bench`: what it measures, what it refuses, and how it fails.

mod compare;
mod everywhere;
mod plan;
mod reports;
mod usage;

#[cfg(unix)]
mod broken_servers;
#[cfg(target_os = "linux")]
mod clients_that_end;
#[cfg(target_os = "linux")]
mod ended;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod other_clients;
#[cfg(target_os = "linux")]
mod other_servers;
#[cfg(unix)]
mod report_files;
#[cfg(target_os = "linux")]
mod workloads;

use crate::harness::Report;

/// Returns all combinations as [`Report::cases`] formats them, in the order transports, APIs,
/// clients, sizes.
fn cases(workload: &str, over: &[&str], clients: &[u64], sizes: &[u64]) -> Vec<String> {
    let mut cases = Vec::new();
    for over in over {
        for api in ["sync", "tokio"] {
            for clients in clients {
                for size in sizes {
                    cases.push(format!("{workload} {size} {over} {api} {clients}"));
                }
            }
        }
    }
    cases
}

#[track_caller]
fn assert_cases(report: &Report, expected: &[String]) {
    assert_eq!(report.cases(), expected, "{}", report.evidence);
}

/// Runs a server or client in Python.
#[cfg(target_os = "linux")]
fn python(scene: &crate::harness::Scene, words: &[&str]) -> crate::harness::Cmd {
    scene.command("python3").args(["-c", include_str!("bench/peer.py")]).args(words)
}
