//! The bins of a column: every value has one, those that are no values too.

use std::ops::Range;

use mlops_core::Slot;

/// How many edges a numeric column may have: the first, the last, and 127 between them.
pub(crate) const MAX_EDGES: usize = 129;
/// How many categories may have a bin of their own.
pub(crate) const MAX_CATEGORIES: usize = 250;

/// The bins of a column.
///
/// Whatever a row holds falls into exactly one of them: missing, NaN, unseen and out-of-range values, and values
/// of another kind than the column's, have bins of their own.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Bins {
    /// Ranges of numbers, then missing, NaN, other kind.
    Numeric(NumericBins),
    /// Categories, then all other known ones together, then missing, unseen, other kind.
    Category(CategoryBins),
    /// Present, missing: for instants, which always move on, and for free text.
    Presence,
}

/// Ranges of numbers: bin i holds `edges[i-1] < x <= edges[i]`, the first reaches down to −∞, the last up to ∞. There are
/// at most 129 edges, and so 128 ranges between the first and the last.
///
/// A row's numbers find their ranges without branches by their values: sixteen at a time are compared with each of up to 16
/// edges, or else each by a binary search over an array whose length is a power of two, in which 64 ranges between the least
/// and the greatest edge take six steps.
#[derive(Clone, Debug, PartialEq)]
pub struct NumericBins {
    edges: Box<[f64]>,
}

/// Categories with a bin each.
#[derive(Clone, Debug, PartialEq)]
pub struct CategoryBins {
    texts: Vec<String>,
    codes: Vec<u32>,
    /// An open hash table of code and bin, at most a quarter full.
    table: Vec<(u32, u32)>,
    shift: u32,
}

const FREE: u32 = u32::MAX;

impl NumericBins {
    pub(crate) fn new(edges: &[f64]) -> Result<Self, &'static str> {
        if edges.len() > MAX_EDGES {
            return Err("it has more than 129 edges");
        }
        if !edges.is_sorted_by(|a, b| a < b) || edges.iter().any(|&x| x.is_nan() || x == f64::INFINITY) {
            return Err("its edges don't rise");
        }
        Ok(Self { edges: edges.into() })
    }

    /// The edges, rising.
    #[must_use]
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// The range that a number, not NaN, falls into.
    fn range_of(&self, x: f64) -> usize {
        self.edges.partition_point(|&edge| x > edge)
    }

    pub(crate) fn bin(&self, x: f64) -> usize {
        if x.is_nan() { self.edges.len() + 2 } else { self.range_of(x) }
    }
}

impl CategoryBins {
    pub(crate) fn new(texts: Vec<String>, codes: Vec<u32>) -> Result<Self, &'static str> {
        if texts.len() != codes.len() {
            return Err("it has not one text for each code");
        }
        if codes.len() > MAX_CATEGORIES {
            return Err("it has more than 250 categories");
        }
        let size = (4 * codes.len()).next_power_of_two().max(4);
        let mut bins = Self { texts, codes, table: vec![(FREE, 0); size], shift: 32 - size.trailing_zeros() };
        for (bin, &code) in (0..).zip(&bins.codes) {
            if code == FREE {
                return Err("a code is out of range");
            }
            let mut place = bins.place(code);
            while bins.table[place].0 != FREE {
                if bins.table[place].0 == code {
                    return Err("a code comes twice");
                }
                place = (place + 1) % size;
            }
            bins.table[place] = (code, bin);
        }
        Ok(bins)
    }

    /// The texts of the categories that have a bin of their own, the most frequent first.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    pub(crate) fn codes(&self) -> &[u32] {
        &self.codes
    }

    fn place(&self, code: u32) -> usize {
        // Fibonacci hashing; the shift leaves as many bits as the table's size has.
        (code.wrapping_mul(0x9E37_79B9) >> self.shift) as usize
    }

    #[inline]
    fn bin(&self, code: u32) -> usize {
        let mut place = self.place(code);
        // Ends: three quarters of the table are free.
        loop {
            match self.table[place % self.table.len()] {
                (found, bin) if found == code && code != FREE => return bin as usize,
                (FREE, _) => return self.texts.len(),
                _ => place += 1,
            }
        }
    }
}

