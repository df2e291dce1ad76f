//! `lsock ls`: the local sockets of the system.

mod connections;
mod listening;
mod names;
mod selection;
mod sources;
pub(crate) mod ss;
mod stale;

use crate::harness::{Outcome, Scene};
use serde_json::Value;
use std::os::fd::AsFd;

/// Runs `lsock ls --json` and returns its rows.
#[track_caller]
pub(crate) fn rows(scene: &Scene, args: &[&str]) -> Vec<Value> {
    rows_of(&scene.lsock(["ls", "--json", "-q"]).args(args).run().silent())
}

#[track_caller]
fn rows_of(outcome: &Outcome) -> Vec<Value> {
    let lines = outcome.stdout_text().lines();
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// Runs `lsock ls --json` and returns the only row.
#[track_caller]
pub(crate) fn row(scene: &Scene, args: &[&str]) -> Value {
    let mut rows = rows(scene, args);
    assert_eq!(rows.len(), 1, "{args:?}: {rows:#?}");
    rows.remove(0)
}

/// Returns the number by which the system lists a socket.
fn inode_of(socket: &impl AsFd) -> u64 {
    rustix::fs::fstat(socket).unwrap().st_ino
}

/// Returns the process IDs of an end.
fn pids(end: &Value) -> Vec<u64> {
    let processes = end["processes"].as_array().unwrap();
    processes.iter().map(|process| process["pid"].as_u64().unwrap()).collect()
}
