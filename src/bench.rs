//! Measures how fast local sockets are: cases are measured in rounds and reported.
//!
//! [`Measure`] separates the two halves: its implementations move bytes and read clocks
//! ([`work`]); everything else is arithmetic on their results, which tests check exactly.

mod amount;
mod case;
mod compare;
mod environment;
mod error;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod fixture;
mod measure;
mod property;
mod report;
mod results;
mod schedule;
mod server;
mod statistics;
mod warning;
pub(crate) mod work;

pub(crate) use amount::Amount;
pub(crate) use case::{Api, Case, Transport, Workload};
pub(crate) use compare::Comparison;
pub(crate) use environment::Environment;
pub(crate) use error::{BenchError, RunResult};
pub(crate) use measure::{Measure, Sample, Usage, histogram};
pub(crate) use report::{
    json::load,
    outputs::{ReportFormat, ReportOutputs},
    table::{TableStyle, table},
};
pub(crate) use results::{Results, SCHEMA, Setup};
pub(crate) use schedule::{Rounds, schedule};
pub(crate) use server::{ServerBehaviour, ServerDescription, ServerKind};
pub(crate) use warning::Warning;
