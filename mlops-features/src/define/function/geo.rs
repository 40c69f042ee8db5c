//! Functions of places on the Earth.

use super::ScalarFn;
use super::number::float;

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

pub(super) fn functions() -> Vec<Box<dyn ScalarFn>> {
    vec![float("haversine", |places| {
        // `min` would take the 1 instead of NaN.
        if places.iter().any(|degrees: &f64| !degrees.is_finite()) { f64::NAN } else { haversine(places) }
    })]
}
