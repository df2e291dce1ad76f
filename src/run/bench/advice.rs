//! Hints for measurements that failed.

use super::plan::BenchPlan;
use crate::{
    bench::work::BenchError,
    diag::{self, Failure},
};
use local_socket::error::{Obstacle, SocketError};
use std::io;

/// Adds a hint to an error, if there is one.
pub(super) fn with_hint(error: anyhow::Error, plan: &BenchPlan) -> anyhow::Error {
    let hint = match error.downcast_ref() {
        Some(Failure::Advised { .. }) => return error,
        Some(Failure::Connect { file: None, error }) if plan.server.is_foreign() => {
            is_absent(error).then(|| plan.absent_server_hint().to_owned())
        }
        Some(Failure::Bind(error)) if has_live_server(error) => {
            Some("choose another name".to_owned())
        }
        _ => error.downcast_ref().and_then(BenchError::hint),
    };
    // Status 3 is only for a NAME of the command line.
    let status = if plan.target.is_some() { diag::status(&error) } else { 1 };
    match hint {
        None if plan.target.is_some() => error,
        hint => Failure::Advised { message: diag::message(&error), hint, status }.into(),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn has_live_server(error: &io::Error) -> bool {
    let obstacle = SocketError::of(error).and_then(SocketError::obstacle);
    matches!(obstacle, Some(Obstacle::LiveServer(_)))
}
