//! The life of a model on the flights that left New York in 2013: will a flight arrive more than 15 minutes late?
//!
//! It is trained on what was known by May, put into service, watched, and replaced as the year drifts. With a folder
//! as its argument it goes on there where another run, even one that was killed, has left off.

use std::{env, error::Error, fs, path::PathBuf, sync::Arc, time::Duration, time::Instant};

use mlops_core::*;
use mlops_drift::{ProfileFormat, ReferenceProfile};
use mlops_examples::{Flight, features, ingest, late, thresholds};
use mlops_features::{Catalog, EventStream, FeaturesFormat, Feed, FittedFeatures, gather_history};
use mlops_registry::BlockingRegistry;
use mlops_serve::*;

const NAME: &str = "flight_delay";
const DAY: Duration = Duration::from_secs(86_400);
/// How many rows a release is made of at most, the last ones.
const ROWS: usize = 250_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "target/lifecycle".into()));
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
    let begin = feed.resume(&events).map_or(may, |last| last.max(may));
    feed.advance(&mut events, may)?;

    // A release: two families challenge the champion; the best that passes the gate takes its place.
    let clock = Arc::new(ManualClock::at(begin));
    let registry = BlockingRegistry::folder(folder.join("registry"), clock.clone())?;
    let logistic = LogisticTrainer::builder().gradient_tolerance(1e-4).build()?;
    let families =
        [Family::new("logistic", logistic, LogisticFormat), Family::new("mlp", MlpTrainer::default(), MlpFormat)];
    let gate = Gate::new([
        Rule::at_least("roc_auc", 0.65),
        Rule::better_than_baseline("log_loss", 0.005),
        Rule::no_worse_than_baseline("log_loss", 0.01).in_each_slice_of("origin"),
    ])?;
    let pipeline = Pipeline::new(NAME, families, gate, "log_loss")?.code(code_revision("."));
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
        let expected = champion.map(Live::version);
        registry.release(&bundle, "champion", expected, winner.passed(), ["lifecycle", reason])?;
        Ok::<_, Box<dyn Error>>(true)
    };
    if registry.history(NAME).is_err() && !release(&events, may, None, "the first")? {
        return Err("no candidate passed the gate".into());
    }

    // In service: rows are answered, answers logged and watched, and outcomes joined as flights land.
    let log = Arc::new(PredictionLog::new(folder.join("predictions"), LogOptions::default())?);
    let (join, monitors) = (Arc::new(OutcomeJoin::new(16_384, 2 * DAY)), ProfileFormat::new(thresholds()?));
    let state = FeaturesFormat::new(catalog.clone()).with_state(events.state().clone());
    let loader = Loader::new(state).model(LogisticFormat).model(MlpFormat);
    let loader = loader.profile(monitors.clone()).observer(&join).log(&log);
    let load = || -> Result<_, Box<dyn Error>> { Ok(loader.load(registry.fetch(NAME, "champion")?)?) };
    let (runner, latencies) = (Runner::new(load()?), LatencyHistogram::default());
    let policy = RetrainPolicy::builder().without_drifted_columns().strong_drift(1.0).cool_down(56 * DAY).limit(4);
    let (policy, mut today) = (policy.build()?, begin);
    let moves = registry.alias_history(NAME, "champion")?;
    let mut trained = TrainingState { last_trained: moves[moves.len() - 1].at, retrained: moves.len() as u32 - 1 };
    let outcomes = late().of(flights.batch(), &catalog)?.by_availability();
    let mut outcomes = outcomes.iter().skip_while(|(_, label)| label.available <= begin).peekable();
    let asked: Vec<Flight> = serde_arrow::from_record_batch(flights.batch())?;
    let (mut scratch, mut answer) = (runner.scratch(), [0.0]);
    for (row, flight) in asked.iter().enumerate().skip_while(|(_, flight)| flight.scheduled < begin) {
        feed.advance(&mut events, flight.scheduled)?;
        while let Some((row, label)) = outcomes.next_if(|(_, label)| label.available <= flight.scheduled) {
            if let Some(joined) = join.outcome(&row.to_string(), label.value, label.available) {
                runner.outcome(&joined.as_outcome());
            }
        }
        if flight.scheduled >= today + DAY {
            // Once a day: does what the monitors say call for another model?
            today = today + DAY;
            (clock.set(today), events.snapshot()?, log.flush()?);
            let live = runner.live();
            let decision = policy.decide(today, &trained, &monitors.signals(live.version(), today));
            if decision.is_retrain() {
                trained = TrainingState { last_trained: today, retrained: trained.retrained + 1 };
                if release(&events, today, Some(&live), &decision.to_string())? {
                    runner.swap(load()?)?;
                }
            }
        }
        let start = Instant::now();
        runner.answer(&row.to_string(), flight, flight.scheduled, &mut scratch, &mut answer)?;
        latencies.record(start.elapsed());
    }
    log.flush()?;

    // What it came to: the first model beside the living one, on all that was served and has an outcome.
    let served = read_predictions(folder.join("predictions"))?;
    let (rows, validation) = Validation::of_column(&served, "label")?;
    let validation = validation.slice_by_month(&rows, "at")?;
    let first = Arc::new(registry.bundle(NAME, 1)?);
    let inputs = FittedFeatures::from_bundle(&first, &catalog)?.encode_batch(rows.batch())?;
    let first = loader.load(SourcedBundle { version: 1, bundle: first })?;
    let frozen = validation.of_model(first.bundle().model_part(), &inputs)?;
    let living = validation.of_scores("living", rows.floats("output.probability")?)?;
    let mut table = Table::beside("month", &[("frozen", &frozen), ("living", &living)], &["log_loss", "roc_auc"]);
    let worst = monitors.worst_by_month();
    table.column("drift", |month| worst.get(month).map_or(String::new(), ToString::to_string));
    println!("\n{table}");
    for moved in registry.alias_history(NAME, "champion")? {
        println!("version {} since {}: {}", moved.what.to, moved.at, moved.what.reason);
    }
    println!("{latencies:?}\n{:?}\n{:?}\n{:?}", runner.counts(), log.counts(), join.counts());
    println!(
        "{} rows were no events, {} had no key; all lies in {folder:?}",
        feed.left_out(),
        events.state().unkeyed()
    );
    Ok(())
}
