//! Byte-level byte-pair tokenizers, as GPT-2's.

#[cfg(feature = "gpt2")]
use ahash::AHashMap;
#[cfg(feature = "gpt2")]
use tokenizers::AddedToken;
use tokenizers::Tokenizer;
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::bpe::BPE;

#[cfg(feature = "gpt2")]
use crate::special::{END_OF_TEXT, UNKNOWN};

/// A tokenizer with GPT-2's splitting and spelling of bytes around `model`.
pub(super) fn byte_level(model: BPE) -> Tokenizer {
    let spelling = ByteLevel::default().add_prefix_space(false).trim_offsets(false);
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(spelling)).with_decoder(Some(spelling)).with_post_processor(Some(spelling));
    tokenizer
}

/// A byte-level tokenizer from the ids of its tokens and its merges, in the order in which they were learned.
///
/// What has no token becomes `<unk>`, if that is a token; GPT-2 has a token for every byte.
#[cfg(feature = "gpt2")]
pub(super) fn from_merges(ids: AHashMap<String, u32>, merges: Vec<(String, String)>) -> tokenizers::Result<Tokenizer> {
    let end = ids.contains_key(END_OF_TEXT).then(|| AddedToken::from(END_OF_TEXT, true));
    let has_unknown = ids.contains_key(UNKNOWN);
    let mut model = BPE::builder().vocab_and_merges(ids, merges);
    if has_unknown {
        model = model.unk_token(UNKNOWN.into());
    }
    let mut tokenizer = byte_level(model.build()?);
    tokenizer.add_special_tokens(end).expect("the end of a text needs no normalizing");
    Ok(tokenizer)
}
