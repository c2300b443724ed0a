//! Small sources of our own, any text at all, and real sources where there are some.

use super::*;
use crate::map;
use banyan_words::node::yaml;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// A statement over several lines, continued in column 72.
fn statement(label: &str, name: &str, operands: &[&str]) -> String {
    let mut out = String::new();
    for (i, operand) in operands.iter().enumerate() {
        let last = i + 1 == operands.len();
        let start = if i == 0 { format!("{label:<8}{name} ") } else { " ".repeat(15) };
        let line = format!("{start}{operand}{}", if last { "" } else { "," });
        out.push_str(&if last { line } else { format!("{line:<71}X") });
        out.push('\n');
    }
    out
}

fn source() -> String {
    [
        "* Two screens of a shop\n".to_owned(),
        statement("SHOPSET", "DFHMSD", &["TYPE=&SYSPARM", "MODE=INOUT", "LANG=COBOL"]),
        statement("SHOP1", "DFHMDI", &["SIZE=(24,80)", "LINE=1", "COLUMN=1"]),
        statement("", "DFHMDF", &["POS=(1,1)", "LENGTH=9", "ATTRB=(ASKIP,NORM)", "INITIAL='The Shop:'"]),
        statement("", "DFHMDF", &["POS=(2,30)", "LENGTH=14", "COLOR=BLUE", "INITIAL='Owner''s \"A\" && B'"]),
        statement("USERID", "DFHMDF", &["POS=(5,10)", "LENGTH=8", "ATTRB=(UNPROT,IC)"]),
        statement("", "DFHMDF", &["POS=(5,19)", "LENGTH=0", "ATTRB=ASKIP"]),
        statement("PASSWD", "DFHMDF", &["POS=(6,10)", "LENGTH=8", "ATTRB=(UNPROT,DRK)"]),
        statement("AMT", "DFHMDF", &["POS=(7,80)", "LENGTH=5", "ATTRB=NUM", "JUSTIFY=(RIGHT,ZERO)", "PICIN='99999'"]),
        statement("SHOP2", "DFHMDI", &["SIZE=(24,80)"]),
        statement("", "DFHMDF", &["POS=(1,1)", "LENGTH=9", "ATTRB=(ASKIP,NORM)", "INITIAL='The Shop:'"]),
        statement("", "DFHMDF", &["POS=(3,1)", "ATTRB=PROT", "INITIAL='Orders of the day'"]),
        statement("LINES", "DFHMDF", &["POS=(5,1)", "LENGTH=20", "ATTRB=(PROT)", "OCCURS=3"]),
        statement("OFF", "DFHMDF", &["POS=(25,1)", "LENGTH=20"]),
        statement("LINEAR", "DFHMDF", &["POS=1840", "LENGTH=79", "ATTRB=(ASKIP,BRT)"]),
        statement("", "DFHMSD", &["TYPE=FINAL"]),
        "         END\n".to_owned(),
    ]
    .concat()
}

fn checked(yaml_text: &str) -> map::Checked {
    let (node, problems) = yaml::parse("draft.yaml", yaml_text);
    assert_eq!(problems, vec![], "{yaml_text}");
    map::read(&node.unwrap(), "").unwrap_or_else(|p| panic!("{p:#?}\n{yaml_text}"))
}

#[test]
fn fields_with_place_length_name_and_attributes() {
    let BmsSource { maps, notes } = parse(&source());
    assert_eq!(notes, vec![(notes[0].0, "off is not on the screen and was passed over".into())]);
    let field = |map: usize, name: &str| {
        let f = maps[map].fields.iter().find(|f| f.name.as_deref() == Some(name)).unwrap();
        (f.at, f.len, f.protected, f.hidden, f.numeric)
    };
    assert_eq!(field(0, "userid"), ((5, 11), 8, false, false, false), "one right of its attribute byte");
    assert_eq!(field(0, "passwd"), ((6, 11), 8, false, true, false));
    assert_eq!(field(0, "amt"), ((8, 1), 5, false, false, true), "after the last column comes the next row");
    assert_eq!(field(1, "lines_1"), ((5, 2), 20, true, false, false));
    assert_eq!(field(1, "lines_3"), ((5, 44), 20, true, false, false));
    assert_eq!(field(1, "linear"), ((24, 2), 79, true, false, false));
    assert_eq!(maps[0].fields[1].initial.as_deref(), Some("Owner's \"A\" & B"));
    assert!(maps[0].fields[1].protected, "a field without attributes is skipped");
}

