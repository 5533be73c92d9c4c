//! UMAP: a layout of the graph of nearest neighbours (McInnes, Healy and Melville 2018).
//!
//! The settings are umap-learn's: 15 neighbours including the point itself, minimum distance 0.1, spread 1, five negative
//! samples for each edge. It differs in the start, principal components instead of the spectrum of the graph (umap-learn's
//! `init="pca"`), and in neighbours that are exact.

use wordspace_data::{below, generator};

use super::points::Points;
use crate::Progress;

/// Neighbours of a point, including itself.
const NEIGHBOURS: usize = 15;
const MIN_DISTANCE: f64 = 0.1;
const EPOCHS: usize = 500;
/// More points than [`MANY`] need fewer epochs.
const EPOCHS_OF_MANY: usize = 200;
const MANY: usize = 10_000;
/// Random points that repel a point each time it is attracted.
const NEGATIVE_SAMPLES: f64 = 5.0;
/// The width of the start along each axis.
const START_WIDTH: f64 = 10.0;
/// The largest change of a coordinate in one step.
const LARGEST_STEP: f64 = 4.0;

/// The layout of `points` by UMAP from `start`, `[n, dims]`, which is scaled first.
///
/// On one thread, with all random numbers from `seed`: the same seed gives the same bits.
pub fn umap(points: &Points, start: &Points, seed: u64, progress: Progress<'_>) -> Points {
    let graph = graph(points, progress);
    let epochs = if points.len() <= MANY { EPOCHS } else { EPOCHS_OF_MANY };
    layout(&graph, &scaled(start, seed), epochs, seed, progress).centred()
}

/// A directed edge with a weight of at most 1. The graph holds both directions of every edge.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    from: usize,
    to: usize,
    weight: f64,
}

/// The edges between nearest neighbours, in order. An edge's weight is the fuzzy union of its two directions, a + b − a·b.
fn graph(points: &Points, progress: Progress<'_>) -> Vec<Edge> {
    let near = points.nearest(NEIGHBOURS - 1, progress);
    let near: Vec<Vec<(usize, f64)>> =
        near.into_iter().map(|near| near.into_iter().map(|(other, square)| (other, square.sqrt())).collect()).collect();
    let all: Vec<f64> = near.iter().flatten().map(|(_, distance)| *distance).collect();
    // The point itself counts in means, at distance 0, as in umap-learn.
    let mean = all.iter().sum::<f64>() / (all.len() + near.len()).max(1) as f64;
    let directed: Vec<Vec<(usize, f64)>> = near.iter().map(|near| memberships(near, mean)).collect();
    let weight = |from: usize, to: usize| -> f64 {
        directed[from].iter().find(|(other, _)| *other == to).map_or(0.0, |(_, weight)| *weight)
    };
    let mut edges = Vec::new();
    for (from, near) in directed.iter().enumerate() {
        for &(to, there) in near {
            let back = weight(to, from);
            let edge = Edge { from, to, weight: there + back - there * back };
            edges.push(edge);
            if back == 0.0 {
                edges.push(Edge { from: to, to: from, ..edge });
            }
        }
    }
    edges.retain(|edge| edge.weight > 0.0);
    edges.sort_by_key(|edge| (edge.from, edge.to));
    edges
}

/// The membership strengths of a point's neighbours: 1 for the nearest, less with distance for the others, so that their sum
/// is log₂ of their number (including the point itself).
fn memberships(near: &[(usize, f64)], mean_of_all: f64) -> Vec<(usize, f64)> {
    let first = near.iter().map(|(_, distance)| *distance).find(|distance| *distance > 0.0).unwrap_or(0.0);
    let target = ((near.len() + 1) as f64).log2();
    let membership =
        |distance: f64, width: f64| if distance > first { (-(distance - first) / width).exp() } else { 1.0 };
    let (mut low, mut high, mut width) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..64 {
        let sum: f64 = near.iter().map(|(_, distance)| membership(*distance, width)).sum();
        if (sum - target).abs() < 1e-5 {
            break;
        }
        if sum > target {
            high = width
        } else {
            low = width
        }
        width = if high.is_finite() { (low + high) / 2.0 } else { width * 2.0 };
    }
    // At least a thousandth of the mean distance.
    let own_mean = near.iter().map(|(_, distance)| *distance).sum::<f64>() / (near.len() + 1) as f64;
    let width = width.max(1e-3 * if first > 0.0 { own_mean } else { mean_of_all });
    // If all points are equal the width is 0, but then no distance is larger than the first.
    near.iter().map(|&(other, distance)| (other, membership(distance, width))).collect()
}

