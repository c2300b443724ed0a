//! Screens: how each is known, what stands on it, which errors it shows.

use super::super::{Condition, ElementFinder, ErrorRule, Field, Finder, Pattern, Screen, ScreenNo, Side, Wanted};
use super::notes::each;
use super::raw::{RawElement, RawError, RawField, RawMatch, RawScreen, RawSide, RawText};
use super::{Far, Reader, pattern};
use crate::picture::{Area, At};
use banyan_words::node::{join, join_index};

impl Reader<'_> {
    /// All screens, first what each has by itself, then what leads from one to another.
    pub(super) fn read_screens(&mut self) {
        let path = self.at("screens");
        let node = self.node;
        let entries = node.get("screens").map(|n| n.entries()).unwrap_or_default();
        if entries.is_empty() {
            let whole = self.path.to_owned();
            self.notes.missing(&whole, "there are no screens", "write `screens: { home: { match: … } }`");
        }
        for (key, node) in entries {
            let at = join(&path, &key.text);
            self.name("screen", &key.text, &at);
            if key.text == "disconnected" {
                let message = "`disconnected` is what a session shows that ended";
                self.notes.error("bad-name", &at, message, "choose another name");
            }
            let raw: Option<RawScreen> = self.notes.read(node, &at);
            let transient = raw.as_ref().is_some_and(|r| r.transient).then(Vec::new);
            self.screens.push(Screen {
                name: key.text.clone(),
                conditions: Vec::new(),
                volatile: Vec::new(),
                fields: Vec::new(),
                errors: Vec::new(),
                exit: None,
                table: None,
                transient,
            });
            self.written.push(raw);
        }
        for no in 0..self.screens.len() {
            self.with_written(no, |reader, raw, at| {
                let conditions = reader.conditions(&raw.conditions, &join(at, "match"));
                let volatile = reader.volatile(&raw.volatile, &join(at, "volatile"));
                let fields = reader.fields(raw, &join(at, "fields"));
                let errors = reader.errors(&raw.errors, &join(at, "errors"));
                if let Some(screen) = reader.screens.get_mut(no) {
                    *screen = Screen { conditions, volatile, fields, errors, ..screen.clone() };
                }
                reader.check_screen(no, raw.conditions.is_empty(), at);
            });
        }
        for no in 0..self.screens.len() {
            self.with_written(no, |reader, raw, at| reader.ways(no, raw, at));
        }
    }

    /// Does something with a screen as it is written.
    fn with_written(&mut self, no: ScreenNo, act: impl FnOnce(&mut Self, &RawScreen, &str)) {
        let Some(raw) = self.written.get_mut(no).and_then(Option::take) else { return };
        let at = self.screen_path(no);
        act(self, &raw, &at);
        if let Some(slot) = self.written.get_mut(no) {
            *slot = Some(raw);
        }
    }

    /// Where a screen stands.
    pub(super) fn screen_path(&self, no: ScreenNo) -> String {
        let name = self.screens.get(no).map_or("", |s| s.name.as_str());
        join(&self.at("screens"), name)
    }

    fn conditions(&mut self, raw: &RawMatch, path: &str) -> Vec<Condition> {
        let mut all = Vec::new();
        for (node, at) in each(raw.text.as_ref(), &join(path, "text")) {
            self.on_grid("text", &at);
            if let Some(text) = self.notes.read::<RawText>(node, &at) {
                all.extend(self.text(&text, &at));
            }
        }
        for (node, at) in each(raw.contains.as_ref(), &join(path, "contains")) {
            if let Some(text) = self.notes.read::<String>(node, &at)
                && self.not_blank(&text, &at)
            {
                all.push(Condition::Contains(text));
            }
        }
        if let Some(at) = raw.cursor {
            self.on_grid("cursor", &join(path, "cursor"));
            all.extend(self.area(at.into(), 1, &join(path, "cursor")).map(|a| Condition::Cursor(a.at)));
        }
        if let Some(layout) = &raw.layout {
            let at = join(path, "layout");
            if self.far.is_some_and(|f| f != Far::Tn3270) {
                self.notes.error("conflict", &at, "only 3270 hosts declare fields", "use `text`");
            }
            match u64::from_str_radix(layout, 16) {
                Ok(layout) => all.push(Condition::Layout(layout)),
                Err(_) => {
                    let hint = "copy it from `banyan screens show`: 16 digits and letters from a to f";
                    self.notes.error("bad-value", &at, "this is no fingerprint of fields", hint);
                }
            }
        }
        if let Some(url) = &raw.url {
            let at = join(path, "url");
            self.on_page("url", &at);
            all.extend(self.pattern(pattern::url(url), &at).map(Condition::Url));
        }
        if let Some(title) = &raw.title {
            self.on_page("title", &join(path, "title"));
            all.push(Condition::Title(title.clone()));
        }
        for (node, at) in each(raw.element.as_ref(), &join(path, "element")) {
            self.on_page("element", &at);
            if let Some(raw) = self.notes.read::<RawElement>(node, &at) {
                all.extend(self.element(&raw.css, &raw.role, &raw.name, &at).map(Condition::Element));
            }
        }
        all
    }

    fn text(&mut self, raw: &RawText, path: &str) -> Option<Condition> {
        let said = [&raw.is, &raw.has, &raw.like, &raw.regex].iter().filter(|o| o.is_some()).count();
        if said == 0 {
            self.notes.missing(path, "nothing says which text", "write `{ at: [1, 2], is: \"STOCK LIST\" }`");
            return None;
        }
        if said > 1 || (raw.at.is_some() && raw.row.is_some()) || (raw.at.is_some() && raw.is.is_none()) {
            let hint = "write `{ at: [row, column], is: … }`, or `{ row: 1, has: … }`, or `like`, or `regex`";
            self.notes.error("conflict", path, "these keys do not go together", hint);
            return None;
        }
        if let Some(row) = raw.row {
            self.area(At { row, column: 1 }, 1, &join(path, "row"))?;
        }
        if let Some(like) = &raw.like {
            self.not_blank(like, path).then_some(())?;
            return Some(Condition::RowLike(raw.row, self.pattern(pattern::like(like), &join(path, "like"))?));
        }
        if let Some(regex) = &raw.regex {
            return Some(Condition::RowLike(raw.row, self.pattern(pattern::regex(regex), &join(path, "regex"))?));
        }
        let text = raw.is.as_ref().or(raw.has.as_ref())?;
        self.not_blank(text, path).then_some(())?;
        match (raw.at, raw.row) {
            (Some(at), _) => {
                let len = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
                self.in_row(at.1, len, path)?;
                self.area(at.into(), len, path)?;
                Some(Condition::TextAt(at.into(), text.clone()))
            }
            (None, Some(row)) if raw.has.is_some() => Some(Condition::RowHas(row, text.clone())),
            (None, None) if raw.has.is_some() => Some(Condition::Contains(text.clone())),
            (None, row) => {
                let whole = format!("^[ \t]*{}[ \t]*$", regex::escape(text.trim()));
                let pattern = self.pattern(pattern::regex(&whole), path)?;
                Some(Condition::RowLike(row, Pattern { text: text.clone(), ..pattern }))
            }
        }
    }

    fn volatile(&mut self, raw: &[(u16, u16, u16)], path: &str) -> Vec<Area> {
        if !raw.is_empty() {
            self.on_grid("volatile", path);
        }
        let areas = raw.iter().enumerate();
        areas
            .filter_map(|(i, (row, column, len))| {
                self.area(At { row: *row, column: *column }, *len, &join_index(path, i))
            })
            .collect()
    }

    fn fields(&mut self, raw: &RawScreen, path: &str) -> Vec<Field> {
        let mut fields = Vec::new();
        for (name, raw) in raw.fields.iter() {
            let at = join(path, name);
            self.name("field", name, &at);
            let Some(find) = self.finder(raw, &at) else { continue };
            let wanted = match raw.protected {
                None => Wanted::Any,
                Some(true) => Wanted::Output,
                Some(false) => Wanted::Input,
            };
            if is_password(name) && !raw.hidden {
                let message = format!("what is typed into `{name}` will be kept in traces");
                self.notes.warning("secret-in-clear", &at, message, "write `hidden: true` if it is a secret");
            }
            let (name, part) = (name.to_owned(), raw.part);
            fields.push(Field { name, find, hidden: raw.hidden, numeric: raw.numeric, part, wanted });
        }
        fields
    }

    fn finder(&mut self, raw: &RawField, path: &str) -> Option<Finder> {
        let ways = [raw.at.is_some(), raw.label.is_some(), raw.regex.is_some(), raw.css.is_some()];
        match ways.iter().filter(|w| **w).count() {
            0 => {
                let hint = "write `at: [row, column]` and `len`, or `label`, or `regex`, or on a page `css`";
                self.notes.missing(path, "nothing says where this field is", hint);
                return None;
            }
            1 => {}
            _ => {
                let message = "`at`, `label`, `regex` and `css` exclude each other";
                self.notes.error("conflict", path, message, "keep one of them");
                return None;
            }
        }
        let stray = [
            ("row", raw.row.is_some() && raw.regex.is_none(), "regex"),
            ("side", raw.side.is_some() && raw.label.is_none(), "label"),
            ("len", raw.len.is_some() && raw.at.is_none() && raw.label.is_none(), "at"),
            ("role", raw.role.is_some() && raw.css.is_none(), "css"),
            ("name", raw.name.is_some() && raw.css.is_none(), "css"),
        ];
        for (key, _, with) in stray.iter().filter(|(_, stray, _)| *stray) {
            let message = format!("`{key}` belongs to `{with}`");
            self.notes.error("conflict", &join(path, key), message, "leave it out");
        }
        if let Some(css) = &raw.css {
            self.on_page("css", path);
            return self.element(css, &raw.role, &raw.name, path).map(Finder::Element);
        }
        self.on_grid(
            if raw.at.is_some() {
                "at"
            } else if raw.label.is_some() {
                "label"
            } else {
                "regex"
            },
            path,
        );
        if let Some(at) = raw.at {
            let Some(len) = raw.len else {
                self.notes.missing(path, "the key `len` is missing", "say how many cells the field has: `len: 8`");
                return None;
            };
            return self.area(at.into(), len, path).map(Finder::Area);
        }
        if let Some(label) = &raw.label {
            self.not_blank(label, &join(path, "label")).then_some(())?;
            if raw.len == Some(0) {
                self.notes.error("bad-value", &join(path, "len"), "a field has at least one cell", "leave it out");
            }
            let side = if matches!(raw.side, Some(RawSide::Below)) { Side::Below } else { Side::Right };
            return Some(Finder::Label { label: label.trim().to_owned(), side, len: raw.len });
        }
        let at = join(path, "regex");
        let found = self.pattern(pattern::regex(raw.regex.as_deref()?), &at)?;
        if found.regex.captures_len() < 2 {
            let hint = "put brackets around what is the field: `regex: \"Total: +([0-9]+)\"`";
            self.notes.error("bad-value", &at, "this regular expression has no group", hint);
        }
        if let Some(row) = raw.row {
            self.area(At { row, column: 1 }, 1, &join(path, "row"))?;
        }
        Some(Finder::Like(raw.row, found))
    }

    fn errors(&mut self, raw: &[RawError], path: &str) -> Vec<ErrorRule> {
        let mut rules = Vec::new();
        for (i, raw) in raw.iter().enumerate() {
            let at = join_index(path, i);
            self.name("error", &raw.code, &join(&at, "code"));
            if raw.code == "errors" {
                self.notes.error("bad-name", &join(&at, "code"), "`errors` means all of them", "choose another code");
            }
            let place = self.error_place(raw, &at);
            match self.error_text(raw, &at) {
                Some(like) => rules.push(ErrorRule { code: raw.code.clone(), place, like }),
                None => self.notes.leave_out(&at),
            }
        }
        rules
    }

    fn error_text(&mut self, raw: &RawError, path: &str) -> Option<Pattern> {
        match (&raw.like, &raw.regex) {
            (Some(like), None) if like.chars().all(|c| c == '*' || c.is_whitespace()) => {
                self.notes.error("bad-value", path, "this would be an error at all times", "say what it says");
                None
            }
            (Some(like), None) => self.pattern(pattern::like(like), &join(path, "like")),
            (None, Some(regex)) => self.pattern(pattern::regex(regex), &join(path, "regex")),
            (Some(_), Some(_)) => {
                self.notes.error("conflict", path, "`like` and `regex` exclude each other", "keep one of them");
                None
            }
            (None, None) => {
                self.notes.missing(path, "nothing says how this error reads", "write `like: \"No such item*\"`");
                None
            }
        }
    }

    fn error_place(&mut self, raw: &RawError, path: &str) -> Option<Finder> {
        if [raw.at.is_some(), raw.row.is_some(), raw.css.is_some()].iter().filter(|b| **b).count() > 1 {
            let message = "`at`, `row` and `css` exclude each other";
            self.notes.error("conflict", path, message, "keep one of them");
        }
        if let Some(css) = &raw.css {
            self.on_page("css", path);
            return self.element(css, &raw.role, &raw.name, path).map(Finder::Element);
        }
        let at: At = raw.at.map(At::from).or(raw.row.map(|row| At { row, column: 1 }))?;
        self.on_grid("at", path);
        let columns = self.size.map_or(1, |(_, columns)| columns);
        let len = raw.len.unwrap_or_else(|| columns.saturating_add(1).saturating_sub(at.column).max(1));
        self.area(at, len, path).map(Finder::Area)
    }

    /// An element, if its selector is not blank.
    pub(super) fn element(
        &mut self,
        css: &str,
        role: &Option<String>,
        name: &Option<String>,
        path: &str,
    ) -> Option<ElementFinder> {
        self.not_blank(css, path).then(|| ElementFinder { css: css.to_owned(), role: role.clone(), name: name.clone() })
    }

    /// A pattern; told if it is none.
    fn pattern(&mut self, pattern: Result<Pattern, String>, path: &str) -> Option<Pattern> {
        let hint = "see the documentation of the regex syntax, or use `like` with * for anything";
        pattern.map_err(|told| self.notes.error("bad-value", path, told, hint)).ok()
    }

    /// An area that lies on the screen; told if it does not. One that runs on into the next row is possible on a 3270.
    pub(super) fn area(&mut self, at: At, len: u16, path: &str) -> Option<Area> {
        if len == 0 {
            self.notes.error("bad-value", path, "there is at least one cell", "give the length");
            return None;
        }
        if let Some((rows, columns)) = self.size {
            let inside = (1..=rows).contains(&at.row) && (1..=columns).contains(&at.column);
            let before = (u32::from(at.row).saturating_sub(1)) * u32::from(columns) + u32::from(at.column);
            if !inside || before + u32::from(len) - 1 > u32::from(rows) * u32::from(columns) {
                let place = format!("row {}, column {}, length {len}", at.row, at.column);
                let message = format!("{place} is not on the screen, which has {rows} rows and {columns} columns");
                let hint = "rows and columns count from 1; the transport says how large the screen is";
                self.notes.error("outside-screen", path, message, hint);
                return None;
            }
            if u32::from(at.column) + u32::from(len) - 1 > u32::from(columns) {
                let message = format!("this runs on into row {}", at.row.saturating_add(1));
                match self.far {
                    Some(Far::Tn3270) => self.notes.warning("runs-on", path, message, "check its length"),
                    _ => self.notes.error("outside-screen", path, message, "check its length"),
                }
            }
        } else if at.row == 0 || at.column == 0 {
            self.notes.error("outside-screen", path, "rows and columns count from 1", "the first place is [1, 1]");
            return None;
        }
        Some(Area { at, len })
    }

    /// A text must not run on into the next row.
    fn in_row(&mut self, column: u16, len: u16, path: &str) -> Option<()> {
        let (_, columns) = self.size.unwrap_or((0, u16::MAX));
        if u32::from(column) + u32::from(len) > u32::from(columns) + 1 {
            let message = "this text does not fit into its row";
            self.notes.error("outside-screen", path, message, "make it two texts, one in each row");
            return None;
        }
        Some(())
    }

    fn not_blank(&mut self, text: &str, path: &str) -> bool {
        let ok = !text.trim().is_empty();
        if !ok {
            self.notes.error("bad-value", path, "a blank text stands everywhere", "say which text");
        }
        ok
    }

    pub(super) fn on_grid(&mut self, key: &str, path: &str) {
        if self.far == Some(Far::Web) {
            let message = format!("a web page has no rows and columns, so no `{key}`");
            self.notes.error(
                "conflict",
                path,
                message,
                "use `css` with `role` and `name`; to know a page `url`, `title`",
            );
        }
    }

    pub(super) fn on_page(&mut self, key: &str, path: &str) {
        if self.far.is_some_and(|f| f != Far::Web) {
            let message = format!("only web pages have `{key}`");
            self.notes.error("conflict", path, message, "use rows and columns");
        }
    }
}

/// Whether a field of that name probably holds a secret.
pub(super) fn is_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "pwd", "secret", "token"].iter().any(|w| name.contains(w)) || name == "pin" || name == "pw"
}
