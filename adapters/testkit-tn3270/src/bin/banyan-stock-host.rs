//! The stock system on a port, for the demo and for trying maps by hand.

use banyan_testkit_tn3270::{Server, Stock, control};
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

const USAGE: &str = "usage: banyan-stock-host --listen ADDRESS:PORT [--data FILE.csv] [--control ADDRESS:PORT] \
[--authority FILE.pem] [MOOD=VALUE ...]

--data       lines of number,name,quantity,price,place (default: 60 made-up items)
--control    takes lines of moods, `shout` and `keys`; anyone who reaches it may use it
--authority  writes the certificate there that signed the host's own";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("banyan-stock-host: {message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let (mut listen, mut data, mut control_at, mut authority, mut moods) = (None, None, None, None, Vec::new());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let slot = match arg.as_str() {
            "--listen" => &mut listen,
            "--data" => &mut data,
            "--control" => &mut control_at,
            "--authority" => &mut authority,
            _ if arg.contains('=') => {
                moods.push(arg);
                continue;
            }
            _ => return Err(format!("{USAGE}\n\nmoods: {}", control::WORDS)),
        };
        *slot = Some(args.next().ok_or_else(|| format!("{arg} needs a value\n{USAGE}"))?);
    }
    let listen = listen.ok_or(USAGE)?;
    let stock = match data {
        Some(file) => {
            let text = std::fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?;
            Stock::from_csv(&text).map_err(|e| format!("{file}: {e}"))?
        }
        None => Stock::made_up(60),
    };
    let server = Arc::new(Server::listen(listen.as_str(), stock).map_err(|e| format!("{listen}: {e}"))?);
    let mut wrong = Ok(());
    server.set(|options| wrong = moods.iter().try_for_each(|mood| control::apply(options, mood)));
    wrong?;
    if let Some(file) = authority {
        std::fs::write(&file, server.authority()).map_err(|e| format!("{file}: {e}"))?;
    }
    println!("listening on {}", server.address());
    match control_at {
        Some(at) => {
            let listener = TcpListener::bind(&at).map_err(|e| format!("{at}: {e}"))?;
            control::serve(&listener, &server);
        }
        None => loop {
            std::thread::park();
        },
    }
    Ok(())
}
