//! The latest event of each row's entity: a join as of a time.

use std::ops::Range;

use arrow::array::ArrayRef;

use super::events::{Available, EntityEvents, KeyedEvents};
use super::groups::Groups;
use super::{Keyed, NONE, micros, take, threads};
use crate::FeatureError;
use crate::define::source::View;
use crate::threads::share_out;

/// The columns of a view's fields for some rows.
pub(super) fn join(
    view: &View,
    events: &KeyedEvents<'_>,
    keyed: &Keyed<'_>,
) -> Result<Vec<ArrayRef>, FeatureError> {
    let found = match events.events.available {
        Available::After(lag) if events.events.times.is_sorted() && keyed.rows.times.is_sorted() => {
            in_order(view, events, keyed, lag)
        }
        _ => by_entity(view, events, keyed.groups()),
    };
    let array = |name: &String| {
        let place = events.events.schema.position(name).expect("a view's fields are its source's");
        events.events.reader.column(place).array().expect("events have no lists")
    };
    take(&view.fields.iter().map(array).collect::<Vec<_>>(), &found)
}

/// The event that each row finds, `NONE` where it finds none: of rows and events that are in the order of time, and known
/// in that order.
fn in_order(view: &View, events: &KeyedEvents<'_>, keyed: &Keyed<'_>, lag: i64) -> Vec<u32> {
    let times = &events.events.times;
    let mut latest = vec![NONE; keyed.entities.len()];
    let mut next = 0;
    let found = keyed.rows.times.iter().zip(&keyed.codes).map(|(&at, &entity)| {
        let edge = at.saturating_sub(i64::from(view.strict));
        while next < times.len() && times[next].saturating_add(lag) <= edge {
            if let Some(latest) = latest.get_mut(events.codes[next] as usize) {
                *latest = next as u32;
            }
            next += 1;
        }
        let latest = latest.get(entity as usize).copied().unwrap_or(NONE);
        if latest != NONE && is_fresh(view, times[latest as usize], at) { latest } else { NONE }
    });
    found.collect()
}

/// Whether an event is not too old.
pub(super) fn is_fresh(view: &View, time: i64, at: i64) -> bool {
    view.ttl.is_none_or(|ttl| time >= at.saturating_sub(micros(ttl)))
}

/// The event that each row finds, `NONE` where it finds none.
fn by_entity(view: &View, events: &KeyedEvents<'_>, rows: &Groups) -> Vec<u32> {
    let event_rows = events.groups().rows();
    let mut found = vec![NONE; rows.len()];
    let parts = rows.parts();
    let shares = parts.iter().cloned().zip(rows.split(&mut found, &parts, 1)).collect();
    share_out(threads(), shares, |(entities, mut found): (Range<usize>, &mut [u32])| {
        for entity in entities {
            let asked = &rows.times[rows.group(entity)];
            let of_entity = found.split_off_mut(..asked.len()).expect("a part has all of its entities' rows");
            let events = events.group(entity);
            latest(view, &events, asked, |row, event| of_entity[row] = event_rows[events.start + event]);
        }
    });
    rows.by_row(&found)
}

/// Finds the latest of an entity's events as of each time.
fn latest(view: &View, events: &EntityEvents<'_>, asked: &[i64], mut found: impl FnMut(usize, usize)) {
    let order = events.by_known();
    let (mut next, mut best) = (0, None);
    for (row, &at) in asked.iter().enumerate() {
        let edge = at.saturating_sub(i64::from(view.strict));
        while next < events.times.len() {
            let event = order.as_ref().map_or(next, |order| order[next] as usize);
            if events.known(event) > edge {
                break;
            }
            best = best.max(Some(event));
            next += 1;
        }
        if let Some(event) = best
            && is_fresh(view, events.times[event], at)
        {
            found(row, event);
        }
    }
}
