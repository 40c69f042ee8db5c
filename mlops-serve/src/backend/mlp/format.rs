//! The bytes of a perceptron.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use mlops_core::{Model, ModelError, ModelFormat, Signature, Tolerance};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::MlpModel;
use super::network::Dense;
use crate::backend::binary::check_outputs;

const MEDIA_TYPE: &str = "application/vnd.mlops.mlp+safetensors";
const VERSION_KEY: &str = "mlops.mlp.version";
const VERSION: &str = "1";

/// Perceptrons as safetensors, media type `application/vnd.mlops.mlp+safetensors`.
///
/// Layer k, from 0, has `layers.k.weight` (outputs × inputs, as PyTorch has it) and `layers.k.bias` (outputs),
/// both F32; the metadata has `mlops.mlp.version`, which is `1`. Weights come back bit for bit, and so do answers,
/// on every platform.
#[derive(Clone, Copy, Debug, Default)]
pub struct MlpFormat;

impl ModelFormat for MlpFormat {
    fn media_type(&self) -> &'static str {
        MEDIA_TYPE
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }

    fn save(&self, model: &dyn Model) -> Result<Vec<u8>, ModelError> {
        let Some(model) = (model as &dyn Any).downcast_ref::<MlpModel>() else {
            return Err(ModelError::ForeignModel { media_type: MEDIA_TYPE, model: format!("{model:?}") });
        };
        let failed = |error| ModelError::Backend { library: "safetensors", source: Box::new(error) };
        let bytes = |floats: &[f32]| floats.iter().flat_map(|float| float.to_le_bytes()).collect::<Vec<u8>>();
        let mut content = Vec::new();
        for (at, Dense { inputs, outputs, weight, bias }) in model.layers().iter().enumerate() {
            content.push((format!("layers.{at}.weight"), vec![*outputs, *inputs], bytes(weight)));
            content.push((format!("layers.{at}.bias"), vec![*outputs], bytes(bias)));
        }
        let mut tensors = Vec::new();
        for (name, shape, bytes) in &content {
            tensors.push((name, TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(failed)?));
        }
        // One entry: a map of more has no order to rely on.
        let metadata = HashMap::from([(VERSION_KEY.to_owned(), VERSION.to_owned())]);
        safetensors::serialize(tensors, Some(metadata)).map_err(failed)
    }

    fn load(&self, bytes: &[u8], signature: &Signature) -> Result<Arc<dyn Model>, ModelError> {
        let bad = |problem| ModelError::BadPart { media_type: MEDIA_TYPE, problem };
        let layers = layers(bytes).map_err(bad)?;
        check_outputs(MEDIA_TYPE, signature)?;
        let mut width = signature.inputs.len();
        for (at, layer) in layers.iter().enumerate() {
            if layer.inputs != width {
                return Err(bad(format!(
                    "layer {at} takes {} numbers, what comes before has {width}",
                    layer.inputs
                )));
            }
            width = layer.outputs;
        }
        if width != 1 {
            return Err(bad(format!("the last layer has {width} outputs rather than 1")));
        }
        Ok(Arc::new(MlpModel::new(signature.clone(), layers)))
    }
}

/// The layers that the bytes hold, each sound in itself.
fn layers(bytes: &[u8]) -> Result<Vec<Dense>, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    match metadata.metadata().as_ref().and_then(|map| map.get(VERSION_KEY)) {
        Some(version) if version == VERSION => {}
        Some(version) => return Err(format!("it is of version `{version}`, known is version `{VERSION}`")),
        None => return Err(format!("its metadata lacks `{VERSION_KEY}`")),
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    if tensors.is_empty() || tensors.len() % 2 != 0 {
        return Err(format!("it has {} tensors rather than two a layer", tensors.len()));
    }
    (0..tensors.len() / 2).map(|at| layer(&tensors, at)).collect()
}

fn layer(tensors: &SafeTensors<'_>, at: usize) -> Result<Dense, String> {
    let read = |name: String| {
        let tensor = tensors.tensor(&name).map_err(|_| format!("`{name}` is missing"))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(format!("`{name}` is {:?} rather than F32", tensor.dtype()));
        }
        let floats: Vec<f32> = tensor.data().as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
        match floats.iter().find(|float| !float.is_finite()) {
            None => Ok((tensor.shape().to_vec(), floats)),
            Some(float) => Err(format!("`{name}` holds {float}")),
        }
    };
    let (shape, weight) = read(format!("layers.{at}.weight"))?;
    let (bias_shape, bias) = read(format!("layers.{at}.bias"))?;
    let &[outputs, inputs] = &shape[..] else {
        return Err(format!("`layers.{at}.weight` is of shape {shape:?} rather than outputs × inputs"));
    };
    if outputs == 0 || inputs == 0 {
        return Err(format!("`layers.{at}.weight` is of shape {shape:?}, which is empty"));
    }
    if bias_shape != [outputs] {
        return Err(format!("`layers.{at}.bias` is of shape {bias_shape:?} rather than [{outputs}]"));
    }
    Ok(Dense { inputs, outputs, weight, bias })
}
