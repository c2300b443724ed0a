//! Backups of a gateway that moves routes: it comes up where it stood, with what it knew.

use super::upstream::Upstream;
use super::{set_route, shop_with};
use crate::common::{Gateway, Site};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;

fn site(old: &Upstream, new: &Upstream) -> Site {
    shop_with(&format!(
        "upstreams: {{ old: {{ url: \"{}\", spare: 1000 }}, new: {{ url: \"{}\" }} }}\nroutes:\n  \
         - {{ path: /a/**, legacy: old, modern: new, stage: shadow, rollback: {{ auto: false }} }}\n  \
         - {{ path: /b/**, legacy: old, modern: new, stage: shadow }}\n",
        old.url(),
        new.url()
    ))
}

fn set(site: &Site, route: &str, more: &[&str]) {
    let (done, told) = set_route(site, route, &[&["--force"], more].concat());
    assert!(done, "{told}");
}

fn stages(g: &Gateway) -> Vec<(String, bool)> {
    let all = g.admin("/admin/v1/routes")["items"].clone();
    let of = |r: &Value| (format!("{} {}", r["stage"].as_str().unwrap(), r["weight"]), r["killed"] == true);
    all.as_array().unwrap().iter().map(of).collect()
}

/// What is known of the first route: comparisons that agree, and the score.
fn evidence(g: &Gateway) -> (u64, f64) {
    let all = g.admin("/admin/v1/migration");
    let found = &all["routes"].as_array().or(all["items"].as_array()).unwrap()[0]["evidence"];
    (found["matches"].as_u64().unwrap(), found["score"].as_f64().unwrap())
}

/// Whether so many are on disk.
fn kept(site: &Site, matches: u64) -> bool {
    let path = banyan_store::evidence::path_of(&site.path("banyan.db"));
    let store = banyan_store::evidence::EvidenceStore::read(&path).unwrap().unwrap();
    let account = store.routes().unwrap().into_iter().find(|r| r.name == "/a/**").unwrap().account;
    let called = store.consumers().unwrap().0.iter().any(|p| p.consumer == "anonymous");
    called && account.contains(&format!("\"matches\":{matches},"))
}

