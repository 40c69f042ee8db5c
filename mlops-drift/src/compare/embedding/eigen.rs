//! Eigenvalues and eigenvectors of a symmetric matrix.

use ndarray::Array2;

/// The eigenvalues, falling, and the eigenvectors as rows, of a symmetric matrix of finite values.
///
/// By Householder's reduction to three diagonals and QL steps with implicit shifts (Martin, Reinsch and Wilkinson, 1968,
/// doi:10.1007/BF02161360; Bowdler et al., 1968, doi:10.1007/BF02166687). A vector's largest part is positive. `None`
/// where an eigenvalue needs more than 60 steps, which finite matrices don't.
pub(super) fn symmetric_eigen(matrix: Array2<f64>) -> Option<(Vec<f64>, Array2<f64>)> {
    let n = matrix.nrows();
    // Row i of `v` is vector i: what is rotated lies side by side.
    let mut v = matrix;
    let (mut d, mut e) = tridiagonal(&mut v);
    if n > 0 {
        implicit_ql(&mut d, &mut e, &mut v)?;
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| d[j].total_cmp(&d[i]));
    let mut vectors = Array2::zeros((n, n));
    for (mut row, &i) in vectors.rows_mut().into_iter().zip(&order) {
        row.assign(&v.row(i));
        let largest = row.iter().fold(0.0_f64, |most, &x| if x.abs() > most.abs() { x } else { most });
        if largest < 0.0 {
            row.mapv_inplace(|x| -x);
        }
    }
    Some((order.into_iter().map(|i| d[i]).collect(), vectors))
}

/// Leaves the transposed transformation in `a`; the diagonal, and below it, with 0 last.
fn tridiagonal(a: &mut Array2<f64>) -> (Vec<f64>, Vec<f64>) {
    let n = a.nrows();
    let mut below = vec![0.0; n];
    let mut reflectors: Vec<Option<Vec<f64>>> = Vec::new();
    for k in 0..n.saturating_sub(2) {
        // A reflection that leaves nothing below place k + 1 of column k.
        let mut u: Vec<f64> = (k + 1..n).map(|i| a[[i, k]]).collect();
        let rest: f64 = u[1..].iter().map(|x| x * x).sum();
        let length = (u[0] * u[0] + rest).sqrt();
        if rest == 0.0 {
            below[k] = u[0];
            reflectors.push(None);
            continue;
        }
        let to = if u[0] > 0.0 { -length } else { length };
        below[k] = to;
        u[0] -= to;
        let scale = (2.0 / (u[0] * u[0] + rest)).sqrt();
        u.iter_mut().for_each(|x| *x *= scale);
        // With H = 1 − u uᵀ: HAH = A − u qᵀ − q uᵀ, q = Au − ½ u (uᵀAu).
        let size = u.len();
        let mut q: Vec<f64> =
            (0..size).map(|i| (0..size).map(|j| a[[k + 1 + i, k + 1 + j]] * u[j]).sum()).collect();
        let half = 0.5 * u.iter().zip(&q).map(|(u, q)| u * q).sum::<f64>();
        q.iter_mut().zip(&u).for_each(|(q, u)| *q -= half * u);
        for i in 0..size {
            for j in 0..size {
                a[[k + 1 + i, k + 1 + j]] -= u[i] * q[j] + q[i] * u[j];
            }
        }
        reflectors.push(Some(u));
    }
    let diagonal = (0..n).map(|i| a[[i, i]]).collect();
    if n > 1 {
        below[n - 2] = a[[n - 1, n - 2]];
    }
    // Q = H₀ H₁ …, built from the right, then transposed: rows of `a` times each reflection.
    let mut q = Array2::<f64>::eye(n);
    for (k, u) in reflectors.iter().enumerate().rev() {
        let Some(u) = u else { continue };
        for mut row in q.rows_mut() {
            let mut part = row.slice_mut(ndarray::s![k + 1..]);
            let dot: f64 = part.iter().zip(u).map(|(x, u)| x * u).sum();
            part.iter_mut().zip(u).for_each(|(x, u)| *x -= dot * u);
        }
    }
    a.assign(&q);
    (diagonal, below)
}

/// Makes `d` the eigenvalues and turns the rows of `v` with them.
fn implicit_ql(d: &mut [f64], e: &mut [f64], v: &mut Array2<f64>) -> Option<()> {
    let n = d.len();
    for l in 0..n {
        for step in 0.. {
            let negligible = |m: usize| e[m].abs() <= f64::EPSILON * (d[m].abs() + d[m + 1].abs());
            let m = (l..n - 1).find(|&m| negligible(m)).unwrap_or(n - 1);
            if m == l {
                break;
            }
            if step == 60 {
                return None;
            }
            let mut g = (d[l + 1] - d[l]) / (2.0 * e[l]);
            let r = g.hypot(1.0);
            g = d[m] - d[l] + e[l] / (g + if g < 0.0 { -r } else { r });
            let (mut sine, mut cosine, mut p) = (1.0, 1.0, 0.0);
            let mut split = false;
            for i in (l..m).rev() {
                let f = sine * e[i];
                let b = cosine * e[i];
                let r = f.hypot(g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    split = true;
                    break;
                }
                (sine, cosine) = (f / r, g / r);
                g = d[i + 1] - p;
                let r = (d[i] - g) * sine + 2.0 * cosine * b;
                p = sine * r;
                d[i + 1] = g + p;
                g = cosine * r - b;
                let (mut upper, mut lower) = v.multi_slice_mut((ndarray::s![i, ..], ndarray::s![i + 1, ..]));
                for (x, y) in upper.iter_mut().zip(&mut lower) {
                    (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
                }
            }
            if !split {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
        }
    }
    Some(())
}
