//! Answers and their headers.

use super::schemas::reference;
use crate::http::fault::PROBLEM;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{Content, Ref, RefOr};

/// Refusals every operation may answer with: status, name of the shared response, what it means.
pub(super) const REFUSALS: [(&str, &str, &str); 8] = [
    ("400", "BadRequest", "The request is wrong; `errors` says where, with the valid names."),
    ("404", "NotFound", "There is no such instance, or it has not arrived yet."),
    ("406", "NotAcceptable", "None of the accepted media types can be given."),
    ("410", "Gone", "The instance has ended."),
    ("413", "TooLarge", "The body is too large."),
    ("415", "UnsupportedMediaType", "The body is not application/json."),
    ("503", "Unavailable", "The store cannot be read now; try again after `Retry-After`."),
    ("504", "NotFreshEnough", "What is known is older than a strict request asked for."),
];

/// The shared responses.
pub(super) fn shared() -> Vec<(String, Response)> {
    let problem = |about: &str| {
        ResponseBuilder::new().description(about).content(PROBLEM, Content::new(Some(reference("Problem"))))
    };
    let mut out: Vec<(String, Response)> = Vec::new();
    for (status, name, about) in REFUSALS {
        let mut response = problem(about);
        if status == "503" {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer);
            response = response.header("Retry-After", header("Seconds to wait.", seconds));
        }
        out.push((name.to_owned(), response.build()));
    }
    out.push(("Other".to_owned(), problem("Another refusal; its `code` says which.").build()));
    let unchanged = ResponseBuilder::new().description("What the caller has is still the same.");
    out.push(("NotModified".to_owned(), dressed(unchanged).header("ETag", etag()).build()));
    let location = header("Address of the canonical instance.", text().format(uri()));
    let moved =
        ResponseBuilder::new().description("The id is another name of an instance; its canonical address follows.");
    out.push(("Moved".to_owned(), moved.header("Location", location).build()));
    out
}

/// A reference to a shared response.
pub(super) fn shared_response(name: &str) -> RefOr<Response> {
    RefOr::Ref(Ref::from_response_name(name))
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn uri() -> Option<SchemaFormat> {
    Some(SchemaFormat::Custom("uri-reference".to_owned()))
}

fn header(about: &str, schema: impl Into<RefOr<Schema>>) -> Header {
    HeaderBuilder::new().schema(Some(schema)).description(Some(about)).build()
}

/// `ETag`
pub(super) fn etag() -> Header {
    header("Strong; the same as long as the content is.", text().pattern(Some("^\"[0-9a-f]{16}(-gzip)?\"$")))
}

/// `Link`
pub(super) fn link() -> Header {
    header("Address of the next page, with `rel=\"next\"`.", text())
}

/// `Last-Modified`
pub(super) fn last_modified() -> Header {
    header("When the content last changed.", text())
}

/// `Content-Location`
pub(super) fn content_location() -> Header {
    header("The instance's own address.", text().format(uri()))
}

/// What `Banyan-Served-By` says.
const SERVED_BY: &str = "What answered: the store, or the source itself (`live`). Of a path that moves: which side.";

/// The headers of every answer from the store.
pub(super) fn dressed(r: ResponseBuilder) -> ResponseBuilder {
    let as_of = text().format(Some(SchemaFormat::Custom("date-time".to_owned())));
    r.header("Cache-Control", header("How long it may be kept unasked.", text()))
        .header(
            "Age",
            header("Seconds since `Banyan-As-Of`.", ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0))),
        )
        .header("Banyan-As-Of", header("As of when the data speaks: its oldest source.", as_of))
        .header("Banyan-Served-By", header(SERVED_BY, text().enum_values(Some(["store", "live", "legacy", "modern"]))))
}
