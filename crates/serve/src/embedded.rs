//! The page as one file that carries its data: it opens from disk, with nothing behind it and nothing to fetch.

use half::f16;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::page::{HTML, SCRIPT, STYLE};

/// What a page made by us says of itself, so that it is known again.
const MARK: &str = r#"<meta name="generator" content="wordspace">"#;

/// A frame in a page.
#[derive(Serialize)]
pub(crate) struct EmbeddedFrame {
    pub step: u64,
    /// As `/api/runs/R/points/S` answers, in base64.
    pub points: String,
    /// 16-bit floats, `[V, C]`, in base64.
    pub vectors: String,
}

/// A position table in a page.
#[derive(Serialize)]
pub(crate) struct EmbeddedPositions {
    pub step: u64,
    /// 16-bit floats, `[T, C]`, in base64.
    pub vectors: String,
}

/// The page with `data` in it, one JSON object.
pub(crate) fn document(data: &str) -> String {
    // Neither can end the element that it stands in.
    let data = data.replace('<', "\\u003c");
    let script = SCRIPT.text.replace("</script", "\\x3c/script").replace("<!--", "\\x3c!--");
    let style = STYLE.text.replace("</style", "<\\/style");
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src data: blob:; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(&style)
    );
    let head =
        format!("{MARK}<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"><style>{style}</style>");
    let end = format!(
        "<script type=\"application/json\" id=\"embedded\">{data}</script><script type=\"module\">{script}</script>"
    );
    let (before_style, _, after_style) = around(HTML.text, "<link", "app.css", ">");
    let (between, _, after_script) = around(after_style, "<script", "app.js", "</script>");
    [before_style, &head, between, &end, after_script].concat()
}

/// How many bytes a page has before its data.
pub(crate) fn empty_size() -> usize {
    HTML.text.len() + SCRIPT.text.len() + STYLE.text.len()
}

/// Whether `text` is a page that was made here.
pub(crate) fn is_ours(text: &[u8]) -> bool {
    text.windows(MARK.len()).any(|part| part == MARK.as_bytes())
}

/// What stands before and after the element of `html` that begins with `start`, names `name` and ends with `end`, and the
/// element itself. The program is put where its element stood, after what it draws in: at the end of the body.
fn around<'a>(html: &'a str, start: &str, name: &str, end: &str) -> (&'a str, &'a str, &'a str) {
    let named = html.find(name).unwrap_or_else(|| panic!("the page names {name}"));
    let from = html[..named].rfind(start).unwrap_or_else(|| panic!("{name} is named in a {start}>"));
    let to = named + html[named..].find(end).unwrap_or_else(|| panic!("the element of {name} ends")) + end.len();
    (&html[..from], &html[from..to], &html[to..])
}

/// The hash by which a policy lets in the text of an element.
fn hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text)))
}

/// Numbers as 16-bit floats in base64.
pub(crate) fn halves(numbers: impl Iterator<Item = f32>) -> String {
    base64(&numbers.flat_map(|x| f16::from_f32(x).to_le_bytes()).collect::<Vec<u8>>())
}

/// Bytes as letters, three as four (RFC 4648).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, at| number << 8 | *three.get(at).unwrap_or(&0) as usize);
        for at in 0..4 {
            let is_filled = at <= three.len();
            text.push(if is_filled { LETTERS[number >> (18 - 6 * at) & 63] as char } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_the_letters_of_the_standard() {
        let pairs =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        pairs.iter().for_each(|(bytes, text)| assert_eq!(base64(bytes.as_bytes()), *text));
        assert_eq!(base64(&[0xFB, 0xFF, 0xBF]), "+/+/");
    }

    #[test]
    fn a_page_holds_its_data_its_program_and_its_look_and_fetches_nothing() {
        let page = document(r#"{"word":"</script><!--"}"#);
        assert!(is_ours(page.as_bytes()));
        assert!(page.contains(r#"{"word":"\u003c/script>\u003c!--"}</script>"#));
        assert!(!page.contains("app.js\"") && !page.contains("app.css\""), "it fetches its parts");
        assert!(!page.contains("src=\"http") && !page.contains("href=\"http") && !page.contains("url(http"));
        assert_eq!(page.matches("</script>").count(), 2);
        for (element, end) in [("<style>", "</style>"), ("<script type=\"module\">", "</script>")] {
            let text = page.split(element).nth(1).unwrap().split(end).next().unwrap();
            assert!(page.contains(&hash(text)), "the policy lets in what stands in {element}");
        }
    }
}
