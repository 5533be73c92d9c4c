//! Orthogonal Procrustes alignment, so that the pictures of a run's frames do not jump.

use wordspace_similarity::norm;

use super::eigen::symmetric;
use super::points::Points;

/// `points` moved, rotated and if necessary mirrored, but not scaled, so that the sum of their squared distances to the
/// points of `onto` is the smallest (orthogonal Procrustes, Schönemann 1966).
///
/// # Panics
///
/// If `points` and `onto` differ in number or dimension.
pub fn align(points: &Points, onto: &Points) -> Points {
    let dims = points.dimension();
    assert!(points.len() == onto.len() && dims == onto.dimension());
    let (centred, target, mean) = (points.centred(), onto.centred(), onto.mean());
    let rotation = rotation(&centred, &target);
    let rotated = centred.rows().flat_map(|row| {
        let coordinate = |axis: usize| (0..dims).map(|i| row[i] * rotation[i * dims + axis]).sum::<f64>() + mean[axis];
        (0..dims).map(coordinate).collect::<Vec<f64>>()
    });
    Points::new(rotated.collect(), dims)
}

/// The orthogonal matrix R, `[dims, dims]`, that minimises the distance of points·R to `target`, both centred: U·Vᵀ, where
/// U·Σ·Vᵀ is the singular value decomposition of pointsᵀ·target.
pub fn rotation(points: &Points, target: &Points) -> Vec<f64> {
    let dims = points.dimension();
    let product = |i: usize, j: usize| points.rows().zip(target.rows()).map(|(a, b)| a[i] * b[j]).sum::<f64>();
    let crossed: Vec<f64> = (0..dims * dims).map(|at| product(at / dims, at % dims)).collect();
    let squared = |i: usize, j: usize| (0..dims).map(|k| crossed[k * dims + i] * crossed[k * dims + j]).sum::<f64>();
    let pairs = symmetric((0..dims * dims).map(|at| squared(at / dims, at % dims)).collect(), dims, &|_| ());
    let least = pairs[0].0.max(0.0).sqrt() * 1e-12;
    let mut left: Vec<Vec<f64>> = Vec::new();
    let mut rotation = vec![0.0; dims * dims];
    for (_, right) in &pairs {
        let image = (0..dims).map(|i| (0..dims).map(|j| crossed[i * dims + j] * right[j]).sum()).collect();
        // Where the points have no extent, any unit vector at right angles to the others will do.
        let unit = (0..dims).map(|axis| (0..dims).map(|i| f64::from(u8::from(i == axis))).collect());
        let found = std::iter::once((image, least)).chain(unit.map(|unit: Vec<f64>| (unit, 0.5)));
        let direction = found.filter_map(|(vector, least)| perpendicular(vector, &left, least)).next();
        let direction = direction.expect("fewer than dims vectors do not span all unit vectors");
        for i in 0..dims {
            for j in 0..dims {
                rotation[i * dims + j] += direction[i] * right[j];
            }
        }
        left.push(direction);
    }
    rotation
}

/// The component of `vector` at right angles to `others`, scaled to length 1; None if it is no longer than `least`.
fn perpendicular(mut vector: Vec<f64>, others: &[Vec<f64>], least: f64) -> Option<Vec<f64>> {
    for other in others {
        let shared: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
        vector.iter_mut().zip(other).for_each(|(a, b)| *a -= shared * b);
    }
    let norm = norm(&vector);
    (norm > least).then(|| vector.iter().map(|x| x / norm).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud(dims: usize) -> Points {
        Points::new((0..12 * dims).map(|i| ((i * i) as f64).sin() * (1 + i % dims) as f64).collect(), dims)
    }

    #[track_caller]
    fn assert_near(a: &Points, b: &Points) {
        for (a, b) in a.as_slice().iter().zip(b.as_slice()) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }

    #[test]
    fn a_rotated_mirrored_and_moved_picture_is_moved_back() {
        let onto = cloud(2);
        let (sine, cosine) = 2.0_f64.sin_cos();
        let turn = |row: &[f64]| [3.0 - cosine * row[0] + sine * row[1], sine * row[0] + cosine * row[1] - 7.0];
        assert_near(&align(&Points::new(onto.rows().flat_map(turn).collect(), 2), &onto), &onto);
        let onto = cloud(3);
        let turn = |row: &[f64]| [row[1] + 1.0, -row[2], row[0]];
        assert_near(&align(&Points::new(onto.rows().flat_map(turn).collect(), 3), &onto), &onto);
    }

    #[test]
    fn nothing_is_scaled() {
        let onto = cloud(2);
        let large = Points::new(onto.as_slice().iter().map(|x| 5.0 * x).collect(), 2);
        let spread = |points: &Points| points.centred().as_slice().iter().map(|x| x * x).sum::<f64>();
        assert!((spread(&align(&large, &onto)) / spread(&large) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn points_on_a_line_and_equal_points_are_aligned_too() {
        let line = Points::new((0..10).flat_map(|i| [i as f64, 0.0, 0.0]).collect(), 3);
        let upright = Points::new((0..10).flat_map(|i| [0.0, 0.0, i as f64]).collect(), 3);
        assert_near(&align(&line, &upright), &upright);
        let dots = Points::new(vec![4.0; 30], 3);
        assert_near(&align(&dots, &Points::new(vec![2.0; 30], 3)), &Points::new(vec![2.0; 30], 3));
    }
}
