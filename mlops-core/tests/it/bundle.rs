//! Nothing changes under a version: a flipped bit, foreign features or other answers are refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use mlops_core::{
    BinaryEvaluator, Bundle, BundleError, DatasetVersion, EncodeError, EncodedMatrix, Encoder, EncoderFormat,
    Fingerprint, FormatError, Gather, GoldenRows, LoadedBundle, LoadedEncoder, Manifest, Model, ModelError,
    ModelFormat, ModelPart, Part, Run, ScoredRows, Signature, Slot, SlotEncoder, SlotField, SlotKind, SlotSchema,
    Slots, SystemClock, Timestamp, Tolerance, Value, check_shapes,
};
use ndarray::{ArrayView2, ArrayViewMut2, array};

/// Features that scale one number.
#[derive(Clone, Debug)]
struct Scaled {
    scale: f64,
    schema: SlotSchema,
    names: Arc<[String]>,
}

impl Scaled {
    fn new(scale: f64) -> Self {
        let field = SlotField { name: "x".into(), kind: SlotKind::Float, vocabulary: None };
        Self { scale, schema: SlotSchema { fields: vec![field], request: 1 }, names: ["scaled".to_owned()].into() }
    }

    fn part(&self) -> Part {
        Part { media_type: "text/scale".into(), bytes: self.scale.to_string().into_bytes().into() }
    }

    fn signature(&self) -> Signature {
        let (inputs, outputs) = (self.names.to_vec(), vec!["probability".into()]);
        Signature { features: self.fingerprint(), inputs, outputs }
    }
}

impl SlotEncoder for Scaled {
    fn slot_schema(&self) -> &SlotSchema {
        &self.schema
    }

    fn names(&self) -> &Arc<[String]> {
        &self.names
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.scale.to_string().as_bytes())
    }

    fn encode(&self, slots: &Slots, numbers: &mut [f64]) -> Result<(), EncodeError> {
        match slots.value(0) {
            Value::Float(x) => numbers[0] = x * self.scale,
            _ => return Err(EncodeError::Null { feature: "scaled".into() }),
        }
        Ok(())
    }
}

impl Encoder<f64> for Scaled {
    fn read(&self, row: &f64, slots: &mut Slots) -> Result<(), EncodeError> {
        slots.reset(1);
        slots.set(0, Slot::Float(*row));
        Ok(())
    }
}

impl Gather<f64> for Scaled {
    fn gather(&self, row: &f64, _: Timestamp, slots: &mut Slots) -> Result<(), EncodeError> {
        self.read(row, slots)
    }
}

fn number(bytes: &[u8]) -> Option<f64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

#[derive(Debug)]
struct ScaledFormat;

impl EncoderFormat<f64> for ScaledFormat {
    fn media_type(&self) -> &'static str {
        "text/scale"
    }

    fn load(&self, bytes: &[u8]) -> Result<LoadedEncoder<f64>, FormatError> {
        let scale = number(bytes).ok_or_else(|| FormatError { problem: "not a number".into() })?;
        let scaled = Arc::new(Scaled::new(scale));
        Ok(LoadedEncoder { encoder: Arc::clone(&scaled) as _, gather: scaled })
    }
}

/// A share of its input.
#[derive(Debug)]
struct Share {
    share: f64,
    signature: Signature,
}

impl Model for Share {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict_into(
        &self,
        inputs: ArrayView2<'_, f64>,
        mut outputs: ArrayViewMut2<'_, f64>,
    ) -> Result<(), ModelError> {
        check_shapes(&self.signature, &inputs, &outputs)?;
        outputs.assign(&inputs.mapv(|x| x * self.share));
        Ok(())
    }
}

#[derive(Debug)]
struct ShareFormat;

impl ModelFormat for ShareFormat {
    fn media_type(&self) -> &'static str {
        "text/share"
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }

    fn save(&self, model: &dyn Model) -> Result<Vec<u8>, ModelError> {
        let model = (model as &dyn std::any::Any).downcast_ref::<Share>().expect("a share");
        Ok(model.share.to_string().into_bytes())
    }

    fn load(&self, bytes: &[u8], signature: &Signature) -> Result<Arc<dyn Model>, ModelError> {
        let bad = || ModelError::BadPart { media_type: "text/share", problem: "not a number".into() };
        Ok(Arc::new(Share { share: number(bytes).ok_or_else(bad)?, signature: signature.clone() }))
    }
}

fn bundle() -> Bundle {
    let features = Scaled::new(0.5);
    let part = ModelPart::new(&Share { share: 0.5, signature: features.signature() }, &ShareFormat).unwrap();
    let (names, fingerprint) = (Arc::clone(features.names()), features.fingerprint());
    let inputs = EncodedMatrix { values: array![[0.1], [0.9]], names, features: fingerprint };
    let data = DatasetVersion(Fingerprint::of(b"data"));
    let scored = ScoredRows::by_model(&part, &inputs, &[false, true], data).unwrap();
    let mut slots = Slots::new(1);
    slots.set(0, Slot::Float(0.8));
    Bundle::builder("example")
        .model(&part)
        .features(features.part())
        .golden(&GoldenRows::record(&features, &**part.model(), [&slots]).unwrap())
        .evaluation(&BinaryEvaluator::default().evaluate(&scored))
        .lineage(&Run::start("example", &SystemClock).finish(&SystemClock))
        .build()
        .unwrap()
}

