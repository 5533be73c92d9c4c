//! The page itself: three files, compiled in.

use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// A file of the page.
pub(crate) struct Asset {
    kind: &'static str,
    /// What is in it.
    pub text: &'static str,
}

/// The document.
pub(crate) const HTML: Asset =
    Asset { kind: "text/html; charset=utf-8", text: include_str!("../page/dist/index.html") };
/// Its program.
pub(crate) const SCRIPT: Asset =
    Asset { kind: "text/javascript; charset=utf-8", text: include_str!("../page/dist/app.js") };
/// Its look.
pub(crate) const STYLE: Asset = Asset { kind: "text/css; charset=utf-8", text: include_str!("../page/dist/app.css") };

impl Asset {
    /// The file, or that a browser has it already.
    pub fn answer(&self, asked: &HeaderMap) -> Response {
        let tag = format!("\"{}\"", &hex(&Sha256::digest(self.text))[..16]);
        let is_there = asked.get(IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
        let headers = [(CONTENT_TYPE, self.kind.to_string()), (ETAG, tag)];
        match is_there {
            true => (StatusCode::NOT_MODIFIED, headers).into_response(),
            false => (headers, self.text).into_response(),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