#[test]
fn the_draft_is_a_map_that_checks() {
    let imported = import("shop", &source());
    let map = checked(&imported.yaml).map;
    assert_eq!((imported.screens, map.screens.len(), map.name.as_str()), (2, 2, "shop/v1"));
    let texts = |no: usize| format!("{:?}", map.screens[no].conditions);
    assert!(texts(0).contains("Owner's") && !texts(0).contains("The Shop:"), "{}", texts(0));
    assert!(texts(1).contains("Orders of the day"));
    assert!(map.screens[0].field("passwd").is_some_and(|no| map.screens[0].fields[no].hidden));
}

#[test]
fn screens_alike_are_told() {
    let one = |name: &str| {
        [statement(name, "DFHMDI", &["SIZE=(24,80)"]), statement("", "DFHMDF", &["POS=(1,1)", "INITIAL='Same text'"])]
            .concat()
    };
    let imported = import("x", &[one("A"), one("B")].concat());
    assert_eq!(imported.notes.len(), 2, "{:?}", imported.notes);
    assert!(imported.notes[0].1.contains("complete its `match` by hand"));
}

/// Folders of real sources on this machine; none need be there.
fn real() -> Vec<PathBuf> {
    fn gather(dir: &Path, depth: u8, found: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(dir) else { return };
        for path in entries.flatten().map(|e| e.path()) {
            if path.is_dir() && depth > 0 {
                gather(&path, depth - 1, found);
            } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("bms")) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    if let Some(dir) = std::env::var_os("BANYAN_LEGACY") {
        gather(Path::new(&dir), 5, &mut found);
    }
    found.sort();
    found
}

/// Every real source found under `BANYAN_LEGACY` becomes a map that checks, with nothing passed over.
#[test]
fn real_sources() {
    for path in real() {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let imported = import("real", &text);
        let shown = path.display();
        assert!(imported.screens > 0, "{shown}");
        assert_eq!(imported.notes, vec![], "{shown}");
        let map = checked(&imported.yaml).map;
        let named = text.lines().filter(|l| !l.starts_with(['*', ' ']) && l.contains(" DFHMDF ")).count();
        let fields: usize = map.screens.iter().map(|s| s.fields.len()).sum();
        assert!(fields >= named, "{shown}: {fields} of {named}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_import(text in any::<String>()) {
        let _ = import("x", &text);
    }

    #[test]
    fn no_damage_to_a_source_breaks_it(cuts in proptest::collection::vec((0_usize..4000, "[A-Z0-9=(),' *&é\\n-]{0,6}"), 0..12)) {
        let mut text: Vec<char> = source().chars().collect();
        for (at, with) in cuts {
            let at = at.min(text.len());
            let end = (at + with.len() / 2).min(text.len());
            text.splice(at..end, with.chars());
        }
        let imported = import("x", &text.into_iter().collect::<String>());
        let (node, problems) = yaml::parse("draft.yaml", &imported.yaml);
        prop_assert_eq!(problems, vec![]);
        let told = map::read(&node.unwrap(), "").err().unwrap_or_default();
        // Only what a person must complete may be wrong with it.
        for p in &told {
            let open = ["screens-alike", "missing-key", "fields-overlap", "outside-screen"].contains(&p.code.as_str())
                || p.severity == banyan_words::problem::Severity::Warning;
            prop_assert!(open || imported.screens == 0, "{p:?}\n{}", imported.yaml);
        }
    }
}
