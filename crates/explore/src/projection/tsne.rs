//! t-SNE: a layout that keeps near neighbours together (van der Maaten and Hinton 2008).

use rayon::prelude::*;
use wordspace_similarity::mean;

use super::points::Points;
use super::repulsion::{Repulsion, inverse_distance, repulsions};
use crate::Progress;

/// The effective number of neighbours of a point; less if there are few points.
const PERPLEXITY: f64 = 30.0;
const STEPS: usize = 1000;
/// In the first steps attraction is exaggerated, so that clusters form.
const EXAGGERATED_STEPS: usize = 250;
const EXAGGERATION: f64 = 12.0;
/// The standard deviation of the start along its first axis.
const START_SPREAD: f64 = 1e-4;

/// The layout of `points` by t-SNE from `start`, `[n, dims]` with 2 or 3 dimensions, which is scaled first.
///
/// The settings are scikit-learn's: perplexity 30, 1000 steps, exaggeration 12 in the first 250, learning rate n/48 but at
/// least 50, Student's t-distribution with dims − 1 degrees of freedom (van der Maaten 2009). Neighbours and repulsion are
/// exact, without a tree: n² work a step. No random numbers are used: the same start gives the same bits at any number of
/// threads.
///
/// # Panics
///
/// If `start` does not have 2 or 3 dimensions.
pub fn tsne(points: &Points, start: &Points, progress: Progress<'_>) -> Points {
    match start.dimension() {
        2 => descend::<2>(points, start, progress),
        3 => descend::<3>(points, start, progress),
        dims => panic!("t-SNE in {dims} dimensions"),
    }
}

