//! The command line: one file for each command.
//!
//! Invariant: every command has `--json` and `--config`; results go to standard output, everything else to standard
//! error. Exit codes: 0 done, 1 something is wrong and told, 2 the command line itself is wrong.
//! Not here: work. Commands ask the rooms beneath and show what they answer.

mod accept;
mod admin_client;
mod audit;
mod backup;
mod check;
mod connect;
mod consumers;
mod contract;
mod dead_letters;
mod discover;
mod evidence;
mod guess;
mod hands;
mod init;
mod inspect;
mod keys;
mod ledger;
mod lookups;
mod migration;
mod openapi;
mod out;
mod parts;
mod replay;
mod restore;
mod retire;
mod routes;
mod scaffold;
mod schema;
mod screens;
mod serve;
mod shown;
mod store;
mod swap;
mod sweep;
mod try_file;
mod why;

use crate::adapters::KINDS;
use crate::config::render::Colour;
use crate::config::{self, Built, Disk, Loaded, MissingSecret};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A strangler fig for business software: REST faces for systems nobody may touch.
#[derive(Debug, Parser)]
#[command(name = "banyan", version, about, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
    /// The configuration.
    #[arg(long, short, global = true, value_name = "FILE", default_value = "banyan.yaml")]
    pub config: PathBuf,
    /// Answer for machines.
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the facade and the admin listener.
    Serve(serve::Serve),
    /// Prove that every record that came in is accounted for.
    Ledger(ledger::Ledger),
    /// Look at refused records; replay or discard them.
    DeadLetters(dead_letters::DeadLetters),
    /// Accept a dataset's changed columns, or deletions that wait.
    Accept(accept::Accept),
    /// Say why an instance has the values it has.
    Why(why::Why),
    /// Show what was sent to the sources, or prove that the record of it is whole.
    Audit(audit::AuditCommand),
    /// Routes on their way from legacy to modern: list, explain, move, contract, plan.
    Routes(routes::RoutesCommand),
    /// Ask captured requests of both sides of their route again, to gather evidence.
    Replay(replay::Replay),
    /// The board: how far each route is, what the evidence says, what can be switched off.
    Migration(migration::Migration),
    /// What differs, what people say of it; compute decisions again.
    Evidence(evidence::EvidenceCommand),
    /// Retire a route, unless someone still needs its old side.
    Retire(retire::Retire),
    /// Show who calls which route, and who still needs legacy.
    Consumers(consumers::ConsumersCommand),
    /// API keys: their digests for the configuration.
    Keys(keys::KeysCommand),
    /// Copy the store, while the gateway works, into a new file.
    Backup(backup::Backup),
    /// Put a backup in the store's place, while no gateway works.
    Restore(restore::Restore),
    /// Look after the store.
    Store(store::StoreCommand),
    /// Tell everything that is wrong with the configuration, and run its examples.
    Check(check::Check),
    /// Print the JSON Schema of the configuration, for editors.
    Schema(schema::Schema),
    /// Print the facade's OpenAPI document.
    Openapi(openapi::Openapi),
    /// Show what becomes of the first records of a file, and why.
    Try(try_file::Try),
    /// Guess what a file is, and how to say so in the configuration.
    Inspect(inspect::Inspect),
    /// Write a small configuration to begin with.
    Init(init::Init),
    /// Show what a source holds: tables, columns, keys, indexes, samples.
    Discover(discover::Discover),
    /// Propose datasets, entities and mappings for tables of a source.
    Scaffold(scaffold::Scaffold),
    /// Old screens: run a flow, look at screens and traces, accept a screen that changed, draft a map.
    Screens(screens::Screens),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let Arguments { global, command } = Arguments::parse();
    let done = match command {
        Command::Serve(c) => c.run(&global),
        Command::Ledger(c) => c.run(&global),
        Command::DeadLetters(c) => c.run(&global),
        Command::Accept(c) => c.run(&global),
        Command::Why(c) => c.run(&global),
        Command::Audit(c) => c.run(&global),
        Command::Routes(c) => c.run(&global),
        Command::Replay(c) => c.run(&global),
        Command::Migration(c) => c.run(&global),
        Command::Evidence(c) => c.run(&global),
        Command::Retire(c) => c.run(&global),
        Command::Consumers(c) => c.run(&global),
        Command::Keys(c) => c.run(&global),
        Command::Backup(c) => c.run(&global),
        Command::Restore(c) => c.run(&global),
        Command::Store(c) => c.run(&global),
        Command::Check(c) => c.run(&global),
        Command::Schema(c) => c.run(&global),
        Command::Openapi(c) => c.run(&global),
        Command::Try(c) => c.run(&global),
        Command::Inspect(c) => c.run(&global),
        Command::Init(c) => c.run(&global),
        Command::Discover(c) => c.run(&global),
        Command::Scaffold(c) => c.run(&global),
        Command::Screens(c) => c.run(&global),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// It has been told already, or is the answer itself.
    Told,
    /// This, for people.
    Because(String),
    /// The command line is wrong.
    Usage(String),
    /// It has been told; the command's help says what this exit code means.
    Code(u8),
}

impl Failure {
    fn tell(self) -> ExitCode {
        let (message, code) = match self {
            Failure::Told => return ExitCode::from(1),
            Failure::Code(code) => return ExitCode::from(code),
            Failure::Because(message) => (message, 1),
            Failure::Usage(message) => (message, 2),
        };
        out::aside(&format!("error: {message}\n"));
        ExitCode::from(code)
    }
}

/// What a command comes to.
pub type Done = Result<(), Failure>;

impl Global {
    /// Reads the configuration and builds what the gateway runs on; problems stay in what was loaded.
    pub fn build(&self, missing: MissingSecret) -> (Loaded, Option<Built>) {
        let mut loaded = config::load(&self.config, missing);
        let built = config::build(&mut loaded, KINDS, &Disk);
        (loaded, built)
    }

    /// The same for commands that need a sound configuration: problems are told on standard error.
    pub fn built(&self, missing: MissingSecret) -> Result<(Loaded, Built), Failure> {
        let (loaded, built) = self.build(missing);
        match built {
            Some(built) => Ok((loaded, built)),
            None => {
                out::aside(&loaded.render(Colour::of(&std::io::stderr())));
                Err(Failure::Told)
            }
        }
    }
}

/// A path with more behind its name.
fn beside(path: &std::path::Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
