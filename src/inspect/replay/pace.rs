use crate::deadline::Deadline;
use std::{
    fmt::{self, Display, Formatter},
    time::{Duration, Instant},
};

/// When recorded bytes are sent.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(crate) enum Pace {
    /// After the recorded times, divided by the speed.
    Recorded { speed: f64 },
    /// As soon as the recorded answers have arrived.
    Fast,
}

/// The times at which the events of a recording happen when it is played.
#[derive(Debug)]
pub(super) struct Schedule {
    pace: Pace,
    /// The last event of each end: its recorded time, and when it happened.
    sent: HappenedEvent,
    arrived: Option<HappenedEvent>,
}

#[derive(Copy, Clone, Debug)]
struct HappenedEvent {
    recorded: Duration,
    at: Instant,
}

impl Schedule {
    /// Starts a schedule: the connection was opened at `recorded`, and is opened again now.
    pub(super) fn start(pace: Pace, recorded: Duration, now: Instant) -> Self {
        Self { pace, sent: HappenedEvent { recorded, at: now }, arrived: None }
    }

    /// Returns when the played end has to send what it sent at `recorded`: the recorded time after
    /// it sent the last time, and after the last answer arrived.
    pub(super) fn due(&self, recorded: Duration) -> Deadline {
        let Pace::Recorded { speed } = self.pace else {
            return Deadline::after(self.sent.at, Duration::ZERO);
        };
        let due = |event: HappenedEvent| {
            let pause = recorded.saturating_sub(event.recorded).as_secs_f64() / speed;
            let pause = Duration::try_from_secs_f64(pause).unwrap_or(Duration::MAX);
            Deadline::after(event.at, pause)
        };
        let sent = due(self.sent);
        let Some(arrived) = self.arrived.map(due) else { return sent };
        match (sent.instant(), arrived.instant()) {
            (Some(one), Some(other)) if other > one => arrived,
            (Some(_), Some(_)) | (None, _) => sent,
            (Some(_), None) => arrived,
        }
    }

    /// Notes that the played end sends what it sent at `recorded`. The time is when it was due, so
    /// that delays do not add up.
    pub(super) fn sends(&mut self, recorded: Duration) {
        if let Some(at) = self.due(recorded).instant() {
            self.sent = HappenedEvent { recorded, at };
        }
    }

    /// Notes that what the other end sent at `recorded` has arrived at `at`.
    pub(super) fn arrives(&mut self, recorded: Duration, at: Instant) {
        self.arrived = Some(HappenedEvent { recorded, at });
    }
}

/// For `--explain`.
impl Display for Pace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded { speed: 1.0 } => f.write_str("as recorded"),
            Self::Recorded { speed } => write!(f, "as recorded, {speed} times as fast"),
            Self::Fast => f.write_str("as soon as the answers before have arrived"),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Returns the seconds from `start` until the event is due.
    fn due(schedule: &Schedule, start: Instant, recorded: u64) -> f64 {
        let due = schedule.due(seconds(recorded)).instant().unwrap();
        due.saturating_duration_since(start).as_secs_f64()
    }

    #[test]
    fn what_is_sent_keeps_the_recorded_times() {
        let start = Instant::now();
        let mut schedule = Schedule::start(Pace::Recorded { speed: 1.0 }, seconds(100), start);
        assert_eq!(due(&schedule, start, 103), 3.0);
        schedule.sends(seconds(103));
        assert_eq!(due(&schedule, start, 107), 7.0);
        let mut schedule = Schedule::start(Pace::Recorded { speed: 10.0 }, seconds(100), start);
        schedule.sends(seconds(105));
        assert_eq!(due(&schedule, start, 110), 1.0);
    }

    #[test]
    fn a_late_answer_delays_what_follows_and_an_early_one_does_not_hasten_it() {
        let start = Instant::now();
        let mut schedule = Schedule::start(Pace::Recorded { speed: 1.0 }, seconds(0), start);
        schedule.sends(seconds(0));
        // Recorded after 2 s; the client then took 3 s.
        schedule.arrives(seconds(2), start + seconds(1));
        assert_eq!(due(&schedule, start, 5), 5.0);
        schedule.arrives(seconds(2), start + seconds(10));
        assert_eq!(due(&schedule, start, 5), 13.0);
    }

    #[test]
    fn fast_is_at_once() {
        let start = Instant::now();
        let mut schedule = Schedule::start(Pace::Fast, seconds(0), start);
        schedule.sends(seconds(1000));
        schedule.arrives(seconds(2000), start);
        assert_eq!(due(&schedule, start, 9000), 0.0);
    }

    proptest! {
        #[test]
        fn no_recorded_time_is_too_large(
            times in proptest::collection::vec((any::<u64>(), any::<bool>()), 0..20),
            speed in prop_oneof![Just(1e-300), Just(1e300), 0.001..1000.0],
        ) {
            let start = Instant::now();
            let mut schedule = Schedule::start(Pace::Recorded { speed }, Duration::ZERO, start);
            for (time, is_ours) in times {
                let time = Duration::from_secs(time);
                if is_ours {
                    let at = schedule.due(time).instant();
                    prop_assert!(at.is_none_or(|at| at >= start));
                    schedule.sends(time);
                } else {
                    schedule.arrives(time, start);
                }
            }
        }
    }
}
