//! How the host behaves; all of it may be changed while it runs.

use crate::CodePage;
use std::time::Duration;

/// Whether the line is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// It is not.
    #[default]
    None,
    /// From the first byte.
    Tunnel,
    /// After START-TLS, which the host asks for.
    StartTls,
}

/// What became of the booking and enquiry screens since the map was drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Nothing.
    #[default]
    AsDrawn,
    /// The quantity and its label stand one column further right.
    ColumnMoved,
    /// The quantity's label reads otherwise.
    LabelChanged,
    /// A pop-up stands over the lower half, with the cursor in it.
    PopUp,
}

/// When the connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drop {
    /// When the booking is entered, before it is confirmed.
    BeforeCommit,
    /// When the booking is confirmed: it is not recorded.
    AtCommit,
    /// When it was recorded, instead of the answer.
    AfterCommit,
}

/// What is wrong with the list's pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paging {
    /// Nothing.
    #[default]
    Well,
    /// The second page shows the first once more.
    Repeated,
    /// The last page does not say that it is the last, and stays.
    NoEnd,
}

/// How the host behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The only user.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Its code page.
    pub code_page: CodePage,
    /// Encryption of new connections.
    pub tls: Tls,
    /// Whether it speaks TN3270E; otherwise TN3270 without logical units.
    pub enhanced: bool,
    /// Logical units it gives out, each to one session at a time; empty: any that is asked for.
    pub lus: Vec<String>,
    /// Waits so long before every answer.
    pub delay: Duration,
    /// Each screen comes in two records: the first unlocks the keyboard over a screen without its fields, the second
    /// comes so much later.
    pub partial: Option<Duration>,
    /// So many answers are preceded by a message of the operator, which `Clear` takes away.
    pub broadcasts: u32,
    /// The operator's message.
    pub message: String,
    /// See [`Layout`].
    pub layout: Layout,
    /// See [`Drop`].
    pub drop: Option<Drop>,
    /// Answers leave the keyboard locked.
    pub locked: bool,
    /// Does not answer at all.
    pub mute: bool,
    /// A booking is recorded, and then an error is shown that no one knows.
    pub error_after_commit: bool,
    /// See [`Paging`].
    pub paging: Paging,
    /// Says that the login is needed again when anything is pressed on the menu.
    pub expired: bool,
    /// Shows a clock on every screen.
    pub clock: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            user: "STOCKUSR".into(),
            password: "GEHEIM1".into(),
            code_page: CodePage::default(),
            tls: Tls::None,
            enhanced: true,
            lus: Vec::new(),
            delay: Duration::ZERO,
            partial: None,
            broadcasts: 0,
            message: "MESSAGE FROM OPERATOR: SYSTEM GOES DOWN AT 18:00".into(),
            layout: Layout::AsDrawn,
            drop: None,
            locked: false,
            mute: false,
            error_after_commit: false,
            paging: Paging::Well,
            expired: false,
            clock: true,
        }
    }
}
