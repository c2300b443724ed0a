//! The facade, asked by the shadow as a consumer would.

use super::numbers;
use crate::http::brownout::Without;
use crate::http::docs::Docs;
use crate::http::facade;
use crate::runtime::routes::Route;
use crate::runtime::serving::Shared;
use crate::runtime::shadow::{Facade, Question, Reply};
use actix_web::body::to_bytes;
use actix_web::dev::RequestHead;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, Uri};
use actix_web::web::Bytes;
use futures_util::future::LocalBoxFuture;
use std::sync::{Arc, Weak};
use std::time::Instant;

/// Asks the facade without a connection.
pub struct Inside {
    shared: Weak<Shared>,
    docs: Docs,
}

impl Inside {
    /// Of what is served.
    pub fn new(shared: &Arc<Shared>) -> Inside {
        Inside { shared: Arc::downgrade(shared), docs: Docs::default() }
    }

    async fn answer(&self, question: &Question) -> Result<Reply, String> {
        let shared = self.shared.upgrade().ok_or("the gateway stops")?;
        let begun = Instant::now();
        let mut head = RequestHead::default();
        head.method = Method::from_bytes(question.method.as_str().as_bytes()).map_err(|e| e.to_string())?;
        head.uri = question.target.parse::<Uri>().map_err(|e| e.to_string())?;
        for (name, value) in question.fields.iter() {
            let name = HeaderName::from_bytes(name);
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
                head.headers.append(name, value);
            }
        }
        // Comparisons and sweeps are nobody who must notice that a field ends.
        let whole = Without::default();
        let response = facade::answer(&shared, &self.docs, &head, Ok(question.body.clone()), &whole).await;
        let took = begun.elapsed();
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers.filter_map(|(n, v)| Some((n.as_str().to_owned(), v.to_str().ok()?.to_owned()))).collect();
        let body = to_bytes(response.into_body()).await.map_err(|e| e.to_string())?;
        Ok(Reply { status, headers, body, took })
    }
}

impl Facade for Inside {
    fn ask<'a>(&'a self, question: &'a Question) -> LocalBoxFuture<'a, Result<Reply, String>> {
        Box::pin(self.answer(question))
    }

    fn outward(&self, route: &Route, target: &str) -> Result<String, String> {
        numbers::outward(&self.shared.upgrade().ok_or("the gateway stops")?, route, target)
    }

    fn inward(&self, route: &Route, body: Bytes) -> Result<Bytes, String> {
        Ok(numbers::inward(&self.shared.upgrade().ok_or("the gateway stops")?, route, &body)?.into())
    }
}
