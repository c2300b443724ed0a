#![allow(warnings, clippy::all)]
#[path = "vt/far.rs"]
mod far;
use banyan_screens::transport::vt::*;
#[test]
fn peek() {
    let cmd: Vec<String> = std::env::var("PEEK").unwrap().split_whitespace().map(Into::into).collect();
    let c = Config {
        command: Some(cmd),
        size: std::env::var("ROWS").ok().map(|r| (r.parse().unwrap(), 80)),
        ..Config::default()
    };
    let mut s = far::open(&c, std::path::Path::new("/tmp/ab")).unwrap();
    let mut p = far::settle(&mut *s, 0);
    let show = |p: &banyan_screens::picture::Picture| match p.grid() {
        Some(g) => {
            println!("cursor {:?}", g.cursor);
            for r in 1..=24 {
                println!("{r:2}|{}", g.row(r).trim_end());
            }
        }
        None => println!("DISCONNECTED"),
    };
    show(&p);
    for k in std::env::var("KEYS").unwrap_or_default().split(';').filter(|k| !k.is_empty()) {
        println!("---- {k}");
        match k.strip_prefix("type ") {
            Some(t) => far::types(&mut *s, t),
            None => far::press(&mut *s, k),
        }
        p = s
            .settle(p.revision, std::time::Instant::now() + std::time::Duration::from_secs(2), &Default::default())
            .unwrap();
        show(&p);
    }
}
