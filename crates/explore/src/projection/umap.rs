//! UMAP: a graph of near points, laid out so that what is joined comes near (McInnes, Healy and Melville 2018).
//!
//! The settings are umap-learn's: 15 neighbours, the point itself among them, minimal distance 0.1, spread 1, five random
//! points pushed away for each pair pulled together. It differs in the start, principal components instead of the graph's
//! spectrum (umap-learn's `init="pca"`), and in neighbours that are exact.

use wordspace_data::{below, generator};

use super::Progress;
use super::points::Points;

/// How many neighbours a point is joined to, itself counted.
const NEIGHBOURS: usize = 15;
const MIN_DISTANCE: f64 = 0.1;
/// How often the pair that belongs together most is pulled: with many points less often.
const ROUNDS: usize = 500;
const ROUNDS_OF_MANY: usize = 200;
const MANY: usize = 10_000;
/// How many random points are pushed away each time.
const PUSHED: f64 = 5.0;
/// The width of the page that the layout begins on.
const PAGE: f64 = 10.0;
/// The farthest a coordinate moves at once.
const LONGEST_MOVE: f64 = 4.0;

/// The points laid out by UMAP from `start`, `[n, dims]`, which is scaled first.
///
/// One thread, all random numbers from `seed`: the same seed gives the same bits.
pub fn umap(points: &Points, start: &Points, seed: u64, progress: Progress<'_>) -> Points {
    let graph = graph(points, progress);
    let rounds = if points.len() <= MANY { ROUNDS } else { ROUNDS_OF_MANY };
    layout(&graph, &on_page(start, seed), rounds, seed, progress).centred()
}

/// A pair that belongs together with a weight of up to 1. Every pair is there both ways.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    from: usize,
    to: usize,
    weight: f64,
}

