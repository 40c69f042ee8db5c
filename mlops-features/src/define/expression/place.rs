//! Places on the Earth.

use super::{Expr, call};

/// The great-circle distance in kilometres of two places given by latitude and longitude in degrees, on a sphere with the
/// Earth's mean radius of 6371.0088 km.
///
/// ```
/// use mlops_features::haversine;
///
/// let leg = haversine(["origin_lat", "origin_lon"], ["dest_lat", "dest_lon"]);
/// assert_eq!(leg.to_string(), "haversine(origin_lat, origin_lon, dest_lat, dest_lon)");
/// ```
#[must_use]
pub fn haversine<E: Into<Expr>>([latitude, longitude]: [E; 2], [other_latitude, other_longitude]: [E; 2]) -> Expr {
    let places = [latitude, longitude, other_latitude, other_longitude];
    call("haversine", 1, places.map(Into::into))
}

/// The geohash of a place given by latitude and longitude in degrees: the first `length` characters, 1 to 12, of the cell that
/// it lies in. Six are about a kilometre wide. Missing beyond ±90 and ±180 degrees, and for NaN.
///
/// ```
/// use mlops_features::geohash;
///
/// let cell = geohash(["origin_lat", "origin_lon"], 6);
/// assert_eq!(cell.to_string(), "geohash(origin_lat, origin_lon, 6)");
/// ```
#[must_use]
pub fn geohash<E: Into<Expr>>([latitude, longitude]: [E; 2], length: u8) -> Expr {
    call("geohash", 1, [latitude.into(), longitude.into(), f64::from(length).into()])
}
