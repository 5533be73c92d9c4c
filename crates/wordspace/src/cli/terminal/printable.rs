//! Text made safe to print: files, paths and arguments cannot control the terminal.

use std::borrow::Cow;

/// `text` with every character that would steer a terminal as `\u001b`, the way JSON writes it, so that JSON stays the same value.
/// Those are control characters except line feeds and tabs, and marks that reverse the direction of text.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match steers(c) {
            true => safe.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

fn steers(c: char) -> bool {
    let reverses = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    reverses || c.is_control() && c != '\n' && c != '\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_become_letters() {
        assert_eq!(printable("\u{1b}[31mred\u{7}\u{9b}2J\u{7f}\r"), "\\u001b[31mred\\u0007\\u009b2J\\u007f\\u000d");
        assert_eq!(printable("a\u{202e}b\u{2066}c"), "a\\u202eb\\u2066c");
    }

    #[test]
    fn text_of_any_script_stays_as_it_is() {
        for text in ["plain\n\ttext", "größe", "日本語", "👩‍👩‍👧", "עברית", "e\u{301}"] {
            assert!(matches!(printable(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"word": "\u{1b}[0m \u{9b}K \u{202e}"});
        let text = value.to_string();
        let safe = printable(&text);
        assert!(!safe.contains(steers));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }
}
