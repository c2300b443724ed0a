//! `banyan routes contract`: what modern's contract would change for a route's callers.

use super::routes::routes_of;
use super::{Done, Failure, Global, out};
use crate::config::Built;
use crate::http::plain_document;
use crate::ops::view::contract::ContractView;
use crate::runtime::routes::contract::{Contracts, document_at};
use serde_json::json;
use std::path::Path;

/// Compares, with the document in `file` where one is given, else with what the upstream says now.
pub(super) fn contract(global: &Global, mut built: Built, route: &str, file: Option<&Path>) -> Done {
    let (routes, _) = routes_of(&mut built)?;
    let route = routes
        .named(route)
        .ok_or_else(|| Failure::Because(format!("there is no route `{route}`; `banyan routes list` shows all")))?;
    let contracts = Contracts::default();
    contracts.take_up(plain_document(&built.catalog));
    let compared = match file {
        Some(file) => Some(document_at(file).and_then(|theirs| contracts.compare_with(route, &theirs))),
        None => contracts.compare(route),
    };
    let view = ContractView::of(&route.name, compared);
    match global.json {
        true => out::json(&json!(view)),
        false => out::answer(&view.to_text()),
    }
    match view.breaking > 0 || view.not_compared.is_some() {
        true => Err(Failure::Told),
        false => Ok(()),
    }
}
