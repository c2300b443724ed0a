//! A service behind the wrapper that does exactly what a test says, byte for byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The head as text; names are as they were sent.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.head).into_owned()
    }

    /// Method and target.
    pub(crate) fn line(&self) -> String {
        self.text().lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned()
    }

    /// The values of a field.
    pub(crate) fn field(&self, name: &str) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().skip(1).filter_map(|l| l.split_once(": "));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.to_owned()).collect()
    }
}

/// A service.
pub(crate) struct Upstream {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

/// A connection to it.
pub(crate) struct Connection {
    pub(crate) stream: BufReader<TcpStream>,
}

impl Upstream {
    /// Runs `script` for each request; the connection is kept while it says so.
    pub(crate) fn start(script: impl Fn(&mut Connection, &Request) -> bool + Send + Sync + 'static) -> Upstream {
        Upstream::run(script, true)
    }

    /// The same for very many requests: it keeps none.
    pub(crate) fn forgetful(script: impl Fn(&mut Connection, &Request) -> bool + Send + Sync + 'static) -> Upstream {
        Upstream::run(script, false)
    }

    fn run(script: impl Fn(&mut Connection, &Request) -> bool + Send + Sync + 'static, keeps: bool) -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (shared, script) = (seen.clone(), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, script) = (shared.clone(), script.clone());
                std::thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    let mut connection = Connection { stream: BufReader::new(stream) };
                    while let Some(request) = connection.request() {
                        if keeps {
                            seen.lock().unwrap().push(request.clone());
                        }
                        if !script(&mut connection, &request) {
                            break;
                        }
                    }
                });
            }
        });
        Upstream { address, seen }
    }

    /// One that answers every request alike.
    pub(crate) fn says(status: u16, body: &'static str) -> Upstream {
        Upstream::start(move |c, _| c.send(answer(status, "Content-Type: application/json\r\n", body)))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Requests so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// An answer with a length.
pub(crate) fn answer(status: u16, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}

impl Connection {
    fn request(&mut self) -> Option<Request> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if self.stream.read_until(b'\n', &mut head).ok()? == 0 {
                return None;
            }
        }
        let mut request = Request { head, body: Vec::new() };
        // A large body is the script's business.
        if let Some(length) = request.field("content-length").first().and_then(|l| l.parse::<u64>().ok()) {
            if length < 1 << 20 {
                self.stream.by_ref().take(length).read_to_end(&mut request.body).ok()?;
            }
        } else if !request.field("transfer-encoding").is_empty() && request.field("x-large").is_empty() {
            while let Some(piece) = self.chunk() {
                request.body.extend(piece);
            }
        }
        Some(request)
    }

    /// A chunk; `None`: the last one.
    pub(crate) fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut piece = vec![0; length + 2];
        self.stream.read_exact(&mut piece).ok()?;
        piece.truncate(length);
        (length > 0).then_some(piece)
    }

    /// Sends; true, so that a script may end with it and keep the connection.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// Waits until the other end closes.
    pub(crate) fn closed(&mut self) -> bool {
        let mut buffer = [0; 1];
        matches!(self.stream.read(&mut buffer), Ok(0) | Err(_))
    }
}

/// A connection to the facade at `url`.
pub(crate) fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// What comes back for these bytes until the connection ends. `slowly`: each byte by itself.
pub(crate) fn raw(url: &str, bytes: &[u8], slowly: bool) -> Vec<u8> {
    let mut stream = connect(url);
    // Who has answered before all was sent may have closed already.
    let pieces = bytes.chunks(if slowly { 1 } else { bytes.len().max(1) });
    for piece in pieces {
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    all
}

/// The same as text.
pub(crate) fn said(url: &str, request: &str) -> String {
    String::from_utf8_lossy(&raw(url, request.as_bytes(), false)).into_owned()
}
