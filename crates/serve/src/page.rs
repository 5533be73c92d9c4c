//! The page itself: three files, compiled in.

use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use wordspace_frames::base64;

/// A file of the page.
pub(crate) struct Asset {
    content_type: &'static str,
    /// Its content.
    pub text: &'static str,
}

/// The document.
pub(crate) const HTML: Asset =
    Asset { content_type: "text/html; charset=utf-8", text: include_str!("../page/dist/index.html") };
/// Its script.
pub(crate) const SCRIPT: Asset =
    Asset { content_type: "text/javascript; charset=utf-8", text: include_str!("../page/dist/app.js") };
/// Its style sheet.
pub(crate) const STYLE: Asset =
    Asset { content_type: "text/css; charset=utf-8", text: include_str!("../page/dist/app.css") };

/// The script of the worker that trains in the page.
pub(crate) const WORKER: &str = include_str!("../page/dist/worker.js");
/// What it trains with: the crate `playground` as WebAssembly, compressed by gzip. `scripts/playground.sh` makes it.
pub(crate) const WASM: &[u8] = include_bytes!("../page/wasm/playground.wasm.gz");
/// The licences of what is in it. `scripts/licences.py` collects them.
pub(crate) const LICENCES: &str = include_str!("../page/wasm/licences.txt");

impl Asset {
    /// The file, or 304 if the browser has it already.
    pub fn answer(&self, asked: &HeaderMap) -> Response {
        let tag = format!("\"{}\"", base64(&Sha256::digest(self.text)[..12]));
        let is_known = asked.get(IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
        let headers = [(CONTENT_TYPE, self.content_type.to_string()), (ETAG, tag)];
        match is_known {
            true => (StatusCode::NOT_MODIFIED, headers).into_response(),
            false => (headers, self.text).into_response(),
        }
    }
}
