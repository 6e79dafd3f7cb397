//! Plain HTTP/1.1 by hand, so that a call can be broken off at any byte: what a careless client, a bad
//! network or a killed process does to a server.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to whoever answers for a ledger.
pub(super) enum Wire {
    Tcp { stream: TcpStream, head: String },
    Private(UnixStream),
}

/// Where a call is broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Nowhere.
    Not,
    /// When so many thousandths of the request are sent.
    Request(u64),
    /// When all is sent, before the answer is read.
    Unread,
    /// When so many bytes of the answer are read.
    Answer(usize),
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Wire {
    /// Connects over TCP.
    pub(super) fn tcp(address: &str, token: &str) -> io::Result<Wire> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!("host: {address}\r\nauthorization: Bearer {token}\r\n");
        Ok(Wire::Tcp { stream, head })
    }

    /// Connects through the private socket of a directory.
    pub(super) fn private(dir: &Path) -> io::Result<Wire> {
        let stream = UnixStream::connect(dir.join("socket"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Wire::Private(stream))
    }

    /// Makes a call; nothing comes back when it is cut.
    ///
    /// # Errors
    /// What the system says; `TimedOut` or `WouldBlock` when no answer came in time.
    pub(super) fn call(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        cut: Cut,
    ) -> io::Result<Option<Reply>> {
        let head = match self {
            Wire::Tcp { head, .. } => head.as_str(),
            Wire::Private(_) => "host: localhost\r\n",
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{head}x-daybook-actor: U-12\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let request = request.as_bytes();
        let sent = match cut {
            Cut::Request(thousandths) => (request.len() as u64 * thousandths / 1000) as usize,
            _ => request.len(),
        };
        let stream: &mut dyn ReadWrite = match self {
            Wire::Tcp { stream, .. } => stream,
            Wire::Private(stream) => stream,
        };
        stream.write_all(request.get(..sent).unwrap_or_default())?;
        match cut {
            Cut::Request(_) | Cut::Unread => return Ok(None),
            Cut::Answer(bytes) => {
                let mut part = vec![0; bytes];
                stream.read_exact(&mut part)?;
                return Ok(None);
            }
            Cut::Not => {}
        }
        answer(stream).map(Some)
    }
}

trait ReadWrite: Read + Write {}

impl<T: Read + Write> ReadWrite for T {}

fn answer(stream: &mut dyn ReadWrite) -> io::Result<Reply> {
    let odd = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut bytes = Vec::new();
    let mut part = [0u8; 16 << 10];
    let (head, mut body) = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            break (String::from_utf8_lossy(&bytes).to_lowercase(), body);
        }
        let count = stream.read(&mut part)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(part.get(..count).unwrap_or_default());
    };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse::<usize>().ok());
    let (status, length) = status.zip(length).ok_or_else(|| odd("an answer without a length"))?;
    while body.len() < length {
        let count = stream.read(&mut part)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        body.extend_from_slice(part.get(..count).unwrap_or_default());
    }
    let body = serde_json::from_slice(&body).map_err(|_| odd("an answer that is no JSON"))?;
    Ok(Reply { status, body })
}
