//! A connection that changed its protocol: two streams of bytes, neither waiting for the other.

use actix_web::body::{BodySize, MessageBody};
use actix_web::rt;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf, split};

/// Bytes read at once.
const PIECE: usize = 16 << 10;

type Upgraded = TokioIo<banyan_upstream::Upgraded>;
type Upgrading = Pin<Box<dyn Future<Output = Result<banyan_upstream::Upgraded, String>>>>;

/// What the upstream sends, as the consumer's body; what the consumer sends goes to the upstream by a task that ends with
/// it.
pub(super) struct Joined {
    upgrading: Option<(Upgrading, Payload)>,
    read: Option<ReadHalf<Upgraded>>,
    writer: Option<rt::task::JoinHandle<()>>,
    buffer: BytesMut,
}

impl Joined {
    pub(super) fn new(connection: banyan_upstream::OnUpgrade, payload: Payload) -> Joined {
        let upgrading = Box::pin(async move { connection.await.map_err(|e| e.to_string()) });
        Joined { upgrading: Some((upgrading, payload)), read: None, writer: None, buffer: BytesMut::new() }
    }
}

async fn write(mut payload: Payload, mut to: WriteHalf<Upgraded>) {
    while let Some(Ok(piece)) = payload.next().await {
        if to.write_all(&piece).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

impl MessageBody for Joined {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if let Some((upgrading, _)) = &mut self.upgrading {
            let upgraded = ready!(upgrading.as_mut().poll(cx));
            let Some((_, payload)) = self.upgrading.take() else { return Poll::Ready(None) };
            let (read, to) = split(TokioIo::new(upgraded?));
            self.read = Some(read);
            self.writer = Some(rt::spawn(write(payload, to)));
        }
        let this = &mut *self;
        let Some(read) = &mut this.read else { return Poll::Ready(None) };
        this.buffer.resize(PIECE, 0);
        let mut into = ReadBuf::new(&mut this.buffer);
        ready!(Pin::new(read).poll_read(cx, &mut into))?;
        let length = into.filled().len();
        if length == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(this.buffer.split_to(length).freeze())))
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.abort();
        }
    }
}
