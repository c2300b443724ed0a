//! What a feed hands over, taken as the gateway takes it, and waiting for what comes.

use super::*;

/// What a feed handed over until it was idle or failed, in short.
#[derive(Clone, Debug, PartialEq)]
pub struct Got {
    pub scope: Scope,
    pub unit: String,
    pub order: String,
    pub told: Option<Vec<Column>>,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    pub deleted: Vec<Vec<String>>,
    pub bad: usize,
    pub done: Option<UnitDone>,
    pub biggest: usize,
}

#[derive(Default, Debug)]
pub struct Taken {
    pub units: Vec<Got>,
    pub current: usize,
    pub fault: Option<Fault>,
}

/// Takes deliveries as the gateway does, until a pass is over: what is done is committed at once.
pub fn take(feed: &mut dyn BlockingFeed, store: &Store, ask: Ask) -> Taken {
    let mut taken = Taken::default();
    let call = Call::default();
    loop {
        match feed.next(ask, &call) {
            Ok(Delivery::Begin { unit, scope, columns, .. }) => taken.units.push(Got {
                scope,
                unit: unit.name.clone(),
                order: unit.order.clone(),
                told: columns,
                columns: Vec::new(),
                rows: Vec::new(),
                deleted: Vec::new(),
                bad: 0,
                done: None,
                biggest: 0,
            }),
            Ok(Delivery::Deleted(batch)) => {
                let got = taken.units.last_mut().unwrap();
                assert_eq!(got.unit, batch.unit.name);
                let text = |v: Value<'_>| v.to_text().unwrap().into_owned();
                got.deleted
                    .extend(batch.rows().map(|r| (0..r.shape().columns.len()).map(|i| text(r.value(i))).collect()));
            }
            Ok(Delivery::Records(batch)) => {
                let got = taken.units.last_mut().unwrap();
                assert_eq!(got.unit, batch.unit.name);
                got.biggest = got.biggest.max(batch.len());
                if let Some(shape) = batch.shapes().first() {
                    got.columns = shape.columns.iter().map(|c| c.name.clone()).collect();
                }
                for row in batch.rows() {
                    if *row.fate() != banyan_words::Fate::Record {
                        got.bad += 1;
                        continue;
                    }
                    let text = |i| row.value(i).to_text().map_or("∅".to_owned(), |t| t.into_owned());
                    got.rows.push((0..row.shape().columns.len()).map(text).collect());
                }
            }
            Ok(Delivery::Done(done)) => {
                let got = taken.units.last_mut().unwrap();
                store.note_position("d", done.position.as_ref().unwrap());
                let unit = banyan_words::UnitRef {
                    name: got.unit.clone(),
                    version: got.order.clone(),
                    order: got.order.clone(),
                    as_of: Timestamp::UNIX_EPOCH,
                };
                store.note("d", &unit, "", UnitState::Done);
                let more = done.position.as_ref().unwrap().contains("\"more\":true");
                got.done = Some(done);
                if !more {
                    return taken;
                }
            }
            Ok(Delivery::Current { .. }) => {
                taken.current += 1;
                return taken;
            }
            Ok(Delivery::Idle) => return taken,
            Ok(other) => panic!("{other:?}"),
            Err(fault) => {
                feed.rewind();
                taken.fault = Some(fault);
                return taken;
            }
        }
    }
}

/// How much the tests ask for.
pub const ASK: Ask = Ask { rows: 1000, bytes: 1 << 20, wait: Duration::ZERO };

/// A pass: waits for the next one to be due.
pub fn pass(feed: &mut dyn BlockingFeed, store: &Store) -> Taken {
    take(feed, store, Ask { wait: Duration::from_millis(30), ..ASK })
}

/// Waits for something; it must come.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: not after 20 seconds");
        std::thread::sleep(Duration::from_millis(2));
    }
}
