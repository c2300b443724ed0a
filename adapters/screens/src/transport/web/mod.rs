//! Web pages in a browser of their own: Chromium, through its WebDriver.
//!
//! Purpose: one driver, browser and fresh profile for each session; each look at a page is one script call.
//! Invariant: pages of hosts that are not named are never read and never get a key; what stands in a password field never
//! leaves the browser; nothing is clicked or typed unless its locator means exactly one element.
//! Not here: waiting for a named screen, and whether what is shown is one (the engine).

mod ask;
mod browser;
mod driver;
mod faults;
mod hosts;
mod keys;
mod session;
mod typing;

use super::{Session, Transport};
use crate::map::{Key, Map};
use banyan_adapter::{Call, Fault};
use banyan_words::{Problem, node::join};
use hosts::Hosts;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use url::Url;

const BROWSER_PACKAGES: &str = "the packages `chromium` and `chromium-driver`";
const HIGHEST: u16 = 10_000;

/// How an old web application is reached.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The page a session begins on.
    pub url: String,
    /// More hosts that pages may be of, and that the browser may ask: `sso.example`, `files.example:8443`. That of `url`
    /// is always allowed.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The driver program. Default: `chromedriver`.
    #[serde(default)]
    pub driver: Option<PathBuf>,
    /// The browser program. Default: `chromium`.
    #[serde(default)]
    pub browser: Option<PathBuf>,
    /// Width and height of the window, in pixels. Default: `[1280, 1024]`.
    #[serde(default)]
    pub viewport: Option<(u16, u16)>,
    /// The language that pages are asked for. Default: `en`.
    #[serde(default)]
    pub language: Option<String>,
}

/// Whether a page can be given that key; else why not.
pub(super) fn has_key(key: Key) -> Result<(), String> {
    keys::stroke(key).map(drop).ok_or_else(|| format!("a page has no `{key}`"))
}

impl Config {
    /// A page has no rows and columns.
    pub fn size(&self) -> Option<(u16, u16)> {
        None
    }

    fn first(&self) -> Result<(Url, Hosts), String> {
        let url = Url::parse(&self.url).map_err(|_| format!("`{}` is no address of a page", self.url))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("`{}` is no address of a page", self.url));
        }
        let hosts = Hosts::new(&url, &self.hosts)?;
        Ok((url, hosts))
    }
}

/// What is wrong with it.
pub(crate) fn check(config: &Config, path: &str) -> Vec<Problem> {
    let bad = |key: &str, message: String| Problem::error("bad-value", join(path, key), message);
    let mut told = Vec::new();
    match Url::parse(&config.url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host_str().is_some() => {
            if !url.username().is_empty() || url.password().is_some() {
                let message = "an address must not hold a login: it would be shown".to_owned();
                told.push(bad("url", message).hint("let the flow `login` fill in the login page"));
            }
            if let Err(message) = Hosts::new(&url, &config.hosts) {
                told.push(bad("hosts", message).hint("write `sso.example` or `sso.example:8443`"));
            }
        }
        _ => {
            let message = format!("`{}` is no address of a page", config.url);
            told.push(bad("url", message).hint("write `url: https://stock.example/admin/`"));
        }
    }
    if config.viewport.is_some_and(|(w, h)| !(200..=HIGHEST).contains(&w) || !(200..=HIGHEST).contains(&h)) {
        told.push(bad("viewport", format!("width and height are from 200 to {HIGHEST} pixels")));
    }
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if config.language.as_ref().is_some_and(|l| l.is_empty() || l.len() > 35 || !l.chars().all(letters)) {
        told.push(bad("language", "this is no language".to_owned()).hint("write `en`, `de`, `pt-BR`"));
    }
    told
}

/// A transport for it. Opens nothing; relative programs with a folder are looked for from `base`.
pub fn connect(config: &Config, base: &Path) -> Box<dyn Transport> {
    let mut config = config.clone();
    for program in [&mut config.driver, &mut config.browser].into_iter().flatten() {
        if program.components().count() > 1 {
            *program = base.join(&*program);
        }
    }
    Box::new(Web { config })
}

struct Web {
    config: Config,
}

impl Transport for Web {
    fn open(&self, map: &Map, _lu: Option<&str>, call: &Call) -> Result<Box<dyn Session>, Fault> {
        let (url, hosts) = self.config.first().map_err(|m| Fault::permanent(crate::refusals::HOST_DOWN, m))?;
        let browser = browser::Browser::start(&self.config, &hosts, call)?;
        let mut session = session::Web::new(browser, hosts, map);
        session.begin(&url, call)?;
        Ok(Box::new(session))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: serde_json::Value) -> Config {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn every_problem_is_told_at_once_and_where_it_is() {
        let bad = serde_json::json!({
            "url": "https://u:p@erp.example/", "viewport": [10, 60000], "hosts": ["a/b"], "language": "en;q=1",
        });
        let told: Vec<String> = check(&config(bad), "transport").into_iter().map(|p| p.path).collect();
        assert_eq!(told, ["transport.url", "transport.hosts", "transport.viewport", "transport.language"]);
        for url in ["erp.example", "file:///etc/passwd", "https://", "javascript:alert(1)"] {
            assert_eq!(check(&config(serde_json::json!({ "url": url })), "t")[0].path, "t.url", "{url}");
        }
        let hosts = serde_json::json!({ "url": "https://erp.example/", "hosts": ["*"] });
        assert_eq!(check(&config(hosts), "t")[0].path, "t.hosts");
        let fine = serde_json::json!({ "url": "http://127.0.0.1:8000/admin/", "hosts": ["sso.example:8443"] });
        assert_eq!(check(&config(fine), "t"), []);
    }

    #[test]
    fn untrusted_certificates_cannot_be_waved_through() {
        let wish = serde_json::json!({ "url": "https://erp.example/", "ignore_certificate": true });
        assert!(serde_json::from_value::<Config>(wish).is_err());
    }
}
