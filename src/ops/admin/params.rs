//! Query parameters of the admin API: strict, as the facade's are.

use super::fault::AdminFault;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use banyan_model::query::params;
use banyan_words::problem::nearest;
use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::str::FromStr;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 500;

/// A request's parameters, each known and given once.
pub(in crate::ops) struct Params(BTreeMap<String, String>);

impl Params {
    /// Takes a query string apart.
    pub(in crate::ops) fn of(query: &str, known: &[&str]) -> Result<Params, AdminFault> {
        let mut out = BTreeMap::new();
        let list = params(query).map_err(|r| AdminFault::new(r.def.code, r.detail))?;
        for p in list {
            if !known.contains(&&*p.name) {
                let meant = nearest(&p.name, known.iter().copied()).map(|m| format!("did you mean `{m}`? "));
                let valid = if known.is_empty() {
                    "there are none here".to_owned()
                } else {
                    format!("valid: {}", known.join(", "))
                };
                let detail = format!("there is no parameter `{}`; {}{valid}", p.name, meant.unwrap_or_default());
                return Err(AdminFault::new("unknown-parameter", detail));
            }
            if out.insert(p.name.clone().into_owned(), p.value.into_owned()).is_some() {
                return Err(AdminFault::new("duplicate-parameter", format!("`{}` was given twice", p.name)));
            }
        }
        Ok(Params(out))
    }

    /// A text; an empty one counts as not given, as forms send it.
    pub(in crate::ops) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|t| !t.is_empty())
    }

    /// How many items.
    pub(in crate::ops) fn limit(&self) -> Result<usize, AdminFault> {
        let Some(text) = self.text("limit") else { return Ok(DEFAULT_LIMIT) };
        match text.parse() {
            Ok(n) if (1..=MAX_LIMIT).contains(&n) => Ok(n),
            _ => Err(AdminFault::new("bad-value", format!("`limit` is a number from 1 to {MAX_LIMIT}"))),
        }
    }

    /// Where the page begins.
    pub(in crate::ops) fn cursor<N: FromStr>(&self) -> Result<Option<N>, AdminFault> {
        let Some(text) = self.text("cursor") else { return Ok(None) };
        let number = text.strip_prefix('b').and_then(|n| n.parse().ok());
        number.map(Some).ok_or_else(|| AdminFault::new("bad-cursor", "it is not one that this list gave"))
    }
}

/// A request that may have no parameters, and has none.
pub(super) struct NoParams;

impl FromRequest for NoParams {
    type Error = AdminFault;
    type Future = Ready<Result<NoParams, AdminFault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Params::of(req.query_string(), &[]).map(|_| NoParams))
    }
}

/// The token of a page that goes on below that number.
pub(in crate::ops) fn cursor(below: impl std::fmt::Display) -> String {
    format!("b{below}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(query: &str) -> &'static str {
        Params::of(query, &["dataset", "limit", "cursor"]).err().map_or("", |f| f.code())
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert_eq!(code("dataset=crm.contacts&limit=3"), "");
        assert_eq!(code("datset=crm"), "unknown-parameter");
        assert_eq!(code("limit=1&limit=2"), "duplicate-parameter");
        assert_eq!(code("dataset=%zz"), "bad-encoding");
    }

    #[test]
    fn numbers_are_read_within_bounds() {
        let p = |q: &str| Params::of(q, &["limit", "cursor"]).unwrap();
        assert_eq!(p("").limit().unwrap(), DEFAULT_LIMIT);
        assert!(p("limit=0").limit().is_err() && p("limit=501").limit().is_err() && p("limit=x").limit().is_err());
        assert_eq!(p(&format!("cursor={}", cursor(17))).cursor::<u64>().unwrap(), Some(17));
        assert!(p("cursor=17").cursor::<u64>().is_err());
    }
}
