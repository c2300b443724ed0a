//! A server that does exactly what a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<String>,
}

pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

/// One connection, as the test's script sees it.
pub(crate) struct Connection {
    /// From 1.
    pub(crate) number: usize,
    stream: BufReader<TcpStream>,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// Runs `script` for each connection, on a thread of its own; the connection closes when it ends.
    pub(crate) fn start(script: impl Fn(Connection) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let (shared, script) = (seen.clone(), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let number = {
                    let mut seen = shared.lock().unwrap();
                    seen.connections += 1;
                    seen.connections
                };
                let (seen, script) = (shared.clone(), script.clone());
                std::thread::spawn(move || script(Connection { number, stream: BufReader::new(stream), seen }));
            }
        });
        Server { address, seen }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    /// Every request so far, head and body, as it came.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().requests.clone()
    }
}

impl Connection {
    /// Reads a request, its body by its length; `None` at the connection's end.
    pub(crate) fn request(&mut self) -> Option<String> {
        let mut head = self.head()?;
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<u64>().ok()).unwrap_or(0);
        let mut body = Vec::new();
        self.stream.by_ref().take(length).read_to_end(&mut body).ok()?;
        head.push_str(&String::from_utf8_lossy(&body));
        self.seen.lock().unwrap().requests.push(head.clone());
        Some(head)
    }

    /// Reads a request whose body comes in chunks, and tells how long the body was. Reads in small steps, so that the
    /// sender has to wait.
    pub(crate) fn chunked_length(&mut self) -> usize {
        let head = self.head().unwrap();
        assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
        let mut total = 0;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            let length = usize::from_str_radix(line.trim(), 16).unwrap();
            let mut chunk = vec![0; length + 2];
            self.stream.read_exact(&mut chunk).unwrap();
            if length == 0 {
                return total;
            }
            total += length;
        }
    }

    /// Reads a request's head; its body, if it has one, is left to be [taken](Connection::take).
    pub(crate) fn head_only(&mut self) -> bool {
        self.head().is_some()
    }

    /// Reads so much, or until the connection's end, and tells how much it was.
    pub(crate) fn take(&mut self, length: u64) -> u64 {
        std::io::copy(&mut self.stream.by_ref().take(length), &mut std::io::sink()).unwrap_or(0)
    }

    /// Notes that something is done, beside the requests.
    pub(crate) fn done(&mut self) {
        self.seen.lock().unwrap().requests.push("done".to_owned());
    }

    /// Says nothing for so many milliseconds.
    pub(crate) fn pause(&self, millis: u64) {
        std::thread::sleep(std::time::Duration::from_millis(millis));
    }

    fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        Some(head)
    }

    pub(crate) fn send(&mut self, bytes: &str) {
        let _ = self.stream.get_mut().write_all(bytes.as_bytes());
    }

    /// Sends back whatever comes.
    pub(crate) fn echo(&mut self) {
        let mut buffer = [0; 64];
        while let Ok(n @ 1..) = self.stream.read(&mut buffer) {
            if self.stream.get_mut().write_all(&buffer[..n]).is_err() {
                return;
            }
        }
    }
}
