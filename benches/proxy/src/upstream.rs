//! Services behind both proxies, within the bench: their CPU is nobody's figure.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

const BODY: &str = r#"{"id":"5pga7r8a2xsmynwhp3fje39cc1","name":"Harbour Supplies 123456","email":"c123456@example.test","city":"town-0042","category":"trade","credit_limit":"12345.00","since":"2019-04-01","note":"a note of some length for number 123456, as notes are","phone":"+44 20 7946 123456","region":"region-42"}"#;

/// One that answers at once.
pub fn answers() -> std::io::Result<u16> {
    let reply = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"0123456789abcdef\"\r\n\
         Date: Sun, 01 Nov 2026 00:00:00 GMT\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    serve(move |stream| while request(stream) && stream.write_all(reply.as_bytes()).is_ok() {})
}

/// One that takes requests and says nothing.
pub fn hangs() -> std::io::Result<u16> {
    serve(|stream| while request(stream) {})
}

fn serve(each: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let each = std::sync::Arc::new(each);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.set_nodelay(true);
            let each = each.clone();
            std::thread::spawn(move || each(&mut stream));
        }
    });
    Ok(port)
}

/// Reads the head of a request; none of them has a body. One at a time stands in a connection.
fn request(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    let mut have = 0;
    while let Ok(n @ 1..) = stream.read(&mut buffer[have..]) {
        have += n;
        if buffer[..have].ends_with(b"\r\n\r\n") {
            return true;
        }
    }
    false
}
