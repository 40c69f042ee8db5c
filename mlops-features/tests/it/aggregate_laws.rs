//! The state of an aggregate: parts that merge, values that were taken out, and bytes that come back, leave no trace.

use std::time::Duration;

use mlops_core::{Timestamp, Value};
use mlops_features::{
    Aggregate, ApproximateDistinct, ApproximateQuantile, Count, Distinct, Max, Mean, Min, Rate, Scratch, Sum, TopK,
    Variance, Within,
};
use proptest::prelude::*;

fn float() -> impl Strategy<Value = f64> {
    let special = prop::sample::select(vec![
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        1e16,
        -1e16,
    ]);
    prop_oneof![2 => special, 3 => -9.0..9.0, 2 => (-3..3).prop_map(f64::from), 1 => any::<f64>()]
}

/// The value of a state, with the bits of its floats.
fn value<A: Aggregate>(aggregate: &A, state: &A::State) -> String {
    let within = Within::new(Timestamp::default(), Duration::from_secs(60));
    match aggregate.value(state, &within, &Scratch::default()) {
        Value::Float(x) => format!("{:x} {x}", x.to_bits()),
        other => format!("{other:?}"),
    }
}

fn of<A: Aggregate>(aggregate: &A, values: &[Value<'_>]) -> A::State {
    let mut state = A::State::default();
    values.iter().for_each(|&value| aggregate.add(&mut state, value));
    state
}

/// Splits values in two parts, of which the second then goes again.
fn law<A: Aggregate>(aggregate: &A, values: &[Value<'_>], split: prop::sample::Index) {
    let (one, two) = values.split_at(split.index(values.len() + 1));
    let (whole, [first, second]) = (of(aggregate, values), [one, two].map(|part| of(aggregate, part)));
    let wanted = value(aggregate, &whole);
    for (mut into, from) in [(first.clone(), &second), (second.clone(), &first)] {
        aggregate.merge(&mut into, from);
        assert_eq!(value(aggregate, &into), wanted, "{} merged", A::NAME);
        aggregate.merge(&mut into, &A::State::default());
        assert_eq!(value(aggregate, &into), wanted, "{} with none merged", A::NAME);
        let bytes = postcard::to_stdvec(&into).unwrap();
        let read: A::State = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(value(aggregate, &read), wanted, "{} read again", A::NAME);
        // Of two that nothing will be taken out of.
        let [mut compact, mut other] = [first.clone(), second.clone()];
        [&mut compact, &mut other].into_iter().for_each(|state| aggregate.compact(state));
        aggregate.merge(&mut compact, &other);
        assert_eq!(value(aggregate, &compact), wanted, "{} compacted", A::NAME);
    }
    if A::REMOVES {
        let mut left = whole;
        two.iter().rev().for_each(|&value| aggregate.remove(&mut left, value));
        assert_eq!(value(aggregate, &left), value(aggregate, &first), "{} with values out", A::NAME);
        one.iter().for_each(|&value| aggregate.remove(&mut left, value));
        assert_eq!(value(aggregate, &left), value(aggregate, &A::State::default()), "{} with all out", A::NAME);
    }
}

fn numeric_laws(values: &[Value<'_>], split: prop::sample::Index) {
    law(&Count {}, values, split);
    law(&Sum {}, values, split);
    law(&Mean {}, values, split);
    law(&Rate {}, values, split);
    law(&Min {}, values, split);
    law(&Max {}, values, split);
    law(&Variance::population(), values, split);
    law(&Variance::sample(), values, split);
    law(&Distinct {}, values, split);
    law(&ApproximateDistinct::new(4), values, split);
    law(&ApproximateQuantile::new(0.3, 0.05), values, split);
}

proptest! {
    #[test]
    fn states_of_floats(floats in prop::collection::vec(float(), 0..30), split: prop::sample::Index) {
        numeric_laws(&floats.into_iter().map(Value::Float).collect::<Vec<_>>(), split);
    }

    #[test]
    fn states_of_integers(ints in prop::collection::vec(prop_oneof![-3..3_i64, any::<i64>()], 0..30), split: prop::sample::Index) {
        numeric_laws(&ints.into_iter().map(Value::Int).collect::<Vec<_>>(), split);
    }

    #[test]
    fn states_of_texts(texts in prop::collection::vec("[ab]{0,2}|.", 0..30), split: prop::sample::Index) {
        let values: Vec<_> = texts.iter().map(|text| Value::Text(text)).collect();
        law(&Count {}, &values, split);
        law(&Distinct {}, &values, split);
        law(&ApproximateDistinct::new(4), &values, split);
        law(&TopK::new(3), &values, split);
    }
}
