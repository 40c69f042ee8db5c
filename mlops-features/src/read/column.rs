//! Arrow columns, each in the one type that its kind is read from.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use mlops_core::{SlotField, SlotKind, Texts, Timestamp, Value, Vocabulary};

/// A column in the one type that its kind is read from.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    Float(Float64Array),
    Int(Int64Array),
    Time(TimestampMicrosecondArray),
    Text(StringArray),
    Numbers(Lists<Float64Array>),
    /// The items in the form of [`Texts`].
    Texts(Lists<String>),
}

/// Lists whose items lie one list behind another.
#[derive(Clone, Debug)]
pub(crate) struct Lists<Items> {
    items: Items,
    /// Where each list begins and ends among the items.
    offsets: OffsetBuffer<i64>,
    nulls: Option<NullBuffer>,
}

impl Column {
    /// Integers become the nearest floats, as in rows. A time keeps its instant, whatever its zone. The inner error is
    /// the first row with a null in its list.
    pub(super) fn new(array: &ArrayRef, kind: SlotKind) -> Result<Result<Self, usize>, ArrowError> {
        Ok(Ok(match kind {
            SlotKind::Float => Self::Float(cast(array, &DataType::Float64)?.as_primitive().clone()),
            SlotKind::Int => Self::Int(cast(array, &DataType::Int64)?.as_primitive().clone()),
            SlotKind::Time => {
                // A cast from a zone to none would move the clock to local time; one within a zone doesn't.
                let zone = match array.data_type() {
                    DataType::Timestamp(_, zone) => zone.clone(),
                    _ => None,
                };
                let micros = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, zone))?;
                Self::Time(micros.as_primitive::<TimestampMicrosecondType>().clone().with_timezone("UTC"))
            }
            SlotKind::Numbers => {
                return Ok(lists(array, DataType::Float64)?.map(|lists| {
                    let items = lists.items.as_primitive::<Float64Type>().clone();
                    Self::Numbers(Lists { items, offsets: lists.offsets, nulls: lists.nulls })
                }));
            }
            SlotKind::Texts => {
                return Ok(lists(array, DataType::LargeUtf8)?.map(|lists| Self::Texts(lists.texts())));
            }
            _ => Self::Text(cast(array, &DataType::Utf8)?.as_string().clone()),
        }))
    }

    /// The column as an array; `None` for lists.
    pub(crate) fn array(&self) -> Option<&dyn Array> {
        Some(match self {
            Self::Float(array) => array,
            Self::Int(array) => array,
            Self::Time(array) => array,
            Self::Text(array) => array,
            Self::Numbers(_) | Self::Texts(_) => return None,
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Float(array) => array.is_null(row),
            Self::Int(array) => array.is_null(row),
            Self::Time(array) => array.is_null(row),
            Self::Text(array) => array.is_null(row),
            Self::Numbers(lists) => lists.is_null(row),
            Self::Texts(lists) => lists.is_null(row),
        }
    }

    pub(super) fn value(&self, field: &SlotField, row: usize) -> Value<'_> {
        if self.is_null(row) {
            return Value::Missing;
        }
        match self {
            Self::Float(array) => Value::Float(array.value(row)),
            Self::Int(array) => Value::Int(array.value(row)),
            Self::Time(array) => Value::Time(Timestamp::from_micros(array.value(row))),
            Self::Text(array) => match &field.vocabulary {
                None => Value::Text(array.value(row)),
                Some(vocabulary) => category(array.value(row), vocabulary),
            },
            Self::Numbers(lists) => Value::Numbers(&lists.items.values()[lists.range(row)]),
            Self::Texts(lists) => Value::Texts(Texts::of(&lists.items[lists.range(row)])),
        }
    }

    pub(super) fn values(&self, field: &SlotField, rows: Range<usize>) -> Vec<Value<'_>> {
        match (self, &field.vocabulary) {
            // Nearly all texts are categories, and what is the same for all is asked once.
            (Self::Text(array), Some(vocabulary)) if array.null_count() == 0 => {
                rows.map(|row| category(array.value(row), vocabulary)).collect()
            }
            _ => rows.map(|row| self.value(field, row)).collect(),
        }
    }
}

#[inline]
fn category<'a>(text: &'a str, vocabulary: &Vocabulary) -> Value<'a> {
    vocabulary.code(text).map_or(Value::Unseen(text), Value::Category)
}

impl<Items> Lists<Items> {
    fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    fn range(&self, row: usize) -> Range<usize> {
        self.offsets[row] as usize..self.offsets[row + 1] as usize
    }
}

/// A column of lists with items of one type; the inner error is the first row with a null in its list.
fn lists(array: &ArrayRef, item: DataType) -> Result<Result<Lists<ArrayRef>, usize>, ArrowError> {
    let wanted = DataType::LargeList(Arc::new(Field::new_list_field(item, true)));
    let (_, offsets, items, nulls) = cast(array, &wanted)?.as_list::<i64>().clone().into_parts();
    let lists = Lists { items, offsets, nulls };
    let Some(absent) = lists.items.nulls().filter(|nulls| nulls.null_count() > 0) else { return Ok(Ok(lists)) };
    let has_null = |&row: &usize| !lists.is_null(row) && lists.range(row).any(|item| absent.is_null(item));
    match (0..array.len()).find(has_null) {
        Some(row) => Ok(Err(row)),
        None => Ok(Ok(lists)),
    }
}

impl Lists<ArrayRef> {
    fn texts(&self) -> Lists<String> {
        let texts = self.items.as_string::<i64>();
        let (mut items, mut offsets) = (String::new(), Vec::with_capacity(self.offsets.len()));
        offsets.push(0);
        for row in 0..self.offsets.len() - 1 {
            if !self.is_null(row) {
                self.range(row).for_each(|item| Texts::push(&mut items, texts.value(item)));
            }
            offsets.push(items.len() as i64);
        }
        Lists { items, offsets: OffsetBuffer::new(offsets.into()), nulls: self.nulls.clone() }
    }
}
