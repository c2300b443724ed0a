//! Steps: what is set, typed, pressed, awaited and read; and on which screens each begins.

use super::super::{Expected, Finder, Key, Piece, Press, Read, ScreenNo, Step, Wanted};
use super::notes::each;
use super::pieces::{LOGIN, Names};
use super::raw::{RawPress, RawStep};
use super::screen::is_password;
use super::{Far, Reader};
use banyan_words::node::{Kind, Node, join};

/// The screens a step may begin on; `None` where that is not known because something before it is faulty.
pub(super) type On = Option<Vec<ScreenNo>>;
/// `press`, `key` and `button`, as written.
type Pressed<'r> = (Option<&'r Node>, Option<&'r str>, Option<&'r str>);

impl Reader<'_> {
    /// The step at `path`, which begins on `on`; and where the next one begins.
    pub(super) fn step(&mut self, node: &Node, path: &str, on: &On, names: &Names) -> (Option<Step>, On) {
        let Some(raw) = self.notes.read::<RawStep>(node, path) else { return (None, None) };
        if on.as_ref().is_some_and(Vec::is_empty) {
            let message = "this step can never begin: the one before expects no screen";
            self.notes.error("nothing-follows", path, message, "add the screen to its `expect`");
            return (None, None);
        }
        let set = self.set(&raw, &join(path, "set"), on, names);
        let typed = match &raw.typed {
            Some(node) => self.pieces(node, &join(path, "type"), names).unwrap_or_default(),
            None => Vec::new(),
        };
        if !raw.set.is_empty() && raw.typed.is_some() {
            let message = "`set` and `type` in one step: which comes first?";
            self.notes.error("conflict", path, message, "make two steps of it");
        }
        if raw.typed.is_some() && self.far == Some(Far::Web) {
            let message = "a page has no cursor to type at";
            self.notes.error("conflict", &join(path, "type"), message, "use `set` with a field");
        }
        let press = self.pressed(on, (raw.press.as_ref(), raw.key.as_deref(), raw.button.as_deref()), path);
        let expect_at = join(path, "expect");
        let expect = self.expected(raw.expect.as_ref(), &expect_at);
        let presses = !matches!(press, Some(None));
        let next: On = if presses { expect.as_ref().map(|e| screens_of(e)) } else { on.clone() };
        self.check_step(&raw, path, presses);
        let read = raw.read.as_ref().map(|node| self.read_of(node, &join(path, "read"), &next));
        let step = Step {
            on: on.clone().unwrap_or_default(),
            set,
            typed,
            readback: raw.readback.unwrap_or(true),
            press: press.flatten(),
            expect: expect.unwrap_or_default(),
            within: raw.within.map(|d| d.0),
            commit: raw.commit,
            read: read.flatten(),
        };
        (Some(step), next)
    }

    fn check_step(&mut self, raw: &RawStep, path: &str, presses: bool) {
        let waits = raw.expect.is_some();
        if !presses && waits {
            let message = "nothing is pressed in this step, so nothing comes";
            self.notes.error("conflict", &join(path, "expect"), message, "say what is pressed, or leave `expect` out");
        }
        if raw.commit && !presses {
            let message = "a step that commits presses something";
            self.notes.error("conflict", &join(path, "commit"), message, "say what is pressed");
        }
        if !presses && raw.within.is_some() {
            let message = "nothing is awaited in this step";
            self.notes.error("conflict", &join(path, "within"), message, "leave `within` out");
        }
        if !presses && raw.set.is_empty() && raw.typed.is_none() && raw.read.is_none() {
            self.notes.missing(path, "this step does nothing", "say what it sets, types, presses or reads");
        }
    }

    fn set(&mut self, raw: &RawStep, path: &str, on: &On, names: &Names) -> Vec<(usize, Vec<Piece>)> {
        let mut all = Vec::new();
        for (name, node) in raw.set.iter() {
            let at = join(path, name);
            let pieces = self.pieces(node, &at, names);
            let Some(screen) = self.only(on, path) else { continue };
            let Some(no) = self.field_of(screen, name, &at) else { continue };
            let Some(pieces) = pieces else { continue };
            self.check_set(screen, no, &pieces, &at);
            all.push((no, pieces));
        }
        all
    }

    /// What is put into a field must fit it, as far as it is known.
    fn check_set(&mut self, screen: ScreenNo, no: usize, pieces: &[Piece], path: &str) {
        let Some(field) = self.screens.get(screen).and_then(|s| s.fields.get(no)).cloned() else { return };
        if field.wanted == Wanted::Output {
            let message = format!("`{}` is protected: nothing can be typed there", field.name);
            self.notes.error("protected-field", path, message, "set another field, or correct `protected`");
        }
        if let Finder::Like(..) = field.find {
            let message = format!("`{}` is found by what stands there, so nothing can be typed into it", field.name);
            self.notes.error("conflict", path, message, "give the field a place, or a label");
        }
        let literal = |p: &Piece| match p {
            Piece::Plain(text) => Some((text.plain.clone(), text.secret)),
            Piece::Given(_) => None,
        };
        let known: Option<Vec<(String, bool)>> = pieces.iter().map(literal).collect();
        let secret = field.hidden || is_password(&field.name);
        if secret && pieces.iter().any(|p| matches!(p, Piece::Plain(t) if !t.secret && !t.plain.is_empty())) {
            let message = "a secret stands here in clear";
            let hint = "write \"${env:NAME}\" or \"${file:PATH}\", or `$password` for that of the source's login";
            self.notes.warning("secret-in-clear", path, message, hint);
        }
        let Some(known) = known else { return };
        let text: String = known.iter().map(|(t, _)| t.as_str()).collect();
        let len = match field.find {
            Finder::Area(area) => Some(area.len),
            Finder::Label { len, .. } => len,
            _ => None,
        };
        let secret_text = known.iter().any(|(_, s)| *s);
        if len.is_some_and(|len| text.chars().count() > usize::from(len)) {
            let message = match secret_text {
                true => format!("the secret is longer than the field `{}`", field.name),
                false => format!("`{text}` is longer than the field `{}`", field.name),
            };
            self.notes.error("too-long", path, message, "it would be refused: a value is never cut");
        }
        if field.numeric && !text.chars().all(|c| c.is_ascii_digit() || "+-. ".contains(c)) {
            let message = format!("the field `{}` takes digits only", field.name);
            self.notes.error("not-numeric", path, message, "correct the value, or leave `numeric` out");
        }
    }

    /// The one screen a step begins on; told if there are several.
    fn only(&mut self, on: &On, path: &str) -> Option<ScreenNo> {
        match on.as_deref()? {
            [] => None,
            [one] => Some(*one),
            several => {
                let names: Vec<&str> =
                    several.iter().filter_map(|n| self.screens.get(*n)).map(|s| s.name.as_str()).collect();
                let message = format!("it is not known on which screen this happens: {}", names.join(" or "));
                let hint = "let the step before expect one screen, or make flows of their own";
                self.notes.error("ambiguous-start", path, message, hint);
                None
            }
        }
    }

    /// The field of that name; told if there is none.
    pub(super) fn field_of(&mut self, screen: ScreenNo, name: &str, path: &str) -> Option<usize> {
        let found = self.screens.get(screen)?;
        if let Some(no) = found.field(name) {
            return Some(no);
        }
        let known: Vec<String> = found.fields.iter().map(|f| f.name.clone()).collect();
        let at = join(&self.screen_path(screen), "fields");
        let faulty = self.notes.partial(&join(&at, name)) || self.notes.partial(&at) && known.is_empty();
        let written = self.node.get("screens").and_then(|s| s.get(&found_name(self, screen)));
        let named = written.and_then(|s| s.get("fields")).is_some_and(|f| f.get(name).is_some());
        if !faulty && !named {
            self.notes.unknown("field", path, name, known.iter().map(String::as_str));
        }
        None
    }

    /// What is pressed. `Some(None)`: nothing is; `None`: it is faulty, and told.
    pub(super) fn pressed(&mut self, on: &On, (press, key, button): Pressed<'_>, path: &str) -> Option<Option<Press>> {
        if [press.is_some(), key.is_some(), button.is_some()].iter().filter(|b| **b).count() > 1 {
            let message = "`press`, `key` and `button` exclude each other";
            self.notes.error("conflict", path, message, "keep one of them");
            return None;
        }
        if let Some(node) = press {
            let at = join(path, "press");
            if let Some(word) = node.as_text() {
                return self.press_word(on, word, &at).map(Some);
            }
            if !matches!(node.kind, Kind::Map(_)) {
                let message = format!("expected a key, found {}", node.describe());
                self.notes.error("wrong-type", &at, message, "press one key in each step");
                return None;
            }
            let raw: RawPress = self.notes.read(node, &at)?;
            if raw.press.is_some() || raw.expect.is_some() || raw.within.is_some() {
                let message = "only `key` or `button` may stand here";
                self.notes.error("conflict", &at, message, "write `press: { button: save }`");
                return None;
            }
            return self.pressed(on, (None, raw.key.as_deref(), raw.button.as_deref()), &at);
        }
        if let Some(key) = key {
            return self.key(key, &join(path, "key")).map(|k| Some(Press::Key(k)));
        }
        match button {
            Some(name) => self.button(on, name, &join(path, "button")).map(Some),
            None => Some(None),
        }
    }

    /// A key, or else a button of that name.
    pub(super) fn press_word(&mut self, on: &On, word: &str, path: &str) -> Option<Press> {
        let known = |n: &ScreenNo| self.screens.get(*n).is_some_and(|s| s.field(word).is_some());
        if word.parse::<Key>().is_err() && on.as_deref().is_some_and(|on| on.iter().any(known)) {
            return self.button(on, word, path);
        }
        self.key(word, path).map(Press::Key)
    }

    fn button(&mut self, on: &On, name: &str, path: &str) -> Option<Press> {
        self.on_page("button", path);
        let screen = self.only(on, path)?;
        let no = self.field_of(screen, name, path)?;
        let is_element = |f: &super::super::Field| matches!(f.find, Finder::Element(_));
        if !self.screens.get(screen).and_then(|s| s.fields.get(no)).is_some_and(is_element) {
            return None; // what is wrong with it is told where it stands
        }
        Some(Press::Button(no))
    }

    /// What may come; `None` where something of it is faulty.
    pub(super) fn expected(&mut self, node: Option<&Node>, path: &str) -> Option<Vec<Expected>> {
        let mut all = Vec::new();
        let mut sound = true;
        for (node, at) in each(node, path) {
            let one = self.notes.read::<String>(node, &at).and_then(|word| self.expected_word(&word, &at));
            match one {
                Some(one) if all.contains(&one) => {
                    self.notes.error("duplicate-name", &at, "this is expected already", "name it once");
                }
                Some(one) => all.push(one),
                None => sound = false,
            }
        }
        sound.then_some(all)
    }

    fn expected_word(&mut self, word: &str, path: &str) -> Option<Expected> {
        if word == "disconnected" {
            return Some(Expected::Disconnected);
        }
        let (screen, error) = match word.split_once('.') {
            Some((screen, error)) => (screen, Some(error)),
            None => (word, None),
        };
        let no = self.screen_named(screen, path)?;
        let found = self.screens.get(no)?;
        if found.transient.is_some() {
            let message = format!("`{screen}` is transient: it may come at any time and is never expected");
            self.notes.error("transient-expected", path, message, "leave it out");
            return None;
        }
        let Some(error) = error else { return Some(Expected::Screen(no)) };
        let codes: Vec<String> = found.errors.iter().map(|e| e.code.clone()).collect();
        if self.notes.partial(&join(&self.screen_path(no), "errors")) {
            return None;
        }
        if error == "errors" && codes.is_empty() {
            let message = format!("`{screen}` has no errors");
            self.notes.error("unknown-error", path, message, "leave it out, or give the screen `errors`");
            return None;
        }
        if error == "errors" {
            return Some(Expected::Errors(no));
        }
        if !codes.iter().any(|c| c == error) {
            self.notes.unknown("error", path, error, codes.iter().map(String::as_str));
            return None;
        }
        Some(Expected::Error(no, error.to_owned()))
    }

    /// What is read from `on`.
    fn read_of(&mut self, node: &Node, path: &str, on: &On) -> Option<Read> {
        match &node.kind {
            Kind::Scalar { text, .. } => self.read_table(text, path, on),
            Kind::List(items) => {
                let mut fields = Vec::new();
                for (i, item) in items.iter().enumerate() {
                    let at = banyan_words::node::join_index(path, i);
                    let name: String = self.notes.read(item, &at)?;
                    let (screen, no) = self.read_field(&name, &at, on)?;
                    fields.push((name.rsplit('.').next().unwrap_or(&name).to_owned(), screen, no));
                }
                Some(Read::Fields(fields))
            }
            Kind::Map(entries) => {
                let mut fields = Vec::new();
                for (key, item) in entries {
                    let at = join(path, &key.text);
                    if let Some(name) = self.notes.read::<String>(item, &at)
                        && let Some((screen, no)) = self.read_field(&name, &at, on)
                    {
                        fields.push((key.text.clone(), screen, no));
                    }
                }
                Some(Read::Fields(fields))
            }
        }
    }

    fn read_table(&mut self, word: &str, path: &str, on: &On) -> Option<Read> {
        let name = word.strip_suffix(".table").or((word != "table").then_some(word));
        let on = on.as_deref()?;
        if let Some(name) = name {
            let no = self.screen_named(name, path)?;
            self.there(no, path, on)?;
            return match self.has_table(no) {
                true => Some(Read::Table(no)),
                false => {
                    let message = format!("`{name}` has no table");
                    self.notes.error("unknown-table", path, message, "give the screen a `table`");
                    None
                }
            };
        }
        let with: Vec<ScreenNo> = on.iter().copied().filter(|no| self.has_table(*no)).collect();
        match with.as_slice() {
            [one] if on.len() == 1 => Some(Read::Table(*one)),
            [] => {
                let message = "no screen that this step may be on has a table";
                self.notes.error("unknown-table", path, message, "give the screen a `table`");
                None
            }
            _ => {
                self.only(&Some(on.to_vec()), path);
                None
            }
        }
    }

    fn has_table(&self, no: ScreenNo) -> bool {
        self.written.get(no).and_then(Option::as_ref).is_none_or(|raw| raw.table.is_some())
            || self.notes.partial(&join(&self.screen_path(no), "table"))
    }

    fn read_field(&mut self, word: &str, path: &str, on: &On) -> Option<(ScreenNo, usize)> {
        let screen = match word.split_once('.') {
            Some((screen, _)) => {
                let no = self.screen_named(screen, path)?;
                self.there(no, path, on.as_deref()?)?;
                no
            }
            None => self.only(on, path)?,
        };
        let name = word.rsplit('.').next().unwrap_or(word);
        Some((screen, self.field_of(screen, name, path)?))
    }

    /// The screen must be the one that the step is then on.
    fn there(&mut self, no: ScreenNo, path: &str, on: &[ScreenNo]) -> Option<()> {
        if on == [no] {
            return Some(());
        }
        if on.contains(&no) {
            self.only(&Some(on.to_vec()), path);
            return None;
        }
        let name = |n: &ScreenNo| self.screens.get(*n).map_or("", |s| s.name.as_str()).to_owned();
        let here: Vec<String> = on.iter().map(name).collect();
        let message = format!("`{}` is not the screen that is shown then, which is {}", name(&no), here.join(" or "));
        self.notes.error("wrong-screen", path, message, "read it in the step that expects that screen");
        None
    }

    /// Names that a flow cannot be given, since the login has them.
    pub(super) fn is_login_name(name: &str) -> bool {
        LOGIN.contains(&name)
    }
}

fn found_name(reader: &Reader<'_>, no: ScreenNo) -> String {
    reader.screens.get(no).map(|s| s.name.clone()).unwrap_or_default()
}

/// The screens among what is expected.
pub(super) fn screens_of(expected: &[Expected]) -> Vec<ScreenNo> {
    expected.iter().filter_map(|e| if let Expected::Screen(no) = e { Some(*no) } else { None }).collect()
}
