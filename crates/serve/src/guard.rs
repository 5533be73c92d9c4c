//! Who may ask, and how: this machine's own page, by GET and HEAD, in few bytes.
//!
//! Any page of the web can send requests to this machine, and a name of the web can be made to mean 127.0.0.1. So every
//! request, whatever it asks for, must name this very server as its host and, where it names one, as its origin; both are
//! compared letter by letter. What is left can be read by the page that this server sent, and by nobody else.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The longest address that is looked at.
const LONGEST_ADDRESS: usize = 8 << 10;

/// What every answer says of how it may be used: by its own page, without anything from elsewhere.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-cache"),
];

/// The names under which this server is asked.
pub(crate) struct Guard {
    hosts: [String; 3],
}

impl Guard {
    /// For the server at `port`.
    pub fn new(port: u16) -> Self {
        Self { hosts: ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}")) }
    }

    /// Lets a request through to `next`, or says why not. Either way the answer carries [`HEADERS`].
    pub async fn admit(State(guard): State<Arc<Self>>, request: Request, next: Next) -> Response {
        let mut response = match guard.refusal(&request) {
            Some((status, sentence)) => refuse(status, sentence),
            None => next.run(request).await,
        };
        let headers = response.headers_mut();
        for (name, value) in HEADERS {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        response
    }

    fn refusal(&self, request: &Request) -> Option<(StatusCode, &'static str)> {
        let (uri, headers) = (request.uri(), request.headers());
        if uri.authority().is_some() || !is_only(headers, header::HOST, |host| self.is_ours(host)) {
            return Some((
                StatusCode::FORBIDDEN,
                "this page is for this machine alone; open the address that was printed",
            ));
        }
        let is_foreign = headers.contains_key(header::ORIGIN)
            && !is_only(headers, header::ORIGIN, |origin| {
                origin.strip_prefix("http://").is_some_and(|o| self.is_ours(o))
            });
        if is_foreign || is_from_elsewhere(request) {
            return Some((StatusCode::FORBIDDEN, "another site asked; nothing here is for it"));
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return Some((StatusCode::METHOD_NOT_ALLOWED, "expected GET or HEAD: nothing here can be changed"));
        }
        if headers.contains_key(header::UPGRADE) {
            return Some((StatusCode::BAD_REQUEST, "nothing but HTTP is spoken here"));
        }
        let is_empty = |length: &HeaderValue| length == "0";
        let has_body = headers.get_all(header::CONTENT_LENGTH).iter().any(|length| !is_empty(length));
        if has_body || headers.contains_key(header::TRANSFER_ENCODING) {
            return Some((StatusCode::PAYLOAD_TOO_LARGE, "a question has no body"));
        }
        if uri.path_and_query().is_some_and(|address| address.as_str().len() > LONGEST_ADDRESS) {
            return Some((StatusCode::URI_TOO_LONG, "the address is too long; ask about a shorter text"));
        }
        // No address here has a letter that must be written so; one that does is looking for something else.
        uri.path().contains('%').then_some((StatusCode::NOT_FOUND, "there is nothing here"))
    }

    fn is_ours(&self, host: &str) -> bool {
        self.hosts.iter().any(|ours| ours == host)
    }
}

/// Whether there is exactly one header `name`, and it is `right`.
fn is_only(headers: &HeaderMap, name: HeaderName, right: impl Fn(&str) -> bool) -> bool {
    let mut values = headers.get_all(name).iter();
    let first = values.next().and_then(|value| value.to_str().ok());
    first.is_some_and(right) && values.next().is_none()
}

/// Whether a browser says that another site asked. Following a link to the page is no harm: the site does not see it.
fn is_from_elsewhere(request: &Request) -> bool {
    let value = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let is_link = request.uri().path() == "/" && value("sec-fetch-mode") == Some("navigate");
    value("sec-fetch-site").is_some_and(|site| !["same-origin", "none"].contains(&site)) && !is_link
}

/// An answer that says in a sentence why there is no other.
pub(crate) fn refuse(status: StatusCode, sentence: impl Into<String>) -> Response {
    let mut response =
        (status, [(header::CONTENT_TYPE, "application/json")], json!({"error": sentence.into()}).to_string())
            .into_response();
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
