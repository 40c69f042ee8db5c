//! Minima of functions of one number.

/// The relative tolerance of scipy's `optimize.brent`: the square root of the machine epsilon, beyond which a function
/// is flat for a float.
const RELATIVE: f64 = 1.48e-8;

/// Its absolute tolerance.
const ABSOLUTE: f64 = 1e-11;

/// The smaller part of the golden section.
const GOLDEN: f64 = 0.381_966;

const MOST_STEPS: usize = 500;

/// A point and what the function is there.
#[derive(Clone, Copy, Debug)]
struct Point {
    x: f64,
    y: f64,
}

/// Where a function has a minimum between two bounds: Brent's method (Algorithms for Minimization without Derivatives,
/// 1973, chapter 5), as scipy's `optimize.fminbound` has it.
pub(crate) fn minimum_between<E>(low: f64, high: f64, mut of: impl FnMut(f64) -> Result<f64, E>) -> Result<f64, E> {
    let x = low + GOLDEN * (high - low);
    let y = of(x)?;
    brent(low, high, Point { x, y }, &mut of)
}

/// Where a function has a minimum: a bracket around it is searched for downhill from two points, and then narrowed by
/// Brent's method, as scipy's `optimize.brent` has it. Where no bracket is found, the lowest point that was.
pub(crate) fn minimum_from<E>(a: f64, b: f64, mut of: impl FnMut(f64) -> Result<f64, E>) -> Result<f64, E> {
    const GROWTH: f64 = 1.618_034;
    const MOST_GROWTH: f64 = 110.0;
    let mut at = |x: f64| of(x).map(|y| Point { x, y });
    let (mut a, mut b) = (at(a)?, at(b)?);
    if a.y < b.y {
        (a, b) = (b, a);
    }
    let mut c = at(b.x + GROWTH * (b.x - a.x))?;
    let mut steps = 0;
    while c.y < b.y && steps < MOST_STEPS {
        steps += 1;
        // The vertex of the parabola through the three, as long as it is not too far.
        let (r, q) = ((b.x - a.x) * (b.y - c.y), (b.x - c.x) * (b.y - a.y));
        let twice = if (q - r).abs() < 1e-21 { 2e-21 } else { 2.0 * (q - r) };
        let vertex = b.x - ((b.x - c.x) * q - (b.x - a.x) * r) / twice;
        let limit = b.x + MOST_GROWTH * (c.x - b.x);
        let further = |b: f64, c: f64| c + GROWTH * (c - b);
        let next = if (vertex - c.x) * (b.x - vertex) > 0.0 {
            let next = at(vertex)?;
            if next.y < c.y {
                (a, b) = (b, next);
                break;
            } else if next.y > b.y {
                c = next;
                break;
            }
            at(further(b.x, c.x))?
        } else if (vertex - limit) * (limit - c.x) >= 0.0 {
            at(limit)?
        } else if (vertex - limit) * (c.x - vertex) > 0.0 {
            let next = at(vertex)?;
            if next.y < c.y {
                (b, c) = (c, next);
                at(further(b.x, c.x))?
            } else {
                next
            }
        } else {
            at(further(b.x, c.x))?
        };
        (a, b, c) = (b, c, next);
    }
    let (low, high) = if a.x < c.x { (a.x, c.x) } else { (c.x, a.x) };
    if low < b.x && b.x < high && b.y <= a.y && b.y <= c.y { brent(low, high, b, &mut of) } else { Ok(b.x) }
}

/// Narrows an interval around a point, by parabolas where they serve and by the golden section.
fn brent<E>(
    mut low: f64,
    mut high: f64,
    start: Point,
    of: &mut impl FnMut(f64) -> Result<f64, E>,
) -> Result<f64, E> {
    // The best point, the second best, and the one that was second best before.
    let (mut best, mut second, mut third) = (start, start, start);
    let (mut step, mut before) = (0.0_f64, 0.0_f64);
    for _ in 0..MOST_STEPS {
        let middle = 0.5 * (low + high);
        let tolerance = RELATIVE * best.x.abs() + ABSOLUTE;
        if (best.x - middle).abs() <= 2.0 * tolerance - 0.5 * (high - low) {
            break;
        }
        let mut golden = true;
        if before.abs() > tolerance {
            let r = (best.x - second.x) * (best.y - third.y);
            let q = (best.x - third.x) * (best.y - second.y);
            let p = (best.x - third.x) * q - (best.x - second.x) * r;
            let twice = 2.0 * (q - r);
            let (p, q) = (if twice > 0.0 { -p } else { p }, twice.abs());
            let previous = std::mem::replace(&mut before, step);
            if q * (low - best.x) < p && p < q * (high - best.x) && p.abs() < (0.5 * q * previous).abs() {
                golden = false;
                step = p / q;
                let next = best.x + step;
                if next - low < 2.0 * tolerance || high - next < 2.0 * tolerance {
                    step = tolerance.copysign(middle - best.x);
                }
            }
        }
        if golden {
            before = if best.x >= middle { low - best.x } else { high - best.x };
            step = GOLDEN * before;
        }
        let x = best.x + if step.abs() < tolerance { tolerance.copysign(step) } else { step };
        let next = Point { x, y: of(x)? };
        if next.y <= best.y {
            *(if next.x >= best.x { &mut low } else { &mut high }) = best.x;
            (best, second, third) = (next, best, second);
            continue;
        }
        *(if next.x < best.x { &mut low } else { &mut high }) = next.x;
        if next.y <= second.y || second.x == best.x {
            (second, third) = (next, second);
        } else if next.y <= third.y || third.x == best.x || third.x == second.x {
            third = next;
        }
    }
    Ok(best.x)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{minimum_between, minimum_from};

    #[test]
    fn minima_are_found_as_near_as_a_flat_function_lets() {
        let well = |at: f64| move |x: f64| Ok::<_, Infallible>((x - at) * (x - at) + 1.0 - libm::cos(x - at));
        for at in [-7.5, -1.0, 0.0, 0.3, 2.0, 40.0] {
            let near = |found: f64| (found - at).abs() <= 1e-7 * at.abs().max(1.0);
            assert!(near(minimum_from(-2.0, 2.0, well(at)).unwrap()), "{at}");
            assert!(near(minimum_between(-50.0, 50.0, well(at)).unwrap()), "{at}");
        }
        // What falls for ever is followed for a while, and infinities are walked around.
        assert!(minimum_from(-2.0, 2.0, |x| Ok::<_, Infallible>(-x)).unwrap() > 1e3);
        let cliff = |x: f64| Ok::<_, Infallible>(if x > 1.0 { f64::INFINITY } else { (x - 0.5).abs() });
        assert!((minimum_between(-3.0, 3.0, cliff).unwrap() - 0.5).abs() < 1e-7);
        assert!(minimum_from(-2.0, 2.0, |_| Ok::<_, Infallible>(f64::NAN)).is_ok());
    }

    #[test]
    fn an_error_of_the_function_comes_out() {
        assert_eq!(minimum_from(-2.0, 2.0, |_| Err::<f64, _>("no")), Err("no"));
        assert_eq!(minimum_between(-2.0, 2.0, |_| Err::<f64, _>("no")), Err("no"));
    }
}
