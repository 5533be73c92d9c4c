//! The GPT-2 vocabulary, rebuilt offline from the byte-pair ranks that `tiktoken-rs` carries.
//!
//! A rank is an id: the 256 bytes come first, then the 50,000 merges in the order they were learned. The two parts of a
//! merge are not stored, but they follow: they are what is left of the token when all earlier merges have been done.

use std::collections::HashMap;

use ahash::AHashMap;
use tiktoken_rs::r50k_base_singleton;
use tokenizers::AddedToken;
use tokenizers::models::bpe::BPE;

use super::byte_spelling::byte_spellings;
use super::learned::byte_level;
use super::{Tokenizer, UNKNOWN};

/// The token between two texts, the last id of GPT-2's vocabulary.
pub const END_OF_TEXT: &str = "<|endoftext|>";

/// GPT-2's V.
pub(super) const VOCAB_SIZE: usize = 50_257;

/// How many tokens are byte pairs or bytes; the end of a text comes after them.
const RANKS: u32 = 50_256;

pub(super) fn tokenizer() -> Tokenizer {
    let tokens: Vec<Vec<u8>> = (0..RANKS)
        .map(|id| r50k_base_singleton().decode_bytes(&[id]).expect("every rank below 50,256 is a token"))
        .collect();
    let ranks: HashMap<&[u8], u32> = tokens.iter().map(Vec::as_slice).zip(0..).collect();
    let byte = byte_spellings();
    let spell = |bytes: &[u8]| bytes.iter().map(|&b| byte[b as usize]).collect::<String>();

    let mut vocabulary: AHashMap<String, u32> = tokens.iter().map(|token| spell(token)).zip(0..).collect();
    vocabulary.insert(END_OF_TEXT.into(), RANKS);
    let merges = tokens[256..].iter().map(|token| {
        let (left, right) = parts(token, &ranks);
        (spell(left), spell(right))
    });
    let tokenizer = from_pairs(vocabulary, merges.collect()).expect("both parts of a merge are tokens themselves");
    Tokenizer::new(tokenizer)
}

/// A tokenizer of GPT-2's kind from the ids of its tokens and its merges, in order.
///
/// What has no token becomes `<unk>`, where there is one; GPT-2 has a token for every byte.
pub(super) fn from_pairs(
    ids: AHashMap<String, u32>,
    merges: Vec<(String, String)>,
) -> tokenizers::Result<tokenizers::Tokenizer> {
    let end = ids.contains_key(END_OF_TEXT).then(|| AddedToken::from(END_OF_TEXT, true));
    let unknown = ids.contains_key(UNKNOWN);
    let mut model = BPE::builder().vocab_and_merges(ids, merges);
    if unknown {
        model = model.unk_token(UNKNOWN.into());
    }
    let mut tokenizer = byte_level(model.build()?);
    tokenizer.add_special_tokens(end).expect("the end of a text needs no normalizing");
    Ok(tokenizer)
}

/// The two tokens that `token` is merged from: what its bytes come to by all merges of a lower rank.
fn parts<'a>(token: &'a [u8], ranks: &HashMap<&[u8], u32>) -> (&'a [u8], &'a [u8]) {
    let own = ranks[token];
    let mut cuts: Vec<usize> = (0..=token.len()).collect();
    while cuts.len() > 3 {
        let rank_of_merge = |at: usize| ranks.get(&token[cuts[at - 1]..cuts[at + 1]]).filter(|&&rank| rank < own);
        let first = (1..cuts.len() - 1).filter_map(|at| Some((rank_of_merge(at)?, at))).min();
        let (_, at) = first.expect("a token of more than two parts holds an earlier merge");
        cuts.remove(at);
    }
    token.split_at(cuts[1])
}
