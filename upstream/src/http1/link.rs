//! A connection, and what was read from it or is still to be written.

use bytes::{Buf, BytesMut};
use std::fmt;
use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Bytes read at once where a head is awaited, and at most in a body.
pub(crate) const HEAD: usize = 8 << 10;
pub(crate) const PIECE: usize = 64 << 10;

/// Its transport.
pub(crate) enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection.
pub(crate) struct Link {
    io: Io,
    /// What was read and not taken yet.
    pub(crate) read: BytesMut,
    write: Vec<u8>,
    written: usize,
    /// Whether anything of the present request was written.
    began: bool,
}

impl Link {
    pub(crate) fn new(io: Io) -> Link {
        Link { io, read: BytesMut::new(), write: Vec::new(), written: 0, began: false }
    }

    /// Begins a request with these bytes.
    pub(crate) fn begin(&mut self, pieces: &[&[u8]]) {
        self.began = false;
        self.write.clear();
        self.written = 0;
        pieces.iter().for_each(|piece| self.write(piece));
    }

    /// Adds to what is to be written.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.write.extend_from_slice(bytes);
    }

    /// Whether anything of the present request may have left.
    pub(crate) fn began(&self) -> bool {
        self.began
    }

    /// Writes what is to be written.
    pub(crate) fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.write.get(self.written..).filter(|rest| !rest.is_empty()) {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
            self.began = true;
        }
        self.write.clear();
        self.written = 0;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Reads more, at most so much. 0: the other end has said all.
    pub(crate) fn poll_more(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<io::Result<usize>> {
        self.read.reserve(most);
        pin!(self.io.read_buf(&mut self.read)).poll(cx)
    }

    /// Whether it can bear another request: neither closed, nor has it said what nobody asked. `surely`: the system is asked
    /// too, which knows of a close that has only just come.
    pub(crate) fn is_fresh(&mut self, surely: bool) -> bool {
        let mut nobody = Context::from_waker(Waker::noop());
        if !self.read.is_empty() || self.poll_more(&mut nobody, HEAD).is_ready() {
            return false;
        }
        let stream = match &self.io {
            Io::Plain(stream) => stream,
            Io::Tls(stream) => stream.get_ref().0,
        };
        // Data under TLS may be the protocol's own.
        let data_is_fine = matches!(self.io, Io::Tls(_));
        !surely
            || match socket2::SockRef::from(stream).peek(&mut [MaybeUninit::uninit()]) {
                Ok(length) => length > 0 && data_is_fine,
                Err(e) => e.kind() == io::ErrorKind::WouldBlock,
            }
    }

    /// Gives memory back that only a large body needed.
    pub(crate) fn rest(&mut self) {
        if self.read.capacity() > 2 * HEAD {
            self.read = BytesMut::new();
        }
        if self.write.capacity() > 2 * HEAD {
            self.write = Vec::new();
        }
    }
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Io::Plain(io) => Pin::new(io).poll_read(cx, to),
            Io::Tls(io) => Pin::new(io).poll_read(cx, to),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Io::Plain(io) => Pin::new(io).poll_write(cx, from),
            Io::Tls(io) => Pin::new(io).poll_write(cx, from),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Io::Plain(_) => Poll::Ready(Ok(())),
            Io::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Io::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Io::Tls(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}

/// A connection that changed its protocol: bytes both ways.
pub struct Upgraded(Link);

impl Upgraded {
    pub(crate) fn new(link: Link) -> Upgraded {
        Upgraded(link)
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded").finish_non_exhaustive()
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let link = &mut self.get_mut().0;
        if link.read.is_empty() {
            return Pin::new(&mut link.io).poll_read(cx, to);
        }
        // What came right behind the head.
        let length = link.read.len().min(to.remaining());
        to.put_slice(link.read.get(..length).unwrap_or_default());
        link.read.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0.io).poll_write(cx, from)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0.io).poll_shutdown(cx)
    }
}
