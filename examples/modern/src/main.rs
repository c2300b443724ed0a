//! `banyan-modern-customers`: the demo's new customer service on a port.

use banyan_modern_customers::{Modern, Options};
use std::process::ExitCode;

const USAGE: &str = "usage: banyan-modern-customers --listen ADDRESS:PORT --from http://FACADE --data FILE.json

--from    the facade whose change feed it follows
--data    where it keeps its customers; bugs.txt beside it says what is wrong with this service";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("banyan-modern-customers: {message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let (mut listen, mut from, mut data) = (None, None, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let slot = match arg.as_str() {
            "--listen" => &mut listen,
            "--from" => &mut from,
            "--data" => &mut data,
            _ => return Err(USAGE.to_owned()),
        };
        *slot = Some(args.next().ok_or_else(|| format!("{arg} needs a value\n{USAGE}"))?);
    }
    let (Some(listen), Some(from), Some(data)) = (listen, from, data) else { return Err(USAGE.to_owned()) };
    let options = Options { listen, from, data: data.into() };
    let modern = Modern::start(&options).map_err(|e| format!("{}: {e}", options.listen))?;
    println!("listening on {}", modern.address());
    modern.wait();
    Ok(())
}
