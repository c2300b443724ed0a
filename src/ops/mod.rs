//! The operator's room: what happens is seen here, and what waits for a person is answered here.
//!
//! `guard` says which names are this machine's; `logs` and `metrics` are set up once by the roof; `health` judges;
//! `view` is what is shown, as plain data; `admin` serves it as an API, `pages` as a dashboard; `acts` is what people do.
//! Invariant: nothing here changes the store but through `acts`, which goes through the one thread that writes; every act
//! leaves a line in the audit log. No page shows an unescaped byte of a legacy system.
//! Not here: what the facade serves (`http`), how records are taken in (`runtime::ingest`).

pub mod acts;
pub mod admin;
pub mod audit;
pub mod guard;
pub mod health;
pub mod logs;
pub mod metrics;
mod pages;
mod rates;
pub mod state;
pub mod view;

pub use acts::{ActFault, Acts, Desktop, Running, Waiting};
pub use admin::{AdminServer, admin_document, serve_admin};
pub use state::{About, AdminState};
