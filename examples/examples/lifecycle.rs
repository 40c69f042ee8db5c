//! The life of a model on the flights that left New York in 2013: will a flight arrive more than 15 minutes late?
//!
//! It is trained on what was known by May, put into service, watched, and replaced as the year drifts. With a folder
//! as its argument it goes on there where another run, even one that was killed, has left off.

use std::{collections::BTreeMap, env, error::Error, fs, path::PathBuf, sync::Arc, time::Duration, time::Instant};

use mlops_core::{
    BinaryEvaluator, Family, Gate, ManualClock, Pipeline, RetrainPolicy, Rule, SourcedBundle, Table, Timestamp,
    TrainingState, Validation, code_revision,
};
use mlops_drift::{ProfileFormat, ReferenceProfile, WindowDrift};
use mlops_examples::{Flight, features, ingest, late, thresholds};
use mlops_features::{
    Catalog, EventStream, FeaturesFormat, Feed, FittedFeatures, LabelDefinition, Labelled, gather_history,
};
use mlops_registry::{BlockingRegistry, Promotion};
use mlops_serve::*;

const DAY: Duration = Duration::from_secs(86_400);
const ROWS: usize = 120_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).map_or_else(|| PathBuf::from("target/lifecycle"), PathBuf::from);
    if env::args().len() == 1 {
        fs::remove_dir_all(&folder).ok();
    }

    // Data in: what can't be is set aside; events are stamped, logged and applied to the state that serves.
    let [flights, weather] = ingest()?;
    println!("flights: {flights}\nweather: {weather}");
    let (flights, catalog, may) = (flights.clean, Catalog::new(), Timestamp::from_date(2013, 5, 1));
    let set = features(&catalog)?;
    let tables =
        [("weather", weather.clean.batch()), ("arrivals", flights.batch()), ("departures", flights.batch())];
    let (mut feed, mut events) =
        (Feed::new(&set, &tables)?, EventStream::open(folder.join("events"), &set, &catalog)?);
    let begins = feed.resume(&events).map_or(may, |last| last.max(may));
    feed.advance(&mut events, may)?;

    // A release: the best of two families that passes the gate against the champion takes its place.
    let clock = Arc::new(ManualClock::at(begins));
    let registry = BlockingRegistry::folder(folder.join("registry"), clock.clone())?;
    let gate = Gate::new([
        Rule::at_least("roc_auc", 0.65),
        Rule::better_than_baseline("log_loss", 0.005),
        Rule::no_worse_than_baseline("log_loss", 0.01).in_each_slice_of("origin"),
    ])?;
    let pipeline = Pipeline::new("flight_delay", gate, "log_loss")?
        .family(Family::new("logistic", LogisticTrainer::default(), LogisticFormat))
        .family(Family::new("mlp", MlpTrainer::default(), MlpFormat))
        .code(code_revision("."));
    let release = |events: &EventStream, now: Timestamp, champion: Option<&Live<Flight>>, reason: &str| {
        let rows = flights.between("scheduled", Timestamp::MIN, now)?.last(ROWS);
        let known = gather_history(&set, &rows, events.log(), &catalog)?;
        let data =
            set.fit_split(&known, &late(), now - 30 * DAY, now, &catalog)?.slice_by(&["carrier", "origin"])?;
        let made = pipeline.run(&data, champion.map(Live::bundle), &*clock)?;
        println!("\n{now}: {reason}\n{data} (the last {ROWS} rows at most)\n{made}");
        let Some(winner) = made.winner else { return Ok(false) };
        let profile = ReferenceProfile::of(&data, &winner).without(&["year", "month", "day"]).build()?;
        let bundle = winner.bundle().part("profile", profile.to_part()).build()?;
        let (name, alias, actor) = ("flight_delay", "champion", "lifecycle");
        let (version, expected) = (registry.register(name, &bundle, actor, reason)?, champion.map(Live::version));
        registry.promote(&Promotion {
            name,
            alias,
            version,
            expected,
            evidence: winner.passed(),
            actor,
            reason,
        })?;
        Ok::<_, Box<dyn Error>>(true)
    };
    if registry.history("flight_delay").is_err() && !release(&events, may, None, "the first")? {
        return Err("no candidate passed the gate".into());
    }

    // In service: rows are answered, answers logged and watched, and outcomes joined as flights land.
    let log = Arc::new(PredictionLog::new(folder.join("predictions"), LogOptions::default())?);
    let (join, monitors) = (Arc::new(OutcomeJoin::new(16_384, 2 * DAY)), ProfileFormat::new(thresholds()?));
    let loader = Loader::new(FeaturesFormat::new(catalog.clone()).with_state(events.state().clone()))
        .model(LogisticFormat)
        .model(MlpFormat)
        .profile(monitors.clone())
        .observer(&join)
        .log(&log);
    let runner = Runner::new(loader.load(registry.fetch("flight_delay", "champion")?)?);
    let policy = RetrainPolicy::builder()
        .without_drifted_columns()
        .strong_drift(1.0)
        .cool_down(28 * DAY)
        .limit(4)
        .build()?;
    let moves = registry.alias_history("flight_delay", "champion")?;
    let mut trained = TrainingState { last_trained: moves[moves.len() - 1].at, retrained: moves.len() as u32 - 1 };
    let (mut drift, mut today, latencies) = (BTreeMap::new(), begins, LatencyHistogram::default());
    let labels = late().of(flights.batch(), &catalog)?.by_availability();
    let mut outcomes = labels.iter().skip_while(|(_, label)| label.available <= begins).peekable();
    let (mut scratch, mut answer) = (runner.scratch(), [0.0]);
    let asked: Vec<Flight> = serde_arrow::from_record_batch(flights.batch())?;
    for (row, flight) in asked.iter().enumerate().skip_while(|(_, flight)| flight.scheduled < begins) {
        let now = flight.scheduled;
        feed.advance(&mut events, now)?;
        while let Some((row, label)) = outcomes.next_if(|(_, label)| label.available <= now) {
            let joined = join.outcome(&row.to_string(), label.value, label.available);
            joined.inspect(|joined| _ = runner.outcome(&joined.as_outcome()));
        }
        if now >= today + DAY {
            // The day is over: does what the monitors say call for another model?
            today = today + DAY;
            clock.set(today);
            events.snapshot()?;
            log.flush()?;
            let live = runner.live();
            let week = monitors.monitor(live.version()).and_then(|monitor| monitor.evaluate(today));
            if let Some(worst) = week.as_ref().and_then(WindowDrift::worst) {
                let of_month = drift.entry(today.to_string()[..7].to_owned()).or_insert((0.0, String::new()));
                if worst.psi.statistic > of_month.0 {
                    *of_month = (worst.psi.statistic, worst.column.clone());
                }
            }
            let decision = policy.decide(today, &trained, &monitors.signals(live.version(), today));
            if decision.is_retrain() {
                trained = TrainingState { last_trained: today, retrained: trained.retrained + 1 };
                if release(&events, today, Some(&live), &decision.to_string())? {
                    runner.swap(loader.load(registry.fetch("flight_delay", "champion")?)?)?;
                }
            }
        }
        let start = Instant::now();
        runner.answer(&row.to_string(), flight, now, &mut scratch, &mut answer)?;
        latencies.record(start.elapsed());
    }
    log.flush()?;

    // What it came to: the first model beside the living one, on all that was served and has an outcome.
    let served = read_predictions(folder.join("predictions"))?;
    let label = LabelDefinition::new("label", "label_available").float("label");
    let Labelled { rows, labels, left_out } =
        label.of(served.batch(), &catalog)?.known_by(&served, Timestamp::MAX)?;
    let validation = Validation::new(&rows, &labels, BinaryEvaluator::default())?.slice_by_month(&rows, "at")?;
    let first = Arc::new(registry.bundle("flight_delay", 1)?);
    let inputs = FittedFeatures::from_bundle(&first, &catalog)?.encode_batch(rows.batch())?;
    let first = loader.load(SourcedBundle { version: 1, bundle: first })?;
    let frozen = validation.of_model(first.bundle().model_part(), &inputs)?;
    let living = validation.of_scores("living", rows.floats("output.probability")?)?;
    let mut table = Table::beside("month", &[("frozen", &frozen), ("living", &living)], &["log_loss", "roc_auc"]);
    table.column("drift", |month| {
        drift.get(month).map_or(String::new(), |(psi, column)| format!("{column} {psi:.1}"))
    });
    println!("\n{table}{left_out} answers have no outcome");
    for moved in registry.alias_history("flight_delay", "champion")? {
        println!("version {} since {}: {}", moved.what.to, moved.at, moved.what.reason);
    }
    let quantile = |q| latencies.quantile(q).unwrap_or_default();
    println!("an answer took {:?} (p50), {:?} (p99)", quantile(0.5), quantile(0.99));
    println!("{:?}\n{:?}\n{:?}", runner.counts(), log.counts(), join.counts());
    println!("events: {} rows were none, {} were without a key", feed.left_out(), events.state().unkeyed());
    println!("all of it lies in {}", folder.display());
    Ok(())
}
