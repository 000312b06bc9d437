//! The log, as a subscriber of `tracing` receives it.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Collects every log line, as `name=value ` for each field.
#[derive(Clone, Default)]
pub(crate) struct LogLines(Arc<Mutex<Vec<(Level, String)>>>);

impl LogLines {
    /// Takes the warnings and errors that were logged since lines were last taken.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        self.take(|level, _| level <= Level::WARN)
    }

    /// Takes the lines about events that were logged since lines were last taken.
    pub(crate) fn take_events(&self) -> Vec<String> {
        self.take(|_, line| line.contains("event="))
    }

    fn take(&self, is_meant: impl Fn(Level, &str) -> bool) -> Vec<String> {
        let taken = std::mem::take(&mut *self.0.lock().unwrap());
        taken.into_iter().filter(|(level, line)| is_meant(*level, line)).map(|(_, line)| line).collect()
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl Subscriber for LogLines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push((*event.metadata().level(), line.0));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
