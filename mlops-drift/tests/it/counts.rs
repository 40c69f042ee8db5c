//! Statistics of counts against scipy, mpmath and exact arithmetic. The values are from `tests/oracle/counts.py`.

use mlops_drift::{
    ContinuityCorrection, CountTest, Interval, PsiZeros, chi_square_contingency, chi_square_goodness_of_fit,
    g_test, hellinger, jensen_shannon, kullback_leibler, l_infinity, psi, total_variation,
};

use crate::samples::uniforms;

/// Rows drawn from shares, by a seed.
fn drawn(shares: &[f64], rows: usize, seed: u64) -> Vec<u64> {
    let mut counts = vec![0; shares.len()];
    for u in uniforms(seed, rows) {
        let mut left = u;
        let mut bin = 0;
        while bin + 1 < shares.len() && left >= shares[bin] {
            left -= shares[bin];
            bin += 1;
        }
        counts[bin] += 1;
    }
    counts
}

#[test]
#[ignore]
fn explore() {
    let base: Vec<Vec<f64>> = vec![
        vec![0.1; 10],
        vec![0.5, 0.5],
        vec![0.7, 0.2, 0.1],
        vec![0.02, 0.08, 0.3, 0.6],
        vec![0.005; 1].into_iter().chain(vec![0.995 / 19.0; 19]).collect(),
        vec![1.0 / 30.0; 30],
    ];
    for (s, p) in base.iter().enumerate() {
        for tilt in [0.0, 0.05, 0.2, 0.6, 0.95] {
            let q: Vec<f64> = {
                let raw: Vec<f64> = p
                    .iter()
                    .enumerate()
                    .map(|(i, p)| p * (1.0 + tilt * if i % 2 == 0 { 1.0 } else { -1.0 }))
                    .collect();
                let sum: f64 = raw.iter().sum();
                raw.iter().map(|x| x / sum).collect()
            };
            for (n, m) in [(200, 200), (1000, 200), (200, 2000), (2000, 2000)] {
                let sq = |v: f64| v;
                let pi = n as f64 / (n + m) as f64;
                let truth = |f: &dyn Fn(f64, f64) -> f64| p.iter().zip(&q).map(|(&p, &q)| f(p, q)).sum::<f64>();
                let mids = |a: f64, b: f64| pi * a + (1.0 - pi) * b;
                let wanted = [
                    truth(&|p, q| p * (p / q).ln()),
                    truth(&|p, q| (q - p) * (q / p).ln()),
                    truth(&|p, q| 0.5 * (p * (2.0 * p / (p + q)).ln() + q * (2.0 * q / (p + q)).ln())),
                    truth(&|p, q| 0.5 * (p.sqrt() - q.sqrt()).powi(2)).sqrt(),
                    truth(&|p, q| pi * (1.0 - pi) * (p - q).powi(2) / mids(p, q)).sqrt(),
                    truth(&|p, q| pi * p * (p / mids(p, q)).ln() + (1.0 - pi) * q * (q / mids(p, q)).ln()),
                    truth(&|p, q| (p - q).powi(2) / p).sqrt(),
                    truth(&|p, q| 0.5 * (p - q).abs()),
                    p.iter().zip(&q).map(|(p, q)| (p - q).abs()).fold(0.0, f64::max),
                ];
                let mut held = [[0_u32; 3]; 9];
                let runs = 1000;
                for run in 0..runs {
                    let seed = 1_000_000 + run * 2;
                    let (a, b) = (drawn(p, n, seed), drawn(&q, m, seed + 1));
                    let e = |t: CountTest| t.effect.interval;
                    let got: [Option<Interval>; 9] = [
                        e(kullback_leibler(&a, &b, PsiZeros::default()).unwrap()),
                        psi(&a, &b, PsiZeros::default()).unwrap().interval,
                        jensen_shannon(&a, &b).unwrap().interval,
                        e(hellinger(&a, &b).unwrap()),
                        e(chi_square_contingency(&a, &b, ContinuityCorrection::None).unwrap()),
                        e(g_test(&a, &b).unwrap()),
                        e(chi_square_goodness_of_fit(p, &b).unwrap()),
                        e(total_variation(&a, &b).unwrap()),
                        e(l_infinity(&a, &b).unwrap()),
                    ];
                    for ((got, wanted), held) in got.iter().zip(wanted).zip(&mut held) {
                        if let Some(i) = got {
                            held[0] += 1;
                            let slack = 1e-9;
                            held[1] += u32::from(i.low > wanted + slack);
                            held[2] += u32::from(sq(i.high) < wanted - slack);
                        }
                    }
                }
                print!("{s} {tilt:4} {n:5}{m:5}");
                for h in held {
                    if h[0] < 50 {
                        print!("      --      ");
                    } else {
                        let f = |x: u32| 100.0 * f64::from(x) / f64::from(h[0]);
                        print!(" | {:4.1} {:4.1} {:4.1}", 100.0 - f(h[1]) - f(h[2]), f(h[1]), f(h[2]));
                    }
                }
                println!();
            }
        }
    }
}
