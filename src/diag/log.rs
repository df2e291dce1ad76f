//! The log: messages of tracing as lines for people or as JSON.

mod format;
mod limit;

pub(crate) use format::show_times;
pub(super) use format::{json_message, time_prefix};

use self::limit::{LimitVerdict, Limiter};
use super::{
    stderr,
    style::{Style, escaped, styled},
    terminal::{LogFormat, Terminal},
};
use std::{
    fmt,
    sync::{LazyLock, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};
use tracing::{
    Event, Level, Metadata, Subscriber, callsite::Identifier, level_filters::LevelFilter, span,
};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::{Context, Layered, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

/// Starts the log, with the level of the options or of LSOCK_LOG.
///
/// # Errors
/// `Failure::Usage` if the text in LSOCK_LOG is no filter.
pub(crate) fn start(terminal: Terminal) -> Result<(), super::Failure> {
    let level = match (terminal.quiet, terminal.verbose) {
        (0, 0) => LevelFilter::WARN,
        (0, 1) => LevelFilter::INFO,
        (0, 2) => LevelFilter::DEBUG,
        (0, _) => LevelFilter::TRACE,
        (1, _) => LevelFilter::ERROR,
        _ => LevelFilter::OFF,
    };
    match std::env::var("LSOCK_LOG") {
        Ok(text) if !text.is_empty() => {
            let filter = EnvFilter::try_new(&text).map_err(|error| {
                super::Failure::Usage(format!("LSOCK_LOG is no filter: `{text}`: {error}"))
            })?;
            subscriber(terminal).with(filter).init();
        }
        _ => tracing::subscriber::set_global_default(OnDemand {
            level,
            terminal,
            subscriber: OnceLock::new(),
        })
        .map_err(|error| super::Failure::Internal(error.to_string()))?,
    }
    Ok(())
}

type Boxed = Box<dyn Subscriber + Send + Sync>;

/// Returns the subscriber that writes the messages.
fn subscriber(terminal: Terminal) -> Layered<Box<dyn Layer<Registry> + Send + Sync>, Registry> {
    let writer = || stderr::StderrLog;
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(terminal.color)
        .event_format(terminal.format);
    tracing_subscriber::registry().with(layer.and_then(RateLimit).boxed())
}

/// Creates the subscriber for the first message: most short connections log nothing, and creating it
/// takes a good part of their time.
struct OnDemand {
    level: LevelFilter,
    terminal: Terminal,
    subscriber: OnceLock<Boxed>,
}

impl OnDemand {
    fn subscriber(&self) -> &Boxed {
        self.subscriber.get_or_init(|| Box::new(subscriber(self.terminal)))
    }
}

impl Subscriber for OnDemand {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        self.subscriber().new_span(span)
    }

    fn record(&self, span: &span::Id, values: &span::Record<'_>) {
        self.subscriber().record(span, values);
    }

    fn record_follows_from(&self, span: &span::Id, follows: &span::Id) {
        self.subscriber().record_follows_from(span, follows);
    }

    fn event_enabled(&self, event: &Event<'_>) -> bool {
        self.subscriber().event_enabled(event)
    }

    fn event(&self, event: &Event<'_>) {
        self.subscriber().event(event);
    }

    fn enter(&self, span: &span::Id) {
        self.subscriber().enter(span);
    }

    fn exit(&self, span: &span::Id) {
        self.subscriber().exit(span);
    }
}

/// Counts the warnings and errors of each place in the source.
static LIMITER: LazyLock<Mutex<Limiter<MessageKind>>> =
    LazyLock::new(|| Mutex::new(Limiter::new()));

/// Messages of one `warn!` or `error!` are counted together.
type MessageKind = (Identifier, Level);

fn limiter() -> MutexGuard<'static, Limiter<MessageKind>> {
    LIMITER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the time at which [`log_left_out`] has a message to log.
pub(super) fn due() -> Option<Instant> {
    limiter().due()
}

/// Logs how many messages were left out because there were too many of their kind: of all kinds at
/// the end of the process, otherwise of those whose time is over.
pub(super) fn log_left_out(is_end: bool) {
    let left_out = limiter().take(Instant::now(), is_end);
    for messages in left_out {
        match messages.kind.1 {
            Level::ERROR => tracing::error!(target: LEFT_OUT, "{}", messages.text()),
            _ => tracing::warn!(target: LEFT_OUT, "{}", messages.text()),
        }
    }
}

/// The target of messages that are not limited themselves.
const LEFT_OUT: &str = "lsock::log";

/// Leaves out repeated warnings and errors in commands that serve clients, which log on a thread.
struct RateLimit;

impl<S: Subscriber> Layer<S> for RateLimit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        let is_limited = *metadata.level() <= Level::WARN && metadata.target() != LEFT_OUT;
        if !is_limited || !stderr::is_on_a_thread() {
            return true;
        }
        let kind = (metadata.callsite(), *metadata.level());
        let verdict = limiter().count(kind, Instant::now(), || format::text(event));
        if verdict == LimitVerdict::FirstLeftOut {
            stderr::wake();
        }
        verdict == LimitVerdict::Write
    }
}

/// Writes a message as a line.
impl<S, N> FormatEvent<S, N> for LogFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let line = match self {
            Self::Text => line(event, writer.has_ansi_escapes()),
            Self::Json => format::json(event),
        };
        writeln!(writer, "{line}")
    }
}

/// Returns `lsock: warning: message name=value`, after the time if times are shown.
fn line(event: &Event<'_>, is_coloured: bool) -> String {
    let (level, style) = match *event.metadata().level() {
        Level::ERROR => ("error: ", Style::Error),
        Level::WARN => ("warning: ", Style::Warning),
        Level::INFO => ("", Style::Plain),
        Level::DEBUG => ("debug: ", Style::Plain),
        Level::TRACE => ("trace: ", Style::Plain),
    };
    let prefix = styled(&format!("lsock: {level}"), style, is_coloured);
    format!("{}{prefix}{}", time_prefix(), escaped(&format::text(event)))
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{Registry, fmt};

    /// Without its feature `ansi` the library panics here, which is on every terminal.
    #[test]
    fn coloured_messages_are_available() {
        let _coloured = fmt::layer::<Registry>().with_ansi(true);
    }
}
