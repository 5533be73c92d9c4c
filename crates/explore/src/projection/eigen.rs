//! Eigenvalues and eigenvectors of a symmetric matrix: Householder's reflections make it tridiagonal, implicit QL steps
//! make it diagonal (Golub and Van Loan, "Matrix Computations", chapter 8).

use wordspace_similarity::dot;

/// The eigenvalues of the symmetric `matrix`, `[k, k]`, largest first, each with its eigenvector of length 1.
///
/// `done` is called with the number of eigenvalues found so far.
pub(crate) fn symmetric(mut matrix: Vec<f64>, k: usize, done: &dyn Fn(usize)) -> Vec<(f64, Vec<f64>)> {
    assert_eq!(matrix.len(), k * k);
    let (mut diagonal, mut subdiagonal, mut vectors) = tridiagonal(&mut matrix, k);
    for l in 0..k {
        eliminate(l, &mut diagonal, &mut subdiagonal, &mut vectors);
        done(l + 1);
    }
    let mut pairs: Vec<(f64, Vec<f64>)> =
        diagonal.into_iter().zip(vectors.chunks_exact(k).map(<[f64]>::to_vec)).collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    pairs
}

/// The diagonal and the subdiagonal (with a 0 at the end) of Qᵀ·matrix·Q, and Qᵀ. The matrix is overwritten.
fn tridiagonal(matrix: &mut [f64], k: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut vectors = vec![0.0; k * k]; // Qᵀ, the identity at first
    (0..k).for_each(|i| vectors[i * k + i] = 1.0);
    let mut subdiagonal = vec![0.0; k];
    for column in 0..k.saturating_sub(1) {
        let below: Vec<f64> = (column + 1..k).map(|row| matrix[row * k + column]).collect();
        let (reflector, factor, left) = reflector(below);
        subdiagonal[column] = left;
        if factor > 0.0 {
            reflect_both_sides(matrix, k, column + 1, &reflector, factor);
            reflect_rows(&mut vectors, k, column + 1, &reflector, factor);
        }
    }
    ((0..k).map(|i| matrix[i * k + i]).collect(), subdiagonal, vectors)
}

/// v, β and α such that (1 − β·v·vᵀ)·x is α times the first unit vector; β is 0 if x is such a multiple already.
fn reflector(mut x: Vec<f64>) -> (Vec<f64>, f64, f64) {
    let rest: f64 = x[1..].iter().map(|x| x * x).sum();
    if rest == 0.0 {
        let left = x[0];
        return (x, 0.0, left);
    }
    // The sign that avoids cancellation.
    let left = -(x[0] * x[0] + rest).sqrt().copysign(x[0]);
    x[0] -= left;
    let factor = 2.0 / (x[0] * x[0] + rest);
    (x, factor, left)
}

/// Replaces the block of `matrix` from row and column `from` on by H·block·H, with H = 1 − β·v·vᵀ.
fn reflect_both_sides(matrix: &mut [f64], k: usize, from: usize, v: &[f64], factor: f64) {
    let product: Vec<f64> = (from..k).map(|row| factor * dot(&matrix[row * k + from..][..v.len()], v)).collect();
    let shared = factor / 2.0 * dot(&product, v);
    let w: Vec<f64> = product.iter().zip(v).map(|(p, v)| p - shared * v).collect();
    for (i, row) in (from..k).enumerate() {
        let row = &mut matrix[row * k + from..][..v.len()];
        row.iter_mut().zip(v.iter().zip(&w)).for_each(|(x, (v_j, w_j))| *x -= v[i] * w_j + w[i] * v_j);
    }
}

/// Replaces the rows of `matrix` from `from` on by H·rows.
fn reflect_rows(matrix: &mut [f64], k: usize, from: usize, v: &[f64], factor: f64) {
    let mut sums = vec![0.0; k];
    for (row, v) in matrix[from * k..].chunks_exact(k).zip(v) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += v * x);
    }
    for (row, v) in matrix[from * k..].chunks_exact_mut(k).zip(v) {
        row.iter_mut().zip(&sums).for_each(|(x, sum)| *x -= factor * v * sum);
    }
}

