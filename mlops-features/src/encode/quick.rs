//! Kernels of plain features, laid out flat, so that a row goes through them without a call by a pointer.

use std::sync::Arc;

use mlops_core::{Slot, Slots, Value, Vocabulary};

use crate::fitted::CompiledFeature;
use crate::transform::{AnyFitted, Fitted, FittedNumber, FittedOrdinal, Linear, Refusal};

/// A feature in its turn: where it reads and writes, and the kernel, which is the one that a batch goes through.
#[derive(Clone, Debug)]
pub(crate) struct Quick {
    pub(crate) feature: usize,
    slot: usize,
    out: usize,
    kernel: Kernel,
}

#[derive(Clone, Debug)]
enum Kernel {
    Number(FittedNumber),
    Linear(FittedNumber, Linear),
    Ordinal(Arc<FittedOrdinal>),
    /// That of any other feature is not here.
    Elsewhere,
}

fn number(fitted: &dyn AnyFitted) -> Option<FittedNumber> {
    fitted.as_any().downcast_ref().copied()
}

impl Quick {
    /// The turn of the feature at a place among all.
    pub(crate) fn new(place: usize, feature: &CompiledFeature) -> Self {
        let kernel = || {
            let steps: Vec<&[Arc<dyn AnyFitted>]> = feature.chain.steps().iter().map(Vec::as_slice).collect();
            match steps[..] {
                [[first]] => match number(&**first) {
                    Some(number) => Some(Kernel::Number(number)),
                    None => Arc::clone(first).as_any_arc().downcast().ok().map(Kernel::Ordinal),
                },
                [[first], [second]] => {
                    let number = number(&**first).filter(|number| !number.flagged)?;
                    Some(Kernel::Linear(number, *second.as_any().downcast_ref()?))
                }
                _ => None,
            }
        };
        let out = feature.numbers().start;
        match (feature.slot(), kernel()) {
            (Some(slot), Some(kernel)) => Self { feature: place, slot, out, kernel },
            _ => Self { feature: place, slot: 0, out, kernel: Kernel::Elsewhere },
        }
    }

    /// Computes the numbers of one row, none of which needs a vocabulary; `false` where the kernel is elsewhere.
    #[inline]
    pub(crate) fn one<'a>(
        &self,
        slots: &'a Slots,
        none: &Vocabulary,
        numbers: &mut [f64],
    ) -> Result<bool, (Refusal, Value<'a>)> {
        let Some(out) = numbers.get_mut(self.out..) else { return Ok(false) };
        // Nearly every number is a float: its kind is asked once for all steps.
        if let (Kernel::Linear(_, linear), Some(&Slot::Float(x)), [out, ..]) =
            (&self.kernel, slots.as_slice().get(self.slot), &mut *out)
        {
            *out = linear.number(x);
            return Ok(true);
        }
        self.any(slots.value(self.slot), none, out)
    }

    fn any<'a>(&self, value: Value<'a>, none: &Vocabulary, out: &mut [f64]) -> Result<bool, (Refusal, Value<'a>)> {
        match &self.kernel {
            Kernel::Number(number) => number.apply(value, none, out),
            Kernel::Linear(number, linear) => {
                number.apply(value, none, out).and_then(|()| linear.apply(Value::Float(out[0]), none, out))
            }
            Kernel::Ordinal(ordinal) => ordinal.apply(value, none, out),
            Kernel::Elsewhere => return Ok(false),
        }
        .map(|()| true)
        .map_err(|refusal| (refusal, value))
    }
}
