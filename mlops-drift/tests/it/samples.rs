//! Generated samples, the same bit for bit as those of tests/oracle/samples.py.

const SIZES: [usize; 25] = [
    1, 2, 3, 4, 5, 7, 8, 9, 10, 13, 20, 21, 30, 47, 60, 100, 150, 233, 400, 1000, 2500, 10_000, 10_001, 30_000,
    100_000,
];

/// What a sample is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Uniform,
    Bell,
    Ties,
    Grid,
    Constant,
    Heavy,
    Huge,
    Tiny,
}

pub(crate) const KINDS: [Kind; 8] = {
    use Kind::{Bell, Constant, Grid, Heavy, Huge, Ties, Tiny, Uniform};
    [Uniform, Bell, Ties, Grid, Constant, Heavy, Huge, Tiny]
};

/// A pair of samples.
pub(crate) struct Case {
    pub(crate) kind: Kind,
    pub(crate) reference: Vec<f64>,
    pub(crate) current: Vec<f64>,
}

pub(crate) fn bits(seed: u64, n: usize) -> Vec<u64> {
    let start = seed.wrapping_mul(0xD134_2543_DE82_EF95);
    (1..=n as u64)
        .map(|i| {
            let z = start.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        })
        .collect()
}

pub(crate) fn uniforms(seed: u64, n: usize) -> Vec<f64> {
    bits(seed, n).into_iter().map(|word| ((word >> 12) as f64 + 0.5) * (-52_f64).exp2()).collect()
}

pub(crate) fn sample(seed: u64, n: usize, kind: Kind) -> Vec<f64> {
    if kind == Kind::Bell {
        let u = uniforms(seed, 4 * n);
        return u.chunks_exact(4).map(|u| ((u[0] + u[1]) + u[2]) + u[3] - 2.0).collect();
    }
    let value = |u: f64| match kind {
        Kind::Uniform | Kind::Bell => u,
        Kind::Ties => (u * 5.0).floor(),
        Kind::Grid => (u * 1000.0).floor() / 8.0,
        Kind::Constant => u * 0.0 + 3.0,
        Kind::Heavy => (u - 0.5) / (u * (1.0 - u)),
        Kind::Huge => (u - 0.5) / (u * (1.0 - u)) * 1e100,
        Kind::Tiny => u * 1e-100,
    };
    uniforms(seed, n).into_iter().map(value).collect()
}

/// The `i`-th pair, of at most `most` values each.
pub(crate) fn case(i: u64, most: usize) -> Case {
    let w = bits(1000 + i, 5);
    let sizes = SIZES.iter().filter(|&&size| size <= most).count() as u64;
    let n = SIZES[(w[0] % sizes) as usize];
    let m = if w[1].is_multiple_of(4) { n } else { SIZES[(w[1] / 4 % sizes) as usize] };
    let kind = KINDS[(w[2] % 8) as usize];
    let scale = match kind {
        Kind::Huge => 1e100,
        Kind::Tiny => 1e-100,
        _ => 1.0,
    };
    let shift = [0.0, 0.0625, 0.5][(w[3] % 3) as usize] * scale;
    let stretch = [1.0, 1.25][(w[4] % 2) as usize];
    let reference = sample(2 * i + 1, n, kind);
    let current = sample(2 * i + 2, m, kind).into_iter().map(|x| x * stretch + shift).collect();
    Case { kind, reference, current }
}

/// The `i`-th pair of counts in the same bins.
pub(crate) fn counts(i: u64) -> (Vec<u64>, Vec<u64>) {
    let w = bits(500_000 + i, 4);
    let bins = 1 + (w[0] % 12) as usize;
    let largest = |word: u64| [1, 3, 10, 100, 1000, 100_000][(word % 6) as usize];
    let draw = |seed, word| -> Vec<u64> {
        bits(seed, bins).into_iter().map(|drawn| drawn % (largest(word) + 1)).collect()
    };
    let mut a = draw(600_000 + 2 * i, w[1]);
    let mut b = draw(600_001 + 2 * i, w[2]);
    if w[3].is_multiple_of(3) {
        b[(w[3] / 3 % bins as u64) as usize] = 0;
    }
    a[0] += 1;
    b[bins - 1] += 1;
    (a, b)
}

/// A mix of the bits of 64 pairs, made by tests/oracle/samples.py.
#[test]
fn samples_are_those_of_the_oracle() {
    let mix = |values: &[f64]| {
        values.iter().fold(0_u64, |sum, x| sum.rotate_left(5).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ x.to_bits())
    };
    let wanted: Vec<(u64, u64)> = serde_json::from_str(include_str!("../data/samples.json")).unwrap();
    for (i, wanted) in (0..).zip(wanted) {
        let case = case(i, 2500);
        assert_eq!((mix(&case.reference), mix(&case.current)), wanted, "case {i}, {:?}", case.kind);
    }
}
