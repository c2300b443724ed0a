//! `banyan ledger`: what came in, what became of it, and whether it adds up; per file and mapping.

use super::hands::{dataset_number, datasets, reading, store_fault};
use super::{Done, Failure, Global, out};
use crate::ops::view::{self, LedgerRowView, Names};
use banyan_store::Store;
use serde_json::json;

/// Prove that every record that came in is accounted for.
#[derive(Debug, clap::Args)]
pub(super) struct Ledger {
    /// Only this dataset, as in `crm.contacts`.
    #[arg(long)]
    dataset: Option<String>,
    /// Only sums, not each file.
    #[arg(long)]
    totals: bool,
}

/// Rows read at once.
const PAGE: usize = 500;

impl Ledger {
    pub(super) fn run(&self, global: &Global) -> Done {
        let (_, store) = reading(global)?;
        let chosen = match &self.dataset {
            Some(full) => vec![(dataset_number(&*store, full)?, full.clone())],
            None => datasets(&*store)?,
        };
        let mut good = true;
        if global.json {
            out::answer("{\"datasets\":[");
        }
        for (i, (number, name)) in chosen.iter().enumerate() {
            good &= match global.json {
                true => self.one_json(&*store, *number, i > 0)?,
                false => self.one(&*store, *number, name)?,
            };
        }
        match (global.json, good) {
            (true, _) => out::answer(&format!("],\"adds_up\":{good}}}\n")),
            (false, true) => out::answer("every row adds up\n"),
            (false, false) => {
                out::answer(
                    "some rows do NOT add up: run `banyan store verify`, keep the store and report the fault\n",
                );
            }
        }
        if good { Ok(()) } else { Err(Failure::Told) }
    }

    fn one(&self, store: &dyn Store, number: u32, name: &str) -> Result<bool, Failure> {
        out::answer(&format!("{name}\n"));
        let mut good = true;
        let mut last = None;
        self.rows(store, number, |row| {
            good &= row.sums.adds_up;
            let mut text = String::new();
            if let Some(u) = row.unit.as_ref().filter(|u| last != Some(u.number)) {
                last = Some(u.number);
                let why = u.message.as_ref().map(|m| format!(": {m}")).unwrap_or_default();
                let when = u.finished.as_ref().map(|f| format!(" {f}")).unwrap_or_default();
                text = format!("  {} ({}{when}{why})\n", out::plain(&u.name), u.state.word());
            }
            text.push_str(&line(row.mapping.as_deref().unwrap_or("fills a lookup"), &row.sums));
            out::answer(&text);
        })?;
        let totals = totals(store, number)?;
        if let Some(folded) = totals.folded.as_ref().filter(|_| !self.totals) {
            out::answer(&format!("  {}\n", folded.words()));
            folded.mappings.iter().for_each(|m| out::answer(&line(named(&m.mapping), &m.sums)));
        }
        out::answer("  all files\n");
        for m in &totals.mappings {
            out::answer(&line(named(&m.mapping), &m.sums));
        }
        if totals.mappings.is_empty() {
            out::answer("    nothing has arrived yet\n");
        }
        Ok(good && totals.adds_up)
    }

    fn one_json(&self, store: &dyn Store, number: u32, comma: bool) -> Result<bool, Failure> {
        let totals = totals(store, number)?;
        let head = json!({
            "dataset": totals.dataset,
            "adds_up": totals.adds_up,
            "mappings": totals.mappings,
            "folded": totals.folded,
        })
        .to_string();
        // Rows are written as they are read: a store may hold very many files.
        out::answer(&format!("{}{},\"rows\":[", if comma { "," } else { "" }, head.strip_suffix('}').unwrap_or(&head)));
        let (mut good, mut first) = (totals.adds_up, true);
        self.rows(store, number, |row| {
            good &= row.sums.adds_up;
            let text = serde_json::to_string(row).unwrap_or_default();
            out::answer(&if std::mem::take(&mut first) { text } else { format!(",{text}") });
        })?;
        out::answer("]}");
        Ok(good)
    }

    fn rows(&self, store: &dyn Store, number: u32, mut each: impl FnMut(&LedgerRowView)) -> Result<(), Failure> {
        if self.totals {
            return Ok(());
        }
        let names = Names::new(store, None);
        let mut reader = store.reader().map_err(store_fault)?;
        let mut before = None;
        loop {
            let (rows, next) = view::ledger(&mut *reader, &names, Some(number), before, PAGE).map_err(store_fault)?;
            rows.iter().for_each(&mut each);
            match next {
                Some(below) => before = Some(below),
                None => return Ok(()),
            }
        }
    }
}

fn totals(store: &dyn Store, number: u32) -> Result<view::DatasetLedger, Failure> {
    let names = Names::new(store, None);
    let mut reader = store.reader().map_err(store_fault)?;
    view::totals(&mut *reader, &names, number).map_err(store_fault)
}

fn named(mapping: &str) -> &str {
    if mapping == "-" { "fills a lookup" } else { mapping }
}

fn line(mapping: &str, sums: &view::Sums) -> String {
    let others = [("discarded", sums.discarded), ("deleted", sums.deleted)];
    let others: String = others.iter().filter(|(_, n)| *n != 0).map(|(word, n)| format!(", {word} {n}")).collect();
    let verdict = if sums.adds_up { "adds up" } else { "DOES NOT ADD UP" };
    format!("    {mapping}: {}: {verdict}{others}\n", sums.equation())
}
