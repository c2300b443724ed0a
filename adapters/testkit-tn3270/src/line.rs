//! A connection, in the clear or inside TLS.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Error, Read, Result, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

pub(crate) enum Line {
    Plain(TcpStream),
    Encrypted(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Line {
    pub(crate) fn new(socket: TcpStream, wait: Duration) -> Result<Line> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(wait))?;
        socket.set_write_timeout(Some(Duration::from_secs(10)))?;
        Ok(Line::Plain(socket))
    }

    /// Goes on inside TLS.
    pub(crate) fn encrypt(self, config: Arc<ServerConfig>) -> Result<Line> {
        match self {
            Line::Plain(socket) => {
                let connection = ServerConnection::new(config).map_err(Error::other)?;
                Ok(Line::Encrypted(Box::new(StreamOwned::new(connection, socket))))
            }
            encrypted => Ok(encrypted),
        }
    }

    pub(crate) fn encrypted(&self) -> bool {
        matches!(self, Line::Encrypted(_))
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self {
            Line::Plain(socket) => socket.read(buffer),
            Line::Encrypted(stream) => stream.read(buffer),
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Line::Plain(socket) => socket.write_all(bytes),
            Line::Encrypted(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }
}