/// Attracts the ends of edges and repels random points, for each edge as often as its weight says.
fn layout(graph: &[Edge], start: &Points, epochs: usize, seed: u64, progress: Progress<'_>) -> Points {
    let (n, dims) = (start.len(), start.dimension());
    let curve = Curve::fitted(MIN_DISTANCE);
    let heaviest = graph.iter().fold(0.0, |heaviest: f64, edge| heaviest.max(edge.weight));
    let mut edges: Vec<Schedule> = graph
        .iter()
        .filter(|edge| edge.weight >= heaviest / epochs as f64)
        .map(|edge| Schedule::new(*edge, heaviest / edge.weight))
        .collect();
    let mut at = start.as_slice().to_vec();
    let mut random = generator(seed, "umap layout", 0);
    for epoch in 0..epochs {
        let rate = 1.0 - epoch as f64 / epochs as f64;
        for schedule in edges.iter_mut().filter(|schedule| schedule.next_attraction <= epoch as f64) {
            let Edge { from, to, .. } = schedule.edge;
            curve.attract(&mut at, dims, from, to, rate);
            for _ in 0..schedule.negative_samples(epoch) {
                let other = below(&mut random, n as u64) as usize;
                if other != from {
                    curve.repel(&mut at, dims, from, other, rate);
                }
            }
        }
        progress(epoch as u64 + 1, epochs as u64);
    }
    Points::new(at, dims)
}

/// When an edge attracts next, and when it next repels a random point.
struct Schedule {
    edge: Edge,
    /// In epochs.
    every: f64,
    next_attraction: f64,
    next_repulsion: f64,
}

impl Schedule {
    fn new(edge: Edge, every: f64) -> Self {
        Self { edge, every, next_attraction: every, next_repulsion: every / NEGATIVE_SAMPLES }
    }

    /// The negative samples due in an epoch in which the edge attracts; moves on to the next.
    fn negative_samples(&mut self, epoch: usize) -> usize {
        let every = self.every / NEGATIVE_SAMPLES;
        let due = ((epoch as f64 - self.next_repulsion) / every).max(0.0) as usize;
        self.next_repulsion += due as f64 * every;
        self.next_attraction += self.every;
        due
    }
}

/// The membership strength of two points of a layout by their distance, 1/(1 + a·d²ᵇ).
#[derive(Clone, Copy, Debug)]
struct Curve {
    a: f64,
    b: f64,
}

impl Curve {
    /// The least-squares fit, at 300 distances up to 3, to 1 up to `min_distance` and exp(−(d − `min_distance`)) beyond, by
    /// the method of Levenberg and Marquardt.
    fn fitted(min_distance: f64) -> Self {
        let target: Vec<(f64, f64)> = (1..300)
            .map(|i| 3.0 * i as f64 / 299.0)
            .map(|d| (d, if d < min_distance { 1.0 } else { (min_distance - d).exp() }))
            .collect();
        let error = |curve: Curve| -> f64 { target.iter().map(|&(d, y)| (y - curve.at(d)).powi(2)).sum() };
        let mut curve = Self { a: 1.0, b: 1.0 };
        let mut damping = 1e-3;
        for _ in 0..100 {
            // The normal equations: products of the derivatives by a and b, and of these with the residual.
            let [mut aa, mut ab, mut bb, mut a, mut b] = [0.0; 5];
            for &(d, y) in &target {
                let power = d.powf(2.0 * curve.b);
                let value = curve.at(d);
                let (by_a, by_b) = (-value * value * power, -value * value * curve.a * power * 2.0 * d.ln());
                aa += by_a * by_a;
                ab += by_a * by_b;
                bb += by_b * by_b;
                a += by_a * (y - value);
                b += by_b * (y - value);
            }
            let (aa, bb) = (aa * (1.0 + damping), bb * (1.0 + damping));
            let determinant = aa * bb - ab * ab;
            let next =
                Self { a: curve.a + (a * bb - b * ab) / determinant, b: curve.b + (b * aa - a * ab) / determinant };
            if next.a > 0.0 && next.b > 0.0 && error(next) <= error(curve) {
                (curve, damping) = (next, damping / 10.0);
            } else {
                damping *= 10.0;
            }
        }
        curve
    }

    fn at(&self, distance: f64) -> f64 {
        1.0 / (1.0 + self.a * distance.powf(2.0 * self.b))
    }

    /// d²ᵇ of d². Most of the time is spent here, so it is computed in `f32`, as in umap-learn.
    fn power(&self, square: f64) -> f64 {
        (square as f32).powf(self.b as f32) as f64
    }

