//! A symmetric matrix of all pairs of rows: its distances, its kernel, and its sums for many ways to deal the rows out.

use ndarray::{ArrayView1, ArrayView2};
use pulp::Arch;

use super::deal::{deal, in_threads};
use super::product::{Packed, Product};
use super::real::Real;
use super::select::median_of;

/// The rows of a strip: few enough that what is multiplied stays in the cache, and a multiple of the columns of all tiles.
/// Fixed, so that no sum depends on how many threads there are.
const HEIGHT: usize = 96;
/// Up to this many rows on both sides a matrix is of `f64`, whatever was asked for.
pub(super) const FEW: usize = 512;
/// How many deals are multiplied at once.
const DEALS: usize = 512;

/// The part above the diagonal of a symmetric matrix, in strips of rows from their first column on; 0 on the diagonal
/// and below it.
#[derive(Debug)]
pub(super) struct Pairs<T> {
    rows: usize,
    strips: Vec<Strip<T>>,
}

#[derive(Debug)]
struct Strip<T> {
    start: usize,
    height: usize,
    /// The columns up to the last row's own; more may follow, of zeros.
    width: usize,
    product: Product<T>,
}

impl<T: Real> Strip<T> {
    /// The parts of its rows that lie above the diagonal, each with its first column within the strip.
    fn above(&mut self) -> impl Iterator<Item = (usize, &mut [T])> {
        let rows = self.product.values.chunks_exact_mut(self.product.row_len).take(self.height);
        rows.enumerate().map(|(i, row)| (i + 1, &mut row[i + 1..self.width]))
    }
}

/// What a pair becomes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kernel {
    /// exp(−γ d²).
    Rbf(f64),
    /// d.
    Distance,
}

/// The sums of pairs within the reference, within the current sample and between them, in one deal; those within count
/// each pair twice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) reference: f64,
    pub(super) current: f64,
    pub(super) between: f64,
}

/// The sums of the data, and, computed in the same way as each other, of the data once more and of the permutations;
/// none where there are no permutations.
#[derive(Debug)]
pub(super) struct Deals {
    pub(super) own: Sums,
    pub(super) dealt: Vec<Sums>,
}

impl<T: Real> Pairs<T> {
    /// Squared Euclidean distances, as |x|² + |y|² − 2 x·y by a product of matrices where that keeps enough digits, by
    /// the differences where it doesn't.
    pub(super) fn distances(rows: &ArrayView2<f64>, threads: usize) -> Self {
        let n = rows.nrows();
        let columns = rows.ncols();
        let cast: Vec<T> = rows.iter().map(|&x| T::of(x)).collect();
        let norms: Vec<T> = cast.chunks_exact(columns).map(norm).collect();
        let packed = Packed::of(columns, n, |k, i| cast[i * columns + k]);
        let starts: Vec<usize> = (0..n).step_by(HEIGHT).collect();
        let strips = in_threads(starts, threads, |start| {
            let height = HEIGHT.min(n - start);
            let product = packed.multiply(&cast[start * columns..], height, columns, 0, start);
            let mut strip = Strip { start, height, width: n - start, product };
            for (place, above) in strip.above() {
                let i = start + place - 1;
                distances_of_row(above, norms[i], &norms[i + 1..], |j| {
                    squared_distance(rows.row(i), rows.row(i + 1 + j))
                });
            }
            let rows = strip.product.values.chunks_exact_mut(strip.product.row_len).take(height);
            for (i, row) in rows.enumerate() {
                row[..=i].fill(T::zero());
            }
            strip
        });
        Self { rows: n, strips }
    }

    /// What is in row `i` and a column `j` > `i`.
    pub(super) fn value(&self, i: usize, j: usize) -> T {
        let start = i / HEIGHT * HEIGHT;
        let product = &self.strips[i / HEIGHT].product;
        product.values[(i - start) * product.row_len + j - start]
    }

    /// The median of the squared distances that are above 0, if any is.
    pub(super) fn median(&mut self) -> Option<f64> {
        let parts: Vec<&[T]> =
            self.strips.iter_mut().flat_map(|strip| strip.above().map(|(_, row)| &*row)).collect();
        median_of(&parts)
    }

    /// Makes squared distances a kernel.
    pub(super) fn apply(&mut self, kernel: Kernel, threads: usize) {
        in_threads(self.strips.iter_mut().collect(), threads, |strip| {
            for (_, row) in strip.above() {
                match kernel {
                    Kernel::Rbf(gamma) => T::exp_minus(gamma, row),
                    Kernel::Distance => T::sqrt(row),
                }
            }
        });
    }

    /// Each row's sum over all others, and the sums of the deal that puts the first `n` rows into the reference.
    fn row_sums(&mut self, n: usize, threads: usize) -> (Vec<f64>, Sums) {
        let parts = in_threads(self.strips.iter_mut().collect(), threads, |strip| {
            let start = strip.start;
            let mut sums = vec![0.0; strip.width];
            let mut own = Sums::default();
            for (place, row) in strip.above() {
                let i = start + place - 1;
                let split = n.saturating_sub(i + 1).min(row.len());
                let (row_reference, row_current) = row.split_at(split);
                let (sums_reference, sums_current) = sums[place..].split_at_mut(split);
                let to_reference = add(row_reference, sums_reference);
                let to_current = add(row_current, sums_current);
                sums[place - 1] += to_reference + to_current;
                own.reference += 2.0 * to_reference;
                *(if i < n { &mut own.between } else { &mut own.current }) += to_current;
            }
            own.current *= 2.0;
            (start, sums, own)
        });
        let mut all = vec![0.0; self.rows];
        let mut own = Sums::default();
        for (start, sums, part) in parts {
            all[start..].iter_mut().zip(sums).for_each(|(all, sum)| *all += sum);
            own.reference += part.reference;
            own.current += part.current;
            own.between += part.between;
        }
        (all, own)
    }

