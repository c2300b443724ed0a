//! A suite that cannot fail proves nothing: an adapter that keeps its promises passes, and each broken promise is told.

#![allow(clippy::unwrap_used)]

use banyan_adapter::{
    Ask, BlockingFeed, Call, Connected, Context, Delivery, Fault, Found, Health, Kind, Prepared, RawDataset, RawSource,
    RefusalDef, Scope, Task, UnitDone, UnitState,
};
use banyan_testkit::{Subject, check_feed};
use banyan_words::{Bad, Batch, BatchBuilder, Column, Place, Problem, Shape, Type, UnitRef, Value};
use serde::Deserialize;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How the toy adapter misbehaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    TakesAnyKey,
    Miscounts,
    UndeclaredCode,
    NoRaw,
    Float,
    ForgetsMemory,
    RewindSkips,
    NeverEnds,
    OtherColumns,
    Spins,
    IgnoresStop,
    PlacesFall,
    AcknowledgesOnce,
}

struct Toy(Flaw);

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Keys {
    /// A key.
    #[serde(default)]
    key: Option<String>,
}

const CODES: &[RefusalDef] =
    &[RefusalDef { code: "toy-bad", stage: "record", meaning: "The record is bad.", hint: "Mend it." }];

impl Kind for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }
    fn source_schema(&self) -> schemars::Schema {
        schemars::schema_for!(Keys)
    }
    fn dataset_schema(&self) -> schemars::Schema {
        schemars::schema_for!(Keys)
    }
    fn refusals(&self) -> &'static [RefusalDef] {
        CODES
    }
    fn prepare(&self, raw: &RawSource) -> Result<Box<dyn Prepared>, Vec<Problem>> {
        if self.0 != Flaw::TakesAnyKey {
            banyan_words::node::read::<Keys>(&raw.config, &raw.path)?;
            for dataset in &raw.datasets {
                banyan_words::node::read::<Keys>(&dataset.config, &dataset.path)?;
            }
        }
        Ok(Box::new(Ready(self.0)))
    }
}

struct Ready(Flaw);

fn columns() -> Vec<Column> {
    vec![Column { name: "A".into(), ty: Type::Text }, Column { name: "N".into(), ty: Type::Any }]
}

impl Prepared for Ready {
    fn columns(&self, _: &str) -> Option<Vec<Column>> {
        Some(if self.0 == Flaw::OtherColumns { columns().split_off(1) } else { columns() })
    }
    fn reading_hash(&self, _: &str) -> u64 {
        7
    }
    fn read_file(&self, _: &str, _: &Path, _: usize) -> Result<Vec<Batch>, Fault> {
        Err(Fault::permanent("toy-bad", "a toy reads no files"))
    }
    fn connect(&self, cx: Context) -> Task<'_, Result<Box<dyn Connected>, Fault>> {
        let open = Open(self.0, cx);
        Box::pin(async move { Ok(Box::new(open) as Box<dyn Connected>) })
    }
}

struct Open(Flaw, Context);

impl Connected for Open {
    fn feed(&self, dataset: &str) -> Option<Box<dyn BlockingFeed>> {
        (dataset == "d").then(|| {
            Box::new(ToyFeed { flaw: self.0, cx: self.1.clone(), at: 0, acknowledged: 0 }) as Box<dyn BlockingFeed>
        })
    }
    fn health(&self) -> Task<'_, Health> {
        Box::pin(async { Health { ok: true, message: "a toy is always well".into() } })
    }
    fn discover(&self) -> Task<'_, Result<Vec<Found>, Fault>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

struct ToyFeed {
    flaw: Flaw,
    cx: Context,
    at: usize,
    acknowledged: usize,
}

fn unit() -> Arc<UnitRef> {
    Arc::new(UnitRef { name: "u".into(), version: "1".into(), order: "1".into(), as_of: jiff::Timestamp::UNIX_EPOCH })
}

