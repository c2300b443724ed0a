//! Keys that a map names, and whether its terminal has them.

use super::super::Key;
use super::{Far, Reader};

impl Reader<'_> {
    /// A key of this terminal.
    pub(super) fn key(&mut self, word: &str, path: &str) -> Option<Key> {
        let key: Key = match word.parse() {
            Ok(key) => key,
            Err(told) => {
                let told: String = told;
                let (message, hint) = told.split_once('\n').unwrap_or((&told, ""));
                self.notes.error("unknown-key-name", path, message, hint);
                return None;
            }
        };
        // Of a transport that is faulty itself nothing is known.
        let Some(why) = self.config.as_ref().and_then(|config| config.has_key(key).err()) else { return Some(key) };
        let hint = match (self.far, key) {
            (Some(Far::Vt | Far::Web), Key::Pf(n)) => format!("write F{n}"),
            (Some(Far::Vt | Far::Web), Key::Clear | Key::Pa(_) | Key::Attn | Key::SysReq | Key::Reset) => {
                "only 3270 terminals have it".to_owned()
            }
            (Some(Far::Vt), _) => {
                "its keys are in the table of adapter-screens-vt.md; another `term` may have it".to_owned()
            }
            (Some(Far::Tn3270), Key::F(n)) => format!("write PF{n}"),
            (Some(Far::Tn3270), Key::Char(_)) => "use `type` to type a text, and press Enter".to_owned(),
            (Some(Far::Tn3270), _) => "3270 terminals have Enter, Clear, PF1 to PF24, PA1 to PA3".to_owned(),
            _ => "a page has Enter, Tab, Escape, F1 to F12, Ctrl+X and the like".to_owned(),
        };
        self.notes.error("unknown-key-name", path, format!("there is no key `{word}` on this terminal: {why}"), hint);
        None
    }
}
