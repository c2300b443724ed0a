//! Requests to answers: list, one customer, the document, health.

use crate::bugs::Bugs;
use crate::follow::Followed;
use crate::query::{self, Query, Refused};
use actix_web::http::header::{ALLOW, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, Resource, rt, web};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLockReadGuard};

/// What the service promises, and keeps where it has no bug.
const DOCUMENT: &str = include_str!("../openapi.json");

/// What requests are answered from.
pub(crate) struct Service {
    pub(crate) followed: Arc<Followed>,
    pub(crate) bugs: PathBuf,
    /// Requests so far.
    asked: AtomicU64,
    /// What was wrong when it was last looked.
    last: Mutex<Bugs>,
}

impl Service {
    pub(crate) fn new(followed: Arc<Followed>, bugs: PathBuf) -> Service {
        Service { followed, bugs, asked: AtomicU64::new(0), last: Mutex::default() }
    }

    fn bugs(&self) -> Bugs {
        let bugs = Bugs::read(&self.bugs);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != bugs {
            println!("build {}", bugs.build());
            bugs.unknown.iter().for_each(|line| println!("{}: `{line}` is no bug that is known", self.bugs.display()));
            *last = bugs.clone();
        }
        bugs
    }

    fn data(&self) -> RwLockReadGuard<'_, crate::data::Data> {
        self.followed.data.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The paths there are.
pub(crate) fn paths(config: &mut web::ServiceConfig) {
    config
        .service(reads("/v1/customers").route(web::get().to(list)).route(web::head().to(list)))
        .service(reads("/v1/customers/{id}").route(web::get().to(one)).route(web::head().to(one)))
        .route("/openapi.json", web::get().to(document))
        .route("/health", web::get().to(health))
        .default_service(web::to(nowhere));
}

const METHODS: &str = "GET, HEAD, OPTIONS";

/// A path that is only read. Other methods are told so, as the facade tells them.
fn reads(path: &str) -> Resource {
    let options = || async { HttpResponse::NoContent().insert_header((ALLOW, METHODS)).finish() };
    web::resource(path).route(web::method(Method::OPTIONS).to(options)).default_service(web::to(not_offered))
}

async fn not_offered(request: HttpRequest) -> HttpResponse {
    let detail = format!("this path does not offer {}; it offers {METHODS}", request.method());
    let mut response = problem(("method-not-allowed", detail));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
    response
}

async fn list(service: web::Data<Service>, request: HttpRequest) -> HttpResponse {
    answer(&service, &request, true, |query, bugs| {
        let (page, next) = query.page(&service.data(), bugs.begins(query.after));
        let items: Vec<Value> = page.into_iter().map(|customer| told(query, bugs, customer)).collect();
        Ok(json!({ "items": items, "next": next }))
    })
    .await
}

async fn one(service: web::Data<Service>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    answer(&service, &request, false, |query, bugs| {
        let data = service.data();
        match data.customers.iter().find(|c| c["id"] == id.as_str()) {
            Some(customer) => Ok(told(query, bugs, customer.clone())),
            None if data.has_ended(&id) => Err(("gone", "this customer has ended".to_owned())),
            None => Err(("not-found", "there is no such customer".to_owned())),
        }
    })
    .await
}

fn told(query: &Query, bugs: &Bugs, mut customer: Value) -> Value {
    bugs.spoil(&mut customer);
    query.project(customer)
}

async fn answer(
    service: &Service,
    request: &HttpRequest,
    list: bool,
    found: impl FnOnce(&Query, &Bugs) -> Result<Value, Refused>,
) -> HttpResponse {
    let bugs = service.bugs();
    let number = service.asked.fetch_add(1, Ordering::Relaxed);
    if !bugs.slow().is_zero() {
        rt::time::sleep(bugs.slow()).await;
    }
    let mut response = if bugs.fails(number) {
        problem(("internal", "the database did not answer".to_owned()))
    } else {
        let given = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        let given = given.map_err(|e| ("bad-encoding", e.to_string()));
        let asked = given.and_then(|given| query::read(&given, list));
        match asked.and_then(|query| found(&query, &bugs)) {
            Ok(body) => HttpResponse::Ok().content_type("application/json").body(body.to_string()),
            Err(refused) => problem(refused),
        }
    };
    if let Ok(build) = bugs.build().parse() {
        response.headers_mut().insert(HeaderName::from_static("x-build"), build);
    }
    response
}

fn problem((code, detail): Refused) -> HttpResponse {
    let status = match code {
        "not-found" | "no-such-path" => StatusCode::NOT_FOUND,
        "gone" => StatusCode::GONE,
        "method-not-allowed" => StatusCode::METHOD_NOT_ALLOWED,
        "internal" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    // The facade's types are kept: consumers may go by them.
    let kind = format!("/docs/errors#{code}");
    let title = status.canonical_reason().unwrap_or_default();
    let body = json!({ "type": kind, "title": title, "status": status.as_u16(), "detail": detail, "code": code });
    HttpResponse::build(status).content_type("application/problem+json").body(body.to_string())
}

async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT)
}

async fn health(service: web::Data<Service>) -> HttpResponse {
    let caught_up = service.followed.caught_up.load(Ordering::Relaxed);
    let customers = service.data().customers.len();
    HttpResponse::Ok().json(json!({ "customers": customers, "caught_up": caught_up, "build": service.bugs().build() }))
}

async fn nowhere() -> HttpResponse {
    problem(("no-such-path", "the document at /openapi.json names the paths there are".to_owned()))
}
