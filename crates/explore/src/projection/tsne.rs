//! t-SNE: points that are near in space come near on the page (van der Maaten and Hinton 2008).

use rayon::prelude::*;

use super::Progress;
use super::points::Points;
use super::repulsion::{Push, closeness, pushes};

/// How many neighbours a point effectively has; fewer where there are few points.
const PERPLEXITY: f64 = 30.0;
/// How many steps are made, and in how many of them neighbours pull harder so that groups find each other.
const STEPS: usize = 1000;
const EXAGGERATED_STEPS: usize = 250;
const EXAGGERATION: f64 = 12.0;
/// The spread of the points along the first axis before the first step.
const START_SPREAD: f64 = 1e-4;

/// The points laid out by t-SNE from `start`, `[n, dims]` with two or three dimensions, which is scaled first.
///
/// The settings are scikit-learn's: perplexity 30, 1000 steps, exaggeration 12 in the first 250, learning rate n/48 but at
/// least 50, a Student's distribution of one degree of freedom less than there are dimensions (van der Maaten 2009).
/// Neighbours are exact, and so is what drives points apart (no tree): n² work a step. No random number is drawn: the same
/// start gives the same bits at any number of threads.
pub fn tsne(points: &Points, start: &Points, progress: Progress<'_>) -> Points {
    match start.dimension() {
        2 => laid_out::<2>(points, start, progress),
        3 => laid_out::<3>(points, start, progress),
        dims => panic!("t-SNE in {dims} dimensions"),
    }
}

