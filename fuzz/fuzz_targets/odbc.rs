//! Nothing that a worker may answer makes the gateway panic, whatever a driver has done to it.
//!
//! Input: the forms of up to eight columns, then a frame.

#![no_main]

use banyan_odbc::page::Page;
use banyan_odbc::wire::{Answer, Form, Request, WireColumn};
use banyan_sql::Sink;
use banyan_words::{BatchBuilder, Shape, UnitRef};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    let _ = Answer::decode(bytes);
    let _ = Request::decode(bytes);
    let (forms, frame) = bytes.split_at(bytes.len().min(8));
    let columns: Vec<WireColumn> = (forms.iter().filter_map(|b| Form::of(*b)))
        .map(|form| WireColumn { name: "c".into(), form, precision: 38, scale: 4 })
        .collect();
    let Some(page) = Page::decode(frame, &columns) else { return };
    let unit =
        UnitRef { name: String::new(), version: String::new(), order: String::new(), as_of: jiff::Timestamp::UNIX_EPOCH };
    let mut builder = BatchBuilder::new(Arc::new(unit));
    let shape = builder.shape(Arc::new(Shape::of_text("d", columns.iter().map(|c| c.name.clone()))));
    let rows = page.rows();
    let whole = page.pour(&columns, &mut Sink::new(&mut builder, shape, 0));
    assert!(!whole || builder.len() == rows);
});
