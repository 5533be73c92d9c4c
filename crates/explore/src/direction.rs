//! Where words point, seen from the origin or from the mean of all.

use wordspace_data::WordVectors;

use crate::pass::{NotFinite, Told, in_pieces};
use crate::{Error, Result};

/// From where vectors are seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Viewpoint {
    centre: Vec<f32>,
    not_finite: NotFinite,
}

impl Viewpoint {
    /// The origin: plain cosines, as gensim and the papers have them.
    pub fn origin(vectors: &WordVectors) -> Self {
        Self { centre: vec![0.0; vectors.dimension()], not_finite: NotFinite::default() }
    }

    /// The mean of all vectors, in one pass over them; rows with numbers that are not finite are left out.
    ///
    /// Vectors share a direction that says nothing of words and lifts every cosine; seen from the mean, what sets words
    /// apart is left (Mu and Viswanath 2018, "All-but-the-Top").
    pub fn mean(vectors: &WordVectors, told: Told<'_>) -> Self {
        let pieces = in_pieces(vectors.len(), told, |rows| {
            let (mut sum, mut count, mut not_finite) =
                (vec![0.0_f64; vectors.dimension()], 0_u64, NotFinite::default());
            for row in rows {
                let numbers = vectors.row(row);
                if numbers.iter().map(|x| x * 0.0).sum::<f32>() == 0.0 || !not_finite.is(vectors, row) {
                    sum.iter_mut().zip(&*numbers).for_each(|(sum, &x)| *sum += x as f64);
                    count += 1;
                }
            }
            (sum, count, not_finite)
        });
        let (mut mean, mut rows, mut not_finite) = (vec![0.0_f64; vectors.dimension()], 0, NotFinite::default());
        for (sum, count, met) in pieces {
            mean.iter_mut().zip(sum).for_each(|(mean, sum)| *mean += sum);
            rows += count;
            not_finite.merge(met);
        }
        let centre = mean.iter().map(|sum| (sum / rows.max(1) as f64) as f32).collect();
        Self { centre, not_finite }
    }

    /// The rows that are no part of the mean; of the origin nothing is known of them.
    pub fn not_finite(&self) -> NotFinite {
        self.not_finite
    }

    /// What is subtracted from every vector, `[C]`.
    pub fn centre(&self) -> &[f32] {
        &self.centre
    }

    /// Cosine of the angle between the vectors of two rows, 0 if one of them is zero.
    pub fn cosine(&self, vectors: &WordVectors, a: u32, b: u32) -> f64 {
        let (a, b) = (self.seen(vectors, a), self.seen(vectors, b));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let lengths = (dot(&a, &a) * dot(&b, &b)).sqrt();
        if lengths == 0.0 { 0.0 } else { (dot(&a, &b) / lengths).clamp(-1.0, 1.0) }
    }

    /// The vector of `row`, `[C]`.
    fn seen(&self, vectors: &WordVectors, row: u32) -> Vec<f64> {
        vectors.row(row).iter().zip(&self.centre).map(|(&x, &centre)| (x - centre) as f64).collect()
    }
}

/// A direction to look in for the nearest rows, and the rows that do not count.
#[derive(Clone, Debug)]
pub struct Direction {
    numbers: Vec<f64>,
    left_out: Vec<u32>,
}

impl Direction {
    /// The mean of the vectors of `towards`, each made one long, less those of `away_from`; all of these rows are left out
    /// of the answer. As gensim's `most_similar(positive, negative)`.
    ///
    /// # Errors
    ///
    /// If the vectors come to nothing: all zero, or each other's opposites, or not finite.
    pub fn new(vectors: &WordVectors, from: &Viewpoint, towards: &[u32], away_from: &[u32]) -> Result<Self> {
        let mut sum = vec![0.0; vectors.dimension()];
        let signed = towards.iter().map(|&row| (row, 1.0)).chain(away_from.iter().map(|&row| (row, -1.0)));
        for (row, sign) in signed {
            let seen = from.seen(vectors, row);
            let length = length(&seen);
            check_finite(vectors, row)?;
            if length > 0.0 {
                sum.iter_mut().zip(&seen).for_each(|(sum, x)| *sum += sign * x / length);
            }
        }
        let left_out = [towards, away_from].concat();
        let all = left_out.len() as f64;
        let length = length(&sum);
        // What is left of unit vectors that cancel is rounding.
        if length < all * 1e-7 {
            let words: Vec<_> = left_out.iter().map(|&row| vectors.word(row)).collect();
            return Err(Error::Question(format!("the vectors of {words:?} come to zero, which points nowhere")));
        }
        Ok(Self { numbers: sum.iter().map(|x| x / length).collect(), left_out })
    }

    /// The numbers of the direction, `[C]`, one long.
    pub fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    /// The rows that do not count.
    pub fn left_out(&self) -> &[u32] {
        &self.left_out
    }
}

/// The cosine of `row`, seen from `centre`, with `direction`, computed with 64-bit numbers; 0 for a row of zeros.
pub(crate) fn exact_cosine(vectors: &WordVectors, row: u32, direction: &Direction, centre: &[f32]) -> f64 {
    let row = vectors.row(row);
    let (mut dot, mut squares) = (0.0, 0.0);
    for ((&x, &centre), &d) in row.iter().zip(centre).zip(&direction.numbers) {
        let x = (x - centre) as f64;
        dot += x * d;
        squares += x * x;
    }
    if squares == 0.0 { 0.0 } else { (dot / squares.sqrt()).clamp(-1.0, 1.0) }
}

/// A row with NaN or infinity points nowhere and is near nothing.
///
/// # Errors
///
/// If `row` is one.
pub fn check_finite(vectors: &WordVectors, row: u32) -> Result<()> {
    match NotFinite::default().is(vectors, row) {
        true => Err(Error::Question(format!(
            "the vector of {:?} has numbers that are not finite, so it has no direction",
            vectors.word(row)
        ))),
        false => Ok(()),
    }
}

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}
