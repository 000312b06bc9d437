//! A mail server that takes every mail and remembers whose it was (RFC 5321, as much of it as a client needs).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::process::Result;

/// How often each recipient has been written to.
type Taken = Arc<Mutex<BTreeMap<String, usize>>>;

/// A running mail server; ends with the value.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    taken: Taken,
    is_open: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Sink {
    /// Listens. Whoever connects waits for the greeting until [`Sink::open`].
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (is_open, opened) = watch::channel(false);
        let taken = Taken::default();
        let shared = Arc::clone(&taken);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (taken, mut opened) = (Arc::clone(&shared), opened.clone());
                tokio::spawn(async move {
                    if opened.wait_for(|is_open| *is_open).await.is_ok() {
                        // A client that breaks off has its reasons: it may have been killed.
                        let _ = converse(stream, &taken).await;
                    }
                });
            }
        });
        Ok(Self { address, taken, is_open, accepting })
    }

    /// Greets those who wait and all who come.
    pub fn open(&self) {
        self.is_open.send_replace(true);
    }

    /// How many recipients have been written to, and how many mails beyond the first each of them got.
    pub fn count(&self) -> (usize, usize) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        (taken.len(), taken.values().map(|mails| mails - 1).sum())
    }

    /// Waits until so many recipients have been written to, or `patience` is over; says how many were.
    pub async fn wait_for(&self, recipients: usize, patience: Duration) -> usize {
        let end = Instant::now() + patience;
        loop {
            let (count, _) = self.count();
            if count >= recipients || Instant::now() >= end {
                return count;
            }
            sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn converse(stream: TcpStream, taken: &Taken) -> Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 bench\r\n").await?;
    let mut recipient = String::new();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_ascii_uppercase();
        let answer = match command.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-bench\r\n250 8BITMIME\r\n",
            "RCPT" => {
                recipient = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 OK\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                while line != ".\r\n" {
                    line.clear();
                    if stream.read_line(&mut line).await? == 0 {
                        return Ok(());
                    }
                }
                // From here on the mail is ours, whether or not its sender lives to hear so.
                let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
                *taken.entry(recipient.clone()).or_default() += 1;
                "250 OK\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 OK\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}
