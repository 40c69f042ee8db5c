//! The flights that left New York in 2013: what a row is, what is expected of it, and the features.

use std::time::Duration;

use mlops_core::{Checked, Dataset, Expectations};
use mlops_drift::{DriftError, MonitorOptions};
use mlops_features::{
    Catalog, Feature, FeatureError, FeatureSet, LabelDefinition, Nulls, Source, Unknown, View, Window, column,
    weekday,
};

/// A day.
pub const DAY: Duration = Duration::from_secs(86_400);

/// The flights in the order of their scheduled departures, and the weather; what can't be is set aside. A flight that
/// was cancelled is sound: nobody knew at its departure.
pub fn ingest() -> Result<[Checked; 2], Box<dyn std::error::Error>> {
    let read = |file| Dataset::read_parquet(format!("{}/data/{file}", env!("CARGO_MANIFEST_DIR")));
    let flights = Expectations::new()
        .not_null(&["scheduled", "carrier", "origin", "dest"])
        .unique(&["carrier", "flight", "origin", "dest", "scheduled"])
        .between("dep_time", 1.0, 2400.0)
        .between("distance", 50.0, 6000.0)
        .not_before("arrived", "departed");
    let weather = Expectations::new().unique(&["origin", "time_hour"]).between("wind_speed", 0.0, 200.0);
    let flights = flights.check(&read("flights.parquet")?.sort_by(&["scheduled"])?)?;
    Ok([flights, weather.check(&read("weather.parquet")?)?])
}

/// Late is more than 15 minutes, and known once the flight has landed; a cancelled or diverted one has no label.
pub fn late() -> LabelDefinition {
    LabelDefinition::new(column("arr_delay").greater(15.0), "arrived").float("arr_delay")
}

/// The features, for training and serving alike.
pub fn features(catalog: &Catalog) -> Result<FeatureSet, FeatureError> {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let is_late = || column("arr_delay").greater(15.0);
    let weather = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"];
    FeatureSet::builder("flight_delay", "scheduled")
        .ints(&["year", "month", "day", "hour", "distance"])
        .categories(&["carrier", "origin", "dest"])
        .sources([
            Source::new("weather", "time_hour").known_after(hours(1) / 2).texts(&["origin"]).floats(&weather),
            Source::new("arrivals", "arrived").texts(&["carrier", "origin"]).floats(&["arr_delay"]),
            Source::new("departures", "departed").texts(&["origin"]),
        ])
        .views([View::latest("weather", "weather", &["origin"]).ttl(hours(2)).fields(&weather)])
        .windows([
            Window::mean("carrier_delay", "arrivals", &["carrier"], "arr_delay", hours(6)),
            Window::mean("carrier_late", "arrivals", &["carrier"], is_late(), hours(6)),
            Window::mean("origin_delay", "arrivals", &["origin"], "arr_delay", hours(3)),
            Window::mean("origin_late", "arrivals", &["origin"], is_late(), hours(3)),
            Window::count("origin_departures", "departures", &["origin"], hours(3)),
        ])
        .features([Feature::standardised("distance", column("distance").ln_1p(), Nulls::Refuse)])
        .features(Feature::cycle("hour", column("hour"), 24.0, Nulls::Refuse))
        .features(Feature::cycle("weekday", weekday("year", "month", "day"), 7.0, Nulls::Refuse))
        .features([
            Feature::one_hot("carrier", "carrier", Unknown::AsAll),
            Feature::target("dest", "dest", 20.0, Unknown::AsAll),
            Feature::standardised("carrier_delay", "carrier_delay", Nulls::Mean.flagged()),
            Feature::standardised("carrier_late", "carrier_late", Nulls::Mean),
            Feature::standardised("origin_delay", "origin_delay", Nulls::Mean.flagged()),
            Feature::standardised("origin_late", "origin_late", Nulls::Mean),
            Feature::standardised("origin_departures", "origin_departures", Nulls::Refuse),
        ])
        .features(weather.map(|name| Feature::standardised(name, column(format!("weather.{name}")), Nulls::Mean)))
        .build(catalog)
}

/// What is worth a signal, week by week: a little more than any week of January to April showed. (A week's weather is
/// far from that of four months, so its PSI is large without any drift.)
pub fn thresholds() -> Result<MonitorOptions, DriftError> {
    let weekly = MonitorOptions::builder().every(7 * DAY).keep(64);
    weekly.psi(7.0).without_value(0.18).log_loss(0.14).calibration(0.15).build()
}
