//! The playground: the page as one file that trains by itself, in a worker, without a server.

use wordspace_frames::base64;

use crate::document::{Part, as_script, page};
use crate::page::{LICENCES, WASM, WORKER};

/// What the page needs beside its own script: WebAssembly, in a worker that is made from a text in the page.
const ALLOWED: &str = " 'wasm-unsafe-eval' blob:; worker-src blob:";

/// The page that trains.
pub fn playground() -> String {
    let part = |id, text| Part { kind: "text/plain", id, text };
    let parts = [part("worker", as_script(WORKER)), part("wasm", base64(WASM)), part("licences", as_script(LICENCES))];
    page(&parts, ALLOWED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_carries_its_worker_and_its_program_and_stays_below_three_megabytes() {
        let page = playground();
        assert!(page.len() <= 3_000_000, "{} bytes", page.len());
        for id in ["worker", "wasm", "licences"] {
            assert_eq!(page.matches(&format!("<script type=\"text/plain\" id=\"{id}\">")).count(), 1);
        }
        assert!(page.contains("worker-src blob:") && !page.contains("id=\"embedded\">"));
    }
}
