//! Entities and their fields.

use super::{EntityNo, FieldNo, LiveList, MappingNo, Stored};
use banyan_words::Type;

/// A canonical type.
#[derive(Clone, Debug)]
pub struct Entity {
    /// The store's number.
    pub stored: Stored,
    /// The store's number of this list of fields: rows say under which they were rendered.
    pub shape: Stored,
    /// Singular, as in `customer`.
    pub name: String,
    /// The collection's name in URLs, as in `customers`.
    pub plural: String,
    /// What it is, for the document.
    pub description: Option<String>,
    /// The name canonical ids are derived with: the first name it ever had (`renamed_from`).
    pub id_name: String,
    /// Key spaces that may bring instances into being.
    pub authority: Vec<String>,
    /// Fields in the order of the configuration.
    pub fields: Vec<Field>,
    /// Whether there is a list of instances; where nothing but live reads brings them, only if their source can be searched.
    pub listed: bool,
    /// How they are listed where nothing but live reads brings them.
    pub live_list: Option<LiveList>,
    /// Sub-collections: other entities' `ref` fields with an `inverse` here.
    pub children: Vec<Child>,
    /// Whether it has match rules that ask for a review (kept for the review desk).
    pub match_rules: Vec<String>,
}

impl Entity {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<(FieldNo, &Field)> {
        self.fields.iter().enumerate().find(|(_, f)| f.name == name)
    }

    /// Fields that keep an index table in the store: those with a filter or a sort, and every reference (its
    /// sub-collection, and the referrers of an instance, are found through it).
    pub fn indexed(&self) -> impl Iterator<Item = (FieldNo, &Field)> {
        self.fields.iter().enumerate().filter(|(_, f)| f.is_indexed())
    }
}

/// A field of an entity.
#[derive(Clone, Debug)]
pub struct Field {
    /// The store's number.
    pub stored: Stored,
    /// Its name in JSON.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Never null in what is served; a record that cannot give it is rejected.
    pub required: bool,
    /// Bounds and format of a text.
    pub text: Text,
    /// What it is, for the document.
    pub description: Option<String>,
    /// An example, for the document.
    pub example: Option<String>,
    /// Redacted in samples and logs.
    pub personal: bool,
    /// Who rules it.
    pub owner: Owner,
    /// What happens when a source that does not rule it says something else.
    pub on_foreign_change: ForeignChange,
    /// Filters offered.
    pub filter: Vec<FilterOp>,
    /// Sorting offered.
    pub sort: bool,
    /// For references: the entity meant.
    pub refers_to: Option<EntityNo>,
    /// For references: this instance is a part of the other, which changes when this one does.
    pub part_of: bool,
    /// For references: the name of the other side.
    pub inverse: Option<String>,
}

impl Field {
    /// See [`Entity::indexed`].
    pub fn is_indexed(&self) -> bool {
        !self.filter.is_empty() || self.sort || self.refers_to.is_some()
    }
}

/// Bounds and format of a text field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// At most so many characters.
    pub max: Option<u32>,
    /// JSON Schema format, such as `email`.
    pub format: Option<String>,
}

/// A sub-collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its name under the parent, as in `/orders/{id}/lines`.
    pub name: String,
    /// The entity of its members.
    pub entity: EntityNo,
    /// Their field that refers to the parent.
    pub field: FieldNo,
    /// Whether they are parts of the parent.
    pub part_of: bool,
}

/// Who rules a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The first of these that says something. Each entry is the mappings of one named source or dataset.
    First(Vec<(String, Vec<MappingNo>)>),
    /// The one with the latest declared time, else the latest origin; ties by rank.
    Latest(Vec<MappingNo>),
    /// All must agree; where they do not, nothing is served and a person is asked.
    Review(Vec<MappingNo>),
}

/// What happens when a source that does not rule a field says something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForeignChange {
    /// Nothing; its value is kept as a losing one.
    #[default]
    Ignore,
    /// A person is asked.
    Review,
    /// The record becomes a dead letter.
    Reject,
}

/// A filter operator; its spelling is the query parameter's suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FilterOp {
    /// `field=value`
    Eq,
    /// `field[ne]=value`
    Ne,
    /// `field[in]=a,b`
    In,
    /// `field[lt]=value`
    Lt,
    /// `field[lte]=value`
    Lte,
    /// `field[gt]=value`
    Gt,
    /// `field[gte]=value`
    Gte,
    /// `field[startswith]=text`
    StartsWith,
}

impl FilterOp {
    /// Every operator.
    pub const ALL: [FilterOp; 8] = [
        FilterOp::Eq,
        FilterOp::Ne,
        FilterOp::In,
        FilterOp::Lt,
        FilterOp::Lte,
        FilterOp::Gt,
        FilterOp::Gte,
        FilterOp::StartsWith,
    ];

    /// Its word in configuration and URLs.
    pub fn word(self) -> &'static str {
        match self {
            FilterOp::Eq => "eq",
            FilterOp::Ne => "ne",
            FilterOp::In => "in",
            FilterOp::Lt => "lt",
            FilterOp::Lte => "lte",
            FilterOp::Gt => "gt",
            FilterOp::Gte => "gte",
            FilterOp::StartsWith => "startswith",
        }
    }

    /// The operator of that word.
    pub fn from_word(word: &str) -> Option<FilterOp> {
        FilterOp::ALL.into_iter().find(|o| o.word() == word)
    }
}
