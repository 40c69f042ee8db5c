//! A server that is gone in mid-call.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mlops_features::{FeatureError, OnlineStore, Record, RedisStore, StoreKey, StorePut, StoreView};

use crate::store_damaged::{get, put, stamp, values, view};
use crate::store_support::{new_prefix, set};

const THROUGH: u8 = 0;
/// What is asked goes nowhere.
const HANGS: u8 = 1;
/// Who asks is cut off.
const CUTS: u8 = 2;

/// Stands before the server, and fails when it is told to.
struct Proxy {
    mode: Arc<AtomicU8>,
    address: String,
}

fn server() -> String {
    std::env::var("MLOPS_REDIS").expect("MLOPS_REDIS is the address of a server")
}

impl Proxy {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mode = Arc::new(AtomicU8::new(THROUGH));
        let shared = Arc::clone(&mode);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(server()).unwrap();
                let (from_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let mode = Arc::clone(&shared);
                thread::spawn(move || pass(from_server, to_client, &AtomicU8::new(THROUGH)));
                thread::spawn(move || pass(client, server, &mode));
            }
        });
        Self { mode, address }
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, mode: &AtomicU8) {
    let mut bytes = [0; 4096];
    while let Ok(len @ 1..) = from.read(&mut bytes) {
        match mode.load(Ordering::SeqCst) {
            THROUGH if to.write_all(&bytes[..len]).is_ok() => {}
            HANGS => {}
            _ => break,
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

#[test]
#[ignore = "needs redis: the address of a server in MLOPS_REDIS"]
fn a_redis_that_is_gone_in_mid_call_is_an_error_and_then_reached_again() {
    let proxy = Proxy::new();
    let options = RedisStore::at(format!("redis://{}", proxy.address)).prefix(&new_prefix());
    let store = options.timeout(Duration::from_millis(200)).open().unwrap();
    for mode in [HANGS, CUTS] {
        put(&store, b"x", 1).unwrap();
        proxy.set(mode);
        let begin = Instant::now();
        let error = get(&store, b"x").unwrap_err();
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
        let FeatureError::Store { store: name, call: "get", .. } = &error else { panic!("{error}") };
        assert_eq!(*name, proxy.address);
        let error = put(&store, b"x", 2).unwrap_err();
        assert!(matches!(&error, FeatureError::Store { call: "put", .. }), "{error}");
        proxy.set(THROUGH);
        assert_eq!(get(&store, b"x").unwrap(), Some(1));
    }
    // What may have been put may be put again.
    assert_eq!(put(&store, b"x", 2).unwrap(), 1);
    assert_eq!(put(&store, b"x", 2).unwrap(), 0);
}

#[test]
#[ignore = "needs redis: the address of a server in MLOPS_REDIS"]
fn a_redis_record_that_is_cut_or_newer_is_an_error() {
    let prefix = new_prefix();
    let store = RedisStore::at(format!("redis://{}", server())).prefix(&prefix).open().unwrap();
    let name = [prefix.as_bytes(), &view().key(b"x")].concat();
    let mut connection = redis::Client::open(format!("redis://{}", server())).unwrap().get_connection().unwrap();
    let record = Record { fingerprint: view().fingerprint(), stamp: stamp(1, 1), values: &values(1.0) }.to_bytes();
    let newer = [&[9], &record[1..]].concat();
    for bytes in [&record[..20], &record[..60], b"garbage", &newer] {
        redis::cmd("SET").arg(&name).arg(bytes).query::<()>(&mut connection).unwrap();
        let error = get(&store, b"x").unwrap_err();
        let is_it = |error: &FeatureError| {
            matches!(error, FeatureError::BadValue { .. } | FeatureError::NewerValue { got: 9 | b'g', .. })
        };
        assert!(is_it(&error), "{error}");
    }
    let error = put(&store, b"x", 5).unwrap_err();
    assert!(matches!(error, FeatureError::NewerValue { got: 9, .. }), "{error}");
}

#[test]
#[ignore = "needs redis: the address of a server in MLOPS_REDIS"]
fn a_redis_record_expires_when_it_was_made_to() {
    let prefix = new_prefix();
    let store = RedisStore::at(format!("redis://{}", server())).prefix(&prefix).expiring().open().unwrap();
    let views = StoreView::of(&set()).unwrap();
    for view in &views {
        let key = StoreKey { view, entity: b"x" };
        store.put(&[StorePut { key, stamp: stamp(1, 1), values: &values(1.0) }]).unwrap();
    }
    let mut connection = redis::Client::open(format!("redis://{}", server())).unwrap().get_connection().unwrap();
    let mut left = |view: &StoreView| {
        let name = [prefix.as_bytes(), &view.key(b"x")].concat();
        redis::cmd("PTTL").arg(name).query::<i64>(&mut connection).unwrap()
    };
    // Two hours, and five minutes.
    let wanted = 7_500_000;
    let got = left(&views[0]);
    assert!((wanted - 60_000..=wanted).contains(&got), "{got}");
    assert_eq!(left(&views[1]), -1);
}

#[test]
fn a_server_that_is_not_there_and_no_url_are_errors() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = RedisStore::at(format!("redis://{gone}")).open().unwrap_err();
    assert_eq!(error.to_string(), format!("the store `{gone}` failed to open"));
    let error = RedisStore::at("http://somewhere").open().unwrap_err();
    assert!(matches!(error, FeatureError::Store { call: "open", .. }), "{error}");
    let error = RedisStore::at(format!("redis://{gone}")).timeout(Duration::ZERO).open().unwrap_err();
    assert_eq!(error.to_string(), "timeout of `the store on Redis` is 0; it must be more than 0");
}
