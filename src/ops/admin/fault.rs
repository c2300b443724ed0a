//! Refusals of the admin listener, as problem+json of the same form as the facade's.

use crate::ops::acts::ActFault;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use banyan_store::StoreError;
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// A code with its permanent meaning.
#[derive(Clone, Copy, Debug)]
pub struct CodeDef {
    /// Kebab-case.
    pub code: &'static str,
    /// Its status.
    pub status: u16,
    /// The same for every occurrence.
    pub title: &'static str,
    /// What to do.
    pub hint: &'static str,
}

const fn def(code: &'static str, status: u16, title: &'static str, hint: &'static str) -> CodeDef {
    CodeDef { code, status, title, hint }
}

/// Every code of the admin listener; those it shares with the facade mean the same there.
pub const CODES: &[CodeDef] = &[
    def("unknown-host", 421, "The Host header names another machine", "Call it by 127.0.0.1, [::1] or localhost."),
    def(
        "foreign-origin",
        403,
        "A page of another origin may not act here",
        "Act from the dashboard itself, or without a browser.",
    ),
    def("no-such-path", 404, "There is nothing at this path", "See /openapi.json or /docs for the paths there are."),
    def(
        "method-not-allowed",
        405,
        "This path does not offer that method",
        "Use one of the methods in the `Allow` header.",
    ),
    def("unknown-parameter", 400, "There is no such query parameter", "The detail lists the valid ones."),
    def("duplicate-parameter", 400, "A query parameter stands twice", "Give it once."),
    def("bad-value", 400, "A value is not of the expected type", "The detail says what is expected."),
    def("bad-cursor", 400, "The cursor cannot be read", "Pass `next` on exactly as it was given."),
    def("bad-encoding", 400, "The address is not properly percent-encoded", "Encode every parameter value."),
    def("bad-body", 400, "The body cannot be read", "The detail says what is expected."),
    def("body-too-large", 413, "The body is too large", "At most 64 KiB are read."),
    def(
        "unsupported-media-type",
        415,
        "The body's media type is not understood",
        "Send `Content-Type: application/json`.",
    ),
    def("not-found", 404, "There is no such thing", "See the list it was taken from."),
    def("not-possible", 409, "It cannot be done in this state", "The detail says why, and what to do instead."),
    def(
        "configuration-refused",
        422,
        "The configuration on disk has errors",
        "Mend what `errors` lists; the one in use stays meanwhile.",
    ),
    def(
        "store-unavailable",
        503,
        "The store cannot be read or written now",
        "Nothing is lost. Try again; the log says more.",
    ),
    def("ingest-stopped", 503, "Ingest has stopped", "The log says why; a restart goes on where it ended."),
    def("internal", 500, "The gateway failed", "The log holds more under the `trace_id`."),
];

/// A request refused.
#[derive(Clone, Debug)]
pub struct AdminFault {
    def: &'static CodeDef,
    detail: String,
    errors: Vec<FaultItem>,
    trace_id: String,
}

/// One of several faults.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct FaultItem {
    /// Its code.
    pub code: String,
    /// Where it is.
    pub place: String,
    /// What is wrong.
    pub detail: String,
}

/// An RFC 9457 problem.
#[derive(Serialize, ToSchema)]
pub(super) struct Problem<'a> {
    /// Where the code is documented.
    #[serde(rename = "type")]
    kind: String,
    /// The same for every occurrence.
    title: &'a str,
    /// The status.
    status: u16,
    /// What happened in this case.
    detail: &'a str,
    /// The permanent code.
    code: &'a str,
    /// What to do.
    hint: &'a str,
    /// Single faults, where there are several.
    #[serde(skip_serializing_if = "<[FaultItem]>::is_empty")]
    errors: &'a [FaultItem],
    /// Finds the request in the log.
    trace_id: &'a str,
}

impl AdminFault {
    /// A refusal with that code.
    pub fn new(code: &str, detail: impl Into<String>) -> AdminFault {
        const INTERNAL: &CodeDef = &CODES[CODES.len() - 1];
        let def = CODES.iter().find(|d| d.code == code).unwrap_or(INTERNAL);
        AdminFault { def, detail: detail.into(), errors: Vec::new(), trace_id: String::new() }
    }

    /// What was asked for is not there: "there is no …".
    pub(in crate::ops) fn missing(what: impl fmt::Display) -> AdminFault {
        AdminFault::new("not-found", format!("there is no {what}"))
    }

    /// The refusal as the request with that trace id gets it; one that is our fault is logged.
    pub(super) fn answer(mut self, trace_id: String) -> HttpResponse {
        if self.def.status >= 500 {
            tracing::error!(code = self.def.code, trace_id, "{}", self.detail);
        }
        self.trace_id = trace_id;
        self.error_response()
    }

    /// Its code.
    pub fn code(&self) -> &'static str {
        self.def.code
    }
}

impl fmt::Display for AdminFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.detail, self.def.code)
    }
}

impl std::error::Error for AdminFault {}

impl From<StoreError> for AdminFault {
    fn from(e: StoreError) -> AdminFault {
        AdminFault::new("store-unavailable", e.to_string())
    }
}

impl From<ActFault> for AdminFault {
    fn from(e: ActFault) -> AdminFault {
        let detail = e.to_string();
        match e {
            ActFault::Stopped => AdminFault::new("ingest-stopped", detail),
            ActFault::Store(e) => e.into(),
            ActFault::NoDataset(_) | ActFault::NoSource(_) => AdminFault::new("not-found", detail),
            ActFault::NotOffered(_) | ActFault::Changed(_) | ActFault::Source(_) => {
                AdminFault::new("not-possible", detail)
            }
            ActFault::Configuration(problems) => {
                let item = |p: &banyan_words::Problem| FaultItem {
                    code: p.code.clone(),
                    place: match &p.spot {
                        Some(s) => format!("{}:{}:{} {}", s.file, s.line, s.column, p.path),
                        None => p.path.clone(),
                    },
                    detail: p.message.clone(),
                };
                AdminFault {
                    errors: problems.iter().map(item).collect(),
                    ..AdminFault::new("configuration-refused", detail)
                }
            }
        }
    }
}

impl ResponseError for AdminFault {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.def.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let problem = Problem {
            kind: format!("/docs/errors#{}", self.def.code),
            title: self.def.title,
            status: self.def.status,
            detail: &self.detail,
            code: self.def.code,
            hint: self.def.hint,
            errors: &self.errors,
            trace_id: &self.trace_id,
        };
        let body = serde_json::to_string(&problem).unwrap_or_default();
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        // The door knows the request, and gives it its trace id.
        response.extensions_mut().insert(self.clone());
        response.body(body)
    }
}

impl Responder for AdminFault {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}
