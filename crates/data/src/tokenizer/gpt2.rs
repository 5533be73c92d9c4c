//! The GPT-2 tokenizer, rebuilt offline from the byte-pair ranks in `tiktoken-rs`.
//!
//! A rank is an id: the 256 bytes come first, then the 50,000 merges in the order in which they were learned. The two parts
//! of a merge are not stored, but they can be recovered: merge the bytes of the token by all earlier merges, and two parts
//! remain.

use std::collections::HashMap;

use ahash::AHashMap;
use tiktoken_rs::r50k_base_singleton;

use super::byte_level::from_merges;
use super::byte_spelling::byte_spellings;
use crate::special::END_OF_TEXT;

/// GPT-2's V.
pub const VOCAB_SIZE: usize = 50_257;

/// Bytes and merges; the end of a text is the one token after them.
const RANKS: u32 = 50_256;

pub(super) fn tokenizer() -> tokenizers::Tokenizer {
    let tokens: Vec<Vec<u8>> = (0..RANKS)
        .map(|id| r50k_base_singleton().decode_bytes(&[id]).expect("every rank below 50,256 is a token"))
        .collect();
    let ranks: HashMap<&[u8], u32> = tokens.iter().map(Vec::as_slice).zip(0..).collect();
    let byte = byte_spellings();
    let spell = |bytes: &[u8]| bytes.iter().map(|&b| byte[b as usize]).collect::<String>();

    let mut ids: AHashMap<String, u32> = tokens.iter().map(|token| spell(token)).zip(0..).collect();
    ids.insert(END_OF_TEXT.into(), RANKS);
    let merges = tokens[256..].iter().map(|token| {
        let (left, right) = merged_parts(token, &ranks);
        (spell(left), spell(right))
    });
    from_merges(ids, merges.collect()).expect("both parts of a merge are tokens themselves")
}

/// The two tokens that `token` is merged from: its bytes after all merges of lower rank.
fn merged_parts<'a>(token: &'a [u8], ranks: &HashMap<&[u8], u32>) -> (&'a [u8], &'a [u8]) {
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