/// Takes QL steps until the subdiagonal is 0 at `l`; the rows of `vectors` are rotated along.
fn eliminate(l: usize, diagonal: &mut [f64], subdiagonal: &mut [f64], vectors: &mut [f64]) {
    let k = diagonal.len();
    // Two or three steps are usual.
    for _ in 0..100 {
        let is_split = |m: usize| subdiagonal[m].abs() <= f64::EPSILON * (diagonal[m].abs() + diagonal[m + 1].abs());
        let m = (l..k - 1).find(|&m| is_split(m)).unwrap_or(k - 1);
        if m == l {
            return;
        }
        step(l, m, diagonal, subdiagonal, vectors);
    }
    panic!("QL steps converge for every symmetric matrix of finite values");
}

/// One implicit QL step with Wilkinson's shift on the block from `l` to `m`.
fn step(l: usize, m: usize, diagonal: &mut [f64], subdiagonal: &mut [f64], vectors: &mut [f64]) {
    let k = diagonal.len();
    let ratio = (diagonal[l + 1] - diagonal[l]) / (2.0 * subdiagonal[l]);
    let shift = subdiagonal[l] / (ratio + ratio.hypot(1.0).copysign(ratio));
    let mut bulge = diagonal[m] - diagonal[l] + shift;
    let (mut sine, mut cosine, mut moved) = (1.0, 1.0, 0.0);
    for i in (l..m).rev() {
        let (out, kept) = (sine * subdiagonal[i], cosine * subdiagonal[i]);
        let length = out.hypot(bulge);
        subdiagonal[i + 1] = length;
        if length == 0.0 {
            // The block splits here.
            diagonal[i + 1] -= moved;
            subdiagonal[m] = 0.0;
            return;
        }
        (sine, cosine) = (out / length, bulge / length);
        let lower = diagonal[i + 1] - moved;
        let rotated = (diagonal[i] - lower) * sine + 2.0 * cosine * kept;
        moved = sine * rotated;
        diagonal[i + 1] = lower + moved;
        bulge = cosine * rotated - kept;
        let (upper, lower) = vectors[i * k..(i + 2) * k].split_at_mut(k);
        for (a, b) in upper.iter_mut().zip(lower) {
            (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
        }
    }
    diagonal[l] -= moved;
    subdiagonal[l] = bulge;
    subdiagonal[m] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M·v = λ·v for each pair, and the vectors are orthonormal.
    #[track_caller]
    fn check(matrix: Vec<f64>, k: usize) -> Vec<f64> {
        let pairs = symmetric(matrix.clone(), k, &|_| ());
        let scale = matrix.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
        for (i, (value, vector)) in pairs.iter().enumerate() {
            for row in 0..k {
                let product = dot(&matrix[row * k..][..k], vector);
                assert!((product - value * vector[row]).abs() < 1e-11 * scale * k as f64, "pair {i} of {k}");
            }
            for (j, (_, other)) in pairs.iter().enumerate() {
                assert!((dot(vector, other) - f64::from(u8::from(i == j))).abs() < 1e-12 * k as f64);
            }
        }
        pairs.into_iter().map(|(value, _)| value).collect()
    }

    #[test]
    fn known_eigenvalues_are_found() {
        assert_eq!(check(vec![3.0], 1), [3.0]);
        let found = check(vec![2.0, 1.0, 1.0, 2.0], 2);
        assert!((found[0] - 3.0).abs() < 1e-14 && (found[1] - 1.0).abs() < 1e-14);
        // A chain of springs: 2 − 2·cos(π·i/(k + 1)).
        let k = 40;
        let spring = |i: usize, j: usize| if i == j { 2.0 } else { -f64::from(u8::from(i.abs_diff(j) == 1)) };
        let found = check((0..k * k).map(|at| spring(at / k, at % k)).collect(), k);
        for (i, value) in found.iter().rev().enumerate() {
            let expected = 2.0 - 2.0 * (std::f64::consts::PI * (i + 1) as f64 / (k + 1) as f64).cos();
            assert!((value - expected).abs() < 1e-13);
        }
    }

    #[test]
    fn dense_degenerate_and_empty_matrices_are_diagonalised() {
        let k = 60;
        let wave = |i: usize, j: usize| ((i * j + i + j) as f64 * 0.7).sin() + f64::from(u8::from(i == j));
        check((0..k * k).map(|at| wave(at / k, at % k)).collect(), k);
        check(vec![0.0; 25], 5);
        check(vec![1.0; 49], 7);
        let huge = (0..k * k).map(|at| 1e70 * wave(at / k, at % k)).collect();
        check(huge, k);
    }
}
