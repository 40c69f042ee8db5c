//! What was served is what history has, and all of it was seen by all that watch.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::{Float64Array, RecordBatch};
use mlops_core::{Bundle, Dataset, SlotEncoder, Timestamp};
use mlops_drift::{MonitorTally, PerformanceTally};
use mlops_examples::late;
use mlops_features::{Catalog, EventLog, FittedFeatures, gather_history};
use mlops_serve::{Counts, LogCounts, OutcomeCounts, read_predictions, read_predictions_of};

use crate::laws::YEAR;
use crate::service::{DAY, FIRST, MAY, Release, Service, flights_of, logistic};

/// What was served from May on, by two versions.
struct Served {
    folder: tempfile::TempDir,
    bundles: [Arc<Bundle>; 2],
    asked: u64,
    /// The outcomes that were told to the runner.
    told: u64,
    /// The outcomes whose prediction was still waited for, by the times alone.
    in_time: u64,
    outcomes: u64,
    runner: Counts,
    /// Before the last flush, and after it.
    log: [LogCounts; 2],
    join: OutcomeCounts,
    monitors: Vec<(u64, MonitorTally, PerformanceTally)>,
}

static SERVED: LazyLock<Served> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let july = Timestamp::from_date(2013, 7, 1);
    let second = Release::new(july, vec![logistic()]).bundle;
    let bundles = [Arc::clone(&FIRST.bundle), second];
    let mut service = Service::open(folder.path(), &YEAR.flights, &YEAR.weather, Arc::clone(&bundles[0]));
    let labels = late().of(YEAR.flights.batch(), &Catalog::new()).unwrap();
    let outcomes = labels.known();
    let mut outcomes = outcomes.into_iter().filter(|(_, available, _)| *available > MAY).peekable();
    let (mut asked, mut told, mut came, mut today) = (0, 0, 0, MAY);
    let flights = flights_of(&YEAR.flights);
    let tell = |service: &Service, row: usize, value: f64, available: Timestamp| {
        let joined = service.join.outcome(&row.to_string(), value, available);
        joined.is_some_and(|joined| service.runner.outcome(&joined.as_outcome()))
    };
    for (row, flight) in flights.iter().enumerate().filter(|(_, flight)| flight.scheduled >= MAY) {
        while let Some((row, available, label)) =
            outcomes.next_if(|(_, available, _)| *available <= flight.scheduled)
        {
            came += 1;
            told += u64::from(tell(&service, row, label, available));
        }
        if flight.scheduled >= today + DAY {
            today = today + DAY;
            service.log.flush().unwrap();
            service.events.snapshot().unwrap();
        }
        if flight.scheduled >= july && service.runner.version() == 1 {
            service.swap(2, Arc::clone(&bundles[1]));
        }
        service.answer(row, flight);
        asked += 1;
    }
    for (row, available, label) in outcomes {
        came += 1;
        told += u64::from(tell(&service, row, label, available));
    }
    let waiting = service.log.counts();
    service.log.flush().unwrap();
    let in_time = |row: usize| {
        let label = labels.0[row]?;
        let kept = flights[row].scheduled..=flights[row].scheduled + 2 * DAY;
        (flights[row].scheduled >= MAY && kept.contains(&label.available)).then_some(())
    };
    let monitors = service.monitors.monitors().into_iter().map(|monitor| {
        let version = monitor.version();
        (version, monitor.tally(), service.monitors.outcomes(version).unwrap())
    });
    Served {
        bundles,
        asked,
        told,
        in_time: (0..flights.len()).filter_map(in_time).count() as u64,
        outcomes: came,
        runner: service.runner.counts(),
        log: [waiting, service.log.counts()],
        join: service.join.counts(),
        monitors: monitors.collect(),
        folder,
    }
});

/// Compares every vector that a version has logged with what its features make of history, bit for bit; counts each
/// flight's rows in `times`.
pub(crate) fn compare(
    folder: &Path,
    version: u64,
    bundle: &Bundle,
    [flights, gathered]: [&Dataset; 2],
    times: &mut [u32],
) -> usize {
    let catalog = Catalog::new();
    let history = FittedFeatures::from_bundle(bundle, &catalog).unwrap().encode_batch(gathered.batch()).unwrap();
    let served = read_predictions_of(folder.join("predictions"), version).unwrap();
    let numbers: Vec<Vec<f64>> =
        history.names.iter().map(|name| served.floats(&format!("number.{name}")).unwrap()).collect();
    let logged =
        served.batch().schema().fields().iter().filter(|field| field.name().starts_with("number.")).count();
    assert_eq!(logged, history.names.len());
    let (asked, at) = (flights.times("scheduled").unwrap(), served.times("at").unwrap());
    let first = flights.rows() - gathered.rows();
    for (place, id) in served.texts("id").unwrap().iter().enumerate() {
        let row: usize = id.parse().unwrap();
        assert_eq!(at[place], asked[row], "flight {row}");
        for ((name, numbers), wanted) in history.names.iter().zip(&numbers).zip(history.values.row(row - first)) {
            let got = numbers[place];
            assert_eq!(got.to_bits(), wanted.to_bits(), "{name} of flight {row}: {got} {wanted}");
        }
        times[row] += 1;
    }
    served.rows()
}

