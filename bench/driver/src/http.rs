//! As much of an HTTP/1.1 client as a load generator needs, so that its own cost is small and known.

use std::io;
use std::net::SocketAddr;

use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The name that every request carries as its host.
pub const HOST: &str = "bench.example";

/// A reply, whole.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    /// The body, without its framing.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim()))
    }

    /// The value of a cookie that the reply sets.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let set = self.head.lines().filter_map(|line| line.split_once(':'));
        set.filter(|(key, _)| key.eq_ignore_ascii_case("set-cookie")).find_map(|(_, value)| {
            let (key, value) = value.trim().split(';').next()?.split_once('=')?;
            (key == name).then_some(value)
        })
    }
}

/// A request without a body. `headers` are whole lines, each with its line end.
pub fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{headers}\r\n").into_bytes()
}

/// A request with JSON.
pub fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

/// One request on a connection of its own.
pub async fn once(address: SocketAddr, request: &[u8]) -> io::Result<Reply> {
    let mut connection = Connection::open(address).await?;
    connection.send(request).await?;
    Ok(connection.reply())
}

/// A kept-alive connection.
pub struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    /// The last reply's bytes.
    received: Vec<u8>,
    head_length: usize,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { address, stream, received: Vec::with_capacity(4096), head_length: 0 })
    }

    /// Sends a request and reads the reply to its end; says its status. A connection that the server has closed
    /// between two requests, as it may, is opened again.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<u16> {
        match self.exchange(request).await {
            Err(_) if self.received.is_empty() => {
                self.stream = TcpStream::connect(self.address).await?;
                self.stream.set_nodelay(true)?;
                self.exchange(request).await
            }
            other => other,
        }
    }

    /// The last reply.
    pub fn reply(&self) -> Reply {
        let head = &self.received[..self.head_length];
        let body = &self.received[self.head_length..];
        Reply {
            status: status(head).unwrap_or(0),
            head: String::from_utf8_lossy(head).into_owned(),
            body: if is_chunked(head) { unchunk(body) } else { body.to_vec() },
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.received.clear();
        self.stream.write_all(request).await?;
        self.head_length = loop {
            self.read_more().await?;
            if let Some(end) = memmem::find(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = &self.received[..self.head_length];
        let status = status(head).ok_or(io::ErrorKind::InvalidData)?;
        if let Some(length) = content_length(head) {
            while self.received.len() < self.head_length + length {
                self.read_more().await?;
            }
        } else if is_chunked(head) {
            while !self.received[self.head_length..].ends_with(b"0\r\n\r\n") {
                self.read_more().await?;
            }
        }
        Ok(status)
    }

    async fn read_more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn status(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()
}

fn content_length(head: &[u8]) -> Option<usize> {
    // hyper, Node and gunicorn write the name in one of these two ways.
    let at = [&b"\r\ncontent-length: "[..], b"\r\nContent-Length: "]
        .into_iter()
        .find_map(|name| memmem::find(head, name).map(|at| at + name.len()))?;
    let digits = head[at..].split(|byte| *byte == b'\r').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn is_chunked(head: &[u8]) -> bool {
    head.to_ascii_lowercase().windows(26).any(|window| window == b"transfer-encoding: chunked")
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = memmem::find(body, b"\r\n") {
        let size =
            std::str::from_utf8(&body[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(size) = size.filter(|size| *size > 0 && end + 2 + size + 2 <= body.len()) else { break };
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_become_a_body() {
        assert_eq!(unchunk(b"4\r\nwiki\r\n3\r\nabc\r\n0\r\n\r\n"), b"wikiabc");
    }

    #[test]
    fn a_length_is_read_in_either_spelling() {
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n"), Some(12));
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"), Some(7));
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\n\r\n"), None);
    }
}
