//! Moods as words, for the command line and the control port: `delay=200 layout=popup drop=at-commit locked=yes`.

use crate::options::{Drop, Layout, Options, Paging, Tls};
use crate::{CodePage, Server};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// What may be said.
pub const WORDS: &str = "delay=MILLISECONDS partial=no|MILLISECONDS broadcasts=N layout=as-drawn|column|label|popup \
drop=no|before-commit|at-commit|after-commit locked=yes|no mute=yes|no error-after-commit=yes|no \
paging=well|repeated|no-end expired=yes|no clock=yes|no tls=none|tunnel|starttls enhanced=yes|no \
codepage=cp037|cp273 lu=NAME,NAME user=NAME password=TEXT";

/// Does what one word says.
pub fn apply(options: &mut Options, word: &str) -> Result<(), String> {
    let (name, value) =
        word.split_once('=').ok_or_else(|| format!("`{word}` is not NAME=VALUE; there are: {WORDS}"))?;
    let wrong = || format!("`{value}` is nothing `{name}` can be; there are: {WORDS}");
    let yes = || match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(wrong()),
    };
    let millis = || value.parse().map(Duration::from_millis).map_err(|_| wrong());
    match name {
        "delay" => options.delay = millis()?,
        "partial" => options.partial = if value == "no" { None } else { Some(millis()?) },
        "broadcasts" => options.broadcasts = value.parse().map_err(|_| wrong())?,
        "layout" => options.layout = one(value, LAYOUTS).ok_or_else(wrong)?,
        "drop" => options.drop = one(value, DROPS).ok_or_else(wrong)?,
        "locked" => options.locked = yes()?,
        "mute" => options.mute = yes()?,
        "error-after-commit" => options.error_after_commit = yes()?,
        "paging" => options.paging = one(value, PAGINGS).ok_or_else(wrong)?,
        "expired" => options.expired = yes()?,
        "clock" => options.clock = yes()?,
        "tls" => options.tls = one(value, TLS).ok_or_else(wrong)?,
        "enhanced" => options.enhanced = yes()?,
        "codepage" => options.code_page = one(value, CODE_PAGES).ok_or_else(wrong)?,
        "lu" => options.lus = value.split(',').filter(|n| !n.is_empty()).map(str::to_owned).collect(),
        "user" => options.user = value.to_owned(),
        "password" => options.password = value.to_owned(),
        _ => return Err(format!("`{name}` is not known; there are: {WORDS}")),
    }
    Ok(())
}

const LAYOUTS: &[(&str, Layout)] = &[
    ("as-drawn", Layout::AsDrawn),
    ("column", Layout::ColumnMoved),
    ("label", Layout::LabelChanged),
    ("popup", Layout::PopUp),
];
const DROPS: &[(&str, Option<Drop>)] = &[
    ("no", None),
    ("before-commit", Some(Drop::BeforeCommit)),
    ("at-commit", Some(Drop::AtCommit)),
    ("after-commit", Some(Drop::AfterCommit)),
];
const PAGINGS: &[(&str, Paging)] = &[("well", Paging::Well), ("repeated", Paging::Repeated), ("no-end", Paging::NoEnd)];
const TLS: &[(&str, Tls)] = &[("none", Tls::None), ("tunnel", Tls::Tunnel), ("starttls", Tls::StartTls)];
const CODE_PAGES: &[(&str, CodePage)] = &[("cp037", CodePage::Cp037), ("cp273", CodePage::Cp273)];

fn one<T: Copy>(value: &str, among: &[(&str, T)]) -> Option<T> {
    among.iter().find(|(name, _)| *name == value).map(|(_, it)| *it)
}

/// Takes lines of words on a port until the process ends. Each line is answered by `ok` or by what is wrong with it; the
/// line `shout` broadcasts, `keys` lists the keys that came.
pub fn serve(listener: &TcpListener, server: &Arc<Server>) {
    for socket in listener.incoming().flatten() {
        let server = server.clone();
        let talk = move || {
            let _ = lines(&socket, &server);
        };
        let _ = std::thread::Builder::new().name("tn3270-control".into()).spawn(talk);
    }
}

fn lines(socket: &TcpStream, server: &Server) -> std::io::Result<()> {
    let mut answers = socket;
    for line in BufReader::new(socket).lines() {
        let answer = match line?.trim() {
            "shout" => {
                server.shout();
                "ok".to_owned()
            }
            "keys" => {
                let keys = server.seen().keys;
                let lines = keys.iter().map(|k| format!("{} {} {} {:?}\n", k.session, k.screen, k.key, k.fields));
                lines.chain(["ok".to_owned()]).collect()
            }
            words => said(server, words).map_or_else(|e| e, |()| "ok".to_owned()),
        };
        writeln!(answers, "{answer}")?;
    }
    Ok(())
}

/// All words of a line, or none of them.
fn said(server: &Server, words: &str) -> Result<(), String> {
    let mut result = Ok(());
    server.set(|options| {
        let mut changed = options.clone();
        result = words.split_whitespace().try_for_each(|word| apply(&mut changed, word));
        if result.is_ok() {
            *options = changed;
        }
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_change_options_and_wrong_ones_say_what_there_is() {
        let mut options = Options::default();
        for word in "delay=5 partial=10 layout=popup drop=at-commit paging=no-end lu=A,B locked=yes".split(' ') {
            apply(&mut options, word).unwrap();
        }
        assert_eq!((options.delay.as_millis(), options.layout, options.lus.len()), (5, Layout::PopUp, 2));
        assert_eq!((options.drop, options.paging), (Some(Drop::AtCommit), Paging::NoEnd));
        for word in ["delay", "delay=x", "locked=1", "layout=", "colour=red"] {
            assert!(apply(&mut options, word).unwrap_err().contains("there are: delay="), "{word}");
        }
    }
}
