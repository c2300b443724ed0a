//! What can be asked for as a whole: the gateway, sources, datasets, entities, one dead letter.

use super::blocking;
use super::fault::{AdminFault, Problem};
use super::params::NoParams;
use crate::ops::state::{AboutView, AdminState};
use crate::ops::view::{self, DatasetLedger, DatasetView, DeadLetterView, EntityView, Names, Page, SourceView};
use actix_web::web::{Data, Json, Path};

/// Which gateway this is
#[utoipa::path(get, path = "/admin/v1/about", operation_id = "about", tag = "gateway",
    responses((status = 200, description = "Version, configuration, store.", body = AboutView),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn about(state: Data<AdminState>, _: NoParams) -> Result<Json<AboutView>, AdminFault> {
    Ok(Json(state.about()))
}

/// Sources, and what their feeds are doing
#[utoipa::path(get, path = "/admin/v1/sources", operation_id = "listSources", tag = "sources",
    responses((status = 200, description = "All sources.", body = Page<SourceView>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn sources(state: Data<AdminState>, _: NoParams) -> Result<Json<Page<SourceView>>, AdminFault> {
    let serving = state.shared.get();
    Ok(Json(Page::whole(view::sources(&serving.catalog, &state.acts.feeds(), &state.acts.insides()))))
}

/// Datasets: state, freshness, ledger, what waits for a person
#[utoipa::path(get, path = "/admin/v1/datasets", operation_id = "listDatasets", tag = "datasets",
    responses((status = 200, description = "All datasets.", body = Page<DatasetView>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn datasets(state: Data<AdminState>, _: NoParams) -> Result<Json<Page<DatasetView>>, AdminFault> {
    blocking(&state, |s| Ok(Json(Page::whole(s.datasets()?)))).await
}

/// One dataset
#[utoipa::path(get, path = "/admin/v1/datasets/{full}", operation_id = "getDataset", tag = "datasets",
    params(("full" = String, Path, description = "Its full name, as in `crm.contacts`.")),
    responses((status = 200, description = "The dataset.", body = DatasetView),
        (status = 404, description = "There is no such dataset.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn dataset(
    state: Data<AdminState>,
    full: Path<String>,
    _: NoParams,
) -> Result<Json<DatasetView>, AdminFault> {
    let full = full.into_inner();
    blocking(&state, move |s| {
        let found = s.datasets()?.into_iter().find(|d| d.name == full);
        found.map(Json).ok_or_else(|| AdminFault::missing(format_args!("dataset `{full}`")))
    })
    .await
}

/// Sums of the ledger, by dataset and mapping
#[utoipa::path(get, path = "/admin/v1/ledger/totals", operation_id = "ledgerTotals", tag = "ledger",
    responses((status = 200, description = "Every dataset's sums.", body = Page<DatasetLedger>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn ledger_totals(
    state: Data<AdminState>,
    _: NoParams,
) -> Result<Json<Page<DatasetLedger>>, AdminFault> {
    blocking(&state, |s| {
        let totals = s.read(|serving, reader| {
            let names = Names::new(&*serving.store, Some(&serving.catalog));
            serving.catalog.datasets.iter().map(|d| view::totals(reader, &names, d.stored)).collect()
        })?;
        Ok(Json(Page::whole(totals)))
    })
    .await
}

/// One dead letter, whole
#[utoipa::path(get, path = "/admin/v1/dead-letters/{number}", operation_id = "getDeadLetter", tag = "dead letters",
    params(("number" = u64, Path, description = "Its number.")),
    responses((status = 200, description = "The dead letter with all its bytes.", body = DeadLetterView),
        (status = 404, description = "There is no such dead letter.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn dead_letter(
    state: Data<AdminState>,
    number: Path<String>,
    _: NoParams,
) -> Result<Json<DeadLetterView>, AdminFault> {
    let number = number_of("dead letter", &number)?;
    blocking(&state, move |s| letter(s, number).map(Json)).await
}

/// A number in a path; anything else names nothing.
pub(in crate::ops) fn number_of(what: &str, text: &str) -> Result<u64, AdminFault> {
    text.parse().map_err(|_| AdminFault::new("not-found", format!("`{text}` is not the number of a {what}")))
}

/// A dead letter, whole.
pub(in crate::ops) fn letter(state: &AdminState, number: u64) -> Result<DeadLetterView, AdminFault> {
    let found = state.read(|serving, reader| {
        let names = Names::new(&*serving.store, Some(&serving.catalog)).with_places(&serving.places);
        let letter = reader.dead_letter(number)?;
        letter.map(|l| view::dead_letter(reader, &names, &state.codes, l, true)).transpose()
    })?;
    found.ok_or_else(|| AdminFault::missing(format_args!("dead letter {number}")))
}

/// Entities: fields, owners, keys, mappings with their formulas
#[utoipa::path(get, path = "/admin/v1/entities", operation_id = "listEntities", tag = "entities",
    responses((status = 200, description = "All entities.", body = Page<EntityView>),
        (status = 400, description = "Refused.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn entities(state: Data<AdminState>, _: NoParams) -> Result<Json<Page<EntityView>>, AdminFault> {
    blocking(&state, |s| Ok(Json(Page::whole(view::entities(&s.shared.get().catalog, &s.counts()?))))).await
}

/// One entity
#[utoipa::path(get, path = "/admin/v1/entities/{name}", operation_id = "getEntity", tag = "entities",
    params(("name" = String, Path, description = "Its name, as in `customer`.")),
    responses((status = 200, description = "The entity.", body = EntityView),
        (status = 404, description = "There is no such entity.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn entity(
    state: Data<AdminState>,
    name: Path<String>,
    _: NoParams,
) -> Result<Json<EntityView>, AdminFault> {
    let name = name.into_inner();
    blocking(&state, move |s| {
        let serving = s.shared.get();
        let no = serving.catalog.entity(&name).map(|(no, _)| no);
        let no = no.ok_or_else(|| AdminFault::missing(format_args!("entity `{name}`")))?;
        Ok(Json(view::entity(&serving.catalog, no, s.counts()?.get(no).copied())))
    })
    .await
}
