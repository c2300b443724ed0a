//! Proxying a 300-byte JSON body: Banyan beside nginx (`proxy_pass`, `split_clients`, `mirror`), CPU per request of all
//! processes of each, alternately in one run; and what a shadow that hangs does to consumers. Environment: `BANYAN` (the
//! release binary), `NGINX` (default /usr/sbin/nginx), `REQUESTS` (default 40,000), `ROUNDS` (default 5; the median counts).

#[path = "../../src/load.rs"]
#[allow(dead_code)]
mod load;
mod upstream;

use load::Run;
use std::error::Error;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

const BANYAN: u16 = 18490;
const ADMIN: u16 = 18491;
const NGINX: u16 = 18492;

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg("-TERM").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// What is asked of both.
#[derive(Clone, Copy, PartialEq)]
enum Work {
    Plain,
    Canary,
    Shadow,
}

fn main() -> Outcome<()> {
    let number = |name: &str, default: usize| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let (requests, rounds) = (number("REQUESTS", 40_000), number("ROUNDS", 5));
    let dir = std::env::temp_dir().join(format!("banyan-bench-proxy-{}", std::process::id()));
    fs::create_dir_all(&dir)?;
    let (old, new) = (upstream::answers()?, upstream::answers()?);
    println!("{:<40} {:>10} {:>10} {:>7} {:>7}", "work, CPU a request", "nginx", "banyan", "ratio", "aim");
    for (work, name, aim) in [
        (Work::Plain, "proxied", 1.25),
        (Work::Canary, "canary / split_clients", 1.25),
        (Work::Shadow, "shadow, compared / mirror", 1.0),
    ] {
        let nginx = nginx(&dir, work, old, new)?;
        let banyan = banyan(&dir, work, old, new)?;
        let mut all: (Vec<Run>, Vec<Run>) = Default::default();
        for round in 0..=rounds {
            let n = measure(&nginx, NGINX, requests);
            let b = measure(&banyan, BANYAN, requests);
            // The first round warms up.
            if round > 0 {
                all.0.push(n);
                all.1.push(b);
            }
        }
        let (n, b) = (median(&all.0, |r| r.cpu_us), median(&all.1, |r| r.cpu_us));
        println!("{name:<40} {n:>7.1} us {b:>7.1} us {:>7.2} {aim:>7.2}", b / n);
        let told = |all: &[Run]| (median(all, |r| r.rate), median(all, |r| r.p99_us));
        let ((nr, np), (br, bp)) = (told(&all.0), told(&all.1));
        println!("  requests/s {nr:.0} and {br:.0}, p99 {np:.0} and {bp:.0} us");
    }
    hanging(&dir, old, requests, rounds)?;
    fs::remove_dir_all(&dir)?;
    Ok(())
}

/// A shadow that never answers, against none, alternately: two gateways, one load.
fn hanging(dir: &Path, old: u16, requests: usize, rounds: usize) -> Outcome<()> {
    let never = upstream::hangs()?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        for (work, all) in [(Work::Plain, &mut without), (Work::Shadow, &mut with)] {
            let banyan = banyan(dir, work, old, never)?;
            let _ = measure(&banyan, BANYAN, requests / 4);
            let run = measure(&banyan, BANYAN, requests);
            if round > 0 {
                all.push(run);
            }
        }
    }
    let (plain, hung) = (median(&without, |r| r.p99_us), median(&with, |r| r.p99_us));
    println!(
        "{:<40} {plain:>7.0} us {hung:>7.0} us {:>7.2} {:>7.2}",
        "p99, no shadow / one that hangs",
        hung / plain,
        1.05
    );
    Ok(())
}

fn measure(server: &Server, port: u16, requests: usize) -> Run {
    load::run(port, server.0.id(), requests, |n| {
        format!(
            "GET /accounts/{n} HTTP/1.1\r\nHost: api.example\r\nUser-Agent: bench/1\r\nAccept: application/json\r\n\
             X-Consumer: consumer-{}\r\n\r\n",
            n % 997
        )
    })
}

fn median(runs: &[Run], of: impl Fn(&Run) -> f64) -> f64 {
    let mut all: Vec<f64> = runs.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

fn ready(port: u16) -> Outcome<()> {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if begun.elapsed() > Duration::from_secs(20) {
            return Err(format!("nobody listens on {port}").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn nginx(dir: &Path, work: Work, old: u16, new: u16) -> Outcome<Server> {
    let folder = dir.join("nginx");
    fs::create_dir_all(&folder)?;
    let location = match work {
        Work::Plain => "location / { proxy_pass http://old; }",
        Work::Canary => "location / { proxy_pass http://$side; }",
        Work::Shadow => {
            "location / { mirror /mirror; proxy_pass http://old; } \
             location = /mirror { internal; proxy_pass http://new$request_uri; }"
        }
    };
    let at = folder.display();
    let text = format!(
        "worker_processes 2; daemon off; pid {at}/pid; error_log {at}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; client_body_temp_path {at}/b; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f;\n\
         uwsgi_temp_path {at}/u; scgi_temp_path {at}/s; keepalive_requests 100000000;\n\
         upstream old {{ server 127.0.0.1:{old}; keepalive 64; keepalive_requests 100000000; }}\n\
         upstream new {{ server 127.0.0.1:{new}; keepalive 64; keepalive_requests 100000000; }}\n\
         split_clients \"$http_x_consumer\" $side {{ 25% new; * old; }}\n\
         server {{ listen 127.0.0.1:{NGINX}; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
         proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Host $host;\n\
         proxy_set_header X-Forwarded-Proto $scheme; {location} }} }}\n"
    );
    let config = folder.join("nginx.conf");
    fs::write(&config, text)?;
    let program = std::env::var("NGINX").unwrap_or_else(|_| "/usr/sbin/nginx".into());
    let child = Command::new(program).arg("-p").arg(&folder).arg("-c").arg(&config).stderr(Stdio::null()).spawn()?;
    let server = Server(child);
    ready(NGINX)?;
    Ok(server)
}

fn banyan(dir: &Path, work: Work, old: u16, new: u16) -> Outcome<Server> {
    let folder = dir.join("banyan");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let stage = match work {
        Work::Plain => "legacy",
        Work::Canary => "canary, canary: { weight: 25% }, shadow: { sample: 0% }",
        Work::Shadow => "shadow, compare: { double_read: 0% }",
    };
    let text = format!(
        "banyan: 1\ngateway: {{ listen: \"127.0.0.1:{BANYAN}\", admin: \"127.0.0.1:{ADMIN}\" }}\n\
         store: sqlite:banyan.db\n\
         upstreams:\n  old: {{ url: \"http://127.0.0.1:{old}\" }}\n  new: {{ url: \"http://127.0.0.1:{new}\", timeout: 600s }}\n\
         routes:\n  - {{ path: /accounts/**, legacy: old, modern: new, stage: {stage} }}\n"
    );
    let config: PathBuf = folder.join("banyan.yaml");
    fs::write(&config, text)?;
    let program = std::env::var("BANYAN").unwrap_or_else(|_| "target/release/banyan".into());
    let program = fs::canonicalize(program)?;
    let mut command = Command::new(program);
    command.arg("serve").arg("--config").arg(&config).current_dir(&folder);
    let server = Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    ready(BANYAN)?;
    Ok(server)
}
