//! Web pages for real: Django's admin in headless Chromium. Without a browser these tests fail, and say so.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "web/flows.rs"]
mod flows;
#[path = "web/pages.rs"]
mod pages;
#[path = "web/site.rs"]
mod site;
