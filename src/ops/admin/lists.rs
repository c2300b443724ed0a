//! Lists that page: units, ledger, dead letters, reviews.

use super::blocking;
use super::fault::{AdminFault, Problem};
use super::params::{Params, cursor};
use crate::ops::state::AdminState;
use crate::ops::view::{self, DeadLetterView, LedgerRowView, Names, Page, ReviewView, UnitView};
use crate::runtime::serving::Serving;
use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use banyan_store::{DeadLetterFilter, DeadLetterState};

/// Units of intake: versions of files
#[utoipa::path(get, path = "/admin/v1/units", operation_id = "listUnits", tag = "ledger",
    params(("dataset" = Option<String>, Query, description = "Only of this dataset."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "How many; 50 unless told."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before.")),
    responses((status = 200, description = "Units, newest first.", body = Page<UnitView>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn units(state: Data<AdminState>, req: HttpRequest) -> Result<Json<Page<UnitView>>, AdminFault> {
    let params = Params::of(req.query_string(), &["dataset", "limit", "cursor"])?;
    let (limit, before) = (params.limit()?, params.cursor()?);
    blocking(&state, move |s| {
        let dataset = dataset(&s.shared.get(), &params)?;
        let mut items: Vec<UnitView> = s.read(|_, reader| {
            Ok(reader.units(dataset, before, limit + 1)?.into_iter().map(UnitView::from).collect())
        })?;
        let next = cut(&mut items, limit, |u| u.number.into());
        Ok(Json(Page { items, next }))
    })
    .await
}

/// The ledger: a row for each unit and mapping
///
/// A page holds whole units, so it may be a few rows shorter than `limit`, or longer for a unit in very many mappings.
#[utoipa::path(get, path = "/admin/v1/ledger", operation_id = "listLedger", tag = "ledger",
    params(("dataset" = Option<String>, Query, description = "Only of this dataset."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "About how many rows; 50 unless told."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before.")),
    responses((status = 200, description = "Rows, newest unit first.", body = Page<LedgerRowView>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn ledger(state: Data<AdminState>, req: HttpRequest) -> Result<Json<Page<LedgerRowView>>, AdminFault> {
    let params = Params::of(req.query_string(), &["dataset", "limit", "cursor"])?;
    let (limit, before) = (params.limit()?, params.cursor()?);
    blocking(&state, move |s| {
        let dataset = dataset(&s.shared.get(), &params)?;
        let (items, next) = s.read(|serving, reader| {
            let names = Names::new(&*serving.store, Some(&serving.catalog));
            view::ledger(reader, &names, dataset, before, limit)
        })?;
        Ok(Json(Page { items, next: next.map(cursor) }))
    })
    .await
}

/// Dead letters: records that were refused
#[utoipa::path(get, path = "/admin/v1/dead-letters", operation_id = "listDeadLetters", tag = "dead letters",
    params(("dataset" = Option<String>, Query, description = "Only of this dataset."),
        ("code" = Option<String>, Query, description = "Only with this code."),
        ("state" = Option<String>, Query, description = "`open` (unless told), `replayed`, `discarded`, `superseded` or `all`."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "How many; 50 unless told."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before.")),
    responses((status = 200, description = "Dead letters, newest first.", body = Page<DeadLetterView>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn dead_letters(
    state: Data<AdminState>,
    req: HttpRequest,
) -> Result<Json<Page<DeadLetterView>>, AdminFault> {
    let params = Params::of(req.query_string(), &["dataset", "code", "state", "limit", "cursor"])?;
    blocking(&state, move |s| letters(s, &params).map(Json)).await
}

/// A page of dead letters.
pub(in crate::ops) fn letters(state: &AdminState, params: &Params) -> Result<Page<DeadLetterView>, AdminFault> {
    let limit = params.limit()?;
    let filter = DeadLetterFilter {
        dataset: dataset(&state.shared.get(), params)?,
        code: params.text("code").map(str::to_owned),
        state: letter_state(params.text("state"))?,
        before: params.cursor()?,
    };
    let mut items = state.read(|serving, reader| {
        let names = Names::new(&*serving.store, Some(&serving.catalog)).with_places(&serving.places);
        let letters = reader.dead_letters(&filter, limit + 1)?.into_iter();
        letters.map(|l| view::dead_letter(reader, &names, &state.codes, l, false)).collect::<Result<Vec<_>, _>>()
    })?;
    let next = cut(&mut items, limit, |l| l.number);
    Ok(Page { items, next })
}

/// The state meant by a word; open ones unless told, `None` for all.
pub(in crate::ops) fn letter_state(word: Option<&str>) -> Result<Option<DeadLetterState>, AdminFault> {
    Ok(match word {
        None | Some("open") => Some(DeadLetterState::Open),
        Some("replayed") => Some(DeadLetterState::Replayed),
        Some("discarded") => Some(DeadLetterState::Discarded),
        Some("superseded") => Some(DeadLetterState::Superseded),
        Some("all") => None,
        Some(_) => {
            let detail = "`state` is one of open, replayed, discarded, superseded, all";
            return Err(AdminFault::new("bad-value", detail));
        }
    })
}

/// Questions for a person
///
/// They are listed; answering them arrives with the review desk.
#[utoipa::path(get, path = "/admin/v1/reviews", operation_id = "listReviews", tag = "reviews",
    params(("state" = Option<String>, Query, description = "`open` (unless told) or `all`."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "How many; 50 unless told."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before.")),
    responses((status = 200, description = "Reviews, newest first.", body = Page<ReviewView>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn reviews(state: Data<AdminState>, req: HttpRequest) -> Result<Json<Page<ReviewView>>, AdminFault> {
    let params = Params::of(req.query_string(), &["state", "limit", "cursor"])?;
    let (limit, before) = (params.limit()?, params.cursor()?);
    let open = match params.text("state") {
        None | Some("open") => true,
        Some("all") => false,
        Some(_) => return Err(AdminFault::new("bad-value", "`state` is one of open, all")),
    };
    blocking(&state, move |s| {
        let mut items = s.read(|serving, reader| {
            let names = Names::new(&*serving.store, Some(&serving.catalog));
            let reviews = reader.reviews(open, before, limit + 1)?.into_iter();
            reviews.map(|r| view::review(&names, r)).collect::<Result<Vec<_>, _>>()
        })?;
        let next = cut(&mut items, limit, |r| r.number);
        Ok(Json(Page { items, next }))
    })
    .await
}

/// The store's number of the dataset named by `dataset`.
fn dataset(serving: &Serving, params: &Params) -> Result<Option<u32>, AdminFault> {
    let Some(full) = params.text("dataset") else { return Ok(None) };
    match serving.catalog.dataset(full) {
        Some((_, d)) => Ok(Some(d.stored)),
        None => {
            let known: Vec<&str> = serving.catalog.datasets.iter().map(|d| d.full.as_str()).collect();
            let detail = format!("there is no dataset `{full}`; there are: {}", known.join(", "));
            Err(AdminFault::new("bad-value", detail))
        }
    }
}

/// Cuts off the item that was read to know whether there are more.
fn cut<T>(items: &mut Vec<T>, limit: usize, number: impl Fn(&T) -> u64) -> Option<String> {
    if items.len() <= limit {
        return None;
    }
    items.truncate(limit);
    items.last().map(|i| cursor(number(i)))
}