impl Bins {
    /// How many bins there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always a bin for what is missing")]
    pub fn len(&self) -> usize {
        self.not_values().end
    }

    /// The bins of what is no value: missing, NaN, unseen, of another kind.
    pub(crate) fn not_values(&self) -> Range<usize> {
        match self {
            Self::Numeric(bins) => bins.edges.len() + 1..bins.edges.len() + 4,
            Self::Category(bins) => bins.texts.len() + 1..bins.texts.len() + 4,
            Self::Presence => 1..2,
        }
    }

    /// What the bin at `index` holds, for people; `None` past the end.
    #[must_use]
    pub fn label(&self, index: usize) -> Option<String> {
        let special = self.not_values();
        if index >= special.start {
            return ["missing", if matches!(self, Self::Category(_)) { "unseen" } else { "NaN" }, "other kind"]
                .get(index - special.start)
                .filter(|_| index < special.end)
                .map(|&label| label.to_owned());
        }
        Some(match self {
            Self::Numeric(bins) => match (index, bins.edges()) {
                (_, []) => "any".into(),
                (0, _) => "below".into(),
                (i, edges) if i == edges.len() => "above".into(),
                (i, edges) => format!("({}, {}]", edges[i - 1], edges[i]),
            },
            Self::Category(bins) => bins.texts.get(index).map_or("other", String::as_str).to_owned(),
            Self::Presence => "present".into(),
        })
    }

    /// The bin of a slot.
    #[inline]
    pub(crate) fn bin(&self, slot: Slot) -> usize {
        match (self, slot) {
            (Self::Numeric(bins), Slot::Float(x)) => bins.bin(x),
            (Self::Numeric(bins), Slot::Int(x)) => bins.range_of(x as f64),
            (Self::Category(bins), Slot::Category(code)) => bins.bin(code.0),
            (Self::Presence, slot) => usize::from(slot == Slot::Missing),
            (bins, Slot::Missing) => bins.not_values().start,
            (Self::Category(bins), Slot::Unseen(_)) => bins.texts.len() + 2,
            (bins, _) => bins.not_values().end - 1,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use mlops_core::Code;

    #[test]
    fn a_value_on_an_edge_belongs_to_the_range_below_it() {
        let bins = Bins::Numeric(NumericBins::new(&[1.0_f64.next_down(), 2.0, 3.0]).unwrap());
        let bin = |x| bins.label(bins.bin(Slot::Float(x))).unwrap();
        assert_eq!(bin(0.5), "below");
        assert_eq!(bin(f64::NEG_INFINITY), "below");
        assert_eq!(bin(1.0), "(0.9999999999999999, 2]");
        assert_eq!(bin(2.0), "(0.9999999999999999, 2]");
        assert_eq!(bin(2.1), "(2, 3]");
        assert_eq!(bin(f64::INFINITY), "above");
        assert_eq!(bin(f64::NAN), "NaN");
        assert_eq!(bins.bin(Slot::Int(3)), 2);
        assert_eq!(bins.label(bins.bin(Slot::Missing)).unwrap(), "missing");
        assert_eq!(bins.label(bins.bin(Slot::Category(Code(0)))).unwrap(), "other kind");
        assert_eq!(bins.label(bins.len()), None);
    }

    #[test]
    fn every_kept_code_has_its_bin_and_the_others_share_one() {
        let codes: Vec<u32> = (0..250).map(|i| i * 65_536 + 7).collect();
        let texts = codes.iter().map(u32::to_string).collect();
        let bins = Bins::Category(CategoryBins::new(texts, codes.clone()).unwrap());
        for (i, &code) in codes.iter().enumerate() {
            assert_eq!(bins.bin(Slot::Category(Code(code))), i);
        }
        assert_eq!(bins.label(bins.bin(Slot::Category(Code(8)))).unwrap(), "other");
        assert_eq!(bins.label(bins.bin(Slot::Category(Code(u32::MAX)))).unwrap(), "other");
        assert!(CategoryBins::new(vec!["a".into(), "b".into()], vec![1, 1]).is_err());
    }
}
