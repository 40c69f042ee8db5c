//! What the tests of a model in service share: its first release, and a service that answers the flights.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use mlops_core::{
    Bundle, Dataset, Family, Gate, LoadedBundle, ManualClock, Pipeline, Rule, SourcedBundle, Timestamp, Winner,
};
use mlops_drift::{ProfileFormat, ReferenceProfile};
use mlops_examples::{features, late, thresholds};
use mlops_features::{Catalog, EventStream, FeaturesFormat, Feed, FitSplit};
use mlops_serve::{
    LogOptions, LogisticFormat, LogisticTrainer, MlpFormat, MlpTrainer, OutcomeJoin, PredictionLog, Runner, Scratch,
};

use crate::flight::Flight;
use crate::laws::YEAR;

pub(crate) const MAY: Timestamp = Timestamp::from_date(2013, 5, 1);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// A release as the example makes it, of what was known at a time.
pub(crate) struct Release {
    pub(crate) data: FitSplit,
    pub(crate) winner: Winner,
    pub(crate) profile: ReferenceProfile,
    pub(crate) bundle: Arc<Bundle>,
}

pub(crate) static FIRST: LazyLock<Release> = LazyLock::new(|| {
    let mlp = Family::new("mlp", MlpTrainer::default(), MlpFormat);
    Release::new(MAY, vec![logistic(), mlp])
});

pub(crate) fn logistic() -> Family {
    let trainer = LogisticTrainer::builder().gradient_tolerance(1e-4).build().unwrap();
    Family::new("logistic", trainer, LogisticFormat)
}

impl Release {
    pub(crate) fn new(now: Timestamp, families: Vec<Family>) -> Self {
        let catalog = Catalog::new();
        let split = now - 30 * DAY;
        let data = YEAR.set.fit_split(&YEAR.gathered, &late(), split, now, &catalog).unwrap();
        let gate = Gate::new([
            Rule::at_least("roc_auc", 0.65),
            Rule::better_than_baseline("log_loss", 0.005),
            Rule::no_worse_than_baseline("log_loss", 0.01).in_each_slice_of("origin"),
        ]);
        let data = data.slice_by(&["carrier", "origin"]).unwrap();
        let pipeline = Pipeline::new("flight_delay", families, gate.unwrap(), "log_loss").unwrap();
        let made = pipeline.run(&data, None::<&LoadedBundle<Flight>>, &ManualClock::at(now)).unwrap();
        let winner = made.winner.unwrap();
        let profile = ReferenceProfile::of(&data, &winner).without(&["year", "month", "day"]).build().unwrap();
        let bundle = Arc::new(winner.bundle().part("profile", profile.to_part()).build().unwrap());
        Self { data, winner, profile, bundle }
    }
}

pub(crate) fn flights_of(table: &Dataset) -> Vec<Flight> {
    serde_arrow::from_record_batch(table.batch()).unwrap()
}

/// Answers flights as the example does.
pub(crate) struct Service {
    pub(crate) events: EventStream,
    pub(crate) log: Arc<PredictionLog>,
    pub(crate) join: Arc<OutcomeJoin>,
    pub(crate) monitors: ProfileFormat,
    pub(crate) runner: Runner<Flight>,
    /// The time from which it answers.
    pub(crate) begin: Timestamp,
    loader: mlops_serve::Loader<Flight>,
    feed: Feed,
    scratch: Scratch,
    answer: [f64; 1],
}

impl Service {
    /// A service in a folder, by version 1, which goes on where another ended.
    pub(crate) fn open(folder: &Path, flights: &Dataset, weather: &Dataset, first: Arc<Bundle>) -> Self {
        let catalog = Catalog::new();
        let set = features(&catalog).unwrap();
        let mut events = EventStream::open(folder.join("events"), &set, &catalog).unwrap();
        let tables = [("weather", weather.batch()), ("arrivals", flights.batch()), ("departures", flights.batch())];
        let mut feed = Feed::new(&set, &tables).unwrap();
        let begin = feed.resume(&events).map_or(MAY, |last| last.max(MAY));
        feed.advance(&mut events, MAY).unwrap();

        let log = Arc::new(PredictionLog::new(folder.join("predictions"), LogOptions::default()).unwrap());
        let join = Arc::new(OutcomeJoin::new(16_384, 2 * DAY));
        let monitors = ProfileFormat::new(thresholds().unwrap());
        let format = FeaturesFormat::new(catalog).with_state(events.state().clone());
        let loader = mlops_serve::Loader::new(format).model(LogisticFormat).model(MlpFormat);
        let loader = loader.profile(monitors.clone()).observer(&join).log(&log);
        let runner = Runner::new(loader.load(SourcedBundle { version: 1, bundle: first }).unwrap());
        let scratch = runner.scratch();
        Self { events, log, join, monitors, runner, begin, loader, feed, scratch, answer: [0.0] }
    }

    /// Answers the flight of a row at its scheduled departure.
    pub(crate) fn answer(&mut self, row: usize, flight: &Flight) {
        self.feed.advance(&mut self.events, flight.scheduled).unwrap();
        let (id, scratch, answer) = (row.to_string(), &mut self.scratch, &mut self.answer);
        self.runner.answer(&id, flight, flight.scheduled, scratch, answer).unwrap();
    }

    pub(crate) fn swap(&self, version: u64, bundle: Arc<Bundle>) {
        self.runner.swap(self.loader.load(SourcedBundle { version, bundle }).unwrap()).unwrap();
    }
}
