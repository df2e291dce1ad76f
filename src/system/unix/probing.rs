use socket2::{SockRef, TcpKeepalive};
use std::{os::fd::BorrowedFd, pin::Pin, task::Context, time::Duration};
use tokio::time::{Sleep, sleep};

/// Whether the system probes a TCP peer that has ended its direction.
///
/// The end of the peer's direction (FIN) does not show whether the peer has closed the connection
/// or still reads. The system of a peer that still reads answers probes (keepalive). That of a peer
/// that has closed answers until it discards the connection, usually after a minute, and then with
/// a reset.
#[derive(Debug, Default)]
pub(super) enum Probing {
    #[default]
    Off,
    /// After this time: most peers close soon, and need no probes.
    Later(Pin<Box<Sleep>>),
    On,
}

/// Interval of probes, and the time before the first one.
const PROBE_INTERVAL: Duration = Duration::from_secs(5);

/// Number of probes without an answer after which the connection counts as lost: 10 minutes.
#[cfg(not(target_os = "openbsd"))]
const PROBES: u32 = 120;

impl Probing {
    /// Starts the probes when the time before them is over. The first call starts that time.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, socket: BorrowedFd<'_>) {
        if matches!(self, Self::Off) {
            *self = Self::Later(Box::pin(sleep(PROBE_INTERVAL)));
        }
        let Self::Later(timer) = self else { return };
        if timer.as_mut().poll(cx).is_pending() {
            return;
        }
        *self = Self::On;
        if let Err(error) = SockRef::from(&socket).set_tcp_keepalive(&settings()) {
            tracing::debug!(%error, "the peer is not probed");
        }
    }
}

/// Returns the settings of the probes. OpenBSD has the same intervals for all sockets
/// (`sysctl(2)`).
fn settings() -> TcpKeepalive {
    let settings = TcpKeepalive::new().with_time(PROBE_INTERVAL);
    #[cfg(not(target_os = "openbsd"))]
    let settings = settings.with_interval(PROBE_INTERVAL).with_retries(PROBES);
    settings
}
