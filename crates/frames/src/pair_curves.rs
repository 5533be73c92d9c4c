//! How close two words are in each frame of a run: `/api/runs/R/pair`.

use serde::Serialize;

use crate::PairMeasurement;

/// The measurements of a pair, frame by frame.
#[derive(Debug, Default, Serialize)]
pub struct PairCurves {
    a: u32,
    b: u32,
    /// The steps of the frames.
    pub steps: Vec<u64>,
    raw: Vec<f32>,
    centred: Vec<f32>,
    ranks: Vec<[Option<usize>; 2]>,
    low: Vec<f32>,
    middle: Vec<f32>,
    high: Vec<f32>,
}

impl PairCurves {
    /// Those of rows `a` and `b`, without a frame yet.
    pub fn new([a, b]: [u32; 2]) -> Self {
        Self { a, b, ..Self::default() }
    }

    /// Adds the measurement of the frame of `step`.
    pub fn push(&mut self, step: u64, measured: PairMeasurement) {
        let PairMeasurement { raw, centred, ranks, random_pairs: [low, middle, high] } = measured;
        self.steps.push(step);
        self.ranks.push(ranks);
        let curves = [&mut self.raw, &mut self.centred, &mut self.low, &mut self.middle, &mut self.high];
        curves.into_iter().zip([raw, centred, low, middle, high]).for_each(|(curve, value)| curve.push(value));
    }
}
