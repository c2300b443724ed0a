//! Whether the gateway may be given requests, and what a person should look at.
//!
//! Invariant: *unready* only where answers would fail (the store cannot be read). Everything that merely makes answers
//! older than they should be (drift, a source that fails, a broken promise of freshness, deletions that wait) is
//! *degraded*: the last good state is served on, and taking the gateway out of service would help nobody.
//! Not here: how the facts were read (`view`), statuses (`admin`).

use super::view::{DatasetView, FeedWord, UnitWord, duration};
use banyan_adapter::{Halted, Inside};
use serde::Serialize;
use utoipa::ToSchema;

/// The verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Health {
    /// In one word.
    pub status: Status,
    /// What is the matter, the worst first; empty when all is well.
    pub reasons: Vec<Reason>,
}

/// In one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All is well.
    Ready,
    /// Requests are answered; a person should look at the reasons.
    Degraded,
    /// Requests cannot be answered.
    Unready,
}

impl Status {
    /// As shown.
    pub fn word(self) -> &'static str {
        match self {
            Status::Ready => "ready",
            Status::Degraded => "degraded",
            Status::Unready => "unready",
        }
    }
}

/// Something a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reason {
    /// What kind it is.
    pub code: String,
    /// The dataset it is about.
    pub dataset: Option<String>,
    /// What is the matter.
    pub message: String,
    /// What to do.
    pub hint: String,
}

fn reason(code: &str, d: &DatasetView, message: String, hint: String) -> Reason {
    Reason { code: code.to_owned(), dataset: Some(d.name.clone()), message, hint }
}

/// The verdict where the store cannot be read.
pub fn unready(error: &str) -> Health {
    let reason = Reason {
        code: "store-unreadable".to_owned(),
        dataset: None,
        message: error.to_owned(),
        hint: "See the log. Nothing is lost: what was committed is in the store's file, what was not comes again."
            .to_owned(),
    };
    Health { status: Status::Unready, reasons: vec![reason] }
}

/// The verdict on a gateway whose store can be read.
pub fn judge(
    datasets: &[DatasetView],
    insides: &[(String, Inside)],
    reload_refused: Option<&str>,
    evidence_unkept: Option<&str>,
) -> Health {
    let halted = insides.iter().filter_map(|(name, inside)| Some((name, inside.halted.as_ref()?)));
    let mut reasons: Vec<Reason> = halted.map(|(name, halted)| of_source(name, halted)).collect();
    reasons.extend(datasets.iter().flat_map(of_dataset));
    if let Some(why) = reload_refused {
        reasons.push(Reason {
            code: "reload-refused".to_owned(),
            dataset: None,
            message: why.to_owned(),
            hint: "Run `banyan check`, mend what it says, and reload again.".to_owned(),
        });
    }
    if let Some(why) = evidence_unkept {
        reasons.push(Reason {
            code: "evidence-unkept".to_owned(),
            dataset: None,
            message: format!("evidence about routes cannot be kept: {why}"),
            hint: "Callers are served, and no route goes forward but by force. Make room for the file beside the store (`….evidence.db`), or mend what the log says.".to_owned(),
        });
    }
    let status = if reasons.is_empty() { Status::Ready } else { Status::Degraded };
    Health { status, reasons }
}

fn of_source(name: &str, halted: &Halted) -> Reason {
    Reason {
        code: "source-halted".to_owned(),
        dataset: None,
        message: format!("{name} stands still since {}: {}", halted.since, halted.message),
        hint: format!(
            "Look at what came: `banyan screens accept {name} --show`, or the page /sources/{name} of the admin listener. \
             Mend what the message names and reload; then let the source go on with `banyan screens accept {name}`, or with \
             the button of that page. Nothing else lets it go on."
        ),
    }
}

