//! Asks one side a question whose answer nobody waits for.

use super::{Question, Reply, Skipped, decode};
use crate::runtime::routes::Route;
use banyan_migration::stage::Side;
use banyan_upstream::{Outgoing, Request};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use std::time::Instant;

/// Banyan's own facade, asked without a connection.
pub trait Facade: Send + Sync {
    /// What it says.
    fn ask<'a>(&'a self, question: &'a Question) -> LocalBoxFuture<'a, Result<Reply, String>>;

    /// The path by which a modern side that numbers otherwise knows what is asked for.
    fn outward(&self, _: &Route, target: &str) -> Result<String, String> {
        Ok(target.to_owned())
    }

    /// What such a side said, with our ids.
    fn inward(&self, _: &Route, body: Bytes) -> Result<Bytes, String> {
        Ok(body)
    }
}

/// There is none to ask.
pub struct NoFacade;

impl Facade for NoFacade {
    fn ask<'a>(&'a self, _: &'a Question) -> LocalBoxFuture<'a, Result<Reply, String>> {
        Box::pin(async { Err("there is no facade to ask".to_owned()) })
    }
}

/// The same question without what would make its answer a part of one, or encoded.
pub(super) fn plain(mut question: Question) -> Question {
    for name in ["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"] {
        question.fields.remove(name);
    }
    question.fields.set("accept-encoding", b"identity");
    question
}

/// What a side says within the route's bounds, or why it says nothing. An error is why it cannot be compared.
pub(super) async fn ask(
    route: &Route,
    side: Side,
    question: &Question,
    facade: &dyn Facade,
) -> Result<Result<Reply, String>, Skipped> {
    let limit = route.lane.timeout;
    match tokio::time::timeout(limit, one(route, side, question, facade)).await {
        Ok(said) => said,
        Err(_) => Ok(Err(format!("no answer within {} ms", limit.as_millis()))),
    }
}

async fn one(
    route: &Route,
    side: Side,
    question: &Question,
    facade: &dyn Facade,
) -> Result<Result<Reply, String>, Skipped> {
    let most = route.lane.body;
    let Some(target) = route.side(side) else {
        return match facade.ask(question).await {
            Ok(reply) if reply.body.len() > most => Err(Skipped::AnswerTooLarge),
            Ok(reply) => decode::plain(reply, most).map(Ok),
            Err(why) => Ok(Err(why)),
        };
    };
    let translates = side == Side::Modern && route.config.ids.is_some();
    let asked = match translates.then(|| facade.outward(route, &question.target)).transpose() {
        Ok(asked) => asked,
        Err(why) => return Ok(Err(why)),
    };
    let begun = Instant::now();
    let request = Request {
        method: question.method.clone(),
        target: route.target(side, asked.as_ref().unwrap_or(&question.target)).into_owned(),
        fields: question.fields.clone(),
        body: if question.body.is_empty() { Outgoing::Empty } else { Outgoing::Whole(question.body.clone()) },
        upgrade: None,
    };
    let answer = match target.upstream.send(request).await {
        Ok(answer) => answer,
        Err(failure) => return Ok(Err(failure.to_string())),
    };
    let took = begun.elapsed();
    let mut body = answer.body;
    let mut all = Vec::new();
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) if all.len() + piece.len() > most => return Err(Skipped::AnswerTooLarge),
            Ok(piece) => all.extend_from_slice(&piece),
            Err(broke) => return Ok(Err(broke.to_string())),
        }
    }
    let reply = Reply { status: answer.status.as_u16(), headers: answer.fields.texts(), body: all.into(), took };
    let reply = decode::plain(reply, most)?;
    if !translates || !(200..300).contains(&reply.status) {
        return Ok(Ok(reply));
    }
    Ok(facade.inward(route, reply.body.clone()).map(|body| Reply { body, ..reply }))
}
