//! What happens, told with tracing: as lines for people or as JSON.

use super::terminal::Terminal;
use crate::cli::LogFormat;
use std::{
    fmt::{self, Write as _},
    io::stderr,
};
use tracing::{Event, Level, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{DefaultFields, Writer},
    },
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

/// Starts to tell, as the options and LSOCK_LOG say.
///
/// # Errors
/// The text in LSOCK_LOG is no filter.
pub(crate) fn start(terminal: Terminal) -> anyhow::Result<()> {
    let layer = tracing_subscriber::fmt::layer().with_writer(stderr).with_ansi(terminal.color);
    let level = match (terminal.quiet, terminal.verbose) {
        (0, 0) => LevelFilter::WARN,
        (0, 1) => LevelFilter::INFO,
        (0, 2) => LevelFilter::DEBUG,
        (0, _) => LevelFilter::TRACE,
        (1, _) => LevelFilter::ERROR,
        _ => LevelFilter::OFF,
    };
    // Reading a filter takes more time than a short connection: only if there is one.
    let filter = match std::env::var("LSOCK_LOG") {
        Ok(text) if !text.is_empty() => Some(EnvFilter::try_new(&text).map_err(|error| {
            super::Failure::Usage(format!("LSOCK_LOG is no filter: `{text}`: {error}"))
        })?),
        _ => None,
    };
    let registry = tracing_subscriber::registry();
    match (terminal.format, filter) {
        (LogFormat::Json, None) => {
            registry.with(layer.json().flatten_event(true)).with(level).init();
        }
        (LogFormat::Json, Some(filter)) => {
            registry.with(layer.json().flatten_event(true)).with(filter).init();
        }
        (LogFormat::Text, None) => registry.with(layer.event_format(Line)).with(level).init(),
        (LogFormat::Text, Some(filter)) => {
            registry.with(layer.event_format(Line)).with(filter).init();
        }
    }
    Ok(())
}

/// `lsock: warning: message name=value`
struct Line;

impl<S> FormatEvent<S, DefaultFields> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, DefaultFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (level, style) = match *event.metadata().level() {
            Level::ERROR => ("error: ", Style::Error),
            Level::WARN => ("warning: ", Style::Warning),
            Level::INFO => ("", Style::Plain),
            Level::DEBUG => ("debug: ", Style::Plain),
            Level::TRACE => ("trace: ", Style::Plain),
        };
        let prefix = styled(&format!("lsock: {level}"), style, writer.has_ansi_escapes());
        let mut fields = String::new();
        context.format_fields(Writer::new(&mut fields), event)?;
        writeln!(writer, "{prefix}{}", escaped(&fields))
    }
}

/// Text with everything escaped that could move a terminal's cursor.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if local_socket::is_plain(c) {
            out.push(c);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "{}", c.escape_default());
        }
    }
    out
}

/// How a part of a message looks.
#[derive(Copy, Clone, Debug)]
pub(super) enum Style {
    Plain,
    Error,
    Warning,
    Hint,
}

/// Text in a style, where there are colours.
pub(super) fn styled(text: &str, style: Style, color: bool) -> String {
    let code = match style {
        Style::Error if color => "1;31",
        Style::Warning if color => "33",
        Style::Hint if color => "36",
        _ => return text.to_owned(),
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{Registry, fmt};

    /// Without its feature `ansi` the library panics here, which is on every terminal.
    #[test]
    fn colours_can_be_had() {
        let _coloured = fmt::layer::<Registry>().with_ansi(true);
    }
}
