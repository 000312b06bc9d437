//! A proxy in front of Postgres that a test can break.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A running proxy.
pub(crate) struct BreakableProxy {
    pub(crate) address: SocketAddr,
    state: Arc<AtomicU8>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

pub(crate) const PASSES: u8 = 0;
/// Connections stay open, and bytes are held back.
pub(crate) const HANGS: u8 = 1;
/// Connections are cut and refused.
pub(crate) const DOWN: u8 = 2;

impl BreakableProxy {
    pub(crate) fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (state, streams) = (Arc::new(AtomicU8::new(PASSES)), Arc::new(Mutex::new(Vec::new())));
        let proxy = Self { address, state: Arc::clone(&state), streams: Arc::clone(&streams) };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if state.load(Ordering::SeqCst) == DOWN {
                    let _ = client.shutdown(Shutdown::Both);
                    continue;
                }
                let Ok(server) = TcpStream::connect(target) else { continue };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let state = Arc::clone(&state);
                    thread::spawn(move || carry(from, to, &state));
                }
                streams.lock().unwrap().extend([client, server]);
            }
        });
        proxy
    }

    pub(crate) fn set(&self, state: u8) {
        self.state.store(state, Ordering::SeqCst);
        if state == DOWN {
            for stream in self.streams.lock().unwrap().drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, state: &AtomicU8) -> Option<io::Result<()>> {
    let mut buffer = [0; 4096];
    loop {
        let length = from.read(&mut buffer).ok().filter(|length| *length > 0)?;
        while state.load(Ordering::SeqCst) == HANGS {
            thread::sleep(Duration::from_millis(20));
        }
        to.write_all(&buffer[..length]).ok()?;
    }
}