#[test]
fn a_gateway_comes_up_where_it_stood_with_the_same_evidence() {
    let (old, new) = (Upstream::says(200, "{}"), Upstream::says(200, "{}"));
    let site = site(&old, &new);
    let g = site.start();
    for n in 0..7 {
        assert_eq!(g.ask(&format!("/a/{n}"), &[("x-consumer", "till")]).status, 200);
    }
    g.until("seven are compared", |g| evidence(g).0 == 7);
    set(&site, "/a/**", &["--stage", "canary", "--weight", "5%"]);
    fs::write(site.path("banyan.routes.kill"), "/b/**\n").unwrap();
    g.until("the switch is obeyed", |g| stages(g)[1].1);
    g.until("evidence is kept", |_| kept(&site, 7));
    let (then, stood) = (evidence(&g), stages(&g));
    let backup = site.path("kept.2026.db");
    let name = backup.to_str().unwrap().to_owned();
    let (done, told) = site.tries(&["backup", &name]);
    assert!(done, "{told}");
    for suffix in ["", ".evidence.db", ".routes.jsonl", ".routes.kill", ".parts.json"] {
        assert!(site.path(&format!("kept.2026.db{suffix}")).is_file(), "{suffix}");
    }
    assert!(!site.tries(&["backup", &name]).0, "it overwrites nothing");
    // Much happens afterwards.
    set(&site, "/a/**", &["--stage", "modern"]);
    for n in 10..15 {
        assert_eq!(g.ask(&format!("/a/{n}"), &[]).status, 200);
    }
    fs::remove_file(site.path("banyan.routes.kill")).unwrap();
    set(&site, "/b/**", &["--revive"]);
    assert!(site.tries(&["restore", &name]).1.contains("stop it first"));
    g.stop();
    let (done, told) = site.tries(&["restore", &name]);
    assert!(done, "{told}");
    assert!(told.contains("the journal of routes is restored"), "{told}");
    assert!(told.contains("/a/** stands at canary at 5%, it stood at modern\n"), "{told}");
    assert!(told.contains("/b/** stands at shadow, switched off: legacy answers, it stood at shadow\n"), "{told}");
    let g = site.start();
    assert_eq!(stages(&g), stood);
    assert_eq!(evidence(&g), then);
    // The journal goes on where it was.
    set(&site, "/a/**", &["--stage", "legacy"]);
    let journal = g.admin("/admin/v1/routes/decisions?route=/a/**")["items"].clone();
    assert_eq!(journal.as_array().unwrap().len(), 2, "{journal}");
    let left: Vec<String> = fs::read_dir(site.folder())
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|n| n.contains("restoring") || n.contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A backup of a gateway that has decided twice, and how the folder was before anything is restored.
fn decided(site: &Site) -> String {
    let g = site.start();
    set(site, "/a/**", &["--stage", "canary", "--weight", "5%"]);
    set(site, "/a/**", &["--stage", "modern"]);
    assert_eq!(g.ask("/b/1", &[]).status, 200);
    g.stop();
    let name = site.path("kept.db").to_str().unwrap().to_owned();
    let (done, told) = site.tries(&["backup", &name]);
    assert!(done, "{told}");
    name
}

fn in_use(site: &Site) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(site.folder()).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file());
    let own = files.filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("banyan.")));
    let mut all: Vec<_> = own
        .filter(|p| !["lock", "db-shm", "db-wal"].iter().any(|e| p.to_string_lossy().ends_with(e)))
        .map(|p| (p.display().to_string(), fs::read(&p).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn what_was_changed_or_lost_is_refused_before_anything_is() {
    let (old, new) = (Upstream::says(200, "{}"), Upstream::says(200, "{}"));
    let site = site(&old, &new);
    let name = decided(&site);
    let before = in_use(&site);
    let (journal, evidence, list) =
        (format!("{name}.routes.jsonl"), format!("{name}.evidence.db"), format!("{name}.parts.json"));
    let refused = |why: &str| {
        let (done, told) = site.tries(&["restore", &name]);
        assert!(!done && told.contains(why) && told.contains("nothing was changed"), "{why}: {told}");
        assert_eq!(in_use(&site), before, "{why}");
    };
    let hash =
        |path: &str| Sha256::digest(fs::read(path).unwrap()).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let damaged = |path: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>, plain: &str, listed: &str| {
        let (kept, kept_list) = (fs::read(path).unwrap(), fs::read_to_string(&list).unwrap());
        let own = hash(path);
        fs::write(path, change(kept.clone())).unwrap();
        refused(plain);
        // Whoever knows of the list cannot make it right.
        fs::write(&list, kept_list.replace(&own, &hash(path))).unwrap();
        refused(listed);
        fs::write(path, kept).unwrap();
        fs::write(&list, kept_list).unwrap();
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let not_as = "is not as it was backed up";
    damaged(&journal, &|b| text(b).replacen("a test", "a jest", 1).into_bytes(), not_as, "line 1");
    damaged(&journal, &|b| text(b).split_once('\n').unwrap().1.as_bytes().to_vec(), not_as, "line 1");
    damaged(&evidence, &|b| vec![0; b.len()], not_as, "the evidence is damaged");
    damaged(&evidence, &|b| b[..b.len() / 2 / 4096 * 4096].to_vec(), not_as, "the evidence is damaged");
    for part in [&journal, &evidence] {
        let kept = fs::read(part).unwrap();
        fs::remove_file(part).unwrap();
        refused("is missing");
        fs::write(part, kept).unwrap();
    }
    let kept = fs::read(&list).unwrap();
    fs::remove_file(&list).unwrap();
    refused("is there, but not");
    fs::write(&list, "{").unwrap();
    refused("cannot be read");
    fs::write(&list, kept).unwrap();
    let (done, told) = site.tries(&["restore", &name]);
    assert!(done, "sound again: {told}");
}

#[test]
fn a_line_that_a_kill_cut_is_not_copied_and_a_changed_one_stops_the_backup() {
    let (old, new) = (Upstream::says(200, "{}"), Upstream::says(200, "{}"));
    let site = site(&old, &new);
    decided(&site);
    let journal = site.path("banyan.routes.jsonl");
    let whole = fs::read(&journal).unwrap();
    fs::write(&journal, [whole.as_slice(), b"{\"decision\":{\"number\":3"].concat()).unwrap();
    let name = site.path("other.db").to_str().unwrap().to_owned();
    assert!(site.tries(&["backup", &name]).0);
    assert_eq!(fs::read(format!("{name}.routes.jsonl")).unwrap(), whole);
    fs::write(&journal, String::from_utf8(whole).unwrap().replacen("a test", "a jest", 1)).unwrap();
    let third = site.path("third.db").to_str().unwrap().to_owned();
    let (done, told) = site.tries(&["backup", &third]);
    assert!(!done && told.contains("line 1"), "{told}");
    let left = fs::read_dir(site.folder())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("third"));
    assert_eq!(left.count(), 0, "nothing is left of it");
}

#[test]
fn a_backup_of_the_store_alone_leaves_the_rest_and_the_switch_stays() {
    let (old, new) = (Upstream::says(200, "{}"), Upstream::says(200, "{}"));
    let site = site(&old, &new);
    let name = decided(&site);
    fs::write(site.path("banyan.routes.kill"), "/a/**").unwrap();
    let (done, told) = site.tries(&["restore", &name]);
    assert!(done, "{told}");
    assert_eq!(fs::read_to_string(site.path("banyan.routes.kill")).unwrap(), "/a/**", "the backup had no switch");
    for suffix in [".evidence.db", ".routes.jsonl", ".parts.json"] {
        fs::remove_file(format!("{name}{suffix}")).unwrap();
    }
    let journal = fs::read(site.path("banyan.routes.jsonl")).unwrap();
    fs::remove_file(site.path("banyan.evidence.db")).unwrap();
    let set_aside = || {
        fs::read_dir(site.folder())
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains("replaced"))
            .count()
    };
    let before = set_aside();
    // Names are of a second.
    crate::common::until("another second", || site.tries(&["restore", &name]).0);
    assert!(set_aside() > before);
    assert_eq!(fs::read(site.path("banyan.routes.jsonl")).unwrap(), journal);
}

/// Whether the gateway refuses what a restore left, with words that say what to do.
fn is_refused(site: &Site, backup: &str) {
    for args in [&["store", "verify"][..], &["backup", "/nowhere/b.db"], &["serve"]] {
        let (done, told) = site.tries(args);
        assert!(!done && told.contains(&format!("run `banyan restore {backup}` again")), "{args:?}: {told}");
    }
}

#[test]
fn a_restore_that_was_interrupted_is_not_served_half_and_is_done_again() {
    let (old, new) = (Upstream::says(200, "{}"), Upstream::says(200, "{}"));
    let site = site(&old, &new);
    let name = decided(&site);
    let g = site.start();
    set(&site, "/a/**", &["--stage", "legacy"]);
    let stood = stages(&g);
    g.stop();
    let journal = site.path("banyan.routes.jsonl");
    let later = fs::read(&journal).unwrap();
    // It ended when the journal had been set aside.
    let mark = site.path("banyan.db.restore");
    fs::write(&mark, format!("{{\"from\":\"{name}\",\"stamp\":\"then\"}}")).unwrap();
    let aside = site.path("banyan.routes.jsonl.replaced-then");
    fs::rename(&journal, &aside).unwrap();
    is_refused(&site, &name);
    assert!(!journal.exists(), "whoever is refused makes nothing");
    let (done, told) = site.tries(&["restore", &site.path("none.db").to_string_lossy()]);
    assert!(!done && told.contains("there is no backup"), "{told}");
    is_refused(&site, &name);
    let (done, told) = site.tries(&["restore", &name]);
    assert!(done && told.contains("/a/** stands at modern, it stood at legacy\n"), "{told}");
    assert!(told.contains("banyan.db.replaced-then"), "{told}");
    assert_eq!(fs::read(&aside).unwrap(), later, "what was there is kept");
    assert_eq!(fs::read(&journal).unwrap(), fs::read(format!("{name}.routes.jsonl")).unwrap());
    let g = site.start();
    assert_ne!(stages(&g), stood);
    assert_eq!(stages(&g)[0].0, "modern null");
    g.stop();
    // Killed at any moment.
    let whole = || {
        let (now, kept) = (fs::read(&journal).unwrap(), fs::read(format!("{name}.routes.jsonl")).unwrap());
        assert!(now.starts_with(&kept), "the journal is that of the backup");
        assert!(site.tries(&["store", "verify"]).0);
    };
    for round in 0..8 {
        let mut restore = std::process::Command::new(crate::common::PROGRAM)
            .args(["restore", &name, "--config", site.config().to_str().unwrap()])
            .current_dir(site.folder())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while restore.try_wait().unwrap().is_none() && (round % 2 == 0 || !mark.exists()) {
            if round % 2 == 0 && site.path("banyan.db.restoring").exists() {
                break;
            }
            std::hint::spin_loop();
        }
        let _ = restore.kill();
        restore.wait().unwrap();
        if mark.exists() {
            println!("round {round}: it was killed on the way");
            is_refused(&site, &name);
            let (done, told) = site.tries(&["restore", &name]);
            assert!(done, "{told}");
        }
        whole();
    }
}
