use super::meter::Meter;
use crate::diag::{Terminal, Tick, Ticker, progress_line};
use indicatif::HumanBytes;
use std::{sync::Arc, time::Duration};

/// Shows on stderr how many bytes have moved, until it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    _ticker: Ticker,
}

const LINE: &str = "{spinner} {bytes} moved, {bytes_per_sec}, {elapsed}";
const BAR: &str = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";

impl Progress {
    /// Starts to show a transfer. If the size of the input is known, a bar and the remaining time
    /// are shown. If stderr is not a terminal, or messages are JSON, a new line is written each
    /// time.
    pub(crate) fn start(meter: &Arc<Meter>, size: Option<u64>, terminal: Terminal) -> Self {
        let meter = Arc::clone(meter);
        let _ticker = if terminal.is_terminal() && terminal.is_for_people() {
            let line = progress_line(size, if size.is_some() { BAR } else { LINE });
            Ticker::start(Ticker::REDRAW, move |tick| {
                line.set_position(moved(&meter, size));
                match tick {
                    Tick::Again => line.tick(),
                    Tick::Last => line.abandon(),
                }
            })
        } else {
            Ticker::start(Duration::from_secs(1), move |_| write_line(&meter, size, terminal))
        };
        Self { _ticker }
    }
}

/// Returns the bytes to show: those sent if the size is known, otherwise both directions.
fn moved(meter: &Meter, size: Option<u64>) -> u64 {
    meter.sent.delivered() + if size.is_some() { 0 } else { meter.received.delivered() }
}

fn write_line(meter: &Meter, size: Option<u64>, terminal: Terminal) {
    let bytes = moved(meter, size);
    let time = meter.started.elapsed().as_secs_f64();
    let rate = HumanBytes((bytes as f64 / time.max(1e-9)) as u64);
    let total = size.map(|size| format!(" of {}", HumanBytes(size))).unwrap_or_default();
    let text = format!("{}{total} moved, {rate}/s, {time:.1} s", HumanBytes(bytes));
    let (sent, received) = (meter.sent.delivered(), meter.received.delivered());
    let numbers = [("sent", Some(sent)), ("received", Some(received)), ("total", size)];
    terminal.info(&text, &numbers);
}
