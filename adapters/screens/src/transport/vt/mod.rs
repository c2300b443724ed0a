//! Character terminals: a program started here, SSH, telnet.

use banyan_words::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

/// How a program on a character terminal is reached.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The program that is started here, and its arguments.
    #[serde(default)]
    pub command: Vec<String>,
    /// What terminal it is told it has. Default: vt220.
    #[serde(default)]
    pub term: Option<String>,
    /// Rows and columns. Default: 24, 80.
    #[serde(default)]
    pub size: Option<(u16, u16)>,
}

impl Config {
    /// Rows and columns.
    pub fn size(&self) -> Option<(u16, u16)> {
        Some(self.size.unwrap_or((24, 80)))
    }
}

/// What is wrong with it.
pub(crate) fn check(config: &Config, path: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if config.command.is_empty() {
        let hint = "write `command: [abook, --datafile, people.abook]`";
        problems.push(Problem::error("missing-key", path, "nothing says which program is started").hint(hint));
    }
    if config.size.is_some_and(|(rows, columns)| !(1..=200).contains(&rows) || !(10..=400).contains(&columns)) {
        let told = Problem::error("bad-value", format!("{path}.size"), "no terminal has this size");
        problems.push(told.hint("write `size: [24, 80]`: rows, then columns"));
    }
    problems
}
