//! Which requests are let in: GET and HEAD, short, from this machine's own page.
//!
//! Any website can send requests to this machine, and can make its own name resolve to 127.0.0.1 (DNS rebinding). So every
//! request must name exactly this server in `Host` and, if it has one, in `Origin`: then only the page that this server
//! sent can read its answers. The check is ours because no crate in the tree compares both headers exactly.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The longest address that is accepted, in bytes.
const MAX_ADDRESS_BYTES: usize = 8 << 10;

/// The headers of every answer: only its own page may use it, with nothing from other sites.
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

/// The host names of this server.
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
                "this page is for this machine alone; open the address that `wordspace serve` printed",
            ));
        }
        let is_foreign = headers.contains_key(header::ORIGIN)
            && !is_only(headers, header::ORIGIN, |origin| {
                origin.strip_prefix("http://").is_some_and(|o| self.is_ours(o))
            });
        if is_foreign || is_cross_site(request) {
            return Some((StatusCode::FORBIDDEN, "another site sent this request; only the page itself may ask"));
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return Some((StatusCode::METHOD_NOT_ALLOWED, "expected GET or HEAD: nothing here can be changed"));
        }
        if headers.contains_key(header::UPGRADE) {
            return Some((StatusCode::BAD_REQUEST, "this server speaks plain HTTP only"));
        }
        let is_empty = |length: &HeaderValue| length == "0";
        let has_body = headers.get_all(header::CONTENT_LENGTH).iter().any(|length| !is_empty(length));
        if has_body || headers.contains_key(header::TRANSFER_ENCODING) {
            return Some((StatusCode::PAYLOAD_TOO_LARGE, "a request here has no body"));
        }
        if uri.path_and_query().is_some_and(|address| address.as_str().len() > MAX_ADDRESS_BYTES) {
            return Some((StatusCode::URI_TOO_LONG, "the address is too long; ask about a shorter text"));
        }
        // No path here needs escaping; one that has it is probing for something else.
        uri.path().contains('%').then_some((StatusCode::NOT_FOUND, "there is nothing here"))
    }

    fn is_ours(&self, host: &str) -> bool {
        self.hosts.iter().any(|ours| ours == host)
    }
}

/// Whether there is exactly one header `name`, and its value is `right`.
fn is_only(headers: &HeaderMap, name: HeaderName, right: impl Fn(&str) -> bool) -> bool {
    let mut values = headers.get_all(name).iter();
    let first = values.next().and_then(|value| value.to_str().ok());
    first.is_some_and(right) && values.next().is_none()
}

/// Whether the browser says that another site sent the request. Following a link to the page is allowed: the other site cannot
/// read it.
fn is_cross_site(request: &Request) -> bool {
    let value = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let is_link = request.uri().path() == "/" && value("sec-fetch-mode") == Some("navigate");
    value("sec-fetch-site").is_some_and(|site| !["same-origin", "none"].contains(&site)) && !is_link
}

/// An error as JSON: `{"error": sentence}`.
pub(crate) fn refuse(status: StatusCode, sentence: impl Into<String>) -> Response {
    let mut response =
        (status, [(header::CONTENT_TYPE, "application/json")], json!({"error": sentence.into()}).to_string())
            .into_response();
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
