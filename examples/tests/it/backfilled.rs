//! New windows that go live in mid-year know what those that were there all year know.

use std::sync::Arc;
use std::time::Duration;

use mlops_core::{EncodeError, Gather, SlotEncoder, Slots, Timestamp};
use mlops_features::{Catalog, EventStream, Feature, FeatureServer, FeatureSet, Feed, Nulls, Window};

use crate::laws::YEAR;
use crate::service::flights_of;

/// A set of one window, over the sources of all.
fn old_set() -> FeatureSet {
    FeatureSet::builder("old", "scheduled")
        .categories(&["origin"])
        .sources(YEAR.set.sources().iter().cloned())
        .windows([Window::count("departures", "departures", &["origin"], Duration::from_secs(3600))])
        .features([Feature::number("departures", "departures", Nulls::Refuse)])
        .build(&Catalog::new())
        .unwrap()
}

#[test]
fn a_backfill_of_the_year_and_a_replay_agree_for_every_view_and_window() {
    let (year, catalog) = (&*YEAR, Catalog::new());
    let folder = tempfile::tempdir().unwrap();
    let old = old_set();
    let mut events = EventStream::open(folder.path(), &old, &catalog).unwrap();
    let tables = [
        ("weather", year.weather.batch()),
        ("arrivals", year.flights.batch()),
        ("departures", year.flights.batch()),
    ];
    let mut feed = Feed::new(&old, &tables).unwrap();
    let october = Timestamp::from_date(2013, 10, 1);
    feed.advance(&mut events, october).unwrap();

    let mut backfill = events.backfill(&year.set, &catalog).unwrap();
    let features = Arc::new(year.fit.features.clone());
    let server = FeatureServer::new(Arc::clone(&features), Arc::clone(backfill.state())).unwrap();
    let flights = flights_of(&year.flights);
    let mut slots = Slots::default();
    let error = server.gather(&flights[0], october, &mut slots).unwrap_err();
    assert!(matches!(error, EncodeError::NotReady { .. }), "{error}");
    let filled = backfill.run().unwrap();

    // The stream goes on, and what came meanwhile is taken when the state is attached.
    let week = Duration::from_secs(7 * 86_400);
    feed.advance(&mut events, october + week).unwrap();
    events.attach(backfill).unwrap();
    let mut checked = 0;
    let wanted = features.slots_of(year.gathered.batch()).unwrap();
    let fields = &features.slot_schema().fields;
    for ((row, flight), wanted) in flights.iter().enumerate().zip(&wanted) {
        if flight.scheduled < october + week {
            continue;
        }
        feed.advance(&mut events, flight.scheduled).unwrap();
        server.gather(flight, flight.scheduled, &mut slots).unwrap();
        for (slot, field) in fields.iter().enumerate() {
            let (got, wanted) = (slots.value(slot), wanted.value(slot));
            assert_eq!(format!("{got:?}"), format!("{wanted:?}"), "{} of flight {row}", field.name);
        }
        checked += 1;
    }
    println!("{filled} events were read from the log, and {checked} flights have the bits of history");
    assert!(filled > 400_000 && checked > 60_000);
}
