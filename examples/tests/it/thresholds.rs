//! What the thresholds of the example say of January to April.

use std::time::Duration;

use mlops_core::{Answered, ModelExt, Observer, ObserverFormat, Outcome, Prepared, Slots, Timestamp, Value};
use mlops_drift::ProfileFormat;
use mlops_examples::{late, thresholds};
use mlops_features::Catalog;

use crate::service::{FIRST, MAY};

const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// The ends of the weeks, in steps since 1970, from the one that has `from` to the one that has the last of April.
fn weeks(from: Timestamp) -> impl Iterator<Item = Timestamp> {
    let micros = WEEK.as_micros() as i64;
    let first = Timestamp::from_micros((from.as_micros().div_euclid(micros) + 1) * micros);
    std::iter::successors(Some(first), |end| Some(*end + WEEK)).take_while(|end| *end < MAY + WEEK)
}

/// The monitors of the first release as those of version 1; they have seen nothing yet.
fn watching() -> (ProfileFormat, Box<dyn Observer>) {
    let format = ProfileFormat::new(thresholds().unwrap());
    let observer = format.load(&FIRST.profile.to_part().bytes, 1).unwrap();
    (format, observer)
}

fn time_of(slots: &Slots) -> Timestamp {
    match slots.value(0) {
        Value::Time(at) => at,
        other => panic!("{other:?}"),
    }
}

/// Whether a threshold is a little more than the largest that was seen.
fn is_close(largest: f64, threshold: f64) -> bool {
    (0.8 * threshold..threshold).contains(&largest)
}

#[test]
fn thresholds_are_those_of_january_to_april() {
    let options = thresholds().unwrap();
    let allowed = options.thresholds();

    // What goes in and comes out, by the time as of which it would have been asked.
    let (format, observer) = watching();
    let mut asked = FIRST.data.rows().iter().zip(FIRST.winner.answers()).peekable();
    let (mut largest, mut without, mut rows, mut signals) = (0.0_f64, 0.0_f64, 0, Vec::new());
    for end in weeks(Timestamp::from_date(2013, 1, 1)) {
        while let Some((slots, answer)) = asked.next_if(|(slots, _)| time_of(slots) < end) {
            let (at, outputs, latency) = (time_of(slots), std::slice::from_ref(answer), Duration::ZERO);
            observer.observe(&Answered { id: "", at, slots, numbers: &[], outputs, version: 1, latency });
        }
        let week = format.monitor(1).unwrap().evaluate(end).unwrap();
        let worst = week.worst().unwrap();
        println!("{} to {end}: {} rows, {} {:.3}", week.since, week.rows, worst.column, worst.psi.statistic);
        largest = largest.max(worst.psi.statistic);
        let increase = week.columns.iter().map(|one| one.current_without_value - one.reference_without_value);
        without = increase.fold(without, f64::max);
        rows += week.rows;
        signals.extend(format.signals(1, end));
    }
    println!("the largest index is {largest:.3} of {}", allowed.psi);
    println!("the largest increase without a value is {without:.4} of {}", allowed.without_value);
    assert_eq!(rows, FIRST.data.rows().len() as u64);

    // The outcomes of April's flights, by the time at which they were known.
    let (format, observer) = watching();
    let later = &FIRST.data.later().rows;
    let outcomes = late().of(later.batch(), &Catalog::new()).unwrap().known();
    let answers = FIRST.winner.part().model().predict(FIRST.data.inputs().values.view()).unwrap();
    let evaluated = FIRST.profile.log_loss().unwrap();
    let mut outcomes = outcomes.into_iter().peekable();
    let (mut loss, mut distance, mut told) = (0.0_f64, 0.0_f64, 0);
    let mut drops = Vec::new();
    for end in weeks(Timestamp::from_date(2013, 4, 1)) {
        while let Some((row, available, label)) = outcomes.next_if(|(_, available, _)| *available < end) {
            let outputs = &[answers[[row, 0]]];
            observer.outcome(&Outcome { id: "", at: available, version: 1, outputs, label, available });
        }
        let week = format.performance(1, end).unwrap();
        let (over, away) = (week.log_loss - evaluated, (week.mean_predicted - week.observed_rate).abs());
        println!("{} to {end}: {} outcomes, log loss {over:+.4}, calibration {away:.4}", week.since, week.rows);
        (loss, distance, told) = (loss.max(over), distance.max(away), told + week.rows);
        // ADWIN looks at rows, not at weeks: what it detects is no matter of these thresholds.
        drops.extend(format.signals(1, end).into_iter().filter(|signal| !signal.measure.contains("ADWIN")));
    }
    println!(
        "the largest increase is {loss:.4} of {}, distance {distance:.4} of {}",
        allowed.log_loss, allowed.calibration
    );
    assert_eq!(told, later.rows() as u64);

    assert_eq!((signals, drops), (vec![], vec![]));
    assert!(is_close(largest, allowed.psi), "{largest}");
    assert!(is_close(without, allowed.without_value), "{without}");
    assert!(is_close(loss, allowed.log_loss), "{loss}");
    assert!(is_close(distance, allowed.calibration), "{distance}");
}
