//! The catalog for people: entities, who rules their fields, and every formula that fills them.

use banyan_model::formula::Formula;
use banyan_model::model::{Catalog, Entity, EntityNo, Field, ForeignChange, KeyFrom, Mapping, Owner};
use banyan_model::query::key_spaces;
use banyan_words::Type;
use serde::Serialize;
use utoipa::ToSchema;

/// A canonical type.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntityView {
    /// Singular, as in `customer`.
    pub name: String,
    /// The collection's name in the facade, as in `customers`.
    pub plural: String,
    /// What it is.
    pub description: Option<String>,
    /// Live instances; null where they were not counted.
    pub instances: Option<u64>,
    /// Key spaces that may bring instances into being.
    pub authority: Vec<String>,
    /// Key spaces an instance can be looked up by.
    pub keys: Vec<KeySpaceView>,
    /// Its fields.
    pub fields: Vec<FieldView>,
    /// The mappings that feed it.
    pub mappings: Vec<MappingView>,
}

/// A key space.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeySpaceView {
    /// Who numbers.
    pub space: String,
    /// The columns of a key.
    pub columns: Vec<String>,
}

/// A field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldView {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: String,
    /// What it is.
    pub description: Option<String>,
    /// Never null.
    pub required: bool,
    /// About a person.
    pub personal: bool,
    /// Who rules it, in words.
    pub owner: String,
    /// What happens when another says something else: `ignore`, `review` or `reject`.
    pub on_foreign_change: String,
    /// Filters offered.
    pub filter: Vec<String>,
    /// Whether lists can be sorted by it.
    pub sort: bool,
}

/// A mapping with its formulas.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MappingView {
    /// Its name.
    pub name: String,
    /// The dataset it reads.
    pub dataset: String,
    /// Which instance a record speaks about: `space(columns)`.
    pub key: String,
    /// Further keys the instance has.
    pub also: Vec<String>,
    /// Whether it may bring instances into being.
    pub creates: bool,
    /// Records for which this is not true are skipped.
    pub when: Option<String>,
    /// Records for which this is true withdraw what they said.
    pub deleted: Option<String>,
    /// A formula for each field it fills.
    pub formulas: Vec<FormulaView>,
}

/// A field's formula.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FormulaView {
    /// The field.
    pub field: String,
    /// The formula as written.
    pub formula: String,
}

/// All entities, in the order of the configuration, with their counts of instances.
pub fn entities(catalog: &Catalog, counts: &[u64]) -> Vec<EntityView> {
    (0..catalog.entities.len()).map(|no| entity(catalog, no, counts.get(no).copied())).collect()
}

/// One entity.
pub fn entity(catalog: &Catalog, no: EntityNo, instances: Option<u64>) -> EntityView {
    let e = &catalog.entities[no];
    let keys = key_spaces(catalog, no).into_iter();
    EntityView {
        name: e.name.clone(),
        plural: e.plural.clone(),
        description: e.description.clone(),
        instances,
        authority: e.authority.clone(),
        keys: keys.map(|k| KeySpaceView { space: k.name, columns: k.columns }).collect(),
        fields: e.fields.iter().map(|f| field(catalog, f)).collect(),
        mappings: catalog.feeding(no).map(|(_, m)| mapping(catalog, e, m)).collect(),
    }
}

fn field(catalog: &Catalog, f: &Field) -> FieldView {
    let ty = match &f.ty {
        Type::Enum(words) => format!("one of {}", words.join(", ")),
        other => other.to_string(),
    };
    let foreign = match f.on_foreign_change {
        ForeignChange::Ignore => "ignore",
        ForeignChange::Review => "review",
        ForeignChange::Reject => "reject",
    };
    FieldView {
        name: f.name.clone(),
        ty,
        description: f.description.clone(),
        required: f.required,
        personal: f.personal,
        owner: owner(catalog, &f.owner),
        on_foreign_change: foreign.to_owned(),
        filter: f.filter.iter().map(|o| o.word().to_owned()).collect(),
        sort: f.sort,
    }
}

fn owner(catalog: &Catalog, owner: &Owner) -> String {
    let names = |ms: &[usize]| ms.iter().map(|m| catalog.mappings[*m].name.as_str()).collect::<Vec<_>>().join(", ");
    match owner {
        Owner::First(list) => list.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", else "),
        Owner::Latest(ms) => format!("the latest of {}", names(ms)),
        Owner::Review(ms) => format!("all of {} must agree", names(ms)),
    }
}

fn mapping(catalog: &Catalog, e: &Entity, m: &Mapping) -> MappingView {
    let text = |f: &Option<Formula>| f.as_ref().map(|f| f.text().to_owned());
    let formula = |(field, formula): &(usize, Formula)| FormulaView {
        field: e.fields[*field].name.clone(),
        formula: formula.text().to_owned(),
    };
    MappingView {
        name: m.name.clone(),
        dataset: catalog.datasets[m.dataset].full.clone(),
        key: key(&m.key),
        also: m.also.iter().map(key).collect(),
        creates: m.creates,
        when: text(&m.when),
        deleted: text(&m.deleted),
        formulas: m.fields.iter().map(formula).collect(),
    }
}

fn key(k: &KeyFrom) -> String {
    format!("{}({})", k.space, k.columns.join(", "))
}
