//! GPT-2's spelling of bytes as printable characters, and back to text.

use std::collections::HashMap;

/// Decodes the spellings of a byte-level vocabulary: `Ġcat` is ` cat`.
pub(crate) struct ByteSpelling {
    byte: HashMap<char, u8>,
}

impl ByteSpelling {
    pub(crate) fn new() -> Self {
        Self { byte: byte_spellings().into_iter().zip(0..=u8::MAX).collect() }
    }

    /// The text that `spelling` stands for. Bytes that are not a whole character are written as `<0xE2>`, so that different
    /// tokens have different texts. A token that is not spelled in bytes, such as one added later, is its own text.
    pub(crate) fn text(&self, spelling: &str) -> String {
        let Some(bytes) = spelling.chars().map(|c| self.byte.get(&c).copied()).collect::<Option<Vec<u8>>>() else {
            return spelling.to_string();
        };
        match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => error.as_bytes().iter().map(|byte| format!("<0x{byte:02X}>")).collect(),
        }
    }
}

/// GPT-2's spelling of each byte as one printable character (`bytes_to_unicode` in OpenAI's `encoder.py`): printable
/// bytes are themselves, the others follow from U+0100 on, so a space is `Ġ`.
pub(super) fn byte_spellings() -> [char; 256] {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut others = (0x100..).filter_map(char::from_u32);
    std::array::from_fn(|byte| match byte as u8 {
        byte if printable(byte) => byte as char,
        _ => others.next().expect("there are more characters than bytes"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incomplete_characters_are_shown_as_bytes() {
        let bytes = ByteSpelling::new();
        assert_eq!(bytes.text("Ġcat"), " cat");
        assert_eq!(bytes.text("Ċ"), "\n");
        assert_eq!(bytes.text("Ã¼"), "ü");
        assert_eq!(bytes.text("Ã"), "<0xC3>");
        assert_eq!(bytes.text("<|endoftext|>"), "<|endoftext|>");
        assert_eq!(bytes.text("語"), "語");
    }
}
