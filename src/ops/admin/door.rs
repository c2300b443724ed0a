//! Who may ask, and what an answer may do in a browser.
//!
//! A browser on this machine reaches loopback too, and so does every page it shows. Against those: the `Host` must be a
//! name that only this machine can have (DNS rebinding); an act must carry a JSON media type, which a foreign page cannot
//! send without a preflight that is never granted; and what says that it comes from another origin is not believed.

use super::fault::AdminFault;
use crate::ops::guard::host_is_ours;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Everything comes from here, nothing is inline: neither a style, nor a script, nor a frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The page that shows the document sets styles by script.
const DOCS_POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; \
                           img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The middleware.
pub(super) async fn door(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let docs = req.path().starts_with("/docs");
    let answer = match check(req.method(), req.headers()) {
        Ok(()) => next.call(req).await?.map_into_boxed_body(),
        Err(fault) => req.into_response(fault.error_response()),
    };
    let fault = answer.response().extensions().get::<AdminFault>().cloned();
    let mut answer = match fault {
        Some(fault) => {
            let allow = answer.headers().get(header::ALLOW).cloned();
            let told = fault.answer(crate::http::trace_id(answer.request().headers()));
            let mut told = answer.into_response(told);
            allow.map(|a| told.headers_mut().insert(header::ALLOW, a));
            told
        }
        None => answer,
    };
    let headers = answer.headers_mut();
    let mut set = |name, value| drop(headers.insert(name, HeaderValue::from_static(value)));
    set(header::CONTENT_SECURITY_POLICY, if docs { DOCS_POLICY } else { POLICY });
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    if !answer.headers().contains_key(header::CACHE_CONTROL) {
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(answer)
}

fn check(method: &Method, headers: &HeaderMap) -> Result<(), AdminFault> {
    let text = |name: &HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or(""));
    let host = text(&header::HOST).unwrap_or("");
    if headers.get_all(header::HOST).count() != 1 || !host_is_ours(host) {
        return Err(AdminFault::new("unknown-host", "the admin listener answers to loopback names only"));
    }
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let own = |origin: &str| origin.strip_prefix("http://").is_some_and(|o| o.eq_ignore_ascii_case(host));
    if text(&header::ORIGIN).is_some_and(|o| !own(o)) {
        return Err(AdminFault::new("foreign-origin", "the request says that it comes from a page of another origin"));
    }
    if text(&SEC_FETCH_SITE).is_some_and(|s| !matches!(s, "same-origin" | "none")) {
        return Err(AdminFault::new("foreign-origin", "the browser says that a page of another origin asks"));
    }
    // No other method is offered anywhere: the path answers that, and names those that are.
    if *method != Method::POST {
        return Ok(());
    }
    let media = text(&header::CONTENT_TYPE).unwrap_or("");
    let media = media.split(';').next().unwrap_or("").trim();
    if !media.eq_ignore_ascii_case("application/json") {
        return Err(AdminFault::new(
            "unsupported-media-type",
            "an act is sent as application/json, even one without a body",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, headers: &[(&str, &str)]) -> Result<(), &'static str> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse().unwrap(), value.parse().unwrap());
        }
        check(&method, &map).map_err(|f| f.code())
    }

    #[test]
    fn a_rebound_name_is_refused() {
        assert_eq!(asked(Method::GET, &[("host", "127.0.0.1:8081")]), Ok(()));
        assert_eq!(asked(Method::GET, &[("host", "rebound.example:8081")]), Err("unknown-host"));
        assert_eq!(asked(Method::GET, &[]), Err("unknown-host"));
        assert_eq!(asked(Method::GET, &[("host", "localhost"), ("host", "evil.example")]), Err("unknown-host"));
    }

    #[test]
    fn acts_come_from_our_own_pages_or_from_no_page() {
        let host = ("host", "localhost:8081");
        let json = ("content-type", "application/json; charset=utf-8");
        assert_eq!(asked(Method::POST, &[host, json]), Ok(()));
        assert_eq!(asked(Method::POST, &[host, json, ("origin", "http://localhost:8081")]), Ok(()));
        for origin in [
            "http://evil.example",
            "null",
            "http://localhost:9000",
            "https://localhost:8081",
            "http://localhost:8081.evil.example",
        ] {
            assert_eq!(asked(Method::POST, &[host, json, ("origin", origin)]), Err("foreign-origin"), "{origin}");
        }
        assert_eq!(asked(Method::POST, &[host, json, ("sec-fetch-site", "cross-site")]), Err("foreign-origin"));
        assert_eq!(asked(Method::POST, &[host, json, ("sec-fetch-site", "same-site")]), Err("foreign-origin"));
        for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            assert_eq!(asked(Method::POST, &[host, ("content-type", media)]), Err("unsupported-media-type"), "{media}");
        }
        assert_eq!(asked(Method::POST, &[host]), Err("unsupported-media-type"));
    }
}
