//! The demo's new customer service: what a team would write to replace the old system behind `/v1/customers`.
//!
//! Purpose: it answers the list of customers and each of them as Banyan's facade does, from data of its own, and is wrong in
//! the ways that [`Bugs`] names, so that the wrapper has something to find.
//! Invariant: it knows the wrapper by its REST face alone: its data is what the facade's change feed tells.
//! Not here: anything a real service needs besides, such as writing, or a guard at its door.

mod bugs;
mod data;
mod follow;
mod query;
mod service;

pub use bugs::Bugs;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, rt, web};
use follow::Followed;
use service::Service;
use std::io::Result;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

/// How the service runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens.
    pub listen: String,
    /// The facade whose change feed it follows, such as `http://127.0.0.1:8080`. It need not answer yet.
    pub from: String,
    /// The file of its data; `bugs.txt` stands beside it.
    pub data: PathBuf,
}

/// A running service. It ends when this is dropped.
pub struct Modern {
    address: SocketAddr,
    followed: Arc<Followed>,
    server: ServerHandle,
    served: Option<JoinHandle<()>>,
    follower: Option<JoinHandle<()>>,
}

impl Modern {
    /// Starts it.
    ///
    /// # Errors
    /// Where the address is taken, or the data cannot be read.
    pub fn start(options: &Options) -> Result<Modern> {
        let listener = TcpListener::bind(&options.listen)?;
        let address = listener.local_addr()?;
        let data = data::Data::open(&options.data)?;
        let followed = Arc::new(Followed { data: data.into(), ..Followed::default() });
        let state = web::Data::new(Service::new(followed.clone(), options.data.with_file_name("bugs.txt")));
        let (tell, told) = mpsc::channel();
        let served = thread::Builder::new().name("modern".to_owned()).spawn(move || {
            rt::System::new().block_on(async move {
                let app = move || App::new().app_data(state.clone()).configure(service::paths);
                let made = HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(1).listen(listener);
                match made.map(HttpServer::run) {
                    Ok(server) => {
                        let _ = tell.send(Ok(server.handle()));
                        if let Err(e) = server.await {
                            eprintln!("the service ended: {e}");
                        }
                    }
                    Err(e) => drop(tell.send(Err(e))),
                }
            });
        })?;
        let server = told.recv().map_err(std::io::Error::other)??;
        let (from, shared) = (options.from.clone(), followed.clone());
        let follower = thread::Builder::new().name("feed".to_owned()).spawn(move || follow::follow(&from, &shared))?;
        Ok(Modern { address, followed, server, served: Some(served), follower: Some(follower) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it has read the feed to its end at least once.
    pub fn has_caught_up(&self) -> bool {
        self.followed.caught_up.load(Ordering::Relaxed)
    }

    /// Waits until it ends.
    pub fn wait(mut self) {
        if let Some(served) = self.served.take() {
            let _ = served.join();
        }
    }
}

impl Drop for Modern {
    fn drop(&mut self) {
        self.followed.stop.store(true, Ordering::Relaxed);
        // Told by the call, not by the answer, which nobody here waits for.
        drop(self.server.stop(false));
        for thread in [self.follower.take(), self.served.take()].into_iter().flatten() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// A number that names a text: the same on every machine (FNV-1a).
pub(crate) fn print(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
