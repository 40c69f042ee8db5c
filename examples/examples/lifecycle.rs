//! The life of a model on the flights that left New York in 2013: will a flight arrive more than 15 minutes late?
//!
//! It is trained on what was known by May, put into service, watched, and replaced as the year drifts. All of it lies in
//! `target/lifecycle`, or in the folder that is the argument; a run goes on where the one before has left off, even if that
//! was killed. Remove the folder to begin anew.

use std::{env, error::Error, path::PathBuf, sync::Arc};

use mlops_core::*;
use mlops_drift::{ProfileFormat, ReferenceProfile};
use mlops_examples::{DAY, features, ingest, late, thresholds};
use mlops_features::{Catalog, EventStream, FeaturesFormat, Feed, FittedFeatures, TableRow, gather_history};
use mlops_serve::*;

const NAME: &str = "flight_delay";
/// How many rows a release is made of at most, the last ones.
const ROWS: usize = 250_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "target/lifecycle".into()));

    // Data in: what can't be is set aside; events are stamped, logged and applied to the state that serves.
    let [flights, weather] = ingest()?;
    println!("flights: {flights}\nweather: {weather}\neverything goes to {}", folder.display());
    let (flights, catalog, may) = (flights.clean, Catalog::new(), Timestamp::from_date(2013, 5, 1));
    let set = features(&catalog)?;
    let (sky, rows) = (weather.clean.batch(), flights.batch());
    let mut feed = Feed::new(&set, &[("weather", sky), ("arrivals", rows), ("departures", rows)])?;
    let mut events = EventStream::open(folder.join("events"), &set, &catalog)?;
    let begin = feed.resume(&events).map_or(may, |last| last.max(may));
    feed.advance(&mut events, may)?;

    // A release: two families challenge the champion; the best that passes the gate takes its place.
    let clock = Arc::new(ManualClock::at(begin));
    let registry = mlops_registry::BlockingRegistry::folder(folder.join("registry"), clock.clone())?;
    let linear = LogisticTrainer::builder().gradient_tolerance(1e-4).build()?;
    let linear = Family::new("logistic", linear, LogisticFormat);
    let mlp = Family::new("mlp", MlpTrainer::default(), MlpFormat);
    let better = Rule::better_than_baseline("log_loss", 0.005);
    let everywhere = Rule::no_worse_than_baseline("log_loss", 0.01).in_each_slice_of("origin");
    let gate = Gate::new([Rule::at_least("roc_auc", 0.65), better, everywhere])?;
    let pipeline = Pipeline::new(NAME, [linear, mlp], gate, "log_loss")?.code(code_revision("."));
    let release = |events: &EventStream, now: Timestamp, champion: Option<&Live<TableRow>>, reason: &str| {
        let rows = flights.between("scheduled", Timestamp::MIN, now)?.last(ROWS);
        let known = gather_history(&set, &rows, events.log(), &catalog)?;
        let data =
            set.fit_split(&known, &late(), now - 30 * DAY, now, &catalog)?.slice_by(&["carrier", "origin"])?;
        let made = pipeline.run(&data, champion.map(Live::bundle), &*clock)?;
        println!("\n{now}: {reason}\n{data} (the last {ROWS} rows at most)\n{made}");
        let Some(winner) = made.winner else { return Ok(false) };
        let profile = ReferenceProfile::of(&data, &winner).without(&["year", "month", "day"]).build()?;
        let bundle = winner.bundle().part("profile", profile.to_part()).build()?;
        let from = champion.map(Live::version);
        registry.release(&bundle, "champion", from, winner.passed(), ["lifecycle", reason])?;
        Ok::<_, Box<dyn Error>>(true)
    };
    assert!(registry.history(NAME).is_ok() || release(&events, may, None, "the first")?, "no challenger passed");

    // In service: rows are answered, answers logged and watched, and outcomes joined as flights land.
    let monitors = ProfileFormat::new(thresholds()?);
    let state = FeaturesFormat::new(catalog.clone()).with_state(events.state().clone());
    let loader = Loader::new(state).model(LogisticFormat).model(MlpFormat).profile(monitors.clone());
    let join = OutcomeJoin::new(16_384, 2 * DAY);
    let service = Service::start(loader, registry.fetch(NAME, "champion")?, folder.join("predictions"), join)?;
    let policy = RetrainPolicy::builder().without_drifted_columns().strong_drift(1.0).cool_down(56 * DAY).limit(4);
    let (policy, moves) = (policy.build()?, registry.alias_history(NAME, "champion")?);
    let mut trained = TrainingState { last_trained: moves[moves.len() - 1].at, retrained: moves.len() as u32 - 1 };
    let outcomes = late().of(flights.batch(), &catalog)?.known();
    for (now, moment) in Backtest::new(&set.requests(flights.batch())?, TableRow::at, outcomes, begin, DAY) {
        feed.advance(&mut events, now)?;
        match moment {
            Moment::Outcome { row, label } => _ = service.outcome(&row.to_string(), label, now),
            Moment::Request { row, request } => _ = service.predict(&row.to_string(), request, now)?,
            Moment::Tick => {
                // The day is over: does what the monitors say call for another model?
                clock.set(now);
                events.snapshot()?;
                service.log().flush()?;
                let live = service.runner().live();
                let decision = policy.decide(now, &trained, &monitors.signals(live.version(), now));
                if decision.is_retrain() {
                    trained = TrainingState { last_trained: now, retrained: trained.retrained + 1 };
                    if release(&events, now, Some(&live), &decision.to_string())? {
                        service.replace(registry.fetch(NAME, "champion")?)?;
                    }
                }
            }
        }
    }

    // What it came to: the first model beside the living one, on all that was served and has an outcome.
    let (rows, validation) = Validation::of_column(&service.predictions()?, "label")?;
    let (validation, worst) = (validation.slice_by_month(&rows, "at")?, monitors.worst_by_month());
    let first = service.loader().load(registry.fetch_version(NAME, 1)?)?;
    let inputs = FittedFeatures::from_bundle(first.bundle().bundle(), &catalog)?.encode_batch(rows.batch())?;
    let frozen = validation.of_model(first.bundle().model_part(), &inputs)?;
    let living = validation.of_scores("living", rows.floats("output.probability")?)?;
    let mut table = Table::beside("month", &[("frozen", &frozen), ("living", &living)], &["log_loss", "roc_auc"]);
    table.column("drift", |month| worst.get(month).map_or(String::new(), ToString::to_string));
    let moves = registry.alias_history(NAME, "champion")?;
    let version = |month: &str| moves.iter().rfind(|one| *one.at.month() <= *month).map_or(0, |one| one.what.to);
    table.column("version", |month| version(month).to_string());
    println!("\n{table}");
    moves.iter().for_each(|moved| println!("{moved}"));
    println!("{service}\nevents: {} rows were none, {} had no key", feed.left_out(), events.state().unkeyed());
    Ok(())
}
