//! Transforms without their types: what a catalog and a set of features hold.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use mlops_core::{Value, Vocabulary};

use super::{
    CategoryCount, FitRows, Fitted, Frequency, Hashing, InputKind, Learns, Number, OneHot, Ordinal, Refusal, Seen,
    Standard, Target, TfIdf, Transform, TransformError, Values,
};

use super::{
    Bucketise, ClipToQuantiles, DropConstant, DropMissing, Impute, MaxAbs, MinMax, Power, Quantile, Robust,
};

/// A state of some transform.
pub(crate) type AnyState = Box<dyn Any + Send>;

/// Any [`Transform`].
pub(crate) trait AnyTransform: fmt::Debug + Send + Sync {
    fn check_input(&self, input: InputKind) -> Result<(), TransformError>;
    fn learns_from(&self) -> Learns;
    fn wants_categories(&self) -> bool;
    fn width_beforehand(&self) -> Option<usize>;
    fn new_state(&self) -> AnyState;
    fn update_state(&self, state: &mut AnyState, rows: &FitRows<'_>) -> Result<(), TransformError>;
    fn merge_states(&self, state: &mut AnyState, other: AnyState);
    fn finish_state(&self, state: AnyState, seen: &Seen) -> Result<Arc<dyn AnyFitted>, TransformError>;
    fn load(&self, stored: serde_json::Value) -> Result<Arc<dyn AnyFitted>, TransformError>;
    fn for_training(&self, fitted: &dyn AnyFitted, rows: &FitRows<'_>, codes: &Vocabulary) -> Option<Vec<f64>>;
}

fn own<T: 'static>(state: AnyState) -> T {
    *state.downcast().expect("a transform gets the states that it made")
}

fn stored(error: impl fmt::Display) -> TransformError {
    TransformError::Stored { problem: error.to_string() }
}

impl<T: Transform> AnyTransform for T {
    fn check_input(&self, input: InputKind) -> Result<(), TransformError> {
        self.check(input)
    }

    fn learns_from(&self) -> Learns {
        self.learns()
    }

    fn wants_categories(&self) -> bool {
        self.takes_categories()
    }

    fn width_beforehand(&self) -> Option<usize> {
        self.known_width()
    }

    fn new_state(&self) -> AnyState {
        Box::new(self.start())
    }

    fn update_state(&self, state: &mut AnyState, rows: &FitRows<'_>) -> Result<(), TransformError> {
        self.update(state.downcast_mut().expect("a transform gets the states that it made"), rows)
    }

    fn merge_states(&self, state: &mut AnyState, other: AnyState) {
        self.merge(state.downcast_mut().expect("a transform gets the states that it made"), own(other));
    }

    fn finish_state(&self, state: AnyState, seen: &Seen) -> Result<Arc<dyn AnyFitted>, TransformError> {
        Ok(Arc::new(self.finish(own(state), seen)?))
    }

    fn load(&self, value: serde_json::Value) -> Result<Arc<dyn AnyFitted>, TransformError> {
        Ok(Arc::new(serde_json::from_value::<T::Fitted>(value).map_err(stored)?))
    }

