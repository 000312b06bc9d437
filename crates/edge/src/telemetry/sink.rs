//! The output of log lines: a bounded queue, and a thread of its own that writes them to standard output.
//!
//! A reader that stalls fills the pipe, and a write to a full pipe blocks for ever. A reader that has gone makes writes
//! fail. Neither may delay a request or the process's exit. So the queue is bounded, a line that finds it full is
//! dropped and counted, and the last flush has a deadline.
//!
//! tracing-appender's `non_blocking` bounds its queue too. But its guard reports a stuck writer with `println!` to the
//! pipe that is stuck, and this hangs the exit.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// The most lines that may wait; at a few hundred bytes each this bounds the memory to some megabytes.
const QUEUE_LINES: usize = 8192;

/// The size of one write, which takes as many waiting lines as fit.
const BATCH_BYTES: usize = 64 * 1024;

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

/// The sending side of the queue; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Sink {
    queue: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

impl Sink {
    /// Starts the thread that writes to `output`.
    pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, waiting) = sync_channel(QUEUE_LINES);
        let dropped = Arc::new(AtomicU64::new(0));
        let lost = Arc::clone(&dropped);
        thread::Builder::new().name("log".to_owned()).spawn(move || write_lines(&waiting, output, &lost))?;
        Ok(Self { queue, dropped })
    }

    /// Counts the lines lost since the start, to a full queue or a broken output.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until the lines so far are written, or until `patience` has passed.
    pub(super) fn flush(&self, patience: Duration) {
        let (written, confirmation) = sync_channel(1);
        // A full queue means that the writer is stuck: waiting would not help.
        if self.queue.try_send(Message::Flush(written)).is_ok() {
            let _ = confirmation.recv_timeout(patience);
        }
    }
}

/// The formatter passes whole lines: one event makes one call with one line.
impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.queue.try_send(Message::Line(line.to_vec())) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Sink {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Writes waiting lines in batches until the last sender is gone; this is the thread's work.
fn write_lines(waiting: &Receiver<Message>, mut output: impl Write, lost: &AtomicU64) {
    let mut batch = Vec::with_capacity(BATCH_BYTES);
    while let Ok(first) = waiting.recv() {
        let mut confirm = None;
        let mut lines = 0;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Line(line) => {
                    batch.extend_from_slice(&line);
                    lines += 1;
                }
                Message::Flush(written) => confirm = Some(written),
            }
            let room = batch.len() < BATCH_BYTES && confirm.is_none();
            next = if room { waiting.try_recv().ok() } else { None };
        }
        if output.write_all(&batch).and_then(|()| output.flush()).is_err() {
            lost.fetch_add(lines, Ordering::Relaxed);
        }
        batch.clear();
        if let Some(written) = confirm {
            // The caller's deadline may have passed already.
            let _ = written.try_send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// A pipe that has no reader: every write blocks until the test is over.
    struct Stuck(Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A pipe whose reader has gone.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn l24_a_stuck_output_loses_lines_but_never_blocks() {
        let (release, blocked) = sync_channel(0);
        let mut sink = Sink::start(Stuck(blocked)).unwrap();
        let started = Instant::now();
        for _ in 0..3 * QUEUE_LINES {
            sink.write_all(&[b'.'; 256]).unwrap();
        }
        sink.flush(Duration::from_millis(50));
        assert!(started.elapsed() < Duration::from_secs(5));
        assert!(sink.dropped() >= QUEUE_LINES as u64, "{}", sink.dropped());
        drop(release);
    }

    #[test]
    fn l24_a_closed_output_counts_what_is_lost() {
        let mut sink = Sink::start(Closed).unwrap();
        sink.write_all(b"one\n").unwrap();
        sink.write_all(b"two\n").unwrap();
        sink.flush(Duration::from_secs(5));
        assert_eq!(sink.dropped(), 2);
    }
}