    /// The sums of the data, whose first `n` rows are the reference, and of `permutations` other deals.
    ///
    /// With y = 1 for the reference's rows and −1 for the others, and K the matrix: 1ᵀK1, yᵀK1 and yᵀKy say all three
    /// sums. K1 is the same for all deals, and yᵀKy = 2 yᵀUy with U the part above the diagonal, so that all deals are
    /// one product of matrices UY.
    pub(super) fn deals(&mut self, n: usize, permutations: usize, seed: u64, threads: usize) -> Deals {
        let (row_sums, own) = self.row_sums(n, threads);
        let all: f64 = row_sums.iter().sum();
        let mut dealt = Vec::new();
        let mut next = 0;
        while permutations > 0 && next <= permutations {
            let end = (next + DEALS).min(permutations + 1);
            let deals = in_threads((next..end).collect(), threads, |number| deal(n, self.rows, seed, number));
            let forms = self.forms(&deals, threads);
            for (form, sides) in forms.into_iter().zip(&deals) {
                let against: f64 =
                    row_sums.iter().zip(sides).map(|(sum, &side)| if side { *sum } else { -sum }).sum();
                dealt.push(Sums {
                    reference: 0.25 * (all + form + 2.0 * against),
                    current: 0.25 * (all + form - 2.0 * against),
                    between: 0.25 * (all - form),
                });
            }
            next = end;
        }
        Deals { own, dealt }
    }

    /// yᵀKy of each deal.
    fn forms(&self, deals: &[Vec<bool>], threads: usize) -> Vec<f64> {
        let sign = |side: bool| if side { T::one() } else { T::zero() - T::one() };
        let labels = Packed::of(self.rows, deals.len(), |i, b| sign(deals[b][i]));
        let parts = in_threads(self.strips.iter().collect(), threads, |strip| {
            let Product { values, row_len } = &strip.product;
            let product = labels.multiply(values, strip.height, *row_len, strip.start, 0);
            let mut forms = vec![0.0; deals.len()];
            for (i, row) in product.values.chunks_exact(product.row_len).take(strip.height).enumerate() {
                for ((form, &p), sides) in forms.iter_mut().zip(row).zip(deals) {
                    let p: f64 = p.into();
                    *form += if sides[strip.start + i] { p } else { -p };
                }
            }
            forms
        });
        (0..deals.len()).map(|b| 2.0 * parts.iter().map(|forms| forms[b]).sum::<f64>()).collect()
    }
}

/// Adds each value to the sum in its place, and gives the sum of all.
fn add<T: Real>(values: &[T], sums: &mut [f64]) -> f64 {
    Arch::new().dispatch(|| add_eights(values, sums))
}

#[inline(always)]
fn add_eights<T: Real>(values: &[T], sums: &mut [f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (eights, rest) = values.as_chunks::<8>();
    let (eight_sums, rest_sums) = sums.as_chunks_mut::<8>();
    for (eight, sums) in eights.iter().zip(eight_sums) {
        for ((&x, lane), sum) in eight.iter().zip(&mut lanes).zip(sums) {
            let x: f64 = x.into();
            *lane += x;
            *sum += x;
        }
    }
    for (&x, sum) in rest.iter().zip(rest_sums) {
        let x: f64 = x.into();
        lanes[0] += x;
        *sum += x;
    }
    lanes.iter().sum()
}

/// |x|².
fn norm<T: Real>(row: &[T]) -> T {
    let squares = row.iter().map(|&x| {
        let x: f64 = x.into();
        x * x
    });
    T::of(squares.sum())
}

/// Makes the products of a row with others their squared distances.
fn distances_of_row<T: Real>(products: &mut [T], norm: T, norms: &[T], exact: impl Fn(usize) -> f64) {
    let two = T::one() + T::one();
    let any_near = Arch::new().dispatch(|| {
        let mut any_near = false;
        for (product, &other) in products.iter_mut().zip(norms) {
            let both = norm + other;
            let squared = both - two * *product;
            any_near |= squared <= T::NEAR * both;
            *product = squared;
        }
        any_near
    });
    if any_near {
        for (j, (squared, &other)) in products.iter_mut().zip(norms).enumerate() {
            if *squared <= T::NEAR * (norm + other) {
                *squared = T::of(exact(j));
            }
        }
    }
}

/// |x − y|².
pub(super) fn squared_distance(x: ArrayView1<f64>, y: ArrayView1<f64>) -> f64 {
    match (x.as_slice(), y.as_slice()) {
        (Some(x), Some(y)) => {
            let (xs, x_rest) = x.as_chunks::<8>();
            let (ys, y_rest) = y.as_chunks::<8>();
            let mut lanes = [0.0; 8];
            for (x, y) in xs.iter().zip(ys) {
                for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
                    *lane += (x - y) * (x - y);
                }
            }
            lanes.iter().sum::<f64>() + x_rest.iter().zip(y_rest).map(|(x, y)| (x - y) * (x - y)).sum::<f64>()
        }
        _ => x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum(),
    }
}