    fn for_training(&self, fitted: &dyn AnyFitted, rows: &FitRows<'_>, codes: &Vocabulary) -> Option<Vec<f64>> {
        let fitted = fitted.as_any().downcast_ref().expect("a transform gets what it has fitted");
        self.out_of_fold(fitted, rows, codes)
    }
}

/// Any [`Fitted`].
pub(crate) trait AnyFitted: fmt::Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn as_any_arc(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    fn count(&self) -> usize;
    fn flag_count(&self) -> usize;
    fn number_names(&self, of: &str, vocabulary: &Vocabulary) -> Vec<String>;
    fn goes_with(&self, vocabulary: &Vocabulary) -> bool;
    fn to_stored(&self) -> serde_json::Value;
    fn one(&self, value: Value<'_>, vocabulary: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal>;
    fn one_sparse(
        &self,
        value: Value<'_>,
        vocabulary: &Vocabulary,
        put: &mut dyn FnMut(usize, f64),
    ) -> Result<(), Refusal>;
    /// Many rows by the same kernel: the `count` numbers of each begin `stride` places of `out` behind those of the
    /// one before. A row that is refused is named.
    fn rows(
        &self,
        values: Values<'_>,
        vocabulary: &Vocabulary,
        out: &mut [f64],
        stride: usize,
    ) -> Result<(), (usize, Refusal)>;
    /// Many numbers, each in its place.
    fn in_place(&self, numbers: &mut [f64], vocabulary: &Vocabulary) -> Result<(), (usize, Refusal)>;
}

impl<F: Fitted> AnyFitted for F {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_arc(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn count(&self) -> usize {
        self.width()
    }

    fn flag_count(&self) -> usize {
        self.flags()
    }

    fn number_names(&self, of: &str, vocabulary: &Vocabulary) -> Vec<String> {
        self.names(of, vocabulary)
    }

    fn goes_with(&self, vocabulary: &Vocabulary) -> bool {
        self.fits(vocabulary)
    }

    fn to_stored(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("what was fitted has a JSON form")
    }

    #[inline]
    fn one(&self, value: Value<'_>, vocabulary: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        self.apply(value, vocabulary, out)
    }

    fn one_sparse(
        &self,
        value: Value<'_>,
        vocabulary: &Vocabulary,
        put: &mut dyn FnMut(usize, f64),
    ) -> Result<(), Refusal> {
        self.apply_sparse(value, vocabulary, put)
    }

    // These loops are compiled for each transform around its own kernel.
    fn rows(
        &self,
        values: Values<'_>,
        vocabulary: &Vocabulary,
        out: &mut [f64],
        stride: usize,
    ) -> Result<(), (usize, Refusal)> {
        let width = self.width();
        if width == 0 {
            let kernel = |(row, value)| self.apply(value, vocabulary, &mut []).map_err(|refusal| (row, refusal));
            return values.iter().enumerate().try_for_each(kernel);
        }
        // What lies side by side is a loop of its own, which the compiler makes into wide instructions.
        match values {
            Values::Numbers(numbers) if stride == width => {
                let numbers = numbers.iter().map(|&x| Value::Float(x));
                each(self, numbers, vocabulary, out.chunks_exact_mut(width))
            }
            Values::Numbers(numbers) => {
                let numbers = numbers.iter().map(|&x| Value::Float(x));
                each(self, numbers, vocabulary, out.chunks_mut(stride).map(|row| &mut row[..width]))
            }
            Values::Any(values) => {
                let out = out.chunks_mut(stride).map(|row| &mut row[..width]);
                each(self, values.iter().copied(), vocabulary, out)
            }
        }
    }

    fn in_place(&self, numbers: &mut [f64], vocabulary: &Vocabulary) -> Result<(), (usize, Refusal)> {
        for (row, x) in numbers.iter_mut().enumerate() {
            let value = Value::Float(*x);
            self.apply(value, vocabulary, std::slice::from_mut(x)).map_err(|refusal| (row, refusal))?;
        }
        Ok(())
    }
}

/// The kernel for every row.
#[inline]
fn each<'v, 'o, F: Fitted>(
    fitted: &F,
    values: impl Iterator<Item = Value<'v>>,
    vocabulary: &Vocabulary,
    out: impl Iterator<Item = &'o mut [f64]>,
) -> Result<(), (usize, Refusal)> {
    for (row, (value, out)) in values.zip(out).enumerate() {
        fitted.apply(value, vocabulary, out).map_err(|refusal| (row, refusal))?;
    }
    Ok(())
}

/// Reads a transform's parameters.
pub(crate) type ReadTransform = fn(&serde_json::Value) -> Result<Arc<dyn AnyTransform>, TransformError>;

/// What a catalog knows of a transform.
pub(crate) fn kind_of<T: Transform>() -> ((String, u32), ReadTransform) {
    let read: ReadTransform = |parameters| Ok(Arc::new(T::deserialize(parameters).map_err(stored)?));
    ((T::NAME.into(), T::VERSION), read)
}

/// The transforms that every catalog begins with.
pub(crate) fn built_in() -> BTreeMap<(String, u32), ReadTransform> {
    let of_numbers = [
        kind_of::<Bucketise>(),
        kind_of::<ClipToQuantiles>(),
        kind_of::<DropConstant>(),
        kind_of::<DropMissing>(),
        kind_of::<Impute>(),
        kind_of::<MaxAbs>(),
        kind_of::<MinMax>(),
        kind_of::<Power>(),
        kind_of::<Quantile>(),
        kind_of::<Robust>(),
    ];
    [
        kind_of::<CategoryCount>(),
        kind_of::<Frequency>(),
        kind_of::<Hashing>(),
        kind_of::<Number>(),
        kind_of::<OneHot>(),
        kind_of::<Ordinal>(),
        kind_of::<Standard>(),
        kind_of::<Target>(),
        kind_of::<TfIdf>(),
    ]
    .into_iter()
    .chain(of_numbers)
    .collect()
}
