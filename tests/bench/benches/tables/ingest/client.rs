//! A client of HTTP that does no more than it must: it shares the processors with the host.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
};

use memchr::memmem;

/// An answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The header `Retry-After`, in seconds.
    pub(crate) retry_after_s: Option<u64>,
    pub(crate) body: Vec<u8>,
}

/// A connection.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Asks, and waits for the answer.
    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n").as_bytes())
    }

    /// Sends a body, and waits for the answer.
    pub(crate) fn post(&mut self, (path, media_type): (&str, &str), body: &[u8]) -> io::Result<Answer> {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\r\n"
        );
        self.stream.write_all(head.as_bytes())?;
        self.send(body)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(bytes)?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more()?;
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).to_ascii_lowercase();
        let header = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|value| value.trim().parse::<u64>().ok())
        };
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        let (length, retry_after_s) = (header("content-length"), header("retry-after"));
        match length {
            Some(length) => {
                while ((self.buffer.len() - head) as u64) < length {
                    self.read_more()?;
                }
            }
            // It ends with an empty chunk.
            None => {
                while !self.buffer.ends_with(b"0\r\n\r\n") {
                    self.read_more()?;
                }
            }
        }
        let body = self.buffer.split_off(head);
        let body = if length.is_some() { body } else { joined(&body) };
        Ok(Answer { status, retry_after_s, body })
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut piece = [0; 16 << 10];
        let count = self.stream.read(&mut piece)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.buffer.extend_from_slice(&piece[..count]);
        Ok(())
    }
}

/// Returns the content of a body that comes in chunks.
fn joined(mut bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(end) = memmem::find(bytes, b"\r\n") {
        let length = std::str::from_utf8(&bytes[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(piece) = length.filter(|length| *length > 0).and_then(|length| bytes.get(end + 2..end + 2 + length))
        else {
            break;
        };
        all.extend_from_slice(piece);
        bytes = bytes.get(end + 2 + piece.len() + 2..).unwrap_or_default();
    }
    all
}