    /// Moves the ends of an edge towards each other.
    fn attract(&self, at: &mut [f64], dims: usize, from: usize, to: usize, rate: f64) {
        let square = squared_distance(at, dims, from, to);
        if square > 0.0 {
            let power = self.power(square);
            let gradient = -2.0 * self.a * self.b * power / square / (1.0 + self.a * power);
            for axis in 0..dims {
                let (i, j) = (from * dims + axis, to * dims + axis);
                let step = rate * (gradient * (at[i] - at[j])).clamp(-LARGEST_STEP, LARGEST_STEP);
                at[i] += step;
                at[j] -= step;
            }
        }
    }

    /// Moves a point away from another.
    fn repel(&self, at: &mut [f64], dims: usize, from: usize, other: usize, rate: f64) {
        let square = squared_distance(at, dims, from, other);
        if square > 0.0 {
            let gradient = 2.0 * self.b / ((0.001 + square) * (1.0 + self.a * self.power(square)));
            for axis in 0..dims {
                let (i, j) = (from * dims + axis, other * dims + axis);
                at[i] += rate * (gradient * (at[i] - at[j])).clamp(-LARGEST_STEP, LARGEST_STEP);
            }
        }
    }
}

fn squared_distance(at: &[f64], dims: usize, a: usize, b: usize) -> f64 {
    (0..dims).map(|axis| (at[a * dims + axis] - at[b * dims + axis]).powi(2)).sum()
}

/// `start` scaled to [`START_WIDTH`], with a little noise, so that no two points coincide.
fn scaled(start: &Points, seed: u64) -> Points {
    let dims = start.dimension();
    let bounds: Vec<(f64, f64)> = (0..dims)
        .map(|axis| {
            let column = start.rows().map(|row| row[axis]);
            column.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
        })
        .collect();
    let mut random = generator(seed, "umap start", 0);
    let mut noise = || below(&mut random, 1 << 20) as f64 / (1 << 20) as f64 * 1e-3;
    let scaled = |(x, (low, high)): (&f64, &(f64, f64))| match high - low {
        width if width > 0.0 => START_WIDTH * (x - low) / width,
        _ => START_WIDTH / 2.0,
    };
    let values = start.rows().flat_map(|row| row.iter().zip(&bounds).map(scaled)).map(|x| x + noise()).collect();
    Points::new(values, dims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_is_the_one_umap_learn_fits() {
        // umap.umap_.find_ab_params(1.0, 0.1)
        let curve = Curve::fitted(0.1);
        assert!((curve.a - 1.57694).abs() < 1e-3 && (curve.b - 0.89506).abs() < 1e-3, "{curve:?}");
    }

    #[test]
    fn memberships_sum_to_the_logarithm_of_their_number() {
        let near: Vec<(usize, f64)> = (0..14).map(|i| (i, 3.0 + i as f64)).collect();
        let memberships = memberships(&near, 5.0);
        assert_eq!(memberships[0].1, 1.0);
        assert!((memberships.iter().map(|(_, weight)| weight).sum::<f64>() - 15_f64.log2()).abs() < 1e-4);
    }

    #[test]
    fn both_directions_of_an_edge_have_the_same_weight() {
        let points = Points::new((0..160).map(|i| ((i * i) as f64).sin()).collect(), 4);
        let graph = graph(&points, &|_, _| ());
        for edge in &graph {
            let back = graph.iter().find(|back| (back.from, back.to) == (edge.to, edge.from)).unwrap();
            assert!((edge.weight - back.weight).abs() < 1e-15 && edge.weight <= 1.0);
        }
        assert!(graph.windows(2).all(|pair| (pair[0].from, pair[0].to) < (pair[1].from, pair[1].to)));
    }

    #[test]
    fn a_seed_gives_one_layout_and_another_seed_another() {
        let points = Points::new((0..160).map(|i| ((i * i) as f64).sin()).collect(), 4);
        let start = Points::new(points.rows().flat_map(|row| [row[0], row[1]]).collect(), 2);
        assert_eq!(umap(&points, &start, 1, &|_, _| ()), umap(&points, &start, 1, &|_, _| ()));
        assert_ne!(umap(&points, &start, 1, &|_, _| ()), umap(&points, &start, 2, &|_, _| ()));
    }

    #[test]
    fn equal_points_and_few_points_get_finite_coordinates() {
        for n in [2, 3, 40] {
            let found = umap(&Points::new(vec![0.3; n * 4], 4), &Points::new(vec![0.0; n * 2], 2), 1, &|_, _| ());
            assert!(found.as_slice().iter().all(|x| x.is_finite()));
        }
    }
}
