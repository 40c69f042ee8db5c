//! Functions of places on the Earth.

use mlops_core::{SlotKind, Value};

use super::number::float;
use super::signature::{Signature, Takes, constant_whole, signature, takes};
use super::{Argument, ArgumentError, ScalarFn, as_float};

/// The mean radius of the Earth in kilometres (IUGG; Moritz 2000, doi:10.1007/s001900050278).
const EARTH: f64 = 6371.0088;

/// The great-circle distance in kilometres on a sphere, by the haversine formula: with latitudes φ and longitudes λ,
/// 2·R·asin √(sin²(Δφ/2) + cos φ₁ · cos φ₂ · sin²(Δλ/2)). NaN for what is no number; degrees beyond the poles are taken
/// as they are.
fn haversine([latitude, longitude, other_latitude, other_longitude]: [f64; 4]) -> f64 {
    let half_sine = |degrees: f64| libm::sin(degrees.to_radians() / 2.0);
    let (latitudes, longitudes) = (half_sine(other_latitude - latitude), half_sine(other_longitude - longitude));
    let cosines = libm::cos(latitude.to_radians()) * libm::cos(other_latitude.to_radians());
    // Rounding may lead a little over 1 at antipodes.
    let share = (latitudes * latitudes + cosines * longitudes * longitudes).min(1.0);
    2.0 * EARTH * libm::asin(share.sqrt())
}

/// The most characters of a geohash: 60 bits, cells of a few centimetres.
const LONGEST: usize = 12;

/// The characters of the cell that holds a place (Niemeyer 2008, http://geohash.org): each of five bits, which halve
/// longitudes and latitudes in turn; what lies on a border is in the upper half.
fn geohash(latitude: f64, longitude: f64) -> impl Iterator<Item = char> {
    const DIGITS: [u8; 32] = *b"0123456789bcdefghjkmnpqrstuvwxyz";
    let (mut axes, mut turn) = ([(longitude, -180.0, 180.0), (latitude, -90.0, 90.0)], 0);
    std::iter::repeat_with(move || {
        let digit = (0..5).fold(0, |digit, _| {
            let (degrees, low, high) = &mut axes[turn];
            turn = 1 - turn;
            let middle = (*low + *high) / 2.0;
            let is_upper = *degrees >= middle;
            *(if is_upper { low } else { high }) = middle;
            digit << 1 | usize::from(is_upper)
        });
        char::from(DIGITS[digit])
    })
}

fn of_cells(signature: Signature, arguments: &[Argument<'_>]) -> Result<Box<dyn ScalarFn>, ArgumentError> {
    let length = constant_whole(arguments, 2, 1..=LONGEST)?;
    Ok(signature.with(move |arguments, scratch| {
        let [latitude, longitude, _] = arguments else { return None };
        let (latitude, longitude) = (as_float(*latitude)?, as_float(*longitude)?);
        let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        on_earth.then(|| Value::Text(scratch.chars(geohash(latitude, longitude).take(length))))
    }))
}

pub(super) fn functions() -> Vec<Box<dyn ScalarFn>> {
    let distance = float("haversine", |places| {
        // `min` would take the 1 instead of NaN.
        if places.iter().any(|degrees: &f64| !degrees.is_finite()) { f64::NAN } else { haversine(places) }
    });
    let cell = signature("geohash", |kinds| takes(kinds, &[Takes::Number; 3], SlotKind::Text));
    vec![distance, cell.made_by(of_cells)]
}
