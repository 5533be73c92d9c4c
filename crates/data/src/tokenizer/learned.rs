//! Tokenizers learned from the text: words, characters, byte pairs.

use std::ops::Range;

use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::models::wordlevel::{WordLevel, WordLevelTrainer};
use tokenizers::normalizers::Lowercase;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

use super::byte_level::byte_level;
use crate::special::{END_OF_TEXT, UNKNOWN};
use crate::{Error, Phase, Progress, Result, Text};

/// A word is a run of letters, combining marks and digits of any script, or any other single character that is not white
/// space.
const WORD: &str = r"[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]";

/// Any character, newlines too. The regular expressions of Python's `tokenizers` (Oniguruma) do not have `(?s:.)`.
const CHARACTER: &str = r"[\s\S]";

/// Lower-cased words and punctuation marks that occur at least `min_count` times, most frequent first, after `<unk>`.
pub(super) fn word(text: &Text, range: Range<u64>, min_count: u64, progress: Progress<'_>) -> Result<Tokenizer> {
    let mut tokenizer = word_level(WORD, SplitDelimiterBehavior::Removed, true);
    tokenizer.with_normalizer(Some(Lowercase)).expect("no added token depends on the normalizer");
    train(tokenizer, word_level_trainer(min_count), text, range, progress)
}

/// The characters of the text, most frequent first, after `<unk>`.
pub(super) fn char(text: &Text, range: Range<u64>, progress: Progress<'_>) -> Result<Tokenizer> {
    let mut tokenizer = word_level(CHARACTER, SplitDelimiterBehavior::Isolated, false);
    tokenizer.with_decoder(Some(Fuse::new()));
    train(tokenizer, word_level_trainer(1), text, range, progress)
}

/// Byte pairs learned as GPT-2's were (Radford et al. 2019, section 2.2): `size` tokens, or fewer if the text has fewer.
pub(super) fn bpe(size: usize, text: &Text, range: Range<u64>, progress: Progress<'_>) -> Result<Tokenizer> {
    let trainer = BpeTrainer::builder()
        .vocab_size(size)
        .show_progress(false)
        .special_tokens(vec![AddedToken::from(END_OF_TEXT, true)])
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    train(byte_level(BPE::default()), trainer.into(), text, range, progress)
}

/// A tokenizer whose tokens are the matches of `pattern` (`invert`), or the matches and the text between them.
fn word_level(pattern: &str, behavior: SplitDelimiterBehavior, invert: bool) -> Tokenizer {
    let model = WordLevel::builder().unk_token(UNKNOWN.into()).build().expect("an empty vocabulary is a valid start");
    let split = Split::new(SplitPattern::Regex(pattern.into()), behavior, invert).expect("the pattern is a constant");
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(split));
    tokenizer
}

fn word_level_trainer(min_count: u64) -> TrainerWrapper {
    let mut trainer = WordLevelTrainer::default();
    trainer.min_frequency = min_count;
    trainer.vocab_size = u32::MAX as usize;
    trainer.show_progress = false;
    trainer.special_tokens = vec![AddedToken::from(UNKNOWN, true)];
    trainer.into()
}

fn train(
    mut tokenizer: Tokenizer,
    mut trainer: TrainerWrapper,
    text: &Text,
    range: Range<u64>,
    progress: Progress<'_>,
) -> Result<Tokenizer> {
    let total = range.end - range.start;
    let (mut seen, mut failure) = (0, None);
    let chunks = text.chunks(range)?.map_while(|chunk| {
        let chunk = chunk.map_err(|error| failure = Some(error)).ok()?;
        seen += chunk.len() as u64;
        if progress(Phase::Vocabulary, seen, total).is_break() {
            failure = Some(Error::Stopped);
            return None;
        }
        Some(chunk)
    });
    let trained = tokenizer.train(&mut trainer, chunks).map(|_| ());
    if let Some(failure) = failure {
        return Err(failure);
    }
    trained.map_err(|problem| Error::Unencodable { name: text.name(), problem: problem.to_string() })?;
    // Merging byte pairs can take minutes, in which nothing asks whether to stop.
    match progress(Phase::Vocabulary, total, total).is_break() {
        true => Err(Error::Stopped),
        false => Ok(tokenizer),
    }
}
