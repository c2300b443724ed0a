//! The texts a configuration was read from, by the name its problems carry.

/// Every file of a configuration, in the order they were read.
#[derive(Clone, Debug, Default)]
pub struct Files(Vec<(String, String)>);

impl Files {
    pub(super) fn add(&mut self, name: String, text: String) {
        self.0.push((name, text));
    }

    /// The text of the file of that name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, t)| t.as_str())
    }

    /// One line of a file, counted from 1, without its end.
    pub fn line(&self, name: &str, line: u32) -> Option<&str> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        self.text(name)?.lines().nth(index)
    }

    /// The names, main file first: what to watch for changes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(n, _)| n.as_str())
    }
}
