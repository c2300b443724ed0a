//! The keys under `format:`, one type for each `kind`.

use banyan_words::node::{Named, Size};
use schemars::JsonSchema;
use serde::Deserialize;

fn one_mebibyte() -> Size {
    Size(1 << 20)
}

fn yes() -> bool {
    true
}

/// `kind: csv`: delimited text.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvConfig {
    /// Any encoding of the WHATWG standard, `utf-16`, `utf-16le`, `utf-16be`, or a DOS page such as `cp850`.
    /// Default: a byte order mark decides, else UTF-8.
    #[serde(default)]
    pub encoding: Option<String>,
    /// What stands between fields: one character or several. Default: a comma.
    #[serde(default = "comma")]
    pub delimiter: String,
    /// What ends a record. Default: a line feed, with or without a carriage return.
    #[serde(default)]
    pub record_end: Option<String>,
    /// What stands around fields that hold delimiters or line ends: one ASCII character, or `none`. Default: `"`.
    #[serde(default)]
    pub quote: Option<String>,
    /// The first record holds the columns' names. Default: true.
    #[serde(default = "yes")]
    pub header: bool,
    /// The columns' names, where there is no header or it is no use.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// What a line without content is. Default: `skip`.
    #[serde(default)]
    pub blank_lines: BlankConfig,
    /// No record is longer. Default: 1MiB.
    #[serde(default = "one_mebibyte")]
    pub max_record: Size,
}

fn comma() -> String {
    ",".into()
}

/// A line without content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BlankConfig {
    /// Is passed over.
    #[default]
    Skip,
    /// Is a record with one empty field.
    Record,
}

/// `kind: fixed`: columns by position.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedConfig {
    /// As for csv.
    #[serde(default)]
    pub encoding: Option<String>,
    /// The columns.
    pub columns: Vec<FixedColumn>,
    /// Records are lines; else they follow each other without an end. Default: true.
    #[serde(default = "yes")]
    pub lines: bool,
    /// What ends a record that is a line. Default: a line feed, with or without a carriage return.
    #[serde(default)]
    pub record_end: Option<String>,
    /// The width of a record, filler included. Default: up to its last column.
    #[serde(default)]
    pub length: Option<usize>,
    /// A record that ends before its last column is refused, or read as if it had blanks there. Default: `reject`.
    #[serde(default)]
    pub short: ShortConfig,
    /// Blanks at the end of text are cut off (`right`) or kept (`none`). Default: `right`.
    #[serde(default)]
    pub trim: TrimConfig,
    /// What positions count in UTF-8. Default: `bytes`.
    #[serde(default)]
    pub positions: PositionsConfig,
    /// No record is longer. Default: 1MiB.
    #[serde(default = "one_mebibyte")]
    pub max_record: Size,
}

/// A column of fixed width.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedColumn {
    /// Its name.
    pub name: String,
    /// Its first position, from 1.
    pub at: usize,
    /// Its width.
    pub length: usize,
    /// What it holds. Default: text.
    #[serde(rename = "type", default)]
    pub ty: TypeConfig,
    /// Digits after the point of a `decimal`, whether or not the point is written. Default: 0.
    #[serde(default)]
    pub scale: u8,
}

/// What a column of fixed width holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TypeConfig {
    /// Text.
    #[default]
    Text,
    /// A whole number; blank is null.
    Integer,
    /// A decimal; blank is null.
    Decimal,
}

/// A short record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShortConfig {
    /// Is refused.
    #[default]
    Reject,
    /// Lacks blanks.
    Pad,
}

/// Blanks at the end of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrimConfig {
    /// Are cut off.
    #[default]
    Right,
    /// Are kept.
    None,
}

/// What positions count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PositionsConfig {
    /// Bytes.
    #[default]
    Bytes,
    /// Characters.
    Characters,
}

/// `kind: json`: the elements of one list of a document.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonConfig {
    /// Default: UTF-8.
    #[serde(default)]
    pub encoding: Option<String>,
    /// A JSON Pointer to the list of records, such as `/items`. Default: the document itself.
    #[serde(default)]
    pub record: Option<String>,
    /// Columns, and JSON Pointers to their values within a record.
    #[serde(default)]
    pub fields: Option<Named<String>>,
    /// Columns that are members of the record; instead of `fields`.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// No record is longer. Default: 1MiB.
    #[serde(default = "one_mebibyte")]
    pub max_record: Size,
}

/// `kind: jsonl`: one JSON object a line.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonLinesConfig {
    /// Default: UTF-8.
    #[serde(default)]
    pub encoding: Option<String>,
    /// Columns, and JSON Pointers to their values within a record.
    #[serde(default)]
    pub fields: Option<Named<String>>,
    /// Columns that are members of the record; instead of `fields`.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// No record is longer. Default: 1MiB.
    #[serde(default = "one_mebibyte")]
    pub max_record: Size,
}

/// `kind: xml`: one record for each element at a path.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct XmlConfig {
    /// Default: what the file itself declares, else UTF-8.
    #[serde(default)]
    pub encoding: Option<String>,
    /// The path to the records, such as `/catalogue/item`.
    pub record: String,
    /// Columns, and paths to their values within a record: `@sku`, `prices/price[@cur='GBP']`, `tag[]`, `.`.
    pub fields: Named<String>,
    /// Prefixes for paths. A name without a prefix matches in any namespace.
    #[serde(default)]
    pub namespaces: Named<String>,
    /// No record is longer. Default: 1MiB.
    #[serde(default = "one_mebibyte")]
    pub max_record: Size,
}
