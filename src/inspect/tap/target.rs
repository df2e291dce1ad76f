use super::{StandIn, TapEnd, problem::TapProblem};
use crate::{
    diag::Failure,
    endpoint::{ConnectTarget, DialProgress, Dialling, NameTarget, RetryPolicy},
    system::Socket,
};
use local_socket::{
    Directions, Name,
    error::{SocketError, reason},
};
use std::{
    fmt::{self, Display, Formatter},
    io,
    sync::Arc,
};

/// The server of a tapped name, wherever its socket file is.
#[derive(Debug)]
pub(crate) struct TapTarget {
    /// The name as typed.
    name: Name<'static>,
    server: NameTarget,
    end: Arc<TapEnd>,
}

impl TapTarget {
    /// # Errors
    /// `System` if the path of the server's file is too long, where the system has no other path to
    /// it.
    pub(crate) fn new(
        name: Name<'static>,
        stand_in: &StandIn,
        end: Arc<TapEnd>,
    ) -> Result<Self, TapProblem> {
        let path = stand_in.server().route().unwrap_or_else(|| stand_in.paths().aside.clone());
        let target = Name::parse(&path).map_err(io::Error::from)?.into_owned();
        let server = NameTarget::new(target, None)
            .map_err(|failure| io::Error::other(failure.to_string()))?;
        Ok(Self { name, server, end })
    }

    async fn connect_to_server(
        &self,
        retry_policy: RetryPolicy,
        directions: Directions,
        progress: &DialProgress,
    ) -> Result<Socket, Failure> {
        let connected = self.server.connect(retry_policy, directions, progress).await;
        connected.map_err(|failure| {
            // If the server has ended, it refuses.
            self.end.check();
            let Failure::Connect { error, .. } = &failure else { return failure };
            let cause = SocketError::of(&error.error).map(SocketError::system_error);
            let reason = reason(cause.unwrap_or(&error.error));
            let message = format!("cannot connect to the server of {self}: {reason}");
            Failure::Advised { message, hint: None, status: 3 }
        })
    }
}

/// Formats the name as typed.
impl Display for TapTarget {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

impl ConnectTarget for TapTarget {
    fn connect<'a>(
        &'a self,
        retry_policy: RetryPolicy,
        directions: Directions,
        progress: &'a DialProgress,
    ) -> Dialling<'a> {
        Box::pin(self.connect_to_server(retry_policy, directions, progress))
    }

    fn explain(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "connect to   the server of {}", self.name)
    }

    fn carries_descriptors(&self) -> bool {
        true
    }
}
