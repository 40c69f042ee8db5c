//! Products of matrices, by vectors as wide as the processor has them.

use pulp::{Arch, Simd, WithSimd};

use super::real::Real;

/// The vectors that a tile is wide.
const VECTORS: usize = 3;
/// The terms of a sum that are added up before the next part: a tile's factors so stay in the cache.
const DEPTH: usize = 384;

/// How many rows and columns a tile has; its sums fill the registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct TileShape {
    rows: usize,
    columns: usize,
}

/// The right factor, laid out as tiles read it: for each part of the depth, panels of a tile's columns, row by row.
#[derive(Debug)]
pub(super) struct Packed<T> {
    values: Vec<T>,
    depth: usize,
    panels: usize,
}

/// A product; rows and columns past the factors' own are 0.
#[derive(Debug)]
pub(super) struct Product<T> {
    pub(super) values: Vec<T>,
    pub(super) row_len: usize,
}

impl<T: Real> Packed<T> {
    /// The matrix of what `of` says of a row and a column.
    pub(super) fn of(depth: usize, columns: usize, of: impl Fn(usize, usize) -> T) -> Self {
        let width = T::tile_shape().columns;
        let panels = columns.div_ceil(width);
        let mut values = Vec::with_capacity(depth * panels * width);
        for start in (0..depth).step_by(DEPTH) {
            for panel in 0..panels {
                for row in start..(start + DEPTH).min(depth) {
                    let of = |column| if column < columns { of(row, column) } else { T::zero() };
                    values.extend((panel * width..(panel + 1) * width).map(of));
                }
            }
        }
        Self { values, depth, panels }
    }

    /// `left` times the rows from `row` and the columns from `column` on, which begins a panel. Left has `height` rows,
    /// `stride` apart, each with a value for each of those rows.
    pub(super) fn multiply(
        &self,
        left: &[T],
        height: usize,
        stride: usize,
        row: usize,
        column: usize,
    ) -> Product<T> {
        let shape = T::tile_shape();
        let row_len = self.panels * shape.columns - column;
        let mut values = vec![T::zero(); height.next_multiple_of(shape.rows) * row_len];
        let mut packed = Vec::new();
        let mut from = row;
        while from < self.depth {
            let start = from / DEPTH * DEPTH;
            let end = (start + DEPTH).min(self.depth);
            packed.clear();
            for first in (0..height).step_by(shape.rows) {
                for k in from - row..end - row {
                    let of = |i| if i < height { left[i * stride + k] } else { T::zero() };
                    packed.extend((first..first + shape.rows).map(of));
                }
            }
            let part = start * self.panels * shape.columns..end * self.panels * shape.columns;
            T::add_tiles(Tiles {
                left: &packed,
                right: &self.values[part],
                column,
                skip: from - start,
                depth: end - start,
                row_len,
                values: &mut values,
            });
            from = end;
        }
        Product { values, row_len }
    }
}

/// What is added to the tiles of a product: a part of the depth.
#[derive(Debug)]
pub(super) struct Tiles<'a, T> {
    left: &'a [T],
    right: &'a [T],
    column: usize,
    /// Rows of `right` to leave out, of `depth`.
    skip: usize,
    depth: usize,
    row_len: usize,
    values: &'a mut [T],
}

macro_rules! tiles {
    ($real:ident, $vector:ident, $lanes:ident, $splat:ident, $mul_add:ident, $add:ident, $view:ident, $view_mut:ident) => {
        impl WithSimd for Tiles<'_, $real> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                // Wide vectors come with 32 registers, others with 16.
                if S::F64_LANES >= 8 { self.$real::<S, 8>(simd) } else { self.$real::<S, 4>(simd) }
            }
        }

        impl Tiles<'_, $real> {
            #[inline(always)]
            fn $real<S: Simd, const ROWS: usize>(self, simd: S) {
                let width = VECTORS * S::$lanes;
                let columns = self.right.chunks_exact(width * self.depth).skip(self.column / width);
                for (right, place) in columns.zip((0..).step_by(width)) {
                    let right = S::$view(&right[self.skip * width..]).0.as_chunks::<VECTORS>().0;
                    let lefts = self.left.chunks_exact(ROWS * right.len());
                    for (left, values) in lefts.zip(self.values.chunks_exact_mut(ROWS * self.row_len)) {
                        let mut sums = [[simd.$splat(0.0); VECTORS]; ROWS];
                        for (left, right) in left.as_chunks::<ROWS>().0.iter().zip(right) {
                            for (sums, &x) in sums.iter_mut().zip(left) {
                                let x: S::$vector = simd.$splat(x);
                                for (sum, &y) in sums.iter_mut().zip(right) {
                                    *sum = simd.$mul_add(x, y, *sum);
                                }
                            }
                        }
                        for (row, sums) in values.chunks_exact_mut(self.row_len).zip(sums) {
                            let row = S::$view_mut(&mut row[place..place + width]).0;
                            row.iter_mut().zip(sums).for_each(|(value, sum)| *value = simd.$add(*value, sum));
                        }
                    }
                }
            }
        }
    };
}

tiles!(f64, f64s, F64_LANES, splat_f64s, mul_add_f64s, add_f64s, as_simd_f64s, as_mut_simd_f64s);
tiles!(f32, f32s, F32_LANES, splat_f32s, mul_add_f32s, add_f32s, as_simd_f32s, as_mut_simd_f32s);

/// How many numbers of 64 bits a vector has.
struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F64_LANES
    }
}

impl TileShape {
    /// Of numbers that `a_word` of are as long as one of 64 bits.
    pub(super) fn of(a_word: usize) -> Self {
        let lanes = Arch::new().dispatch(Lanes);
        // Where there are no vectors, numbers are one by one, whatever their length.
        let numbers = if lanes == 1 { 1 } else { lanes * a_word };
        Self { rows: if lanes >= 8 { 8 } else { 4 }, columns: VECTORS * numbers }
    }
}

#[cfg(test)]
mod tests {
    use super::{Packed, Real};

    fn check<T: Real>() {
        // Whole numbers: exact in any order.
        let value = |i: usize, j: usize| ((i * 7 + j * 13) % 11) as f64 - 5.0;
        for (depth, columns, row, column) in
            [(1, 1, 0, 0), (5, 100, 0, 96), (1000, 130, 0, 0), (1000, 201, 96, 0), (900, 50, 480, 0)]
        {
            let packed = Packed::of(depth, columns, |i, j| T::of(value(i, j)));
            for height in [1, 7, 8, 96] {
                let stride = depth - row + 3;
                let left: Vec<T> = (0..height * stride).map(|place| T::of(value(place, 2))).collect();
                let product = packed.multiply(&left, height, stride, row, column);
                for (i, got) in product.values.chunks_exact(product.row_len).take(height).enumerate() {
                    for (j, &got) in got.iter().enumerate() {
                        let j = column + j;
                        let term = |k| value(i * stride + k, 2) * value(row + k, j);
                        let wanted: f64 = if j < columns { (0..depth - row).map(term).sum() } else { 0.0 };
                        assert_eq!(got.into(), wanted, "{depth} {columns} {row} {column}, {height}: {i} {j}");
                    }
                }
            }
        }
    }

    #[test]
    fn products_are_right_in_all_shapes() {
        check::<f64>();
        check::<f32>();
    }
}
