//! Rows with the answers that the model gave for them when it was made.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::BundleError;
use crate::{
    JsonFloat, Model, ModelExt, Slot, SlotEncoder, SlotKind, SlotSchema, Slots, Timestamp, Tolerance, Value,
    json_floats,
};

/// A slot's value with its text, so that it doesn't depend on any vocabulary's codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GoldenValue {
    /// Null.
    Missing,
    /// A float.
    Float(JsonFloat),
    /// An integer or a boolean.
    Int(i64),
    /// An instant.
    Time(Timestamp),
    /// A category or a text.
    Text(String),
    /// A list of floats.
    Numbers(Vec<JsonFloat>),
    /// A list of texts.
    Texts(Vec<String>),
}

/// One row: gathered slots, encoded numbers, outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenRow {
    /// The value of each slot.
    pub slots: Vec<GoldenValue>,
    /// What they were encoded to.
    #[serde(with = "json_floats")]
    pub numbers: Vec<f64>,
    /// What the model answered.
    #[serde(with = "json_floats")]
    pub outputs: Vec<f64>,
}

/// The rows by which a bundle shows that it answers as it did when it was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GoldenRows(pub Vec<GoldenRow>);

impl GoldenRows {
    /// Encodes and answers some rows, and keeps it all.
    ///
    /// # Errors
    /// [`BundleError::GoldenEncode`] or [`BundleError::Model`].
    pub fn record<'a>(
        encoder: &dyn SlotEncoder,
        model: &dyn Model,
        rows: impl IntoIterator<Item = &'a Slots>,
    ) -> Result<Self, BundleError> {
        let mut golden = Vec::new();
        for (row, slots) in rows.into_iter().enumerate() {
            let (numbers, outputs) = answer(encoder, model, slots, row)?;
            golden.push(GoldenRow { slots: recorded(slots, encoder.slot_schema()), numbers, outputs });
        }
        Ok(Self(golden))
    }

    /// Encodes and answers each row again and compares: numbers bit for bit, outputs within the tolerance.
    ///
    /// # Errors
    /// [`BundleError::GoldenRow`] for the first that doesn't come back, [`BundleError::NoGoldenRows`] where there
    /// is none.
    pub fn verify(
        &self,
        encoder: &dyn SlotEncoder,
        model: &dyn Model,
        tolerance: Tolerance,
    ) -> Result<(), BundleError> {
        if self.0.is_empty() {
            return Err(BundleError::NoGoldenRows);
        }
        let mut slots = Slots::default();
        for (row, golden) in self.0.iter().enumerate() {
            restore(&golden.slots, encoder.slot_schema(), &mut slots, row)?;
            let (numbers, outputs) = answer(encoder, model, &slots, row)?;
            compare(row, "number", encoder.names(), &numbers, &golden.numbers, Tolerance::EXACT)?;
            compare(row, "output", &model.signature().outputs, &outputs, &golden.outputs, tolerance)?;
        }
        Ok(())
    }
}

fn answer(
    encoder: &dyn SlotEncoder,
    model: &dyn Model,
    slots: &Slots,
    row: usize,
) -> Result<(Vec<f64>, Vec<f64>), BundleError> {
    let mut numbers = vec![0.0; encoder.names().len()];
    encoder.encode(slots, &mut numbers).map_err(|source| BundleError::GoldenEncode { row, source })?;
    let inputs = ArrayView2::from_shape((1, numbers.len()), &numbers).expect("one row of all numbers");
    let outputs = model.predict(inputs)?.into_raw_vec_and_offset().0;
    Ok((numbers, outputs))
}

fn compare(
    row: usize,
    what: &'static str,
    names: &[String],
    got: &[f64],
    wanted: &[f64],
    tolerance: Tolerance,
) -> Result<(), BundleError> {
    let off = |name: String, got: String, wanted: String| BundleError::GoldenRow { row, what, name, got, wanted };
    if got.len() != wanted.len() {
        return Err(off("count".into(), got.len().to_string(), wanted.len().to_string()));
    }
    for ((name, &got), &wanted) in names.iter().zip(got).zip(wanted) {
        if !tolerance.allows(got, wanted) {
            return Err(off(name.clone(), got.to_string(), wanted.to_string()));
        }
    }
    Ok(())
}

fn recorded(slots: &Slots, schema: &SlotSchema) -> Vec<GoldenValue> {
    let fields = schema.fields.iter().enumerate();
    fields
        .map(|(index, field)| match slots.value(index) {
            Value::Missing => GoldenValue::Missing,
            Value::Float(x) => GoldenValue::Float(JsonFloat(x)),
            Value::Int(x) => GoldenValue::Int(x),
            Value::Time(t) => GoldenValue::Time(t),
            Value::Unseen(text) | Value::Text(text) => GoldenValue::Text(text.into()),
            Value::Category(code) => match field.vocabulary.as_ref().and_then(|texts| texts.text(code)) {
                Some(text) => GoldenValue::Text(text.into()),
                None => GoldenValue::Missing,
            },
            Value::Numbers(numbers) => GoldenValue::Numbers(numbers.iter().copied().map(JsonFloat).collect()),
            Value::Texts(texts) => GoldenValue::Texts(texts.iter().map(str::to_owned).collect()),
        })
        .collect()
}

fn restore(values: &[GoldenValue], schema: &SlotSchema, slots: &mut Slots, row: usize) -> Result<(), BundleError> {
    slots.reset(schema.fields.len());
    let off = |name: &str, got: String, wanted: String| BundleError::GoldenRow {
        row,
        what: "slot",
        name: name.into(),
        got,
        wanted,
    };
    if values.len() != schema.fields.len() {
        return Err(off("count", schema.fields.len().to_string(), values.len().to_string()));
    }
    for (index, (value, field)) in values.iter().zip(&schema.fields).enumerate() {
        match (value, field.kind, &field.vocabulary) {
            (GoldenValue::Missing, _, _) => {}
            (GoldenValue::Float(x), SlotKind::Float, _) => slots.set(index, Slot::Float(x.0)),
            (GoldenValue::Int(x), SlotKind::Int, _) => slots.set(index, Slot::Int(*x)),
            (GoldenValue::Time(t), SlotKind::Time, _) => slots.set(index, Slot::Time(*t)),
            (GoldenValue::Text(text), SlotKind::Category, Some(texts)) => slots.set_category(index, text, texts),
            (GoldenValue::Text(text), SlotKind::Text, _) => slots.set_text(index, text),
            (GoldenValue::Numbers(numbers), SlotKind::Numbers, _) => {
                slots.set_no_numbers(index);
                numbers.iter().for_each(|x| slots.push_number(index, x.0));
            }
            (GoldenValue::Texts(texts), SlotKind::Texts, _) => {
                slots.set_no_texts(index);
                texts.iter().for_each(|text| slots.push_text(index, text));
            }
            (value, kind, _) => return Err(off(&field.name, kind.to_string(), format!("{value:?}"))),
        }
    }
    Ok(())
}
