//! Floats in JSON, all of them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A float that comes back from JSON as it was, bit for bit: NaN and the infinities are the texts `"NaN"`,
/// `"Infinity"` and `"-Infinity"`. (All NaNs are one.)
///
/// ```
/// use mlops_core::JsonFloat;
///
/// let text = serde_json::to_string(&[JsonFloat(0.1), JsonFloat(f64::NEG_INFINITY)]).unwrap();
/// assert_eq!(text, r#"[0.1,"-Infinity"]"#);
/// let back: Vec<JsonFloat> = serde_json::from_str(&text).unwrap();
/// assert_eq!(back[1].0, f64::NEG_INFINITY);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct JsonFloat(pub f64);

impl Serialize for JsonFloat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            x if x.is_finite() => serializer.serialize_f64(x),
            x if x.is_nan() => serializer.serialize_str("NaN"),
            x if x > 0.0 => serializer.serialize_str("Infinity"),
            _ => serializer.serialize_str("-Infinity"),
        }
    }
}

impl<'de> Deserialize<'de> for JsonFloat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = JsonFloat;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, \"NaN\", \"Infinity\" or \"-Infinity\"")
            }

            fn visit_f64<E>(self, x: f64) -> Result<JsonFloat, E> {
                Ok(JsonFloat(x))
            }

            fn visit_i64<E>(self, x: i64) -> Result<JsonFloat, E> {
                Ok(JsonFloat(x as f64))
            }

            fn visit_u64<E>(self, x: u64) -> Result<JsonFloat, E> {
                Ok(JsonFloat(x as f64))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<JsonFloat, E> {
                match text {
                    "NaN" => Ok(JsonFloat(f64::NAN)),
                    "Infinity" => Ok(JsonFloat(f64::INFINITY)),
                    "-Infinity" => Ok(JsonFloat(f64::NEG_INFINITY)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Vectors of floats as [`JsonFloat`]s, for `#[serde(with = "mlops_core::json_floats")]`.
pub mod json_floats {
    use super::{Deserialize, Deserializer, JsonFloat, Serializer};

    /// Writes each float as a [`JsonFloat`].
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(floats: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(floats.iter().map(|&x| JsonFloat(x)))
    }

    /// Reads each float as a [`JsonFloat`].
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        Ok(Vec::<JsonFloat>::deserialize(deserializer)?.into_iter().map(|x| x.0).collect())
    }
}
