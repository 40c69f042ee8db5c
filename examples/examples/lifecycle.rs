//! The life of a model on the flights that left New York in 2013: will a flight arrive more than 15 minutes late?

use std::{env, error::Error, fs, path::PathBuf, sync::Arc};

use mlops_core::{
    BinaryEvaluator, Bundle, Gate, GoldenRows, LoadedBundle, Metric, ModelExt, Rule, Run, ScoredRows, SystemClock,
    Timestamp, code_revision,
};
use mlops_examples::{Flight, features, flight_expectations, late, read, weather_expectations};
use mlops_features::{Catalog, EventLog, FeaturesFormat, gather_history};
use mlops_serve::{LogisticFormat, LogisticTrainer, MlpFormat, MlpTrainer};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "target/lifecycle".into()));
    fs::remove_dir_all(&folder).ok();
    let (january, april, may) =
        (Timestamp::from_date(2013, 1, 1), Timestamp::from_date(2013, 4, 1), Timestamp::from_date(2013, 5, 1));

    // Ingest: what doesn't meet the expectations is set aside with its reason; what does has a version.
    let flights = flight_expectations().check(&read("flights.parquet")?)?;
    let weather = weather_expectations().check(&read("weather.parquet")?)?;
    println!(
        "flights {}, version {}, set aside: {}",
        flights.clean.rows(),
        flights.clean.version(),
        flights.quarantine
    );
    println!(
        "weather {}, version {}, set aside: {}",
        weather.clean.rows(),
        weather.clean.version(),
        weather.quarantine
    );

    // Features: defined once, gathered as of each flight's scheduled departure from the log of events.
    let catalog = Catalog::new();
    let set = features(&catalog)?;
    let mut log = EventLog::open(folder.join("events"))?;
    for source in set.sources() {
        let rows = if source.name == "weather" { &weather.clean } else { &flights.clean };
        let logged = log.append(source, rows.batch())?;
        println!("{} {} logged, {} rows were none", logged.events, source.name, logged.left_out);
    }
    let until_may = gather_history(&set, &flights.clean.between("scheduled", january, may)?, &log, &catalog)?;
    let train = until_may.between("scheduled", january, april)?;
    let fit = set.fit_encode(train.batch(), &late().of(train.batch(), &catalog)?, april, &catalog)?;
    let april_rows = until_may.between("scheduled", april, may)?;
    let validate = late().of(april_rows.batch(), &catalog)?.known_by(&april_rows, may)?;
    println!("train {:?}, {} without a label yet", fit.matrix.values().dim(), fit.left_out);
    println!("validate {}, {} without a label yet", validate.rows.rows(), validate.left_out);

    // Train two, validate both, and let the gate choose: it compares with a constant, since nothing is live yet.
    let inputs = fit.features.encode_batch(validate.rows.batch())?;
    let version = validate.rows.version();
    let sliced = |rows: ScoredRows| -> Result<ScoredRows, Box<dyn Error>> {
        let rows = rows.slice_by("carrier", validate.rows.texts("carrier")?)?;
        Ok(rows.slice_by("origin", validate.rows.texts("origin")?)?)
    };
    let evaluator = BinaryEvaluator::builder().seed(2013).build()?;
    let late_share = fit.matrix.labels().sum() / fit.matrix.labels().len() as f64;
    let constant = evaluator.evaluate(&sliced(ScoredRows::by_constant(late_share, &validate.labels, version)?)?);
    let gate = Gate::builder()
        .rule(Rule::at_least("roc_auc", 0.65))
        .rule(Rule::at_most("ece", 0.1))
        .rule(Rule::better_than_baseline("log_loss", 0.01))
        .rule(Rule::no_worse_than_baseline("log_loss", 0.0).in_each_slice_of("origin"))
        .build()?;
    let mut champion: Option<(Option<f64>, _, _, _)> = None;
    for family in ["logistic", "mlp"] {
        let mut run = Run::start(family, &SystemClock);
        run.data("train", &train).data("validate", &validate.rows).code(code_revision("."));
        let part = match family {
            "logistic" => run.train(&LogisticTrainer::builder().build()?, &LogisticFormat, &fit.matrix, None)?,
            _ => run.train(&MlpTrainer::builder().seed(2013).build()?, &MlpFormat, &fit.matrix, None)?,
        };
        let scored = sliced(ScoredRows::by_model(&part, &inputs, &validate.labels, version)?)?;
        let evaluation = evaluator.evaluate(&scored);
        println!("\n{family}\n{evaluation}");
        let log_loss = evaluation.metric("log_loss").and_then(Metric::defined_value);
        match gate.judge(&evaluation, Some(&constant)).passed() {
            Err(failed) => println!("{failed}"),
            Ok(_) if champion.as_ref().is_some_and(|(best, ..)| *best <= log_loss) => {}
            Ok(passed) => {
                println!("{passed}");
                run.evaluation(&evaluation);
                champion = Some((log_loss, part, evaluation, run));
            }
        }
    }
    let (_, part, evaluation, run) = champion.ok_or("no candidate passed the gate")?;

    // Bundle: all that serving needs, verified byte by byte and answer by answer when it is loaded.
    let slots = fit.features.slots_of(&validate.rows.batch().slice(0, 32))?;
    let bundle = Bundle::builder("flight_delay")
        .model(&part)
        .features(fit.features.to_part())
        .golden(&GoldenRows::record(&fit.features, &**part.model(), &slots)?)
        .evaluation(&evaluation)
        .lineage(&run.finish(&SystemClock))
        .build()?;
    bundle.save(folder.join("bundle"))?;
    let opened = Arc::new(Bundle::open(folder.join("bundle"))?);
    let formats = (FeaturesFormat::new(catalog), LogisticFormat, MlpFormat);
    let loaded = LoadedBundle::<Flight>::load(opened, &formats.0, &[&formats.1, &formats.2])?;
    assert_eq!(loaded.model().predict(inputs.values.view())?, part.model().predict(inputs.values.view())?);
    println!("\nbundle {} in {}: it answers as before", bundle.digest(), folder.join("bundle").display());
    Ok(())
}
