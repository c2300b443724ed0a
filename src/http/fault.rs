//! Refusal → problem+json (RFC 9457). The one place that knows statuses.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use banyan_model::refusal::{At, Class, Refusal};
use serde_json::{Map, Value, json};

/// Media type of problems.
pub(super) const PROBLEM: &str = "application/problem+json";

/// The status of a class of refusals.
pub fn status(class: Class) -> StatusCode {
    match class {
        Class::Malformed => StatusCode::BAD_REQUEST,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::Gone => StatusCode::GONE,
        Class::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Class::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Class::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Class::TooLong => StatusCode::URI_TOO_LONG,
        Class::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Class::NotFreshEnough => StatusCode::GATEWAY_TIMEOUT,
        Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Class::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Class::BadUpstream => StatusCode::BAD_GATEWAY,
        Class::UpstreamTooSlow => StatusCode::GATEWAY_TIMEOUT,
        Class::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The answer that tells a refusal.
pub(super) fn problem(refusal: &Refusal, trace_id: &str) -> HttpResponse {
    let def = refusal.def;
    let status = status(def.class);
    let mut body = json!({
        "type": format!("/docs/errors#{}", def.code),
        "title": def.title,
        "status": status.as_u16(),
        "detail": refusal.detail,
        "code": def.code,
        "hint": def.hint,
    });
    if let Some(body) = body.as_object_mut() {
        if !refusal.flaws.is_empty() {
            let errors: Vec<Value> = refusal.flaws.iter().map(|f| error(&f.at, f.code, &f.detail)).collect();
            body.insert("errors".to_owned(), Value::Array(errors));
        }
        body.insert("trace_id".to_owned(), json!(trace_id));
    }
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM)));
    // A refusal may be another in a moment: what has not arrived arrives, what is gone returns.
    response.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    if def.class == Class::Unavailable {
        response.insert_header((header::RETRY_AFTER, HeaderValue::from_static("5")));
    }
    response.body(body.to_string())
}

fn error(at: &At, code: &str, detail: &str) -> Value {
    let mut out = Map::new();
    match at {
        At::Parameter(name) => out.insert("parameter".to_owned(), json!(name)),
        At::Header(name) => out.insert("header".to_owned(), json!(name)),
        At::Pointer(pointer) => out.insert("pointer".to_owned(), json!(pointer)),
    };
    out.insert("code".to_owned(), json!(code));
    out.insert("detail".to_owned(), json!(detail));
    Value::Object(out)
}
