//! A window of any aggregate that goes along with the asking time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use mlops_core::{SlotKind, Timestamp, Value};

use super::super::online::Stamp;
use super::super::window_state::Stored;
use crate::define::aggregate::{Aggregate, Within};
use crate::define::scratch::Scratch;

/// What takes one value after another.
pub(super) type Take<'a> = dyn FnMut(Value<'_>) + 'a;

/// What a window slides over: the events of an entity.
pub(crate) struct Sliding<'a> {
    pub(super) length: Duration,
    /// When it is asked, in order.
    pub(super) asked: &'a [i64],
    /// The events' stamps, in their total order.
    pub(super) stamps: &'a [Stamp],
    /// The events in the order in which they became known; `None` where that is the order in which they happened.
    pub(super) by_known: Option<&'a [u32]>,
    /// Hands on the value of each event, in their total order.
    pub(super) values: &'a dyn Fn(&mut Take<'_>),
}

/// Hands on a window's value as of each asking time, by adding and removing.
pub(crate) fn slide<A: Aggregate>(
    aggregate: &A,
    value: SlotKind,
    sliding: &Sliding<'_>,
    put: &mut dyn FnMut(usize, Value<'_>),
) {
    match value {
        SlotKind::Int => over::<A, i64>(aggregate, sliding, put),
        SlotKind::Time => over::<A, Timestamp>(aggregate, sliding, put),
        SlotKind::Text | SlotKind::Category => over::<A, Arc<str>>(aggregate, sliding, put),
        _ => over::<A, f64>(aggregate, sliding, put),
    }
}

fn over<A: Aggregate, V: Stored>(aggregate: &A, sliding: &Sliding<'_>, put: &mut dyn FnMut(usize, Value<'_>)) {
    let Sliding { length, asked, stamps, by_known, .. } = *sliding;
    let mut values = Vec::with_capacity(stamps.len());
    (sliding.values)(&mut |value| values.push(V::of(value)));
    let event = |place: u32| Some((stamps[place as usize], values[place as usize].as_ref()?));

    // The places of the events in the window, in order.
    let mut inside = VecDeque::<u32>::new();
    let (mut state, mut next) = (A::State::default(), 0);
    for (row, &at) in asked.iter().enumerate() {
        let at = Timestamp::from_micros(at);
        let begin = at - length;
        while next < stamps.len() {
            let place = by_known.map_or(next as u32, |order| order[next]);
            if stamps[place as usize].available > at {
                break;
            }
            next += 1;
            let Some((stamp, value)) = event(place) else { continue };
            if stamp.event_time > begin {
                aggregate.add(&mut state, value.value());
                match inside.back() {
                    Some(last) if *last > place => {
                        inside.insert(inside.partition_point(|other| *other < place), place);
                    }
                    _ => inside.push_back(place),
                }
            }
        }
        while let Some((stamp, value)) = inside.front().and_then(|place| event(*place))
            && stamp.event_time <= begin
        {
            aggregate.remove(&mut state, value.value());
            inside.pop_front();
        }
        let end = |place: Option<&u32>| {
            place.and_then(|place| event(*place)).map(|(stamp, value)| (stamp, value.value()))
        };
        let within = Within { at, length, first: end(inside.front()), last: end(inside.back()) };
        put(row, aggregate.value(&state, &within, &Scratch::default()));
    }
}