fn laid_out<const D: usize>(points: &Points, start: &Points, progress: Progress<'_>) -> Points {
    let n = points.len();
    let pull = pull(points, progress);
    let rate = (n as f64 / EXAGGERATION / 4.0).max(50.0);
    let mut at: Vec<[f64; D]> = scaled(start).as_slice().as_chunks().0.to_vec();
    let (mut speed, mut gain) = (vec![0.0; n * D], vec![1.0_f64; n * D]);
    for step in 0..STEPS {
        let (exaggeration, momentum) = if step < EXAGGERATED_STEPS { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        let gradient = gradient(&pull, &at, exaggeration);
        for (i, (x, slope)) in at.as_flattened_mut().iter_mut().zip(gradient.as_flattened()).enumerate() {
            // Jacobs' rule: a coordinate that keeps going one way goes faster (1988).
            let keeps_going = speed[i] * slope < 0.0;
            gain[i] = if keeps_going { gain[i] + 0.2 } else { gain[i] * 0.8 }.max(0.01);
            speed[i] = momentum * speed[i] - rate * gain[i] * slope;
            *x += speed[i];
        }
        centre(&mut at);
        progress(step + 1, STEPS);
    }
    Points::new(at.into_flattened(), D)
}

/// Moves the points so that their mean is 0: 32-bit floats tell points apart the better, the nearer to 0 they are.
fn centre<const D: usize>(at: &mut [[f64; D]]) {
    let mut sum = [0.0; D];
    at.iter().for_each(|point| (0..D).for_each(|axis| sum[axis] += point[axis]));
    let mean = sum.map(|sum| sum / at.len().max(1) as f64);
    at.iter_mut().for_each(|point| (0..D).for_each(|axis| point[axis] -= mean[axis]));
}

/// How strongly each pair is pulled together: for each point its partners and the probability of the pair. All sum to 1.
fn pull(points: &Points, progress: Progress<'_>) -> Vec<Vec<(usize, f64)>> {
    let n = points.len();
    let perplexity = PERPLEXITY.min((n as f64 - 1.0) / 3.0).max(1.0);
    let nearest = points.nearest((3.0 * perplexity + 1.0) as usize, progress);
    let one_way: Vec<Vec<(usize, f64)>> = nearest.par_iter().map(|near| shares(near, perplexity)).collect();
    let mut pull = vec![Vec::new(); n];
    for (point, shares) in one_way.iter().enumerate() {
        for &(other, share) in shares {
            pull[point].push((other, share / (2 * n) as f64));
            pull[other].push((point, share / (2 * n) as f64));
        }
    }
    for partners in &mut pull {
        partners.sort_unstable_by_key(|&(other, _)| other);
        // Two that count each other are one pair.
        partners.dedup_by(|again, first| {
            let is_same = again.0 == first.0;
            first.1 += if is_same { again.1 } else { 0.0 };
            is_same
        });
    }
    pull
}

/// How a point shares its attention among its nearest: as a normal distribution so wide that 2 to the power of its entropy
/// is the perplexity.
fn shares(near: &[(usize, f64)], perplexity: f64) -> Vec<(usize, f64)> {
    // Only differences count; without the smallest the powers do not vanish.
    let smallest = near.first().map_or(0.0, |&(_, distance)| distance);
    let weigh = |precision: f64| -> (Vec<f64>, f64) {
        let weights: Vec<f64> = near.iter().map(|(_, distance)| (-(distance - smallest) * precision).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let mean: f64 =
            near.iter().zip(&weights).map(|((_, distance), w)| (distance - smallest) * w).sum::<f64>() / sum;
        (weights.iter().map(|w| w / sum).collect(), sum.ln() + precision * mean)
    };
    let (mut low, mut high, mut precision) = (0.0, f64::INFINITY, 1.0);
    // Vectors may be of any size, so the search begins where the spread of the distances is about 1.
    let spread: f64 = near.iter().map(|(_, distance)| distance - smallest).sum::<f64>() / near.len().max(1) as f64;
    if spread > 0.0 {
        precision = 1.0 / spread;
    }
    let mut weights = weigh(precision);
    for _ in 0..200 {
        let excess = weights.1 - perplexity.ln();
        if excess.abs() < 1e-6 {
            break;
        }
        if excess > 0.0 {
            low = precision
        } else {
            high = precision
        }
        precision = if high.is_finite() { (low + high) / 2.0 } else { precision * 2.0 };
        weights = weigh(precision);
    }
    near.iter().map(|&(other, _)| other).zip(weights.0).collect()
}

/// Where the divergence between the pairs' probabilities in space and on the page grows fastest, point by point.
fn gradient<const D: usize>(pull: &[Vec<(usize, f64)>], at: &[[f64; D]], exaggeration: f64) -> Vec<[f64; D]> {
    let pushes = pushes(at);
    let all: f64 = pushes.iter().map(|push| push.nearness).sum::<f64>().max(f64::MIN_POSITIVE);
    let of_point = |(point, push): (usize, &Push<D>)| {
        let own = at[point];
        let mut slope = push.force.map(|force| -force / all);
        for &(other, probability) in &pull[point] {
            let difference: [f64; D] = std::array::from_fn(|axis| own[axis] - at[other][axis]);
            let square = difference.iter().map(|x| x * x).sum();
            let weight = exaggeration * probability * closeness::<D>(square);
            (0..D).for_each(|axis| slope[axis] += weight * difference[axis]);
        }
        // 2 (f + 1)/f of f degrees of freedom.
        slope.map(|slope| slope * (2 * D) as f64 / (D - 1) as f64)
    };
    pushes.par_iter().enumerate().with_min_len(16).map(of_point).collect()
}

/// `start` from its mean, as wide along its first axis as a start should be.
fn scaled(start: &Points) -> Points {
    let centred = start.centred();
    let square: f64 = centred.rows().map(|row| row[0] * row[0]).sum::<f64>() / centred.len() as f64;
    let factor = if square > 0.0 { START_SPREAD / square.sqrt() } else { 1.0 };
    Points::new(centred.as_slice().iter().map(|x| x * factor).collect(), centred.dimension())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three clumps of `each` points in ten dimensions.
    fn clumps(each: usize) -> Points {
        let number = |i: usize, j: usize| {
            let clump = if j == i / each { 10.0 } else { 0.0 };
            clump + ((i * 37 + j * 101 + i * j * 13) as f64).sin()
        };
        Points::new((0..each * 3 * 10).map(|at| number(at / 10, at % 10)).collect(), 10)
    }

    #[test]
    fn shares_have_the_asked_perplexity_whatever_the_scale() {
        for scale in [1e-12, 1.0, 1e12] {
            let near: Vec<(usize, f64)> = (0..90).map(|i| (i, scale * (1.0 + i as f64))).collect();
            let shares = shares(&near, 30.0);
            let entropy: f64 = shares.iter().map(|(_, p)| -p * p.max(1e-300).ln()).sum();
            assert!((entropy.exp() - 30.0).abs() < 0.01, "{scale}: {}", entropy.exp());
        }
    }

    /// The divergence between the probabilities of pairs in space and at `at`, less what does not depend on `at`.
    fn divergence<const D: usize>(pull: &[Vec<(usize, f64)>], at: &[[f64; D]]) -> f64 {
        let near = |i: usize, j: usize| {
            let square = at[i].iter().zip(&at[j]).map(|(a, b)| (a - b).powi(2)).sum();
            closeness::<D>(square).powf(D as f64 / 2.0)
        };
        let all_pairs = (0..at.len()).flat_map(|i| (0..at.len()).map(move |j| (i, j)));
        let all: f64 = all_pairs.filter(|(i, j)| i != j).map(|(i, j)| near(i, j)).sum();
        let pairs = pull.iter().enumerate().flat_map(|(i, near)| near.iter().map(move |&(j, p)| (i, j, p)));
        pairs.map(|(i, j, p)| -p * (near(i, j) / all).ln()).sum()
    }

    #[track_caller]
    fn check_slopes<const D: usize>() {
        let pull = pull(&clumps(5), &|_, _| ());
        let at: Vec<[f64; D]> = (0..15).map(|i| std::array::from_fn(|axis| ((i * i + axis) as f64).sin())).collect();
        for (i, slope) in gradient(&pull, &at, 1.0).as_flattened().iter().enumerate() {
            let moved = |by: f64| {
                let mut moved = at.clone();
                moved.as_flattened_mut()[i] += by;
                divergence(&pull, &moved)
            };
            assert!((slope - (moved(1e-5) - moved(-1e-5)) / 2e-5).abs() < 1e-6);
        }
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_divergence() {
        check_slopes::<2>();
        check_slopes::<3>();
    }

    #[test]
    fn clumps_stay_apart_and_the_layout_is_the_same_at_any_number_of_threads() {
        let points = clumps(40);
        let start = super::super::pca(&points, 2, &|_, _| ()).points;
        let laid_out = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| tsne(&points, &start, &|_, _| ()))
        };
        let (one, three) = (laid_out(1), laid_out(3));
        assert_eq!(one, three);
        let near = one.nearest(5, &|_, _| ());
        let strangers =
            near.iter().enumerate().flat_map(|(point, near)| near.iter().map(move |(other, _)| (point, other)));
        // 600 neighbours of 120 points.
        assert!(strangers.filter(|(point, other)| *other / 40 != point / 40).count() < 30);
    }

    #[test]
    fn points_that_are_all_one_are_laid_out_in_finite_numbers() {
        let points = Points::new(vec![1.0; 40], 4);
        let start = Points::new(vec![0.0; 20], 2);
        assert!(tsne(&points, &start, &|_, _| ()).as_slice().iter().all(|x| x.is_finite()));
    }
}
