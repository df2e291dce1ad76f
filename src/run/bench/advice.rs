//! Hints for measurements that failed.

use super::plan::BenchPlan;
use crate::{bench::BenchError, diag::Failure};
use local_socket::error::{Obstacle, SocketError};
use std::io;

/// Converts the error of a measurement, and adds a hint if there is one.
pub(super) fn failure(error: BenchError, plan: &BenchPlan) -> Failure {
    let failure = match error {
        BenchError::Run { case, source } => {
            return Failure::Run { case, failure: Box::new(failure(*source, plan)) };
        }
        BenchError::Failure(failure) => failure,
        error => return error.into(),
    };
    let has_name = plan.target.is_some();
    let hint = match &failure {
        Failure::Connect { file: None, error }
            if plan.server.is_foreign() && error.lacks_a_listener() =>
        {
            Some(plan.absent_server_hint().to_owned())
        }
        Failure::Bind(error) if has_live_server(&error.error) => {
            Some("choose another name".to_owned())
        }
        Failure::Advised { .. } => return failure,
        _ if has_name => return failure,
        // Hints of other failures are about a NAME of the command line.
        _ => None,
    };
    // Status 3 is only for a NAME of the command line.
    let status = if has_name { failure.status() } else { 1 };
    Failure::Advised { message: failure.to_string(), hint, status }
}

fn has_live_server(error: &io::Error) -> bool {
    let obstacle = SocketError::of(error).and_then(SocketError::obstacle);
    matches!(obstacle, Some(Obstacle::LiveServer(_)))
}
