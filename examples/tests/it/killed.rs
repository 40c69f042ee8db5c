//! Processes that are killed at random moments, and go on.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use mlops_core::{Bundle, Dataset, SystemClock};
use mlops_examples::{features, ingest};
use mlops_features::{Catalog, EventStream};
use mlops_registry::BlockingRegistry;

use crate::laws::YEAR;
use crate::served::{compare, gathered_from_may};
use crate::service::{DAY, FIRST, MAY, Service, flights_of};

/// Where the child of a test works.
const FOLDER: &str = "MLOPS_EXAMPLES_REPLAY";
/// After how many answers the child writes its log.
const EVERY: usize = 250;

/// Random moments from a seed, which is printed.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        let seed = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        println!("seed {seed}");
        Self(seed)
    }

    /// Less than `most`.
    fn draw(&mut self, most: Duration) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        most.mul_f64((self.0 >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Waits until it is so, or the process has ended.
fn wait_until(child: &mut Child, so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !so() && child.try_wait().unwrap().is_none() {
        assert!(begin.elapsed() < Duration::from_secs(300));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The process of the next test, which is no test by itself.
#[test]
fn replays_where_it_is_told() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let [flights, weather] = ingest().unwrap().map(|checked| checked.clean);
    let bundle = Arc::new(Bundle::open(folder.join("bundle")).unwrap());
    let mut service = Service::open(&folder, &flights, &weather, bundle);
    let (flights, begin) = (flights_of(&flights), service.begin);
    println!("begins at {begin}; {} bytes were torn", service.events.torn());
    let mut today = begin;
    let asked = flights.iter().enumerate().filter(|(_, flight)| flight.scheduled >= begin);
    for (answered, (row, flight)) in asked.enumerate() {
        if answered % EVERY == 0 {
            service.log.flush().unwrap();
        }
        if flight.scheduled >= today + DAY {
            today = today + DAY;
            service.events.snapshot().unwrap();
        }
        service.answer(row, flight);
    }
    service.log.flush().unwrap();
}

#[test]
fn online_is_offline_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    FIRST.bundle.save(folder.path().join("bundle")).unwrap();
    let predictions = folder.path().join("predictions");
    let start = || {
        let arguments = ["killed::replays_where_it_is_told", "--exact", "--nocapture"];
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(arguments).env(FOLDER, folder.path()).stderr(Stdio::inherit()).spawn().unwrap()
    };
    let mut moments = Moments::new();
    let mut child = start();
    let is_logged = |name: &String| name.starts_with("v1-");
    // A moment in the life of the process, however fast it is: so many files of answers, and a little more.
    let files = 1 + moments.draw(Duration::from_secs(700)).as_secs() as usize;
    let logged = || names_in(&predictions).into_iter().filter(is_logged).count();
    wait_until(&mut child, || logged() >= files);
    std::thread::sleep(moments.draw(Duration::from_millis(20)));
    assert!(child.try_wait().unwrap().is_none(), "it should not have ended after {files} files");
    child.kill().unwrap();
    child.wait().unwrap();
    let events = names_in(&folder.path().join("events"));
    println!("killed after {} files of answers, {files} were waited for; {events:?}", logged());
    assert!(events.iter().any(|name| name == "events.tail"));

    let mut child = start();
    assert!(child.wait().unwrap().success());
    let gathered = gathered_from_may(folder.path(), &YEAR.flights);
    let mut times = vec![0; YEAR.flights.rows()];
    let rows = compare(folder.path(), 1, &FIRST.bundle, [&YEAR.flights, &gathered], &mut times);
    let times = &times[YEAR.flights.rows() - gathered.rows()..];
    let count = |so: fn(u32) -> bool| times.iter().filter(|&&times| so(times)).count();
    let (missing, twice) = (count(|times| times == 0), count(|times| times == 2));
    let mut by_process: BTreeMap<String, usize> = BTreeMap::new();
    for name in names_in(&predictions).iter().filter(|name| is_logged(name)) {
        let process = name.split('-').nth(2).unwrap().to_owned();
        *by_process.entry(process).or_default() += Dataset::read_parquet(predictions.join(name)).unwrap().rows();
    }
    println!("{rows} vectors of {by_process:?} are those of history; {missing} missing, {twice} twice");
    assert_eq!(by_process.len(), 2);
    assert_eq!(by_process.values().sum::<usize>(), rows);
    assert_eq!(gathered.rows() + twice, rows + missing);
    // At most what waited is missing, and it is one run of flights; at most as many are answered again.
    assert!(missing <= EVERY, "{missing}");
    let lost: Vec<usize> = (0..times.len()).filter(|&row| times[row] == 0).collect();
    assert!(lost.windows(2).all(|pair| pair[1] == pair[0] + 1), "{lost:?}");
    assert!(twice <= EVERY, "{twice}");
}

/// The program of the example, as it was built beside these tests.
fn lifecycle() -> OsString {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().and_then(Path::parent).unwrap().join("examples/lifecycle");
    program.with_extension(std::env::consts::EXE_EXTENSION).into()
}

/// What a killed process has left is whole.
fn check_what_is_left(folder: &Path) {
    let registry = BlockingRegistry::folder(folder.join("registry"), Arc::new(SystemClock)).unwrap();
    let verified = registry.verify().unwrap();
    let names = names_in(&folder.join("predictions"));
    let whole: Vec<_> = names.iter().filter(|name| !name.starts_with('.')).collect();
    for name in &whole {
        Dataset::read_parquet(folder.join("predictions").join(name)).unwrap();
    }
    let catalog = Catalog::new();
    let events = EventStream::open(folder.join("events"), &features(&catalog).unwrap(), &catalog).unwrap();
    println!(
        "   {} entries and {} blobs in the registry, {} whole files and {} staged, {} events of arrivals, {} torn bytes",
        verified.entries,
        verified.blobs,
        whole.len(),
        names.len() - whole.len(),
        events.logged("arrivals"),
        events.torn(),
    );
}

#[test]
fn killed_at_random_moments_it_goes_on() {
    // Others may build the program meanwhile.
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("lifecycle");
    fs::copy(lifecycle(), &program).unwrap();
    let mut moments = Moments::new();
    let mut folder = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    let start = |folder: &Path| Command::new(&program).arg(folder).stdout(Stdio::null()).spawn().unwrap();
    let mut kills = 0;
    while kills < 10 {
        let mut child = start(folder.path());
        let in_service = || !names_in(&folder.path().join("predictions")).is_empty();
        // The first three are killed while data comes in or the first model is trained; the fourth may finish it.
        let served = in_service();
        if kills == 3 {
            wait_until(&mut child, in_service);
        }
        let most = [1, 3, 8].get(kills).map_or(4, |seconds| *seconds);
        let moment = moments.draw(Duration::from_secs(most));
        std::thread::sleep(moment);
        if let Some(status) = child.try_wait().unwrap() {
            // Nothing is left to kill in this folder.
            assert!(status.success());
            check_what_is_left(folder.path());
            folder = tempfile::tempdir().unwrap();
            continue;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        println!("kill {kills} after {moment:?}, served before: {served}");
        check_what_is_left(folder.path());
    }
    let status = start(folder.path()).wait().unwrap();
    println!("it ended after {:?}: {status}", begin.elapsed());
    assert!(status.success());
    check_what_is_left(folder.path());

    // Each kill has cost the answers of a day at most, those that waited.
    let served = mlops_serve::read_predictions(folder.path().join("predictions")).unwrap();
    let asked = YEAR.flights.between("scheduled", MAY, mlops_core::Timestamp::MAX).unwrap().rows();
    let mut ids = served.texts("id").unwrap();
    ids.sort();
    ids.dedup();
    println!("{} rows of {} flights of {asked} are logged", served.rows(), ids.len());
    assert!(asked - ids.len() <= 10 * 1_100, "{}", asked - ids.len());
}

#[test]
fn killed_before_the_first_promotion_it_goes_on() {
    // The model was registered, and the process killed before it was promoted.
    let folder = tempfile::tempdir().unwrap();
    let registry = BlockingRegistry::folder(folder.path().join("registry"), Arc::new(SystemClock)).unwrap();
    registry.register("flight_delay", &FIRST.bundle, "a test", "cut short").unwrap();
    let mut child = Command::new(lifecycle()).arg(folder.path()).stdout(Stdio::null()).spawn().unwrap();
    wait_until(&mut child, || !names_in(&folder.path().join("predictions")).is_empty());
    assert_eq!(child.try_wait().unwrap(), None, "it should be answering");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(registry.resolve("flight_delay", "champion").unwrap().version, 2);
}
