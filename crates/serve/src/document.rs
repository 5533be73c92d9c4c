//! The page as one file that carries its data: it opens from disk, without a server and without fetching anything.

use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};
use wordspace_data::regular_file;
use wordspace_explore::projection::{Chosen, Projection};
use wordspace_frames::{base64, projection_json};

use crate::page::{HTML, SCRIPT, STYLE};

/// Marks the pages that wordspace makes, so that [`is_page`] recognizes them.
const MARK: &str = r#"<meta name="generator" content="wordspace">"#;

/// The mark is in so much of the start of a page.
const HEAD_BYTES: u64 = 64 << 10;

/// A projection as one file: `projection`, made of `chosen` from the source called `name`. It has a frame for each step of
/// its trails, or the only one.
pub fn projection_page(projection: &Projection, chosen: &Chosen, name: &str) -> String {
    document(&projection_json(projection, chosen, name))
}

/// Whether the file at `path` is a report or a projection that wordspace wrote, which it may therefore overwrite.
pub fn is_page(path: &Path) -> bool {
    let Ok(file) = regular_file::open(path) else { return false };
    let mut start = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut start).is_ok() && is_ours(&start)
}

/// The page with `data` in it, one JSON object.
pub(crate) fn document(data: &str) -> String {
    page(&[Part { kind: "application/json", id: "embedded", text: data.replace('<', "\\u003c") }], "")
}

/// A part that a page carries: an element that the browser does not run.
pub(crate) struct Part {
    /// Its type.
    pub kind: &'static str,
    /// The name by which the script finds it.
    pub id: &'static str,
    /// Its text, which must not end the element.
    pub text: String,
}

/// The page that carries `parts`. Its content security policy allows its own script and style and what `allowed` adds.
pub(crate) fn page(parts: &[Part], allowed: &str) -> String {
    let script = as_script(SCRIPT.text);
    let style = STYLE.text.replace("</style", "<\\/style");
    let policy = format!(
        "default-src 'none'; script-src '{}'{allowed}; style-src '{}'; img-src data: blob:; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(&style)
    );
    let head =
        format!("{MARK}<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"><style>{style}</style>");
    let part = |Part { kind, id, text }: &Part| format!("<script type=\"{kind}\" id=\"{id}\">{text}</script>");
    let parts: String = parts.iter().map(part).collect();
    let end = format!("{parts}<script type=\"module\">{script}</script>");
    let (before_style, after_style) = around(HTML.text, "<link", "app.css", ">");
    let (between, after_script) = around(after_style, "<script", "app.js", "</script>");
    [before_style, &head, between, &end, after_script].concat()
}

/// `script` so that it does not end the element that holds it.
pub(crate) fn as_script(script: &str) -> String {
    script.replace("</script", "\\x3c/script").replace("<!--", "\\x3c!--")
}

/// The size of a page without its data, in bytes.
pub(crate) fn empty_size() -> usize {
    HTML.text.len() + SCRIPT.text.len() + STYLE.text.len()
}

fn is_ours(text: &[u8]) -> bool {
    text.windows(MARK.len()).any(|part| part == MARK.as_bytes())
}

/// The parts of `html` before and after the element that begins with `start`, names `name` and ends with `end`.
fn around<'a>(html: &'a str, start: &str, name: &str, end: &str) -> (&'a str, &'a str) {
    let named = html.find(name).unwrap_or_else(|| panic!("the page names {name}"));
    let from = html[..named].rfind(start).unwrap_or_else(|| panic!("{name} is named in a {start}>"));
    let to = named + html[named..].find(end).unwrap_or_else(|| panic!("the element of {name} ends")) + end.len();
    (&html[..from], &html[to..])
}

/// The hash by which a content security policy allows an inline element.
fn hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_its_data_script_and_style_and_fetches_nothing() {
        let page = document(r#"{"word":"</script><!--"}"#);
        assert!(is_ours(page.as_bytes()));
        assert!(page.contains(r#"{"word":"\u003c/script>\u003c!--"}</script>"#));
        assert!(!page.contains("app.js\"") && !page.contains("app.css\""), "it fetches its parts");
        assert!(!page.contains("src=\"http") && !page.contains("href=\"http") && !page.contains("url(http"));
        assert_eq!(page.matches("</script>").count(), 2);
        for (element, end) in [("<style>", "</style>"), ("<script type=\"module\">", "</script>")] {
            let text = page.split(element).nth(1).unwrap().split(end).next().unwrap();
            assert!(page.contains(&hash(text)), "the policy allows the text of {element}");
        }
    }
}
