//! The bytes of a prepared reference.
//!
//! All numbers are little-endian. `MLOPSREF`, the format's number (u32: 1), the greatest number of ranges (u32), the number
//! of columns (u32), then each column: the length of its name (u32), the name in UTF-8, and its kind (u8).
//!
//! - 0, numbers: missing rows (u64), NaN rows (u64), the number of values (u64), the values (f64), rising, none NaN, no −0.
//! - 1, texts: the length of the vocabulary's bytes (u64), these bytes, a count for each text, then that of missing rows (u64
//!   each).

use std::collections::BTreeSet;

use mlops_core::Vocabulary;

use super::category::Categories;
use super::numeric::Numbers;
use super::{Column, PreparedReference, Values};
use crate::DriftError;
use crate::compare::Sample;

const MAGIC: &[u8; 8] = b"MLOPSREF";
const FORMAT: u32 = 1;

impl PreparedReference {
    /// The reference as bytes, the same on every platform.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let whole = |bytes: &mut Vec<u8>, number: u64| bytes.extend(number.to_le_bytes());
        let short = |bytes: &mut Vec<u8>, number: usize| bytes.extend((number as u32).to_le_bytes());
        short(&mut bytes, FORMAT as usize);
        short(&mut bytes, self.bins);
        short(&mut bytes, self.columns.len());
        for column in &self.columns {
            short(&mut bytes, column.name.len());
            bytes.extend(column.name.as_bytes());
            match &column.values {
                Values::Numbers(numbers) => {
                    let values = numbers.sample.values();
                    bytes.push(0);
                    whole(&mut bytes, numbers.missing);
                    whole(&mut bytes, numbers.sample.rows() - values.len() as u64);
                    whole(&mut bytes, values.len() as u64);
                    bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
                }
                Values::Categories(categories) => {
                    let vocabulary = categories.vocabulary.to_bytes();
                    bytes.push(1);
                    whole(&mut bytes, vocabulary.len() as u64);
                    bytes.extend(vocabulary);
                    let unseen = categories.vocabulary.len();
                    let counts = categories.counts.iter().enumerate().filter(|&(bin, _)| bin != unseen);
                    counts.for_each(|(_, &count)| whole(&mut bytes, count));
                }
            }
        }
        bytes
    }

    /// Reads a reference from [`to_bytes`](Self::to_bytes). It compares with one thread.
    ///
    /// # Errors
    /// [`DriftError::NotAReference`] for other bytes, saying where, [`DriftError::NewerFormat`] for those of a later format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DriftError> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.take(MAGIC.len())? != MAGIC {
            return reader.fail("it doesn't start with MLOPSREF");
        }
        let got = reader.short()?;
        if got > FORMAT {
            return Err(DriftError::NewerFormat { got, supported: FORMAT });
        }
        if got == 0 {
            return reader.fail("the format is 0");
        }
        let bins = reader.short()? as usize;
        if !(1..=128).contains(&bins) {
            return reader.fail("the number of ranges is not 1 to 128");
        }
        let mut columns = Vec::new();
        let mut seen = BTreeSet::new();
        for _ in 0..reader.short()? {
            let length = reader.short()? as usize;
            let Ok(name) = std::str::from_utf8(reader.take(length)?) else {
                return reader.fail("a name is not UTF-8");
            };
            if !seen.insert(name) {
                return Err(DriftError::RepeatedColumn { column: name.to_owned() });
            }
            let values = match reader.take(1)? {
                [0] => Values::Numbers(reader.numbers(bins)?),
                [1] => Values::Categories(reader.categories()?),
                _ => return reader.fail("a column is of an unknown kind"),
            };
            columns.push(Column { name: name.to_owned(), values });
        }
        if reader.at != bytes.len() {
            return reader.fail("there are bytes behind the last column");
        }
        Ok(Self { columns, bins, threads: 1 })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn fail<T>(&self, problem: &'static str) -> Result<T, DriftError> {
        Err(DriftError::NotAReference { problem, at: self.at })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DriftError> {
        let Some(taken) = self.bytes.get(self.at..).and_then(|rest| rest.get(..length)) else {
            return self.fail("it ends too early");
        };
        self.at += length;
        Ok(taken)
    }

    fn short(&mut self) -> Result<u32, DriftError> {
        let bytes = self.take(4)?;
        Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte)))
    }

    fn whole(&mut self) -> Result<u64, DriftError> {
        let bytes = self.take(8)?;
        Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn length(&mut self, unit: usize) -> Result<usize, DriftError> {
        let number = usize::try_from(self.whole()?).ok().and_then(|number| number.checked_mul(unit));
        number.map_or_else(|| self.fail("a length is too large"), Ok)
    }

    /// A count of rows: of no more than there can be in all, so that sums of counts don't overflow.
    fn rows(&mut self) -> Result<u64, DriftError> {
        let rows = self.whole()?;
        if rows < 1 << 48 { Ok(rows) } else { self.fail("a number of rows is 2^48 or more") }
    }

    fn numbers(&mut self, bins: usize) -> Result<Numbers, DriftError> {
        let (missing, nan) = (self.rows()?, self.rows()?);
        let length = self.length(8)?;
        let values = self.take(length)?.chunks_exact(8);
        let values: Vec<f64> = values.map(|x| f64::from_le_bytes(std::array::from_fn(|i| x[i]))).collect();
        if !values.is_sorted_by(|a, b| a <= b) || values.iter().any(|x| x.is_nan() || x.to_bits() == 1 << 63) {
            return self.fail("the values don't rise, or one is NaN or -0");
        }
        Ok(Numbers::new(Sample::from_sorted(values, nan), missing, bins))
    }

    fn categories(&mut self) -> Result<Categories, DriftError> {
        let length = self.length(1)?;
        let Ok(vocabulary) = Vocabulary::from_bytes(self.take(length)?) else {
            return self.fail("the vocabulary can't be read");
        };
        let mut counts = Vec::new();
        for _ in 0..vocabulary.len() {
            counts.push(self.rows()?);
        }
        counts.push(0);
        counts.push(self.rows()?);
        Ok(Categories { vocabulary, counts })
    }
}
