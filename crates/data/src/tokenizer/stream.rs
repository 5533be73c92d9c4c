//! The text of ids that come one at a time.

use super::Tokenizer;

/// What stands for bytes that are no character, or not yet one.
const NO_CHARACTER: char = '\u{FFFD}';

/// Turns ids into text as they come.
///
/// A token of bytes may be a part of a character only; it is held back until the character is whole. What is given out comes
/// to exactly what [`Tokenizer::decode`] makes of all ids at once.
pub struct TextStream<'a> {
    tokenizer: &'a Tokenizer,
    /// The newest ids: the last one whose text was given out whole, and those after it.
    ids: Vec<u32>,
    /// How many bytes of their text were given out.
    given: usize,
}

impl<'a> TextStream<'a> {
    /// A stream that goes on after `ids`, whose own text is not given out.
    pub fn after(ids: &[u32], tokenizer: &'a Tokenizer) -> Self {
        let ids: Vec<u32> = ids.last().copied().into_iter().collect();
        let given = tokenizer.decode(&ids).len();
        Self { tokenizer, ids, given }
    }

    /// The text that is settled now that `id` has come; often nothing, where characters are rare ones.
    pub fn push(&mut self, id: u32) -> String {
        self.ids.push(id);
        let text = self.tokenizer.decode(&self.ids);
        let settled = text.trim_end_matches(NO_CHARACTER).len();
        let new = text.get(self.given..settled).unwrap_or_default().to_string();
        self.given = self.given.max(settled);
        if settled == text.len() {
            *self = Self::after(&self.ids, self.tokenizer);
        }
        new
    }

    /// The rest, now that nothing more comes: bytes that never became a character come as `U+FFFD`.
    pub fn finish(self) -> String {
        self.tokenizer.decode(&self.ids).get(self.given..).unwrap_or_default().to_string()
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
            let settled = !text.ends_with(NO_CHARACTER);
            ids[start..].iter().for_each(|&id| text.push_str(&stream.push(id)));
            text.push_str(&stream.finish());
            if settled {
                assert_eq!(text, tokenizer.decode(ids), "{ids:?} from {start}");
            }
        }
    }

    #[test]
    fn the_parts_come_to_the_whole_for_every_kind_of_token() {
        for tokenizer in tokenizers() {
            let ids = tokenizer.encode("the cat — sat, “on” the mat. 日本語 🐈 on").unwrap();
            check(&tokenizer, &ids.iter().map(|token| token.id).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_parts_come_to_the_whole_for_tokens_in_any_order() {
        let mut random = generator(1, "streams", 0);
        for tokenizer in tokenizers() {
            for _ in 0..300 {
                let mut id = || below(&mut random, tokenizer.vocab_size() as u64) as u32;
                check(&tokenizer, &(0..12).map(|_| id()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_character_of_several_tokens_comes_whole_or_not_at_all() {
        let tokenizer = &tokenizers()[2];
        let ids = tokenizer.encode("a🐈🐈b").unwrap();
        assert!(ids.len() > 4, "the cat must be several tokens");
        let mut stream = TextStream::after(&[], tokenizer);
        let parts: Vec<String> = ids.iter().map(|token| stream.push(token.id)).collect();
        assert!(parts.iter().all(|part| !part.contains(NO_CHARACTER)), "{parts:?}");
        assert_eq!(parts.concat(), "a🐈🐈b");
    }
}
