use super::meter::Meter;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Shows on stderr how many bytes have moved, until it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

const LINE: &str = "{spinner} {bytes} moved, {bytes_per_sec}, {elapsed}";
const BAR: &str = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";

impl Progress {
    /// Starts to show a transfer. If the size of the input is known, a bar and the remaining time
    /// are shown. If stderr is not a terminal, a new line is written each time.
    pub(crate) fn start(meter: &Arc<Meter>, size: Option<u64>, is_terminal: bool) -> Self {
        let meter = Arc::clone(meter);
        let (done, is_done) = mpsc::channel();
        let show = move || {
            if is_terminal {
                show_line(&meter, size, &is_done);
            } else {
                show_lines(&meter, size, &is_done);
            }
        };
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(show);
        Self { thread: thread.ok().map(|thread| (done, thread)) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.thread.take() {
            drop(done);
            // The thread ends after it has drawn the last line.
            let _ = thread.join();
        }
    }
}

/// Returns the bytes to show: those sent if the size is known, otherwise both directions.
fn moved(meter: &Meter, size: Option<u64>) -> u64 {
    meter.sent.bytes() + if size.is_some() { 0 } else { meter.received.bytes() }
}

fn show_line(meter: &Meter, size: Option<u64>, is_done: &mpsc::Receiver<()>) {
    let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::stderr());
    // The templates are constants and valid.
    if let Ok(style) = ProgressStyle::with_template(if size.is_some() { BAR } else { LINE }) {
        bar.set_style(style);
    }
    while is_done.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
        bar.set_position(moved(meter, size));
        bar.tick();
    }
    bar.set_position(moved(meter, size));
    bar.abandon();
}

fn show_lines(meter: &Meter, size: Option<u64>, is_done: &mpsc::Receiver<()>) {
    use std::io::Write;
    loop {
        let more = is_done.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout);
        let bytes = moved(meter, size);
        let time = meter.started.elapsed();
        let rate = indicatif::HumanBytes((bytes as f64 / time.as_secs_f64().max(1e-9)) as u64);
        let bytes = indicatif::HumanBytes(bytes);
        let total = size.map(|size| format!(" of {}", indicatif::HumanBytes(size)));
        let total = total.unwrap_or_default();
        let time = time.as_secs_f64();
        let line = format!("lsock: {bytes}{total} moved, {rate}/s, {time:.1} s\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
        if !more {
            break;
        }
    }
}
