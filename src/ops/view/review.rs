//! A question for a person.

use super::{Names, moment};
use banyan_store::{Result, Review};
use serde::Serialize;
use utoipa::ToSchema;

/// A question for a person. Answering arrives with the review desk; until then they are listed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReviewView {
    /// Its number.
    pub number: u64,
    /// What is asked, such as `owners-disagree`.
    pub kind: String,
    /// The entity.
    pub entity: String,
    /// The instance's id.
    pub id: String,
    /// Details.
    #[schema(value_type = Object)]
    pub about: serde_json::Value,
    /// When it was asked.
    pub at: String,
    /// Whether it is open.
    pub open: bool,
}

/// A review as shown.
pub fn review(names: &Names<'_>, r: Review) -> Result<ReviewView> {
    Ok(ReviewView {
        number: r.number,
        kind: r.kind,
        entity: names.name("entity", r.entity)?,
        id: r.id.to_string(),
        about: serde_json::from_str(&r.about).unwrap_or(serde_json::Value::String(r.about)),
        at: moment(r.at),
        open: r.open,
    })
}
