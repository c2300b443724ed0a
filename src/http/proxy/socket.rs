//! A connection that changed its protocol: two streams of bytes, neither waiting for the other.

use actix_web::body::{BodySize, MessageBody};
use actix_web::rt;
use actix_web::web::{Bytes, BytesMut, Payload};
use banyan_upstream::Upgraded;
use futures_util::StreamExt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf, split};

/// Bytes read at once.
const PIECE: usize = 16 << 10;

/// What the upstream sends, as the consumer's body; what the consumer sends goes to the upstream by a task that ends with
/// it.
pub(super) struct Joined {
    read: ReadHalf<Upgraded>,
    writer: rt::task::JoinHandle<()>,
    buffer: BytesMut,
}

impl Joined {
    pub(super) fn new(connection: Upgraded, payload: Payload) -> Joined {
        let (read, to) = split(connection);
        Joined { read, writer: rt::spawn(write(payload, to)), buffer: BytesMut::new() }
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
        let this = &mut *self;
        this.buffer.resize(PIECE, 0);
        let mut into = ReadBuf::new(&mut this.buffer);
        ready!(Pin::new(&mut this.read).poll_read(cx, &mut into))?;
        let length = into.filled().len();
        if length == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(this.buffer.split_to(length).freeze())))
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.writer.abort();
    }
}
