//! Hostile requests, drawn by number: other sites, other methods, paths that climb, requests that are malformed or too large, and
//! questions about what does not exist.

use ::wordspace::data::{below, generator};
use chacha20::ChaCha8Rng;
use chacha20::rand_core::Rng;

/// The request with number `nth` to the server at `port`, of one of eight kinds. It must be refused.
pub fn request_number(nth: u64, port: u16) -> Vec<u8> {
    hostile(nth % 8, port, &mut generator(5, "hostile", nth))
}

/// Takes one of `choices`.
fn one<'a, T: ?Sized>(random: &mut ChaCha8Rng, choices: &[&'a T]) -> &'a T {
    choices[below(random, choices.len() as u64) as usize]
}

/// Random bytes.
fn noise(random: &mut ChaCha8Rng, most: u64) -> Vec<u8> {
    (0..below(random, most)).map(|_| below(random, 256) as u8).collect()
}

/// The paths that a hostile request asks for.
const PATHS: [&str; 7] =
    ["/", "/app.js", "/api/runs", "/api/runs/0", "/api/runs/0/log", "/api/runs/0/points/0", "/api/live"];

fn hostile(kind: u64, port: u16, random: &mut ChaCha8Rng) -> Vec<u8> {
    let path = one(random, &PATHS);
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    match kind {
        0 => request("GET", path, &foreign_host(port, random)),
        1 => request("GET", path, &format!("{host}{}", foreign_origin(port, random))),
        2 => {
            let methods = ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "GETS", "get"];
            request(one(random, &methods), path, &host)
        }
        3 => request("GET", &climbing_path(random), &host),
        4 => too_large(path, &host, random),
        5 => malformed(random),
        6 => upgrade(path, &host, random),
        _ => request("GET", &absurd_question(port, random), &host),
    }
}

fn request(method: &str, path: &str, headers: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").into_bytes()
}

/// No host, two of them, or that of another site or port.
fn foreign_host(port: u16, random: &mut ChaCha8Rng) -> String {
    let ours = format!("127.0.0.1:{port}");
    let (other, evil) = (format!("127.0.0.1:{}", port ^ 1), format!("{ours}.evil.example"));
    let (prefix, user) = (format!("evil.example:{port}"), format!("{ours}@evil.example"));
    let hosts = [&other, &evil, &prefix, &user, "", "127.0.0.1", "localhost", "0.0.0.0", "[::1]", "evil.example"];
    match below(random, 4) {
        0 => String::new(),
        1 => format!("Host: {ours}\r\nHost: evil.example\r\n"),
        _ => format!("Host: {}\r\n", one(random, &hosts)),
    }
}

/// The origin of another site, port or protocol.
fn foreign_origin(port: u16, random: &mut ChaCha8Rng) -> String {
    let ours = format!("127.0.0.1:{port}");
    let (evil, other) = (format!("http://{ours}.evil.example"), format!("http://localhost:{}", port ^ 1));
    let (https, user) = (format!("https://{ours}"), format!("http://evil.example@{ours}"));
    let origins = [&evil, &other, &https, &user, "null", "", "http://evil.example", "http://127.0.0.1", "file://"];
    format!("Origin: {}\r\n", one(random, &origins))
}

/// A path that climbs out of its folder.
fn climbing_path(random: &mut ChaCha8Rng) -> String {
    let steps = ["../", "..%2f", "%2e%2e/", "..\\", "%2e%2e%5c", "....//", "./"];
    let climb: String = (0..1 + below(random, 6)).map(|_| one(random, &steps)).collect();
    let ends = ["etc/passwd", "config.toml", "runs/a/config.toml", "words.json", "%00", "app.js%00"];
    let starts = ["/", "/api/runs/", "/api/runs/0/points/", "/app.js/", "//", "/api/runs/0/../"];
    format!("{}{climb}{}", one(random, &starts), one(random, &ends))
}

/// A long address, a long header, many headers, or a body.
fn too_large(path: &str, host: &str, random: &mut ChaCha8Rng) -> Vec<u8> {
    match below(random, 4) {
        0 => request("GET", &format!("/?{}", "x".repeat(9000 + below(random, 40_000) as usize)), host),
        1 => {
            let long = "y".repeat(20_000 + below(random, 99_999) as usize);
            request("GET", path, &format!("{host}X: {long}\r\n"))
        }
        2 => request("GET", path, &format!("{host}{}", "A: b\r\n".repeat(65 + below(random, 900) as usize))),
        _ => request("GET", path, &format!("{host}Content-Length: {}\r\n", 1 + random.next_u64() % (1 << 40))),
    }
}

/// The start of a request, then random bytes.
fn malformed(random: &mut ChaCha8Rng) -> Vec<u8> {
    let starts = ["", "GET ", "GET / HTTP/9.9\r\n", "GET / HTTP/1.1\r\nHost", "PRI * HTTP/2.0"];
    let mut bytes = one(random, &starts).as_bytes().to_vec();
    bytes.extend(noise(random, 400));
    bytes.extend(b"\r\n\r\n");
    bytes
}

/// An upgrade to another protocol, then random bytes.
fn upgrade(path: &str, host: &str, random: &mut ChaCha8Rng) -> Vec<u8> {
    let keys = ["", "AAAA", "dGhlIHNhbXBsZSBub25jZQ==", "\u{1}", "=="];
    let kinds = ["websocket", "WebSocket", "h2c", "websocket, h2c", "TLS/1.0"];
    let (kind, key, version) = (one(random, &kinds), one(random, &keys), below(random, 99));
    let mut bytes =
        format!("GET {path} HTTP/1.1\r\n{host}Upgrade: {kind}\r\nSec-WebSocket-Key: {key}\r\n").into_bytes();
    bytes.extend(format!("Connection: Upgrade, close\r\nSec-WebSocket-Version: {version}\r\n\r\n").bytes());
    bytes.extend(noise(random, 200));
    bytes
}

/// A question about runs, frames or words that do not exist.
fn absurd_question(port: u16, random: &mut ChaCha8Rng) -> String {
    let many = random.next_u64();
    let paths = [
        format!("/api/runs/{many}"),
        format!("/api/runs/-1/log{many}"),
        format!("/api/runs/0/points/{many}{many}"),
        format!("/api/runs/0/neighbours/0?word={many}"),
        "/api/runs/0/neighbours/0?word=NaN&top=ten".to_string(),
        format!("/api/runs/0/pair?a={many}&b=-{many}"),
        format!("/api/runs/0/sentence/0?text={}", "%ff%00%c3".repeat(1 + below(random, 300) as usize)),
        format!("http://127.0.0.1:{port}/api/runs"),
    ];
    one(random, &paths.each_ref().map(String::as_str)).to_string()
}