impl ToyFeed {
    fn record(&self) -> Batch {
        let mut b = BatchBuilder::new(unit());
        let s = b.shape(Arc::new(Shape { dataset: "d".into(), columns: columns() }));
        let line = if self.flaw == Flaw::PlacesFall { 9 - self.at as u64 } else { self.at as u64 };
        b.begin(s);
        b.text("x");
        b.value(if self.flaw == Flaw::Float { Value::Float(0.5, false) } else { Value::Integer(1) });
        if self.at == 3 {
            let code = if self.flaw == Flaw::UndeclaredCode { "toy-other" } else { "toy-bad" };
            let raw = if self.flaw == Flaw::NoRaw { Vec::new() } else { b"raw".to_vec() };
            b.end_bad(s, Place { line, offset: 0 }, Bad { code: code.into(), message: "bad".into(), raw });
        } else {
            b.end(Place { line, offset: 0 });
        }
        b.finish()
    }
}

impl BlockingFeed for ToyFeed {
    fn next(&mut self, ask: Ask, call: &Call) -> Result<Delivery, Fault> {
        if call.stop.stopped() && self.flaw != Flaw::IgnoresStop {
            return Ok(Delivery::Idle);
        }
        let known = self.cx.memory.unit("d", "u").is_some_and(|m| m.state != UnitState::Open);
        if self.at == 0 && known && self.flaw != Flaw::ForgetsMemory {
            self.at = 5;
        }
        self.at += 1;
        match self.at {
            1 => Ok(Delivery::Begin { unit: unit(), token: "t".into(), scope: Scope::Declared, columns: None }),
            2 | 3 => Ok(Delivery::Records(self.record())),
            4 if self.flaw == Flaw::NeverEnds => Ok(Delivery::Idle),
            4 => Ok(Delivery::Done(UnitDone {
                records: if self.flaw == Flaw::Miscounts { 3 } else { 2 },
                part: None,
                position: None,
            })),
            _ => {
                self.at = 5;
                if self.flaw == Flaw::IgnoresStop {
                    std::thread::sleep(ask.wait.min(Duration::from_secs(3)));
                } else if self.flaw != Flaw::Spins {
                    std::thread::sleep(ask.wait.min(Duration::from_secs(1)));
                }
                Ok(Delivery::Idle)
            }
        }
    }
    fn acknowledge(&mut self, _: &UnitRef, _: &str) -> Result<(), Fault> {
        self.acknowledged += 1;
        if self.flaw == Flaw::AcknowledgesOnce && self.acknowledged > 1 {
            return Err(Fault::permanent("toy-bad", "once is enough"));
        }
        Ok(())
    }
    fn rewind(&mut self) {
        self.at = if self.flaw == Flaw::RewindSkips { 1 } else { 0 };
    }
}

fn broken(flaw: Flaw) -> String {
    let raw = RawSource {
        name: "s".into(),
        path: "s".into(),
        base: ".".into(),
        config: json!({}).into(),
        datasets: vec![RawDataset {
            name: "d".into(),
            path: "s.datasets.d".into(),
            config: json!({}).into(),
            snapshot: false,
            key: Vec::new(),
        }],
    };
    let subject = Subject { kind: &Toy(flaw), raw, dataset: "d".into(), patience: Duration::from_millis(300) };
    check_feed(&subject).join("\n")
}

#[test]
fn an_adapter_that_keeps_its_promises_passes() {
    assert_eq!(broken(Flaw::None), "");
}

#[test]
fn every_broken_promise_is_told() {
    for (flaw, told) in [
        (Flaw::TakesAnyKey, "a misspelt key of a source is not refused"),
        (Flaw::Miscounts, "Done counts 3, 2 came"),
        (Flaw::UndeclaredCode, "`toy-other` is not declared"),
        (Flaw::NoRaw, "bad without its raw bytes"),
        (Flaw::Float, "N came as a float"),
        (Flaw::ForgetsMemory, "after a restart u was delivered again"),
        (Flaw::RewindSkips, "Records without Begin"),
        (Flaw::NeverEnds, "neither Done nor Refused came"),
        (Flaw::OtherColumns, "other columns came than were announced"),
        (Flaw::Spins, "came back before its wait was over"),
        (Flaw::PlacesFall, "places do not ascend"),
        (Flaw::AcknowledgesOnce, "acknowledging again failed"),
        (Flaw::IgnoresStop, "a stopped call did not come back soon"),
    ] {
        let broken = broken(flaw);
        assert!(broken.contains(told), "{flaw:?}: {broken}");
    }
}
