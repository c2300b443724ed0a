//! Packets, in the clear or inside TLS.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// Packet types that matter here.
pub(crate) const BATCH: u8 = 0x01;
pub(crate) const RPC: u8 = 0x03;
pub(crate) const ANSWER: u8 = 0x04;
pub(crate) const ATTENTION: u8 = 0x06;
pub(crate) const LOGIN: u8 = 0x10;
pub(crate) const PRELOGIN: u8 = 0x12;

pub(crate) enum Line {
    Clear(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Line {
    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Line::Clear(socket) => socket,
            Line::Tls(tls) => &tls.sock,
        }
    }

    fn read_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        match self {
            Line::Clear(socket) => socket.read_exact(buf),
            Line::Tls(tls) => tls.read_exact(buf),
        }
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        match self {
            Line::Clear(socket) => socket.write_all(buf),
            Line::Tls(tls) => tls.write_all(buf).and_then(|()| tls.flush()),
        }
    }

    /// Whether the client sent something, or hung up, while nobody was reading. Waits at most so long.
    pub(crate) fn stirs(&self, wait: Duration) -> io::Result<bool> {
        let socket = self.socket();
        let mut one = [0];
        let peeked = if wait.is_zero() {
            socket.set_nonblocking(true)?;
            let peeked = socket.peek(&mut one);
            socket.set_nonblocking(false)?;
            peeked
        } else {
            socket.set_read_timeout(Some(wait))?;
            let peeked = socket.peek(&mut one);
            socket.set_read_timeout(None)?;
            peeked
        };
        match peeked {
            Ok(_) => Ok(true),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// One packet: its type, whether it ends its message, and what it holds.
    fn packet(&mut self) -> io::Result<(u8, bool, Vec<u8>)> {
        let mut head = [0; 8];
        self.read_exact(&mut head)?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let mut body = vec![0; length.checked_sub(8).ok_or(ErrorKind::InvalidData)?];
        self.read_exact(&mut body)?;
        Ok((head[0], head[1] & 1 == 1, body))
    }

    /// One message.
    pub(crate) fn message(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut all = Vec::new();
        loop {
            let (kind, last, body) = self.packet()?;
            all.extend(body);
            if last {
                return Ok((kind, all));
            }
        }
    }

    pub(crate) fn send(&mut self, kind: u8, last: bool, number: u8, body: &[u8]) -> io::Result<()> {
        let length = u16::try_from(body.len() + 8).map_err(|_| Error::from(ErrorKind::InvalidInput))?.to_be_bytes();
        let mut packet = vec![kind, u8::from(last), length[0], length[1], 0, 0, number, 0];
        packet.extend_from_slice(body);
        self.write_all(&packet)
    }

    /// TLS, its handshake wrapped in PRELOGIN packets.
    pub(crate) fn encrypt(self, config: Arc<ServerConfig>) -> io::Result<Line> {
        let Line::Clear(socket) = self else { return Ok(self) };
        let mut tls = ServerConnection::new(config).map_err(Error::other)?;
        let mut line = Line::Clear(socket);
        while tls.is_handshaking() || tls.wants_write() {
            let mut out = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut out)?;
            }
            for part in out.chunks(4000) {
                line.send(PRELOGIN, true, 0, part)?;
            }
            if !tls.is_handshaking() {
                break;
            }
            let (_, _, body) = line.packet()?;
            let mut rest = body.as_slice();
            while !rest.is_empty() {
                tls.read_tls(&mut rest)?;
                if let Err(error) = tls.process_new_packets() {
                    let mut alert = Vec::new();
                    let _ = tls.write_tls(&mut alert);
                    let _ = line.send(PRELOGIN, true, 0, &alert);
                    return Err(Error::other(error));
                }
            }
        }
        match line {
            Line::Clear(socket) => Ok(Line::Tls(Box::new(StreamOwned::new(tls, socket)))),
            encrypted => Ok(encrypted),
        }
    }
}

/// An answer on its way: tokens go in, packets come out.
pub(crate) struct Answer<'l> {
    line: &'l mut Line,
    size: usize,
    number: u8,
    pub(crate) tokens: Vec<u8>,
}

impl<'l> Answer<'l> {
    pub(crate) fn new(line: &'l mut Line, packet_size: usize) -> Answer<'l> {
        Answer { line, size: packet_size - 8, number: 1, tokens: Vec::new() }
    }

    /// Sends what fills whole packets; keeps something back, since the last packet of a message is marked.
    pub(crate) fn flow(&mut self) -> io::Result<()> {
        let mut from = 0;
        while self.tokens.len() - from > self.size {
            self.line.send(ANSWER, false, self.number, &self.tokens[from..from + self.size])?;
            self.number = self.number.wrapping_add(1);
            from += self.size;
        }
        self.tokens.drain(..from);
        Ok(())
    }

    /// Sends everything, though the message goes on.
    pub(crate) fn push(&mut self) -> io::Result<()> {
        self.flow()?;
        if !self.tokens.is_empty() {
            self.line.send(ANSWER, false, self.number, &self.tokens)?;
            self.tokens.clear();
        }
        Ok(())
    }

    /// Ends the message.
    pub(crate) fn end(mut self) -> io::Result<()> {
        self.flow()?;
        self.line.send(ANSWER, true, self.number, &self.tokens)
    }

    pub(crate) fn line(&mut self) -> &mut Line {
        self.line
    }
}