/// Gradient descent with momentum.
fn descend<const D: usize>(points: &Points, start: &Points, progress: Progress<'_>) -> Points {
    let n = points.len();
    let pairs = pair_probabilities(points, progress);
    let rate = (n as f64 / EXAGGERATION / 4.0).max(50.0);
    let mut at: Vec<[f64; D]> = scaled(start).as_slice().as_chunks().0.to_vec();
    let (mut velocity, mut gain) = (vec![0.0; n * D], vec![1.0_f64; n * D]);
    for step in 0..STEPS {
        let (exaggeration, momentum) = if step < EXAGGERATED_STEPS { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        let gradient = gradient(&pairs, &at, exaggeration);
        for (i, (x, derivative)) in at.as_flattened_mut().iter_mut().zip(gradient.as_flattened()).enumerate() {
            // Jacobs 1988: a coordinate that keeps its direction is accelerated.
            let keeps_direction = velocity[i] * derivative < 0.0;
            gain[i] = if keeps_direction { gain[i] + 0.2 } else { gain[i] * 0.8 }.max(0.01);
            velocity[i] = momentum * velocity[i] - rate * gain[i] * derivative;
            *x += velocity[i];
        }
        centre(&mut at);
        progress(step as u64 + 1, STEPS as u64);
    }
    Points::new(at.into_flattened(), D)
}

/// Moves the mean of the points to 0, where `f32`, which repulsion is computed in, is most precise.
fn centre<const D: usize>(at: &mut [[f64; D]]) {
    let mean = mean(at.as_flattened(), D);
    at.iter_mut().for_each(|point| (0..D).for_each(|axis| point[axis] -= mean[axis]));
}

/// The probability of each pair among `points`: for each point, its partners with the probabilities. All sum to 1.
fn pair_probabilities(points: &Points, progress: Progress<'_>) -> Vec<Vec<(usize, f64)>> {
    let n = points.len();
    let perplexity = PERPLEXITY.min((n as f64 - 1.0) / 3.0).max(1.0);
    let nearest = points.nearest((3.0 * perplexity + 1.0) as usize, progress);
    let conditional: Vec<Vec<(usize, f64)>> =
        nearest.par_iter().map(|near| neighbour_probabilities(near, perplexity)).collect();
    let mut pairs = vec![Vec::new(); n];
    for (point, neighbours) in conditional.iter().enumerate() {
        for &(other, probability) in neighbours {
            pairs[point].push((other, probability / (2 * n) as f64));
            pairs[other].push((point, probability / (2 * n) as f64));
        }
    }
    for partners in &mut pairs {
        partners.sort_unstable_by_key(|&(other, _)| other);
        // Two points that are neighbours of each other are one pair.
        partners.dedup_by(|again, first| {
            let is_same = again.0 == first.0;
            first.1 += if is_same { again.1 } else { 0.0 };
            is_same
        });
    }
    pairs
}

/// The probabilities of a point's neighbours, given as squared distances: a Gaussian whose precision is searched for the
/// given perplexity.
fn neighbour_probabilities(near: &[(usize, f64)], perplexity: f64) -> Vec<(usize, f64)> {
    // Only differences matter; the smallest distance is subtracted so that not all weights underflow.
    let smallest = near.first().map_or(0.0, |&(_, distance)| distance);
    let distribution = |precision: f64| -> (Vec<f64>, f64) {
        let weights: Vec<f64> = near.iter().map(|(_, distance)| (-(distance - smallest) * precision).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let mean: f64 =
            near.iter().zip(&weights).map(|((_, distance), w)| (distance - smallest) * w).sum::<f64>() / sum;
        (weights.iter().map(|w| w / sum).collect(), sum.ln() + precision * mean)
    };
    let (mut low, mut high, mut precision) = (0.0, f64::INFINITY, 1.0);
    // Distances may have any scale: the search starts at a precision that makes their mean 1.
    let spread: f64 = near.iter().map(|(_, distance)| distance - smallest).sum::<f64>() / near.len().max(1) as f64;
    if spread > 0.0 {
        precision = 1.0 / spread;
    }
    let (mut probabilities, mut entropy) = distribution(precision);
    for _ in 0..200 {
        let excess = entropy - perplexity.ln();
        if excess.abs() < 1e-6 {
            break;
        }
        if excess > 0.0 {
            low = precision
        } else {
            high = precision
        }
        precision = if high.is_finite() { (low + high) / 2.0 } else { precision * 2.0 };
        (probabilities, entropy) = distribution(precision);
    }
    near.iter().map(|&(other, _)| other).zip(probabilities).collect()
}

/// The gradient by each point of the Kullback–Leibler divergence between the pair probabilities of vectors and layout.
fn gradient<const D: usize>(pairs: &[Vec<(usize, f64)>], at: &[[f64; D]], exaggeration: f64) -> Vec<[f64; D]> {
    let repulsions = repulsions(at);
    let all: f64 = repulsions.iter().map(|repulsion| repulsion.kernel_sum).sum::<f64>().max(f64::MIN_POSITIVE);
    let of_point = |(point, repulsion): (usize, &Repulsion<D>)| {
        let own = at[point];
        let mut gradient = repulsion.force.map(|force| -force / all);
        for &(other, probability) in &pairs[point] {
            let difference: [f64; D] = std::array::from_fn(|axis| own[axis] - at[other][axis]);
            let square = difference.iter().map(|x| x * x).sum();
            let weight = exaggeration * probability * inverse_distance::<D>(square);
            (0..D).for_each(|axis| gradient[axis] += weight * difference[axis]);
        }
        // 2 (f + 1)/f for f degrees of freedom.
        gradient.map(|x| x * (2 * D) as f64 / (D - 1) as f64)
    };
    repulsions.par_iter().enumerate().with_min_len(16).map(of_point).collect()
}

/// `start` less its mean, with a standard deviation of [`START_SPREAD`] along its first axis.
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
        let value = |i: usize, j: usize| {
            let clump = if j == i / each { 10.0 } else { 0.0 };
            clump + ((i * 37 + j * 101 + i * j * 13) as f64).sin()
        };
        Points::new((0..each * 3 * 10).map(|at| value(at / 10, at % 10)).collect(), 10)
    }

    #[test]
    fn neighbour_probabilities_have_the_perplexity_at_any_scale() {
        for scale in [1e-12, 1.0, 1e12] {
            let near: Vec<(usize, f64)> = (0..90).map(|i| (i, scale * (1.0 + i as f64))).collect();
            let probabilities = neighbour_probabilities(&near, 30.0);
            let entropy: f64 = probabilities.iter().map(|(_, p)| -p * p.max(1e-300).ln()).sum();
            assert!((entropy.exp() - 30.0).abs() < 0.01, "{scale}: {}", entropy.exp());
        }
    }

    /// The divergence between the pair probabilities of vectors and layout, without its constant part.
    fn divergence<const D: usize>(pairs: &[Vec<(usize, f64)>], at: &[[f64; D]]) -> f64 {
        let kernel = |i: usize, j: usize| {
            let square = at[i].iter().zip(&at[j]).map(|(a, b)| (a - b).powi(2)).sum();
            inverse_distance::<D>(square).powf(D as f64 / 2.0)
        };
        let all_pairs = (0..at.len()).flat_map(|i| (0..at.len()).map(move |j| (i, j)));
        let all: f64 = all_pairs.filter(|(i, j)| i != j).map(|(i, j)| kernel(i, j)).sum();
        let pairs = pairs.iter().enumerate().flat_map(|(i, near)| near.iter().map(move |&(j, p)| (i, j, p)));
        pairs.map(|(i, j, p)| -p * (kernel(i, j) / all).ln()).sum()
    }

    #[track_caller]
    fn check_gradient<const D: usize>() {
        let pairs = pair_probabilities(&clumps(5), &|_, _| ());
        let at: Vec<[f64; D]> = (0..15).map(|i| std::array::from_fn(|axis| ((i * i + axis) as f64).sin())).collect();
        for (i, derivative) in gradient(&pairs, &at, 1.0).as_flattened().iter().enumerate() {
            let moved = |by: f64| {
                let mut moved = at.clone();
                moved.as_flattened_mut()[i] += by;
                divergence(&pairs, &moved)
            };
            assert!((derivative - (moved(1e-5) - moved(-1e-5)) / 2e-5).abs() < 1e-6);
        }
    }

    #[test]
    fn the_gradient_is_the_derivative_of_the_divergence() {
        check_gradient::<2>();
        check_gradient::<3>();
    }

    #[test]
    fn clumps_stay_apart_at_any_number_of_threads() {
        let points = clumps(40);
        let start = super::super::pca(&points, 2, &|_, _| ()).points;
        let layout = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| tsne(&points, &start, &|_, _| ()))
        };
        let (one, three) = (layout(1), layout(3));
        assert_eq!(one, three);
        let near = one.nearest(5, &|_, _| ());
        let strangers =
            near.iter().enumerate().flat_map(|(point, near)| near.iter().map(move |(other, _)| (point, other)));
        // 600 neighbours of 120 points.
        assert!(strangers.filter(|(point, other)| *other / 40 != point / 40).count() < 30);
    }

    #[test]
    fn equal_points_get_finite_coordinates() {
        let points = Points::new(vec![1.0; 40], 4);
        let start = Points::new(vec![0.0; 20], 2);
        assert!(tsne(&points, &start, &|_, _| ()).as_slice().iter().all(|x| x.is_finite()));
    }
}
