//! Logs: one line for each event, as JSON for machines or as short text for people.
//!
//! Every event that is recorded while a request is handled carries that request's id. The code that records it need not
//! know the id, which is added as the line is formatted. A span for each request would do the same at several times the
//! cost, and every request would pay it, logged or not.
//!
//! Invariant: one event is one line without control characters, whatever a client sends.

use std::{fmt, io, panic, time::Duration};

use tracing::{Event, Subscriber};
use tracing_subscriber::{
    filter::Targets,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{self, JsonFields, Writer},
    },
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use super::{request, sink::Sink};

/// The time for which the process waits for its last lines before it exits.
const FLUSH_PATIENCE: Duration = Duration::from_secs(1);

/// The format of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object, for machines.
    Json,
    /// Time, level, message and fields, for people.
    Human,
}

/// The source of the level of each event.
#[derive(Clone, Copy, Debug)]
pub struct Levels {
    /// The environment variable that sets them.
    pub variable: &'static str,
    /// The levels while the variable is not set, in its syntax: a level, or one for each target.
    pub unset: &'static str,
    /// An example of a value, for the error message about one that cannot be read.
    pub example: &'static str,
}

/// The running log. Keep it until the process ends: dropping it writes the lines that still wait.
#[derive(Clone, Debug)]
pub struct Log {
    sink: Sink,
}

impl Log {
    /// Counts the lines lost so far because standard output was full or closed.
    pub fn dropped_lines(&self) -> u64 {
        self.sink.dropped()
    }

    /// Writes the waiting lines; gives up after a second if nobody reads them.
    pub fn flush(&self) {
        self.flush_within(FLUSH_PATIENCE);
    }

    /// Writes the waiting lines; gives up after `patience` if nobody reads them.
    pub fn flush_within(&self, patience: Duration) {
        self.sink.flush(patience);
    }
}

/// Sends the process's events, and the panics of its threads, to standard output. Call it once, before anything logs.
pub fn init(format: Format, levels: Levels) -> Result<Log, Error> {
    let given = std::env::var(levels.variable).unwrap_or_else(|_| levels.unset.to_owned());
    let targets = given.parse::<Targets>().map_err(|_| Error::Level { given, levels })?;
    let sink = Sink::start(io::stdout()).map_err(Error::Thread)?;
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(sink.clone());
    let registry = tracing_subscriber::registry().with(targets);
    let installed = match format {
        Format::Json => {
            let events =
                format::format().json().flatten_event(true).with_current_span(false).with_span_list(false);
            let layer = layer.fmt_fields(JsonFields::new());
            registry.with(layer.event_format(OneLine { inner: events, format })).try_init()
        }
        Format::Human => {
            let events = format::format().compact().with_target(false);
            registry.with(layer.event_format(OneLine { inner: events, format })).try_init()
        }
    };
    installed.map_err(|_| Error::Twice)?;
    log_panics();
    Ok(Log { sink })
}

/// Logs each panic as an event like any other, instead of free text on standard error.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        let words = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(location, words, "panicked");
    }));
}

/// The reason why the log could not be set up.
#[derive(Debug)]
pub enum Error {
    /// The variable holds a value that is not a level.
    Level {
        /// The value that it holds.
        given: String,
        /// The variable, and the values that it may hold.
        levels: Levels,
    },
    /// The writing thread could not be started.
    Thread(io::Error),
    /// Another log was set up before.
    Twice,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level { given, levels: Levels { variable, example, .. } } => write!(
                formatter,
                "{variable}: `{given}` is no level; write error, warn, info, debug or trace, or `{example}`"
            ),
            Self::Thread(_) => formatter.write_str("the log's thread could not be started"),
            Self::Twice => formatter.write_str("a log was set up twice"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Thread(error) => Some(error),
            Self::Level { .. } | Self::Twice => None,
        }
    }
}

/// A wrapper of a tracing-subscriber formatter, which adds the request's id and escapes control characters.
struct OneLine<F> {
    inner: F,
    format: Format,
}

impl<S, N, F> FormatEvent<S, N> for OneLine<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.inner.format_event(context, Writer::new(&mut line), event)?;
        write_line(&mut writer, self.format, line.trim_end_matches('\n'), request::current())
    }
}

fn write_line(
    writer: &mut impl fmt::Write,
    format: Format,
    line: &str,
    request: Option<request::RequestId>,
) -> fmt::Result {
    match (format, request, line.strip_prefix('{')) {
        (Format::Json, Some(id), Some(rest)) => {
            write!(writer, "{{\"request_id\":\"{id}\",")?;
            write_escaped(writer, rest)?;
        }
        (Format::Human, Some(id), _) => {
            write_escaped(writer, line)?;
            write!(writer, " request_id={id}")?;
        }
        _ => write_escaped(writer, line)?,
    }
    writer.write_char('\n')
}

/// Copies `text` with control characters escaped as in Rust (`\u{1b}`). JSON has escaped its own already.
fn write_escaped(writer: &mut impl fmt::Write, text: &str) -> fmt::Result {
    if !text.contains(char::is_control) {
        return writer.write_str(text);
    }
    for character in text.chars() {
        if character.is_control() {
            write!(writer, "{}", character.escape_default())?;
        } else {
            writer.write_char(character)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x05_what_a_client_sends_cannot_begin_a_new_line_or_colour_it() {
        let mut line = String::new();
        write_line(&mut line, Format::Human, "refused email=a\r\nERROR forged\u{1b}[31m\u{9b}", None)
            .unwrap();
        assert_eq!(line, "refused email=a\\r\\nERROR forged\\u{1b}[31m\\u{9b}\n");
    }

    #[test]
    fn a_line_names_its_request() {
        let id = request::RequestId::for_test(0xab);
        let mut json = String::new();
        write_line(&mut json, Format::Json, "{\"level\":\"INFO\"}", Some(id)).unwrap();
        assert_eq!(json, format!("{{\"request_id\":\"{}\",\"level\":\"INFO\"}}\n", "ab".repeat(16)));
        let mut human = String::new();
        write_line(&mut human, Format::Human, "INFO started", Some(id)).unwrap();
        assert_eq!(human, format!("INFO started request_id={}\n", "ab".repeat(16)));
    }
}
