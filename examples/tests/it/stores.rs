//! A week of flights from each online store: what history has, bit for bit.

use std::sync::Arc;

use mlops_core::{Gather, SlotEncoder, Slots, Timestamp};
use mlops_features::{
    Catalog, FeatureServer, Materialize, MaterializeCursor, MemoryStore, OnlineState, OnlineStore,
};

use crate::laws::YEAR;
use crate::service::flights_of;

const START: Timestamp = Timestamp::from_date(2013, 5, 8);
const END: Timestamp = Timestamp::from_date(2013, 5, 15);

/// When the weather of an hour comes to be known: by half past, in microseconds.
const HALF_HOUR: i64 = 1_800_000_000;

/// Asks for the flights of a week, each from a store that was filled up to then and from state.
fn serve(store: &Arc<dyn OnlineStore>) {
    let (year, catalog) = (&*YEAR, Catalog::new());
    let features = Arc::new(year.fit.features.clone());
    let rows = year.gathered.between("scheduled", START, END).unwrap();
    let (offline, numbers) =
        (features.slots_of(rows.batch()).unwrap(), features.encode_batch(rows.batch()).unwrap());
    let state = Arc::new(OnlineState::new(&year.set, &catalog).unwrap());
    let server =
        FeatureServer::from_store(Arc::clone(&features), Arc::clone(store), Some(Arc::clone(&state))).unwrap();
    let materialize = Materialize::new(&year.set, &year.log, &catalog).unwrap();
    let mut replay = year.log.replay(&state).unwrap();
    let fields = &features.slot_schema().fields;
    let (mut cursor, mut filled) = (MaterializeCursor::start(), Timestamp::MIN);
    let (mut slots, mut encoded) = (Slots::default(), vec![0.0; numbers.names.len()]);
    for (row, flight) in flights_of(&rows).iter().enumerate() {
        let at = flight.scheduled;
        let known = Timestamp::from_micros(at.as_micros() - at.as_micros().rem_euclid(HALF_HOUR));
        if known > filled {
            cursor = materialize.run(&**store, cursor, known, |_| {}).unwrap().cursor;
            filled = known;
        }
        replay.advance(&state, at);
        server.gather(flight, at, &mut slots).unwrap();
        for (slot, field) in fields.iter().enumerate() {
            let (got, wanted) = (slots.value(slot), offline[row].value(slot));
            assert_eq!(format!("{got:?}"), format!("{wanted:?}"), "{} of flight {row}", field.name);
        }
        features.encode(&slots, &mut encoded).unwrap();
        let same =
            encoded.iter().zip(numbers.values.row(row)).all(|(got, wanted)| got.to_bits() == wanted.to_bits());
        assert!(same, "flight {row}: {encoded:?}");
    }
    assert_eq!(offline.len(), 6_493);
    println!("{} flights from {store:?} have the bits of history", offline.len());
}

#[test]
fn what_memory_serves_is_history() {
    let store: Arc<dyn OnlineStore> = Arc::new(MemoryStore::new());
    serve(&store);
}

#[cfg(feature = "redb")]
#[test]
fn what_redb_serves_is_history() {
    let folder = tempfile::tempdir().unwrap();
    let store = mlops_features::RedbStore::open(folder.path().join("views.redb")).unwrap();
    let store: Arc<dyn OnlineStore> = Arc::new(store);
    serve(&store);
}

#[cfg(feature = "redis")]
#[test]
#[ignore = "needs redis: the address of a server in MLOPS_REDIS"]
fn what_redis_serves_is_history() {
    let address = std::env::var("MLOPS_REDIS").expect("MLOPS_REDIS is the address of a server");
    let prefix = format!("flights-{}:", std::process::id());
    let store = mlops_features::RedisStore::at(format!("redis://{address}")).prefix(&prefix).open().unwrap();
    let store: Arc<dyn OnlineStore> = Arc::new(store);
    serve(&store);
}
