//! A request on a connection, until its answer's head: the two may be under way at the same time.

use super::head::{self, Head};
use super::link::{HEAD, Link};
use super::upload::{Unsent, Upload};
use std::io;
use std::task::{Context, Poll, ready};

/// A request under way.
pub(crate) struct Call {
    pub(crate) link: Link,
    /// Its body, where that is still coming.
    upload: Option<Upload>,
    /// Nothing is left that could be sent.
    done: bool,
    /// Why no more can be sent. What the upstream said before counts all the same.
    unsent: Option<io::Error>,
    /// Bytes of the answer's head that were looked at in vain.
    seen: usize,
    asked_head: bool,
}

/// Why there is no answer.
pub(crate) enum Unanswered {
    /// The caller broke off.
    Caller(String),
    /// The connection broke.
    Broken(String),
    /// What came is no answer.
    NotHttp(String),
}

impl Call {
    /// `link` has the request's head to write, and its body where that is not `upload`. `asked_head`: its method is HEAD.
    pub(crate) fn new(link: Link, upload: Option<Upload>, asked_head: bool) -> Call {
        Call { link, upload, done: false, unsent: None, seen: 0, asked_head }
    }

    /// Whether the request was sent whole.
    pub(crate) fn is_sent(&self) -> bool {
        self.done && self.unsent.is_none()
    }

    /// Whether anything of the request may have left.
    pub(crate) fn began(&self) -> bool {
        self.link.began()
    }

    /// Its body, where that was still coming when the request began.
    pub(crate) fn upload(&self) -> Option<&Upload> {
        self.upload.as_ref()
    }

    /// Gives that body back, for a request of which nothing was sent.
    pub(crate) fn into_upload(self) -> Option<Upload> {
        self.upload
    }

    /// Gives the connection away.
    pub(crate) fn into_link(self) -> Link {
        self.link
    }

    /// Sends what is left of the request. Ready: nothing is left that could be sent. `Err`: the caller broke off.
    pub(crate) fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        if self.done {
            return Poll::Ready(Ok(()));
        }
        let sent = match &mut self.upload {
            Some(upload) => ready!(upload.poll_sent(&mut self.link, cx)),
            None => ready!(self.link.poll_written(cx)).map_err(Unsent::Io),
        };
        self.done = true;
        Poll::Ready(match sent {
            Ok(()) => Ok(()),
            Err(Unsent::Caller(why)) => Err(why),
            Err(Unsent::Io(e)) => {
                self.unsent = Some(e);
                Ok(())
            }
        })
    }

    /// Sends, and waits for the answer's head.
    pub(crate) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Head, Unanswered>> {
        if let Poll::Ready(Err(why)) = self.poll_sent(cx) {
            return Poll::Ready(Err(Unanswered::Caller(why)));
        }
        loop {
            match ready!(self.link.poll_more(cx, HEAD)) {
                Ok(0) => return Poll::Ready(Err(Unanswered::Broken(self.ended()))),
                Ok(_) => {}
                Err(e) => return Poll::Ready(Err(Unanswered::Broken(e.to_string()))),
            }
            match head::read(&mut self.link.read, &mut self.seen, self.asked_head) {
                Ok(None) => {}
                Ok(Some(head)) => return Poll::Ready(Ok(head)),
                Err(why) => return Poll::Ready(Err(Unanswered::NotHttp(why))),
            }
        }
    }

    fn ended(&self) -> String {
        match (&self.unsent, self.link.read.is_empty()) {
            (Some(e), true) => e.to_string(),
            (_, true) => "it ended before an answer".to_owned(),
            (_, false) => "it ended within an answer's head".to_owned(),
        }
    }
}
