//! The flights that left New York in 2013: what a row is, what is expected of it, and the features.

use std::time::Duration;

use mlops_core::{Dataset, Expectations, Timestamp};
use mlops_features::{
    Catalog, Feature, FeatureError, FeatureSet, LabelDefinition, Nulls, Source, Unknown, View, Window, column, weekday,
};
use serde::{Deserialize, Serialize};

/// A flight as its prediction is asked for, at the scheduled departure. Whether it is late is not known yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Flight {
    pub scheduled: Timestamp,
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub distance: i64,
    pub carrier: String,
    pub origin: String,
    pub dest: String,
}

/// The rows of a file in `examples/data`.
pub fn read(file: &str) -> Result<Dataset, mlops_core::DatasetError> {
    Dataset::read_parquet(format!("{}/data/{file}", env!("CARGO_MANIFEST_DIR")))
}

/// A flight that was cancelled is sound: nobody knew at its departure.
pub fn flight_expectations() -> Expectations {
    Expectations::new()
        .not_null("scheduled").not_null("carrier").not_null("origin").not_null("dest")
        .unique(&["carrier", "flight", "origin", "dest", "scheduled"])
        .between("hour", 0.0, 23.0).between("minute", 0.0, 59.0).between("dep_time", 1.0, 2400.0)
        .between("distance", 50.0, 6000.0).between("air_time", 10.0, 900.0).between("dep_delay", -120.0, 2000.0)
        .not_before("arrived", "departed")
}

/// No wind blows at a thousand miles an hour.
pub fn weather_expectations() -> Expectations {
    Expectations::new().not_null("origin").not_null("time_hour").unique(&["origin", "time_hour"])
        .between("wind_speed", 0.0, 200.0).between("humid", 0.0, 100.0).between("pressure", 850.0, 1100.0)
}

/// Late is more than 15 minutes, and known once the flight has landed; a cancelled or diverted one has no label.
pub fn late() -> LabelDefinition {
    LabelDefinition::new(column("arr_delay").greater(15.0), "arrived").float("arr_delay")
}

/// The features, for training and serving alike.
pub fn features(catalog: &Catalog) -> Result<FeatureSet, FeatureError> {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let is_late = || column("arr_delay").greater(15.0);
    FeatureSet::builder("flight_delay", "scheduled")
        .int("year").int("month").int("day").int("hour").int("distance")
        .category("carrier").category("origin").category("dest")
        .source(Source::new("weather", "time_hour").known_after(hours(1) / 2).text("origin").float("temp").float("humid")
            .float("wind_speed").float("precip").float("pressure").float("visib"))
        .source(Source::new("arrivals", "arrived").text("carrier").text("origin").float("arr_delay"))
        .source(Source::new("departures", "departed").text("origin"))
        .view(View::latest("weather", "weather", &["origin"]).ttl(hours(2))
            .fields(&["temp", "humid", "wind_speed", "precip", "pressure", "visib"]))
        .window(Window::mean("carrier_delay", "arrivals", &["carrier"], "arr_delay", hours(6)))
        .window(Window::mean("carrier_late", "arrivals", &["carrier"], is_late(), hours(6)))
        .window(Window::mean("origin_delay", "arrivals", &["origin"], "arr_delay", hours(3)))
        .window(Window::mean("origin_late", "arrivals", &["origin"], is_late(), hours(3)))
        .window(Window::count("origin_departures", "departures", &["origin"], hours(3)))
        .feature(Feature::standardised("distance", column("distance").ln_1p(), Nulls::Refuse))
        .feature(Feature::number("hour_sin", column("hour").cycle_sin(24.0), Nulls::Refuse))
        .feature(Feature::number("hour_cos", column("hour").cycle_cos(24.0), Nulls::Refuse))
        .feature(Feature::number("weekday_sin", weekday("year", "month", "day").cycle_sin(7.0), Nulls::Refuse))
        .feature(Feature::number("weekday_cos", weekday("year", "month", "day").cycle_cos(7.0), Nulls::Refuse))
        .feature(Feature::one_hot("carrier", "carrier", Unknown::AsAll))
        .feature(Feature::target("dest", "dest", 20.0, Unknown::AsAll))
        .feature(Feature::standardised("temp", "weather.temp", Nulls::MeanFlagged))
        .feature(Feature::standardised("humid", "weather.humid", Nulls::Mean))
        .feature(Feature::standardised("wind_speed", "weather.wind_speed", Nulls::Mean))
        .feature(Feature::standardised("precip", "weather.precip", Nulls::Mean))
        .feature(Feature::standardised("pressure", "weather.pressure", Nulls::MeanFlagged))
        .feature(Feature::standardised("visib", "weather.visib", Nulls::Mean))
        .feature(Feature::standardised("carrier_delay", "carrier_delay", Nulls::MeanFlagged))
        .feature(Feature::standardised("carrier_late", "carrier_late", Nulls::Mean))
        .feature(Feature::standardised("origin_delay", "origin_delay", Nulls::MeanFlagged))
        .feature(Feature::standardised("origin_late", "origin_late", Nulls::Mean))
        .feature(Feature::standardised("origin_departures", "origin_departures", Nulls::Refuse))
        .build(catalog)
}