/// The flights from May on with what the log in a folder knew at their times.
pub(crate) fn gathered_from_may(folder: &Path, flights: &Dataset) -> Dataset {
    let catalog = Catalog::new();
    let set = mlops_examples::features(&catalog).unwrap();
    let log = EventLog::open(folder.join("events")).unwrap();
    let rows = flights.between("scheduled", MAY, Timestamp::MAX).unwrap();
    gather_history(&set, &rows, &log, &catalog).unwrap()
}

#[test]
fn online_is_offline() {
    let served = &*SERVED;
    let gathered = gathered_from_may(served.folder.path(), &YEAR.flights);
    let mut times = vec![0; YEAR.flights.rows()];
    let first = times.len() - gathered.rows();
    let mut compared = Vec::new();
    for (version, bundle) in (1..).zip(&served.bundles) {
        compared.push(compare(served.folder.path(), version, bundle, [&YEAR.flights, &gathered], &mut times));
    }
    println!("{compared:?} vectors of versions 1 and 2 are those of history, bit for bit");
    assert_eq!(compared.iter().sum::<usize>() as u64, served.asked);
    assert!(compared.iter().all(|rows| *rows > 50_000));
    assert!(times[..first].iter().all(|times| *times == 0) && times[first..].iter().all(|times| *times == 1));
}

#[test]
fn a_sample_of_what_was_served_is_verified_and_a_changed_bit_is_named() {
    let served = &*SERVED;
    let (catalog, folder) = (Catalog::new(), served.folder.path());
    let log = EventLog::open(folder.join("events")).unwrap();
    for (version, bundle) in (1..).zip(&served.bundles) {
        let features = FittedFeatures::from_bundle(bundle, &catalog).unwrap();
        let logged = read_predictions_of(folder.join("predictions"), version).unwrap();
        let keep: Vec<bool> = (0..logged.rows()).map(|row| row % 50 == 7).collect();
        let sample = logged.filter(&keep).unwrap();
        let verified = features.verify(&sample, "at", &log, &catalog).unwrap();
        println!("version {version}: {} rows replayed, {} values differ", verified.rows, verified.differing);
        assert!(verified.rows > 1_000);
        assert_eq!((verified.rows, verified.differing), (sample.rows(), 0), "{:?}", verified.differences);

        let name = format!("number.{}", features.names()[3]);
        let mut numbers = sample.floats(&name).unwrap();
        numbers[11] = f64::from_bits(numbers[11].to_bits() ^ 1);
        let mut columns = sample.batch().columns().to_vec();
        columns[sample.batch().schema().index_of(&name).unwrap()] = Arc::new(Float64Array::from(numbers));
        let changed = RecordBatch::try_new(sample.batch().schema(), columns).unwrap();
        let changed = Dataset::from_batches([changed]).unwrap();
        let verified = features.verify(&changed, "at", &log, &catalog).unwrap();
        let [difference] = &verified.differences[..] else { panic!("{verified:?}") };
        assert_eq!((difference.row, &difference.column), (11, &name));
    }
}

#[test]
fn observed_is_served() {
    let Served { asked, told, outcomes, runner, log: [waiting, log], join, monitors, .. } = &*SERVED;
    println!("{runner:?}\n{log:?}\n{join:?}\n{monitors:?}");
    // Every request was answered, and every answer seen by the log, the join and the monitor of its version.
    assert_eq!((runner.answered, runner.observer_panics), (*asked, 0));
    assert_eq!((runner.wrong_length, runner.not_encoded, runner.not_predicted), (0, 0, 0));
    let dropped = |log: &LogCounts| log.full + log.contended + log.foreign + log.failed;
    for log in [waiting, log] {
        assert_eq!(log.observed, *asked);
        assert_eq!(log.observed, log.written + log.waiting + dropped(log));
    }
    assert!(waiting.waiting > 0 && log.waiting == 0);
    assert_eq!(monitors.iter().map(|(_, inputs, _)| inputs.arrived).sum::<u64>(), *asked);
    for (version, inputs, _) in monitors {
        let logged = read_predictions_of(SERVED.folder.path().join("predictions"), *version).unwrap();
        assert_eq!(inputs.arrived, logged.rows() as u64, "version {version}");
        assert_eq!((inputs.dropped, inputs.late, inputs.other_version), (0, 0, 0));
    }
    let gone = join.expired + join.full + join.replaced + join.contended;
    assert_eq!(join.observed, *asked);
    assert_eq!(join.observed, join.joined + join.waiting + gone);

    // Every outcome was joined or had no prediction, and what was joined came to the monitors and the log.
    assert_eq!((join.joined, join.joined + join.unmatched), (*told, *outcomes));
    assert_eq!(join.joined, SERVED.in_time);
    let performance = |of: fn(&PerformanceTally) -> u64| monitors.iter().map(|(.., all)| of(all)).sum::<u64>();
    assert_eq!(performance(|tally| tally.counted), *told);
    assert_eq!(performance(|tally| tally.invalid + tally.late), 0);
    for log in [waiting, log] {
        let dropped = log.outcomes_full + log.outcomes_failed;
        assert_eq!(log.outcomes_written + log.outcomes_waiting + dropped, *told);
    }
    assert_eq!((log.outcomes_waiting, log.outcomes_written), (0, *told));
    let read = read_predictions(SERVED.folder.path().join("predictions")).unwrap();
    let labelled = read.floats("label").unwrap().iter().filter(|label| !label.is_nan()).count();
    assert_eq!((read.rows() as u64, labelled as u64), (*asked, *told));
}
