//! Decodes ids that arrive one at a time.

use crate::Tokenizer;

/// Stands for bytes that are not, or not yet, a whole character.
const REPLACEMENT: char = '\u{FFFD}';

/// Decodes ids as they arrive.
///
/// A token may be only a part of a character; it is held back until the character is complete. The text of all calls
/// together is exactly what [`Tokenizer::decode`] returns for all ids at once.
pub struct TextStream<'a> {
    tokenizer: &'a Tokenizer,
    /// The latest ids: the last one whose text was returned completely, and those after it.
    ids: Vec<u32>,
    /// How many bytes of their text were returned.
    returned: usize,
}

impl<'a> TextStream<'a> {
    /// A stream that continues after `ids`, whose own text is not returned.
    pub fn after(ids: &[u32], tokenizer: &'a Tokenizer) -> Self {
        let ids: Vec<u32> = ids.last().copied().into_iter().collect();
        let returned = tokenizer.decode(&ids).len();
        Self { tokenizer, ids, returned }
    }

    /// The text that `id` completes; empty if it ends within a character.
    pub fn push(&mut self, id: u32) -> String {
        self.ids.push(id);
        let text = self.tokenizer.decode(&self.ids);
        let complete = text.trim_end_matches(REPLACEMENT).len();
        let new = text.get(self.returned..complete).unwrap_or_default().to_string();
        self.returned = self.returned.max(complete);
        if complete == text.len() {
            *self = Self::after(&self.ids, self.tokenizer);
        }
        new
    }

    /// The rest of the text. Bytes that were never completed to a character are `U+FFFD`.
    pub fn finish(self) -> String {
        self.tokenizer.decode(&self.ids).get(self.returned..).unwrap_or_default().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Text, TokenizerChoice, below, generator};

    fn tokenizers() -> Vec<Tokenizer> {
        let text = Text::in_memory("test", "the cat — sat, “on” the mat. 日本語 🐈 ".repeat(20));
        let learn = |choice| {
            let on = std::ops::ControlFlow::Continue(());
            Tokenizer::prepare(&choice, &text, 0..text.bytes(), 1, &|_, _, _| on).unwrap()
        };
        vec![learn(TokenizerChoice::Word), learn(TokenizerChoice::Char), learn(TokenizerChoice::Bpe(270))]
    }

    #[track_caller]
    fn check(tokenizer: &Tokenizer, ids: &[u32]) {
        for start in 0..ids.len().min(3) {
            let mut stream = TextStream::after(&ids[..start], tokenizer);
            let mut text = tokenizer.decode(&ids[..start]);
            let is_complete = !text.ends_with(REPLACEMENT);
            ids[start..].iter().for_each(|&id| text.push_str(&stream.push(id)));
            text.push_str(&stream.finish());
            if is_complete {
                assert_eq!(text, tokenizer.decode(ids), "{ids:?} from {start}");
            }
        }
    }

    #[test]
    fn the_parts_concatenate_to_the_text_for_every_tokenizer() {
        for tokenizer in tokenizers() {
            let ids = tokenizer.encode("the cat — sat, “on” the mat. 日本語 🐈 on").unwrap();
            check(&tokenizer, &ids.iter().map(|token| token.id).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_parts_concatenate_for_tokens_in_any_order() {
        let mut random = generator(1, "streams", 0);
        for tokenizer in tokenizers() {
            for _ in 0..300 {
                let mut id = || below(&mut random, tokenizer.vocab_size() as u64) as u32;
                check(&tokenizer, &(0..12).map(|_| id()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_character_of_several_tokens_is_returned_whole() {
        let tokenizer = &tokenizers()[2];
        let ids = tokenizer.encode("a🐈🐈b").unwrap();
        assert!(ids.len() > 4, "the cat must be several tokens");
        let mut stream = TextStream::after(&[], tokenizer);
        let parts: Vec<String> = ids.iter().map(|token| stream.push(token.id)).collect();
        assert!(parts.iter().all(|part| !part.contains(REPLACEMENT)), "{parts:?}");
        assert_eq!(parts.concat(), "a🐈🐈b");
    }
}
