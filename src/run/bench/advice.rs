//! Hints for measurements that failed.

use super::plan::BenchPlan;
use crate::{
    bench::BenchError,
    diag::{self, Failure},
};
use local_socket::error::{Obstacle, SocketError};
use std::io;

/// Converts the error of a measurement, and adds a hint if there is one.
pub(super) fn failure(error: BenchError, plan: &BenchPlan) -> anyhow::Error {
    if let BenchError::Run { case, source } = error {
        return failure(*source, plan).context(case);
    }
    let hint = match &error {
        BenchError::Failure(Failure::Connect { file: None, error }) if plan.server.is_foreign() => {
            is_absent(error).then(|| plan.absent_server_hint().to_owned())
        }
        BenchError::Failure(Failure::Bind(error)) if has_live_server(error) => {
            Some("choose another name".to_owned())
        }
        _ => error.hint(),
    };
    let has_own_hint = matches!(error, BenchError::Failure(Failure::Advised { .. }));
    let error = match error {
        BenchError::Failure(failure) => anyhow::Error::from(failure),
        error => error.into(),
    };
    if has_own_hint || hint.is_none() && plan.target.is_some() {
        return error;
    }
    // Status 3 is only for a NAME of the command line.
    let status = if plan.target.is_some() { diag::status(&error) } else { 1 };
    Failure::Advised { message: diag::message(&error), hint, status }.into()
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn has_live_server(error: &io::Error) -> bool {
    let obstacle = SocketError::of(error).and_then(SocketError::obstacle);
    matches!(obstacle, Some(Obstacle::LiveServer(_)))
}