/// The pairs of near points, in order. A pair counts as far as one of the two counts the other: a + b − a·b.
fn graph(points: &Points, progress: Progress<'_>) -> Vec<Edge> {
    let near = points.nearest(NEIGHBOURS - 1, progress);
    let near: Vec<Vec<(usize, f64)>> =
        near.into_iter().map(|near| near.into_iter().map(|(other, square)| (other, square.sqrt())).collect()).collect();
    let all: Vec<f64> = near.iter().flatten().map(|(_, distance)| *distance).collect();
    // As the reference does, the point itself counts into means, at distance 0.
    let mean = all.iter().sum::<f64>() / (all.len() + near.len()).max(1) as f64;
    let one_way: Vec<Vec<(usize, f64)>> = near.iter().map(|near| memberships(near, mean)).collect();
    let weight = |from: usize, to: usize| -> f64 {
        one_way[from].iter().find(|(other, _)| *other == to).map_or(0.0, |(_, weight)| *weight)
    };
    let mut edges = Vec::new();
    for (from, near) in one_way.iter().enumerate() {
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

/// How far each of the nearest belongs to a point: fully the nearest, the others less with distance, so that all together
/// come to log₂ of their number (the point itself counted).
fn memberships(near: &[(usize, f64)], mean_of_all: f64) -> Vec<(usize, f64)> {
    let first = near.iter().map(|(_, distance)| *distance).find(|distance| *distance > 0.0).unwrap_or(0.0);
    let wanted = ((near.len() + 1) as f64).log2();
    let belongs = |distance: f64, width: f64| if distance > first { (-(distance - first) / width).exp() } else { 1.0 };
    let (mut low, mut high, mut width) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..64 {
        let sum: f64 = near.iter().map(|(_, distance)| belongs(*distance, width)).sum();
        if (sum - wanted).abs() < 1e-5 {
            break;
        }
        if sum > wanted {
            high = width
        } else {
            low = width
        }
        width = if high.is_finite() { (low + high) / 2.0 } else { width * 2.0 };
    }
    // Not narrower than a thousandth of the mean distance.
    let own_mean = near.iter().map(|(_, distance)| *distance).sum::<f64>() / (near.len() + 1) as f64;
    let width = width.max(1e-3 * if first > 0.0 { own_mean } else { mean_of_all });
    // Where all points are one, the width is 0 and nothing is farther than the nearest.
    near.iter().map(|&(other, distance)| (other, belongs(distance, width))).collect()
}

/// Pulls joined points together and pushes random ones apart, each pair as often as its weight says.
fn layout(graph: &[Edge], start: &Points, rounds: usize, seed: u64, progress: Progress<'_>) -> Points {
    let (n, dims) = (start.len(), start.dimension());
    let curve = Curve::fitted(MIN_DISTANCE);
    let heaviest = graph.iter().fold(0.0, |heaviest: f64, edge| heaviest.max(edge.weight));
    let mut edges: Vec<Timetable> = graph
        .iter()
        .filter(|edge| edge.weight >= heaviest / rounds as f64)
        .map(|edge| Timetable::new(*edge, heaviest / edge.weight))
        .collect();
    let mut at = start.as_slice().to_vec();
    let mut random = generator(seed, "umap layout", 0);
    for round in 0..rounds {
        let rate = 1.0 - round as f64 / rounds as f64;
        for timetable in edges.iter_mut().filter(|timetable| timetable.next_pull <= round as f64) {
            let Edge { from, to, .. } = timetable.edge;
            curve.pull(&mut at, dims, from, to, rate);
            for _ in 0..timetable.pushes(round) {
                let other = below(&mut random, n as u64) as usize;
                if other != from {
                    curve.push(&mut at, dims, from, other, rate);
                }
            }
        }
        progress(round + 1, rounds);
    }
    Points::new(at, dims)
}

/// When a pair is pulled next, and when it next pushes a random point.
struct Timetable {
    edge: Edge,
    /// In rounds.
    every: f64,
    next_pull: f64,
    next_push: f64,
}

impl Timetable {
    fn new(edge: Edge, every: f64) -> Self {
        Self { edge, every, next_pull: every, next_push: every / PUSHED }
    }

    /// How many points are to be pushed in a round that pulls, which is then done with.
    fn pushes(&mut self, round: usize) -> usize {
        let every = self.every / PUSHED;
        let due = ((round as f64 - self.next_push) / every).max(0.0) as usize;
        self.next_push += due as f64 * every;
        self.next_pull += self.every;
        due
    }
}

/// How near on the page means how much: 1/(1 + a·d²ᵇ).
#[derive(Clone, Copy, Debug)]
struct Curve {
    a: f64,
    b: f64,
}

impl Curve {
    /// The curve that comes nearest (least squares, at 300 distances up to 3) to 1 up to `min_distance` and exp(−(d −
    /// `min_distance`)) beyond, found by Newton's steps in the manner of Levenberg and Marquardt.
    fn fitted(min_distance: f64) -> Self {
        let wanted: Vec<(f64, f64)> = (1..300)
            .map(|i| 3.0 * i as f64 / 299.0)
            .map(|d| (d, if d < min_distance { 1.0 } else { (min_distance - d).exp() }))
            .collect();
        let error = |curve: Curve| -> f64 { wanted.iter().map(|&(d, y)| (y - curve.at(d)).powi(2)).sum() };
        let mut curve = Self { a: 1.0, b: 1.0 };
        let mut caution = 1e-3;
        for _ in 0..100 {
            // The products of the slopes by a and b, and of the slopes with what is missing.
            let [mut aa, mut ab, mut bb, mut a, mut b] = [0.0; 5];
            for &(d, y) in &wanted {
                let power = d.powf(2.0 * curve.b);
                let value = curve.at(d);
                let (by_a, by_b) = (-value * value * power, -value * value * curve.a * power * 2.0 * d.ln());
                aa += by_a * by_a;
                ab += by_a * by_b;
                bb += by_b * by_b;
                a += by_a * (y - value);
                b += by_b * (y - value);
            }
            let (aa, bb) = (aa * (1.0 + caution), bb * (1.0 + caution));
            let determinant = aa * bb - ab * ab;
            let next =
                Self { a: curve.a + (a * bb - b * ab) / determinant, b: curve.b + (b * aa - a * ab) / determinant };
            if next.a > 0.0 && next.b > 0.0 && error(next) <= error(curve) {
                (curve, caution) = (next, caution / 10.0);
            } else {
                caution *= 10.0;
            }
        }
        curve
    }

    fn at(&self, distance: f64) -> f64 {
        1.0 / (1.0 + self.a * distance.powf(2.0 * self.b))
    }

    /// d²ᵇ of d². Most of the time goes into this power, and 32 bits, which are umap-learn's, make it in a third of it.
    fn power(&self, square: f64) -> f64 {
        (square as f32).powf(self.b as f32) as f64
    }

    /// Moves two joined points towards each other.
    fn pull(&self, at: &mut [f64], dims: usize, from: usize, to: usize, rate: f64) {
        let square = square_between(at, dims, from, to);
        if square > 0.0 {
            let power = self.power(square);
            let slope = -2.0 * self.a * self.b * power / square / (1.0 + self.a * power);
            for axis in 0..dims {
                let (i, j) = (from * dims + axis, to * dims + axis);
                let step = rate * (slope * (at[i] - at[j])).clamp(-LONGEST_MOVE, LONGEST_MOVE);
                at[i] += step;
                at[j] -= step;
            }
        }
    }

    /// Moves a point away from a random one.
    fn push(&self, at: &mut [f64], dims: usize, from: usize, other: usize, rate: f64) {
        let square = square_between(at, dims, from, other);
        if square > 0.0 {
            let slope = 2.0 * self.b / ((0.001 + square) * (1.0 + self.a * self.power(square)));
            for axis in 0..dims {
                let (i, j) = (from * dims + axis, other * dims + axis);
                at[i] += rate * (slope * (at[i] - at[j])).clamp(-LONGEST_MOVE, LONGEST_MOVE);
            }
        }
    }
}

fn square_between(at: &[f64], dims: usize, a: usize, b: usize) -> f64 {
    (0..dims).map(|axis| (at[a * dims + axis] - at[b * dims + axis]).powi(2)).sum()
}

/// `start` made as wide as the page, with a little noise so that no two points lie on each other.
fn on_page(start: &Points, seed: u64) -> Points {
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
        width if width > 0.0 => PAGE * (x - low) / width,
        _ => PAGE / 2.0,
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
    fn memberships_come_to_the_logarithm_of_their_number() {
        let near: Vec<(usize, f64)> = (0..14).map(|i| (i, 3.0 + i as f64)).collect();
        let memberships = memberships(&near, 5.0);
        assert_eq!(memberships[0].1, 1.0);
        assert!((memberships.iter().map(|(_, weight)| weight).sum::<f64>() - 15_f64.log2()).abs() < 1e-4);
    }

    #[test]
    fn the_graph_is_the_same_both_ways() {
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
    fn points_that_are_all_one_and_points_that_are_few_are_laid_out_in_finite_numbers() {
        for n in [2, 3, 40] {
            let found = umap(&Points::new(vec![0.3; n * 4], 4), &Points::new(vec![0.0; n * 2], 2), 1, &|_, _| ());
            assert!(found.as_slice().iter().all(|x| x.is_finite()));
        }
    }
}
