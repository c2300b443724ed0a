//! One browser: its driver, and commands to it.
//!
//! Invariant: commands leave no trace in logs (the library writes their bodies, passwords and all, at level `debug`);
//! every command ends, in time or by giving up.
//! Not here: what commands are for.

use super::driver::{Driver, find};
use super::faults::{self, Trouble};
use super::hosts::Hosts;
use super::{Config, ask};
use banyan_adapter::{Call, Fault};
use serde_json::{Value, json};
use std::future::Future;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::error::{WebDriverError, WebDriverErrorInner as Inner};
use thirtyfour::{Capabilities, RequestData, SessionId, WebDriver};
use tokio::runtime::{Builder, Runtime};
use tracing::subscriber::{NoSubscriber, with_default};

/// How long a browser may take to start.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// How long a script may take; the page may keep the browser busy.
const SCRIPT_WITHIN: Duration = Duration::from_secs(5);
/// How long any command may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(15);

/// A running browser. Dropped, it ends without being waited for.
pub(super) struct Browser {
    web: Option<WebDriver>,
    runtime: Option<Runtime>,
    driver: Option<Driver>,
}

impl Browser {
    /// Starts driver and browser.
    pub(super) fn start(config: &Config, hosts: &Hosts, call: &Call) -> Result<Browser, Fault> {
        let program = config.browser.as_deref().unwrap_or(Path::new("chromium"));
        let program = find(program).ok_or_else(|| faults::missing(program, "the browser", "browser"))?;
        let driver = Driver::start(config.driver.as_deref().unwrap_or(Path::new("chromedriver")))?;
        let failed = |e: String| faults::not_started(&program, &e);
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|e| failed(e.to_string()))?;
        // Neither proxies nor redirects: the driver is on the loopback.
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let client = client.build().map_err(|e| failed(e.to_string()))?;
        let port = driver.port;
        let mut browser = Browser { web: None, runtime: Some(runtime), driver: Some(driver) };
        let wanted = Capabilities::from(capabilities(config, hosts, &program));
        let within =
            call.deadline.map_or(STARTS_WITHIN, |at| at.saturating_duration_since(Instant::now()).min(STARTS_WITHIN));
        let opening = WebDriver::builder(format!("http://127.0.0.1:{port}"), wanted).client(client).connect();
        let opened = browser.wait(within, opening);
        let web = opened.map_err(|e| match faults::trouble(&e) {
            _ if e.to_string().contains("no chrome binary") => faults::missing(&program, "the browser", "browser"),
            Trouble::Mute => failed(format!("it was not there within {within:?}")),
            _ => failed(format!("{}; the driver said: {}", faults::short(&e), browser.last_words())),
        })?;
        // Its end is ours to bring about: dropped, the library would block on it.
        let _ = web.clone().leak();
        browser.web = Some(web);
        browser.prepare().map_err(|e| failed(faults::short(&e)))?;
        Ok(browser)
    }

    /// What holds for all pages of the session.
    fn prepare(&self) -> Result<(), WebDriverError> {
        self.command(|web| async move { web.set_script_timeout(SCRIPT_WITHIN).await })?;
        let settings = [
            ("Page.addScriptToEvaluateOnNewDocument", json!({ "source": ask::WATCH })),
            ("Browser.setDownloadBehavior", json!({ "behavior": "deny" })),
            ("Network.enable", json!({})),
            // Chromium sends a request again, a form that was submitted too, when a connection that was used before ends
            // without an answer. On connections that are used once it does not: a commit is sent once.
            ("Network.setExtraHTTPHeaders", json!({ "headers": { "Connection": "close" } })),
        ];
        for (command, given) in settings {
            self.command(|web| async move { web.cmd(Devtools(command, given)).await.map(drop) })?;
        }
        Ok(())
    }

    /// Runs one command.
    pub(super) fn command<T, F>(&self, command: impl FnOnce(WebDriver) -> F) -> Result<T, WebDriverError>
    where
        F: Future<Output = Result<T, WebDriverError>>,
    {
        let Some(web) = &self.web else { return Err(Inner::SessionCreateError("there is no browser".into()).into()) };
        self.wait(COMMAND_WITHIN, command(web.clone()))
    }

    /// Runs a script and gives what it returns, with the session for elements in it.
    pub(super) fn script(&self, script: &str, given: Vec<Value>) -> Result<(Value, WebDriver), WebDriverError> {
        self.command(|web| async move {
            let returned = web.execute(script, given).await?;
            Ok((returned.json().clone(), web))
        })
    }

    fn wait<T>(
        &self,
        within: Duration,
        command: impl IntoFuture<Output = Result<T, WebDriverError>>,
    ) -> Result<T, WebDriverError> {
        let late = || Inner::Timeout(format!("no answer within {within:?}")).into();
        let Some(runtime) = &self.runtime else { return Err(late()) };
        let waited =
            async { tokio::time::timeout(within, command.into_future()).await.unwrap_or_else(|_| Err(late())) };
        with_default(NoSubscriber::default(), || runtime.block_on(waited))
    }

    fn last_words(&self) -> String {
        self.driver.as_ref().map_or_else(String::new, Driver::last_words)
    }

    /// Ends it, and waits until its processes and its folder are gone.
    pub(super) fn end(mut self) {
        if let Some(driver) = self.driver.take() {
            driver.end();
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.web = None;
        // In the background, since it may be dropped on a thread of another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A command of Chromium's own protocol.
#[derive(Debug)]
struct Devtools(&'static str, Value);

impl FormatRequestData for Devtools {
    fn format_request(&self, session: &SessionId) -> RequestData {
        RequestData::new(http_post(), format!("/session/{session}/goog/cdp/execute"))
            .add_body(json!({ "cmd": self.0, "params": self.1 }))
    }
}

fn http_post() -> reqwest::Method {
    reqwest::Method::POST
}

fn capabilities(config: &Config, hosts: &Hosts, program: &Path) -> serde_json::Map<String, Value> {
    let (width, height) = config.viewport.unwrap_or((1280, 1024));
    let language = config.language.as_deref().unwrap_or("en");
    let mut args = vec![
        "--headless=new".to_owned(),
        format!("--window-size={width},{height}"),
        format!("--lang={language}"),
        format!("--host-resolver-rules={}", hosts.rules()),
        // Other users of the machine may not talk to the browser: the driver does by a pipe.
        "--remote-debugging-pipe".to_owned(),
    ];
    let always = [
        "no-proxy-server", // a proxy would find the hosts that the rules forbid
        "disable-auto-reload",
        "disable-http2", // see `Connection: close`
        "disable-quic",
        "disable-background-networking",
        "disable-component-update",
        "disable-domain-reliability",
        "disable-crash-reporter",
        "disable-breakpad",
        "disable-sync",
        "disable-extensions",
        "disable-dev-shm-usage",
        "disable-gpu",
        "no-first-run",
        "no-default-browser-check",
        "password-store=basic",
        "use-mock-keychain",
    ];
    args.extend(always.iter().map(|arg| format!("--{arg}")));
    if runs_as_root() {
        tracing::warn!("Chromium runs without its sandbox, since this program runs as root: run it as another user");
        args.push("--no-sandbox".to_owned());
    }
    let preferences = json!({
        "intl.accept_languages": language,
        "credentials_enable_service": false,
        "profile.password_manager_enabled": false,
        "autofill.profile_enabled": false,
        "download_restrictions": 3,
        "net.network_prediction_options": 2,
        "profile.default_content_setting_values.notifications": 2,
        "profile.default_content_setting_values.popups": 2,
    });
    let wanted = json!({
        "browserName": "chrome",
        // A click must not wait for the page it leads to: the engine waits, as long as the map says.
        "pageLoadStrategy": "none",
        // Dismissing a dialog is a decision, and not ours.
        "unhandledPromptBehavior": "ignore",
        "goog:chromeOptions": { "binary": program, "args": args, "prefs": preferences },
    });
    match wanted {
        Value::Object(wanted) => wanted,
        _ => serde_json::Map::new(),
    }
}

fn runs_as_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}
