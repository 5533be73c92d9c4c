//! t-SNE: points that are near in space come near on the page (van der Maaten and Hinton 2008).

use rayon::prelude::*;

use super::Progress;
use super::points::{Points, squared_distance};

/// How many neighbours a point effectively has; fewer where there are few points.
const PERPLEXITY: f64 = 30.0;
/// How many steps are made, and in how many of them neighbours pull harder so that groups find each other.
const STEPS: usize = 1000;
const EXAGGERATED_STEPS: usize = 250;
const EXAGGERATION: f64 = 12.0;
/// The spread of the points along the first axis before the first step.
const START_SPREAD: f64 = 1e-4;

/// The points laid out by t-SNE from `start`, `[n, dims]`, which is scaled first.
///
/// The settings are scikit-learn's: perplexity 30, 1000 steps, exaggeration 12 in the first 250, learning rate n/48 but at
/// least 50. Neighbours are exact, and so is what drives points apart (no tree): n² work a step. Student's distribution has
/// one degree of freedom in three dimensions too. No random number is drawn: the same start gives the same bits at any
/// number of threads.
pub fn tsne(points: &Points, start: &Points, progress: Progress<'_>) -> Points {
    let (n, dims) = (points.len(), start.dimension());
    let pull = pull(points, progress);
    let rate = (n as f64 / EXAGGERATION / 4.0).max(50.0);
    let mut at = scaled(start).as_slice().to_vec();
    let (mut speed, mut gain) = (vec![0.0; at.len()], vec![1.0_f64; at.len()]);
    for step in 0..STEPS {
        let (exaggeration, momentum) = if step < EXAGGERATED_STEPS { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        let gradient = gradient(&pull, &Points::new(at.clone(), dims), exaggeration);
        for i in 0..at.len() {
            // Jacobs' rule: a coordinate that keeps going one way goes faster (1988).
            let keeps_going = speed[i] * gradient[i] < 0.0;
            gain[i] = if keeps_going { gain[i] + 0.2 } else { gain[i] * 0.8 }.max(0.01);
            speed[i] = momentum * speed[i] - rate * gain[i] * gradient[i];
            at[i] += speed[i];
        }
        progress(step + 1, STEPS);
    }
    Points::new(at, dims).centred()
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

/// Where the divergence between the pairs' probabilities in space and on the page grows fastest, `[n, dims]`.
fn gradient(pull: &[Vec<(usize, f64)>], at: &Points, exaggeration: f64) -> Vec<f64> {
    // Each point's sums are made by one thread in a fixed order, so the number of threads changes nothing.
    let apart: Vec<(f64, Vec<f64>)> = (0..at.len()).into_par_iter().map(|point| drive_apart(at, point)).collect();
    let all: f64 = apart.iter().map(|(sum, _)| sum).sum::<f64>().max(f64::MIN_POSITIVE);
    let of_point = |point: usize| -> Vec<f64> {
        let own = at.row(point);
        let mut force: Vec<f64> = apart[point].1.iter().map(|push| -push / all).collect();
        for &(other, probability) in &pull[point] {
            let other = at.row(other);
            let weight = exaggeration * probability / (1.0 + squared_distance(own, other));
            force.iter_mut().zip(own.iter().zip(other)).for_each(|(force, (a, b))| *force += weight * (a - b));
        }
        force.iter_mut().for_each(|force| *force *= 4.0);
        force
    };
    let forces: Vec<Vec<f64>> = (0..at.len()).into_par_iter().map(of_point).collect();
    forces.concat()
}

/// The sum of 1/(1 + d²) over all other points, and the sum of its square times the difference.
fn drive_apart(at: &Points, point: usize) -> (f64, Vec<f64>) {
    match at.dimension() {
        2 => drive_apart_in::<2>(at, point),
        _ => drive_apart_in::<3>(at, point),
    }
}

fn drive_apart_in<const D: usize>(at: &Points, point: usize) -> (f64, Vec<f64>) {
    let own: [f64; D] = at.row(point).try_into().expect("points of D coordinates");
    let (mut sum, mut push) = (0.0, [0.0; D]);
    for other in at.as_slice().as_chunks::<D>().0 {
        let difference: [f64; D] = std::array::from_fn(|axis| own[axis] - other[axis]);
        let near = 1.0 / (1.0 + difference.iter().map(|x| x * x).sum::<f64>());
        sum += near;
        for axis in 0..D {
            push[axis] += near * near * difference[axis];
        }
    }
    // The point itself is at distance 0 and so counted as 1.
    (sum - 1.0, push.to_vec())
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

    #[test]
    fn the_gradient_is_the_slope_of_the_divergence() {
        let points = clumps(5);
        let at = Points::new((0..30).map(|i| ((i * i) as f64).sin()).collect(), 2);
        let pull = pull(&points, &|_, _| ());
        let divergence = |at: &Points| -> f64 {
            let near = |i: usize, j: usize| 1.0 / (1.0 + squared_distance(at.row(i), at.row(j)));
            let all: f64 = (0..15)
                .flat_map(|i| (0..15).map(move |j| (i, j)))
                .filter(|(i, j)| i != j)
                .map(|(i, j)| near(i, j))
                .sum();
            pull.iter()
                .enumerate()
                .flat_map(|(i, near)| near.iter().map(move |&(j, p)| (i, j, p)))
                .map(|(i, j, p)| -p * (near(i, j) / all).ln())
                .sum()
        };
        let gradient = gradient(&pull, &at, 1.0);
        for i in 0..30 {
            let moved = |by: f64| {
                let mut values = at.as_slice().to_vec();
                values[i] += by;
                divergence(&Points::new(values, 2))
            };
            assert!((gradient[i] - (moved(1e-5) - moved(-1e-5)) / 2e-5).abs() < 1e-6);
        }
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