fn load(bundle: Bundle) -> Result<LoadedBundle<f64>, BundleError> {
    LoadedBundle::load(Arc::new(bundle), &ScaledFormat, &[&ShareFormat])
}

#[test]
fn golden_a_bundle_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle");
    let saved = bundle();
    saved.save(&path).unwrap();
    let opened = Bundle::open(&path).unwrap();
    assert_eq!(opened.digest(), saved.digest());
    assert_eq!(opened.lineage().unwrap().name, "example");
    load(opened).unwrap();
    assert!(matches!(saved.save(&path), Err(BundleError::Exists { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no stage is left behind");
}

#[test]
fn golden_a_flipped_bit_in_any_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle");
    bundle().save(&path).unwrap();
    let parts = std::fs::read_dir(path.join("parts")).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = parts.chain([path.join("bundle.json"), path.join("bundle.sha256")]).collect();
    assert_eq!(files.len(), 7);
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let bytes = std::fs::read(&file).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&file, flipped).unwrap();
            match Bundle::open(&path).unwrap_err() {
                BundleError::Damaged { part, .. } => assert_eq!(part, name),
                BundleError::BadManifest { problem } => assert!(name.starts_with("bundle."), "{name}: {problem}"),
                other => panic!("{name}: {other}"),
            }
        }
        std::fs::write(&file, bytes).unwrap();
    }
    load(Bundle::open(&path).unwrap()).unwrap();
    std::fs::remove_file(path.join("parts/golden")).unwrap();
    let error = Bundle::open(&path).unwrap_err();
    assert!(matches!(&error, BundleError::Io { path, .. } if path.ends_with("parts/golden")), "{error}");
}

/// The bundle with one part exchanged, digests and all: as a careless tool would leave it.
fn exchanged(name: &str, bytes: &[u8]) -> Bundle {
    let whole = bundle();
    let mut manifest = whole.manifest().clone();
    let part = |name: &String| (name.clone(), whole.part(name).unwrap().bytes);
    let mut parts: BTreeMap<_, _> = manifest.parts.keys().map(part).collect();
    let entry = manifest.parts.get_mut(name).unwrap();
    (entry.digest, entry.size) = (Fingerprint::of(bytes), bytes.len() as u64);
    parts.insert(name.into(), bytes.into());
    Bundle::from_parts(manifest, parts).unwrap()
}

#[test]
fn golden_features_of_another_fingerprint_are_refused() {
    let error = load(exchanged("features", b"0.25")).unwrap_err();
    assert!(matches!(error, BundleError::ForeignFeatures { .. }), "{error}");
}

#[test]
fn golden_another_model_is_refused() {
    let error = load(exchanged("model", b"0.75")).unwrap_err();
    assert!(matches!(error, BundleError::BadManifest { .. }), "{error}");
}

#[test]
fn golden_rows_that_answer_otherwise_are_refused() {
    let text = String::from_utf8(bundle().part("golden").unwrap().bytes.to_vec()).unwrap();
    assert_eq!(text, r#"[{"slots":[{"float":0.8}],"numbers":[0.4],"outputs":[0.2]}]"#);
    for (from, to, what) in [("0.4", "0.4000000000000001", "number"), ("0.2", "0.20000000000000004", "output")] {
        let error = load(exchanged("golden", text.replace(from, to).as_bytes())).unwrap_err();
        assert!(matches!(&error, BundleError::GoldenRow { row: 0, what: got, .. } if *got == what), "{error}");
    }
    assert!(matches!(load(exchanged("golden", b"[]")), Err(BundleError::NoGoldenRows)));
    assert!(matches!(load(exchanged("golden", b"[{}]")), Err(BundleError::BadPart { .. })));
}

#[test]
fn a_bundle_of_pieces_that_do_not_belong_together_does_not_build() {
    let data = DatasetVersion(Fingerprint::of(b"data"));
    let constant = ScoredRows::by_constant(0.5, &[false, true], data).unwrap();
    let features = Scaled::new(0.5);
    let part = ModelPart::new(&Share { share: 0.5, signature: features.signature() }, &ShareFormat).unwrap();
    let builder = || Bundle::builder("example").model(&part).features(features.part());
    let error = builder().evaluation(&BinaryEvaluator::default().evaluate(&constant)).build().unwrap_err();
    assert!(matches!(error, BundleError::ForeignEvaluation { .. }), "{error}");
    assert!(matches!(builder().build(), Err(BundleError::MissingPart { part }) if part == "evaluation"));
    assert!(matches!(builder().golden(&GoldenRows::default()).build(), Err(BundleError::NoGoldenRows)));
    assert!(matches!(builder().part("../model", features.part()).build(), Err(BundleError::BadPartName { .. })));
}

#[test]
fn a_newer_manifest_says_so() {
    let mut manifest = bundle().manifest().clone();
    manifest.format = 2;
    assert!(matches!(
        Manifest::from_bytes(&manifest.to_bytes().unwrap()),
        Err(BundleError::NewerFormat { got: 2 })
    ));
}