fn of_dataset(d: &DatasetView) -> Vec<Reason> {
    let mut out = Vec::new();
    let name = &d.name;
    if !d.ledger.adds_up {
        let message = format!("the ledger of {name} does not add up");
        let hint = "Run `banyan store verify`, keep the store's files and report the fault.";
        out.push(reason("ledger-broken", d, message, hint.to_owned()));
    }
    if let Some(feed) = d.feed.as_ref().filter(|f| f.is == FeedWord::Failing) {
        let message = feed.message.clone().unwrap_or_else(|| "the source cannot be used".to_owned());
        out.push(reason(
            "source-failing",
            d,
            message,
            "It is tried again by itself; the message says what to mend.".to_owned(),
        ));
    }
    if let Some(feed) = d.feed.as_ref().filter(|f| f.is == FeedWord::Stopped) {
        let message = format!("the feed of {} has stopped", feed.dataset);
        out.push(reason("feed-stopped", d, message, "See the log; a restart goes on where it ended.".to_owned()));
    }
    if let Some(drift) = &d.drift {
        let message = format!("the columns changed in {}: {}", drift.unit, drift.differences.join("; "));
        let hint = format!("Look at the difference, mend the mappings, then `banyan accept {name}`.");
        out.push(reason("drift", d, message, hint));
    }
    if let Some(unit) = d.last_unit.as_ref().filter(|u| u.state == UnitWord::Refused) {
        let why = unit.message.as_deref().unwrap_or("no reason was given");
        let message = match why.starts_with(&unit.name) {
            true => format!("refused: {why}"),
            false => format!("{} was refused: {why}", unit.name),
        };
        out.push(reason("unit-refused", d, message, "Have the file delivered again; a good one ends this.".to_owned()));
    }
    if let Some(s) = d.suspended.as_ref().filter(|s| !s.accepted) {
        let message = format!("the deletions of {} wait: {}", s.unit, s.reason);
        let hint = format!("If they are meant, `banyan accept {name}`; else have a whole file delivered.");
        out.push(reason("deletions-suspended", d, message, hint));
    }
    if let Some(promise) = d.promise.filter(|p| !p.kept) {
        let age = d
            .age_seconds
            .map_or_else(|| "nothing has arrived yet".to_owned(), |a| format!("it is {} old", duration(a)));
        let message = format!("{name} promises to be at most {} old; {age}", duration(promise.seconds as i64));
        out.push(reason("not-fresh", d, message, "See whether the source still delivers.".to_owned()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::view::{DatasetLedger, DriftView, FeedView, PromiseView, StateWord, SuspendedView, UnitView};

    fn good() -> DatasetView {
        DatasetView {
            name: "crm.contacts".into(),
            source: "crm".into(),
            state: StateWord::Idle,
            content: "snapshot".into(),
            key: vec!["ID".into()],
            mappings: vec![],
            feed: Some(feed(FeedWord::Idle)),
            as_of: None,
            age_seconds: Some(5),
            promise: Some(PromiseView { seconds: 60, kept: true }),
            last_unit: None,
            last_finished: None,
            refused: vec![],
            ledger: DatasetLedger { dataset: "crm.contacts".into(), mappings: vec![], folded: None, adds_up: true },
            dead_letters_open: 3,
            drift: None,
            suspended: None,
        }
    }

    fn feed(is: FeedWord) -> FeedView {
        FeedView { dataset: "contacts".into(), is, unit: None, code: None, message: Some("folder is gone".into()) }
    }

    fn refused() -> UnitView {
        UnitView {
            number: 1,
            name: "a.csv.gz".into(),
            version: String::new(),
            state: UnitWord::Refused,
            records: 0,
            as_of: String::new(),
            begun: String::new(),
            finished: None,
            seconds: None,
            code: None,
            message: Some("truncated".into()),
        }
    }

    #[test]
    fn each_trouble_degrades_and_is_named() {
        assert_eq!(judge(&[good()], &[], None, None), Health { status: Status::Ready, reasons: vec![] });
        let drift = DriftView {
            unit: "a.csv".into(),
            differences: vec!["column X is new".into()],
            accepted: vec![],
            found: vec![],
        };
        let suspended =
            SuspendedView { unit: "a.csv".into(), reason: "shrink".into(), missing: 4, of: 9, accepted: false };
        let cases: Vec<(&str, DatasetView)> = vec![
            ("drift", DatasetView { drift: Some(drift), ..good() }),
            ("source-failing", DatasetView { feed: Some(feed(FeedWord::Failing)), ..good() }),
            ("feed-stopped", DatasetView { feed: Some(feed(FeedWord::Stopped)), ..good() }),
            ("deletions-suspended", DatasetView { suspended: Some(suspended), ..good() }),
            ("not-fresh", DatasetView { promise: Some(PromiseView { seconds: 60, kept: false }), ..good() }),
            ("unit-refused", DatasetView { last_unit: Some(refused()), ..good() }),
            ("ledger-broken", DatasetView { ledger: DatasetLedger { adds_up: false, ..good().ledger }, ..good() }),
        ];
        for (code, dataset) in cases {
            let health = judge(&[good(), dataset], &[], None, None);
            assert_eq!(health.status, Status::Degraded, "{code}");
            let codes: Vec<&str> = health.reasons.iter().map(|r| r.code.as_str()).collect();
            assert_eq!(codes, [code]);
        }
    }

    #[test]
    fn who_is_told_of_a_halted_source_is_told_how_it_goes_on() {
        let halted = Halted {
            id: "1".into(),
            code: "unknown-screen".into(),
            message: "no screen of the map is this one".into(),
            since: jiff::Timestamp::UNIX_EPOCH,
            pictures: vec![],
            drawing: None,
            proposal: None,
        };
        let health = judge(&[good()], &[("green".into(), Inside { facts: vec![], halted: Some(halted) })], None, None);
        assert_eq!((health.status, &health.reasons[0].code[..]), (Status::Degraded, "source-halted"));
        for part in ["`banyan screens accept green --show`", "/sources/green", "`banyan screens accept green`"] {
            assert!(health.reasons[0].hint.contains(part), "{}", health.reasons[0].hint);
        }
    }

    #[test]
    fn only_a_store_that_cannot_be_read_is_unready() {
        assert_eq!(unready("the disk is on fire").status, Status::Unready);
        assert_eq!(judge(&[], &[], Some("2 problems"), None).reasons[0].code, "reload-refused");
        let health = judge(&[], &[], None, Some("the disk is full"));
        assert_eq!((health.status, &health.reasons[0].code[..]), (Status::Degraded, "evidence-unkept"));
    }
}
