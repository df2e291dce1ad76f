//! Limits how often a kind of message is written, so that clients that are refused a thousand
//! times a second do not fill a disk.

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

/// Time for which messages of a kind are counted together.
const WINDOW: Duration = Duration::from_secs(10);

/// Maximum number of messages of a kind that are written in that time.
const BURST: u64 = 10;

/// Decides which messages are written. Messages of the same kind are counted together.
#[derive(Debug)]
pub(super) struct Limiter<K> {
    windows: HashMap<K, Window>,
}

#[derive(Debug)]
struct Window {
    start: Instant,
    written: u64,
    left_out: u64,
    /// The first message that was left out.
    text: String,
}

/// The verdict about a message.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum LimitVerdict {
    Write,
    /// The first message that is left out: a summary will be due.
    FirstLeftOut,
    LeftOut,
}

/// Messages of one kind that were left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeftOut<K> {
    pub(super) kind: K,
    /// The first one of them.
    text: String,
    count: u64,
    time: Duration,
}

impl<K: Clone + Eq + Hash> Limiter<K> {
    pub(super) fn new() -> Self {
        Self { windows: HashMap::new() }
    }

    /// Counts a message and decides whether it is written. Calls `text` to keep the text of the
    /// first message that is left out.
    pub(super) fn count(
        &mut self,
        kind: K,
        now: Instant,
        text: impl FnOnce() -> String,
    ) -> LimitVerdict {
        let window = self.windows.entry(kind).or_insert_with(|| Window::new(now));
        if window.left_out == 0 && window.is_over(now) {
            *window = Window::new(now);
        }
        if window.written < BURST {
            window.written += 1;
            return LimitVerdict::Write;
        }
        window.left_out += 1;
        if window.left_out > 1 {
            return LimitVerdict::LeftOut;
        }
        window.text = text();
        LimitVerdict::FirstLeftOut
    }

    /// Returns the time at which the next summary is due.
    pub(super) fn due(&self) -> Option<Instant> {
        let pending = self.windows.values().filter(|window| window.left_out > 0);
        pending.map(|window| window.start + WINDOW).min()
    }

    /// Takes the summaries of kinds whose time is over, or of all kinds.
    pub(super) fn take(&mut self, now: Instant, all: bool) -> Vec<LeftOut<K>> {
        let mut taken = Vec::new();
        for (kind, window) in &mut self.windows {
            if window.left_out > 0 && (all || window.is_over(now)) {
                let Window { start, left_out, text, .. } =
                    std::mem::replace(window, Window::new(now));
                let time = now.saturating_duration_since(start);
                taken.push(LeftOut { kind: kind.clone(), text, count: left_out, time });
            }
        }
        taken
    }
}

impl Window {
    fn new(start: Instant) -> Self {
        Self { start, written: 0, left_out: 0, text: String::new() }
    }

    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.start) >= WINDOW
    }
}

impl<K> LeftOut<K> {
    /// Returns the first message, and how many more there were.
    pub(super) fn text(&self) -> String {
        let Self { text, count, time, .. } = self;
        match count {
            0 | 1 => text.clone(),
            count => {
                let (more, seconds) = (count - 1, time.as_secs_f64().ceil());
                format!("{text} (and {more} more like this in {seconds}s)")
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Counts so many messages at once; how many of them are written.
    fn written(limiter: &mut Limiter<u8>, kind: u8, count: usize, now: Instant) -> usize {
        let mut write =
            || limiter.count(kind, now, || format!("kind {kind}")) == LimitVerdict::Write;
        (0..count).filter(|_| write()).count()
    }

    fn texts(left_out: &[LeftOut<u8>]) -> Vec<String> {
        left_out.iter().map(LeftOut::text).collect()
    }

    #[test]
    fn a_burst_is_written_and_the_rest_is_counted() {
        let (mut limiter, start) = (Limiter::new(), Instant::now());
        assert_eq!(written(&mut limiter, 1, 3224, start), 10);
        assert_eq!(limiter.due(), Some(start + WINDOW));
        assert_eq!(limiter.take(start + WINDOW / 2, false), []);
        let left_out = limiter.take(start + WINDOW, false);
        assert_eq!(texts(&left_out), ["kind 1 (and 3213 more like this in 10s)"]);
        assert_eq!(limiter.due(), None);
        assert_eq!(limiter.take(start + 2 * WINDOW, true), []);
    }

    #[test]
    fn kinds_do_not_count_for_each_other() {
        let (mut limiter, start) = (Limiter::new(), Instant::now());
        assert_eq!(written(&mut limiter, 1, 100, start), 10);
        assert_eq!(written(&mut limiter, 2, 10, start), 10);
        assert_eq!(written(&mut limiter, 2, 1, start), 0);
        let mut texts = texts(&limiter.take(start + WINDOW / 10, true));
        texts.sort();
        assert_eq!(texts, ["kind 1 (and 89 more like this in 1s)", "kind 2"]);
    }

    #[test]
    fn what_comes_slowly_is_written() {
        let (mut limiter, mut now) = (Limiter::new(), Instant::now());
        for _ in 0..1000 {
            assert_eq!(written(&mut limiter, 1, 1, now), 1);
            now += WINDOW / 10;
        }
        assert_eq!(limiter.due(), None);
    }

    #[test]
    fn a_flood_is_a_few_lines_for_as_long_as_it_lasts() {
        let (mut limiter, start) = (Limiter::new(), Instant::now());
        let mut lines = 0;
        for millisecond in 0..100_000 {
            let now = start + Duration::from_millis(millisecond);
            if limiter.due().is_some_and(|due| now >= due) {
                lines += limiter.take(now, false).len();
            }
            lines += written(&mut limiter, 1, 1, now);
        }
        assert_eq!(lines, 10 * 11 - 1);
        let rest = limiter.take(start + 10 * WINDOW, true).pop().unwrap();
        assert_eq!(rest.count, 10_000 - 10);
    }
}
