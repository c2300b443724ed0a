//! Random trees: none breaks the reader, and a map that checks cleanly points nowhere outside itself.

use super::super::super::{Expected, Map, Press, Read};
use super::{ADMIN, PEOPLE, STOCK, read, tree};
use banyan_words::Severity;
use banyan_words::node::{Kind, Node};
use proptest::prelude::*;

/// Every number of a map points somewhere.
fn assert_sound(map: &Map) {
    let screen = |no: usize| &map.screens[no];
    let expected = |all: &[Expected]| {
        for e in all {
            match e {
                Expected::Screen(no) | Expected::Errors(no) => assert!(screen(*no).transient.is_none()),
                Expected::Error(no, code) => assert!(screen(*no).errors.iter().any(|e| e.code == *code)),
                Expected::Disconnected => {}
            }
        }
    };
    let _ = screen(map.rest);
    for s in &map.screens {
        assert!(!s.conditions.is_empty());
        if let Some(exit) = &s.exit {
            expected(&exit.expect);
            if let Press::Button(no) = exit.press {
                let _ = &s.fields[no];
            }
        }
    }
    for flow in &map.flows {
        let _ = screen(flow.start);
        for step in &flow.steps {
            expected(&step.expect);
            assert!(!step.on.is_empty());
            for (no, _) in &step.set {
                let _ = &screen(step.on[0]).fields[*no];
            }
            match &step.read {
                Some(Read::Table(no)) => assert!(screen(*no).table.is_some()),
                Some(Read::Fields(fields)) => fields.iter().for_each(|(_, s, f)| {
                    let _ = &screen(*s).fields[*f];
                }),
                None => {}
            }
        }
        assert_eq!(flow.verify.is_some(), flow.steps.iter().any(|s| s.commit));
        if let Some(verify) = &flow.verify {
            let _ = &map.flows[verify.flow];
        }
        if let Some((no, code)) = &flow.absent {
            assert!(screen(*no).errors.iter().any(|e| e.code == *code));
        }
    }
}

/// Words that mean something in a map, so that random trees get far.
fn word() -> impl Strategy<Value = String> {
    let known = "home menu list detail booking table PF3 Enter text none $item $ $$ [ \u{0} item qty disconnected home.errors 0 1 24 99999 -1 true 5s x.y vt web";
    let known: Vec<String> = known.split(' ').map(str::to_owned).collect();
    prop_oneof![proptest::sample::select(known), any::<String>()]
}

fn any_node() -> impl Strategy<Value = Node> {
    let leaf = (word(), any::<bool>()).prop_map(|(text, plain)| Node::scalar(text, plain));
    let keys = "match text at is row has like regex fields errors exit key expect table rows columns next end start steps set type press read screens flows transport kind map pool rest given verify run with absent do transient height css blank counter";
    let keys: Vec<String> = keys.split(' ').map(str::to_owned).collect();
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let key = prop_oneof![proptest::sample::select(keys.clone()), word()];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Node::list),
            proptest::collection::btree_map(key, inner, 0..6).prop_map(Node::map),
        ]
    })
}

/// Replaces or removes the `n`th node.
fn mutate(node: &mut Node, n: &mut usize, with: &Option<Node>) {
    if *n == 0 {
        *n = usize::MAX;
        *node = with.clone().unwrap_or(Node::scalar("", true));
        return;
    }
    *n = n.saturating_sub(1);
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|i| mutate(i, n, with)),
        Kind::Map(entries) => entries.iter_mut().for_each(|(_, i)| mutate(i, n, with)),
        Kind::Scalar { .. } => {}
    }
}

proptest! {
    #[test]
    fn no_tree_breaks_the_reader(node in any_node()) {
        let _ = read(&node, "sources.x.map");
    }

    #[test]
    fn a_map_that_checks_cleanly_is_sound(
        which in 0_usize..3,
        changes in proptest::collection::vec((0_usize..260, proptest::option::of(any_node())), 0..4),
    ) {
        let mut node = tree([STOCK, PEOPLE, ADMIN][which]);
        for (n, with) in changes {
            mutate(&mut node, &mut n.clone(), &with);
        }
        match read(&node, "sources.x.map") {
            Ok(checked) => assert_sound(&checked.map),
            Err(problems) => prop_assert!(problems.iter().any(|p| p.severity == Severity::Error)),
        }
    }
}
