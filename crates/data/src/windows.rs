//! The windows of a text that a training step or an evaluation reads.
//!
//! A window is T ids and, as targets, the T ids one position later. Where the windows of a step start depends only on
//! (seed, step, row), so a resumed run sees the data that it would have seen without the interruption.

use crate::random::{below, generator};
use crate::{Error, Result, Tokens};

/// The ids and targets of B windows of T tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// B: the number of windows.
    pub rows: usize,
    /// T: the number of tokens in a window.
    pub context: usize,
    /// The ids, `[B, T]`.
    pub ids: Vec<u32>,
    /// For each id the one that follows it in the text, `[B, T]`.
    pub targets: Vec<u32>,
}

/// The windows of a text: there is at least one, and every id that is read is checked against the vocabulary.
#[derive(Clone)]
pub struct Windows<'a> {
    tokens: &'a Tokens,
    context: usize,
    vocab_size: usize,
}

impl<'a> Windows<'a> {
    /// Windows of `context` tokens over `tokens`; messages call the text "`part` of `name`".
    ///
    /// # Errors
    ///
    /// If the text is shorter than one window and the target of its last token.
    pub fn new(tokens: &'a Tokens, context: usize, vocab_size: usize, part: &'static str, name: &str) -> Result<Self> {
        if tokens.len() <= context as u64 {
            return Err(Error::TooShort { name: name.to_string(), part, found: tokens.len(), context });
        }
        Ok(Self { tokens, context, vocab_size })
    }

    /// The batch of training step `step`: `rows` windows at random positions, drawn as in nanoGPT.
    ///
    /// # Errors
    ///
    /// If an id is outside the vocabulary.
    pub fn random(&self, seed: u64, step: u64, rows: usize) -> Result<Batch> {
        let mut random = generator(seed, "windows", step);
        let starts = self.tokens.len() - self.context as u64;
        self.batch((0..rows).map(|_| below(&mut random, starts)).collect())
    }

    /// The number of consecutive windows in the text that do not overlap.
    pub fn consecutive(&self) -> u64 {
        (self.tokens.len() - 1) / self.context as u64
    }

    /// The batches of an evaluation: up to `rows * batches` of the consecutive windows, evenly spread over the text, or all
    /// of them if `batches` is 0. The last batch may have fewer rows.
    pub fn evaluation(&self, rows: usize, batches: usize) -> impl Iterator<Item = Result<Batch>> + '_ {
        let all = self.consecutive();
        let count = if batches == 0 { all } else { all.min(rows as u64 * batches as u64) };
        let start_of = move |nth: u64| (nth as u128 * all as u128 / count as u128) as u64 * self.context as u64;
        (0..count.div_ceil(rows as u64)).map(move |batch| {
            let first = batch * rows as u64;
            self.batch((first..count.min(first + rows as u64)).map(start_of).collect())
        })
    }

    fn batch(&self, starts: Vec<u64>) -> Result<Batch> {
        let (rows, context) = (starts.len(), self.context);
        let mut batch = Batch { rows, context, ids: vec![0; rows * context], targets: vec![0; rows * context] };
        let mut window = vec![0; context + 1];
        let rows = batch.ids.chunks_exact_mut(context).zip(batch.targets.chunks_exact_mut(context));
        for (start, (ids, targets)) in starts.into_iter().zip(rows) {
            self.tokens.read(start, &mut window, self.vocab_size)?;
            ids.copy_from_slice(&window[..context]);
            targets.copy_from_slice(&window[1..]);
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text whose n-th token is n, so that a window shows where it was read.
    fn counting(up_to: u32) -> Tokens {
        Tokens::in_memory("counting", (0..up_to).collect())
    }

    fn windows(tokens: &Tokens, context: usize) -> Result<Windows<'_>> {
        Windows::new(tokens, context, tokens.len() as usize, "the training part", "counting")
    }

    #[test]
    fn targets_are_the_ids_one_position_later() {
        let text = counting(1000);
        let batch = windows(&text, 16).unwrap().random(1, 2, 8).unwrap();
        for (ids, targets) in batch.ids.chunks(16).zip(batch.targets.chunks(16)) {
            assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1));
            assert!(ids.iter().zip(targets).all(|(id, target)| *target == id + 1));
        }
    }

    #[test]
    fn the_windows_of_a_step_depend_only_on_seed_and_step() {
        let text = counting(1000);
        let windows = windows(&text, 16).unwrap();
        let batch = windows.random(1, 5, 4).unwrap();
        windows.random(1, 6, 4).unwrap();
        assert_eq!(windows.random(1, 5, 4).unwrap(), batch);
        assert_ne!(windows.random(1, 6, 4).unwrap(), batch);
        assert_ne!(windows.random(2, 5, 4).unwrap(), batch);
    }

    #[test]
    fn more_rows_only_extend_a_batch() {
        let text = counting(1000);
        let windows = windows(&text, 16).unwrap();
        assert_eq!(windows.random(1, 5, 8).unwrap().ids[..4 * 16], windows.random(1, 5, 4).unwrap().ids);
    }

    #[test]
    fn every_start_can_be_drawn_including_first_and_last() {
        let text = counting(20);
        let windows = windows(&text, 16).unwrap();
        let mut firsts: Vec<u32> = (0..200).map(|step| windows.random(1, step, 1).unwrap().ids[0]).collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts, [0, 1, 2, 3]);
    }

    #[test]
    fn an_evaluation_reads_every_window_once_in_order() {
        let text = counting(101);
        let batches: Vec<Batch> = windows(&text, 10).unwrap().evaluation(4, 0).collect::<Result<_>>().unwrap();
        assert_eq!(batches.iter().map(|batch| batch.rows).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(batches.concat_ids(), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_limited_evaluation_is_spread_over_the_text() {
        let text = counting(1001);
        let batches: Vec<Batch> = windows(&text, 10).unwrap().evaluation(2, 2).collect::<Result<_>>().unwrap();
        let firsts: Vec<u32> = batches.concat_ids().chunks(10).map(|window| window[0]).collect();
        assert_eq!(firsts, [0, 250, 500, 750]);
    }

    #[test]
    fn a_text_shorter_than_the_context_is_refused_with_advice() {
        let text = counting(16);
        let error = windows(&text, 16).err().expect("too short").to_string();
        assert!(error.contains("16 tokens") && error.contains("model.context=15"), "{error}");
        assert!(windows(&text, 15).is_ok());
    }

    trait ConcatIds {
        fn concat_ids(&self) -> Vec<u32>;
    }

    impl ConcatIds for Vec<Batch> {
        fn concat_ids(&self) -> Vec<u32> {
            self.iter().flat_map(|batch| batch.ids.clone()).collect()
        }
    }
}
