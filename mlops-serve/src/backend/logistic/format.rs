//! The bytes of a logistic regression.

use std::any::Any;
use std::sync::Arc;

use mlops_core::{JsonFloat, Model, ModelError, ModelFormat, Signature, Tolerance, json_floats};
use serde::{Deserialize, Serialize};

use super::LogisticModel;
use crate::backend::binary::check_outputs;

const MEDIA_TYPE: &str = "application/vnd.mlops.logistic+json";
const VERSION: u32 = 1;

/// Logistic regressions as JSON: `{"version":1,"weights":[…],"intercept":…}`, media type
/// `application/vnd.mlops.logistic+json`.
///
/// Weights and intercept come back bit for bit, and so do answers, on every platform.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogisticFormat;

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    #[serde(with = "json_floats")]
    weights: Vec<f64>,
    intercept: JsonFloat,
}

impl ModelFormat for LogisticFormat {
    fn media_type(&self) -> &'static str {
        MEDIA_TYPE
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }

    fn save(&self, model: &dyn Model) -> Result<Vec<u8>, ModelError> {
        let Some(model) = (model as &dyn Any).downcast_ref::<LogisticModel>() else {
            return Err(ModelError::ForeignModel { media_type: MEDIA_TYPE, model: format!("{model:?}") });
        };
        let content = Content {
            version: VERSION,
            weights: model.weights().to_vec(),
            intercept: JsonFloat(model.intercept()),
        };
        serde_json::to_vec(&content)
            .map_err(|error| ModelError::Backend { library: "serde_json", source: Box::new(error) })
    }

    fn load(&self, bytes: &[u8], signature: &Signature) -> Result<Arc<dyn Model>, ModelError> {
        let bad = |problem| ModelError::BadPart { media_type: MEDIA_TYPE, problem };
        let json = |error: serde_json::Error| bad(error.to_string());
        // The version first: another one may have other fields.
        let Version { version } = serde_json::from_slice(bytes).map_err(json)?;
        if version != VERSION {
            return Err(bad(format!("it is of version {version}, known is version {VERSION}")));
        }
        let Content { weights, intercept: JsonFloat(intercept), .. } =
            serde_json::from_slice(bytes).map_err(json)?;
        check_outputs(MEDIA_TYPE, signature)?;
        let inputs = signature.inputs.len();
        if weights.len() != inputs {
            return Err(bad(format!("it has {} weights, the signature has {inputs} inputs", weights.len())));
        }
        if let Some((name, weight)) = signature.inputs.iter().zip(&weights).find(|(_, weight)| !weight.is_finite())
        {
            return Err(bad(format!("the weight of `{name}` is {weight}")));
        }
        if !intercept.is_finite() {
            return Err(bad(format!("the intercept is {intercept}")));
        }
        Ok(Arc::new(LogisticModel::new(signature.clone(), weights, intercept)))
    }
}
