//! Notices that a file is mostly in another encoding than declared.

use super::trouble::Trouble;

/// Counts records the encoding cannot mean against those with characters beyond ASCII that it can.
#[derive(Default)]
pub struct Suspicion {
    bad: u64,
    good: u64,
}

/// So many bad records are delivered one by one before the file as a whole is doubted.
const PATIENCE: u64 = 100;

impl Suspicion {
    /// A record that is sound in its encoding. Counts only once there were bad ones: the fast path pays nothing.
    #[inline]
    pub fn good(&mut self, text: &str) {
        if self.bad > 0 && !text.is_ascii() {
            self.good += 1;
        }
    }

    /// A record that is not. An error once nearly all are.
    pub fn bad(&mut self, encoding: &str) -> Result<(), Trouble> {
        self.bad += 1;
        if self.bad >= PATIENCE && self.bad > 9 * self.good {
            return Err(Trouble::refused(
                "wrong-encoding",
                format!(
                    "{} of {} records with characters beyond ASCII are not {encoding}. Declare the file's `encoding`",
                    self.bad,
                    self.bad + self.good
                ),
            ));
        }
        Ok(())
    }
}
