//! A store on a Redis server.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mlops_core::{Clock, SystemClock};
use redis::{Client, Connection, RedisError};

use super::kept_until;
use super::online_store::{OnlineStore, StoreKey, StorePut};
use super::record::Record;
use crate::FeatureError;

/// How many records one run of the script puts: the server does nothing else meanwhile.
const CHUNK: usize = 256;
const PUT: &str = include_str!("put.lua");

/// A store on a Redis server, of version 4 or later and no cluster, which any number of processes share.
///
/// Looking up is one command for all keys. Which record is the last is decided on the server. Connections are kept and
/// used again; a call that fails drops them, and the next one connects anew.
pub struct RedisStore {
    client: Client,
    options: RedisOptions,
    idle: Mutex<Vec<Connection>>,
}

/// Options of a [`RedisStore`].
///
/// | option | default | what |
/// |---|---|---|
/// | `prefix` | `mlops:` | what the names of its keys begin with |
/// | `timeout` | 1 s | how long to wait for a connection, and for an answer; more than 0 |
/// | `expiring` | no | records go once no read as of the present could need them |
#[derive(Clone, Debug)]
#[must_use]
pub struct RedisOptions {
    url: String,
    prefix: String,
    timeout: Duration,
    expiring: bool,
}

impl RedisOptions {
    /// What the names of keys begin with: stores with different ones have nothing in common.
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long to wait for a connection, and for an answer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Lets records go by themselves, their view's time-to-live and five minutes after they were put. For reads as of
    /// the present alone, not for backtests.
    pub fn expiring(mut self) -> Self {
        self.expiring = true;
        self
    }

    /// Connects.
    ///
    /// # Errors
    /// [`FeatureError::Parameter`] for a time-out of 0, [`FeatureError::Store`] for a URL that is none, and where the
    /// server can't be reached.
    pub fn open(self) -> Result<RedisStore, FeatureError> {
        if self.timeout.is_zero() {
            let (name, got, allowed) = ("the store on Redis".into(), "0".into(), "more than 0");
            return Err(FeatureError::Parameter { name, parameter: "timeout", got, allowed });
        }
        let client = Client::open(&*self.url).map_err(|source| FeatureError::Store {
            store: "on Redis".into(),
            call: "open",
            source: source.into(),
        })?;
        let store = RedisStore { client, options: self, idle: Mutex::default() };
        store.call("open", |connection| redis::cmd("PING").query::<()>(connection))?;
        Ok(store)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL, which may have a password.
        f.debug_struct("RedisStore").field("server", &self.server()).finish_non_exhaustive()
    }
}

impl RedisStore {
    /// A store on the server at a URL such as `redis://127.0.0.1:6379/0`.
    pub fn at(url: impl Into<String>) -> RedisOptions {
        let (prefix, timeout) = ("mlops:".into(), Duration::from_secs(1));
        RedisOptions { url: url.into(), prefix, timeout, expiring: false }
    }

    fn server(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }

    fn key(&self, key: &StoreKey<'_>) -> Vec<u8> {
        let mut bytes = self.options.prefix.clone().into_bytes();
        key.view.put_key(key.entity, &mut bytes);
        bytes
    }

    fn call<T>(
        &self,
        call: &'static str,
        ask: impl FnOnce(&mut Connection) -> Result<T, RedisError>,
    ) -> Result<T, FeatureError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let answer = kept.map_or_else(|| self.connect(), Ok).and_then(|mut connection| {
            let answer = ask(&mut connection)?;
            Ok((answer, connection))
        });
        match answer {
            Ok((answer, connection)) => {
                idle().push(connection);
                Ok(answer)
            }
            Err(error) => {
                // The others are likely to lead nowhere too.
                idle().clear();
                Err(FeatureError::Store { store: self.server(), call, source: error.into() })
            }
        }
    }

    fn connect(&self) -> Result<Connection, RedisError> {
        let timeout = self.options.timeout;
        let connection = self.client.get_connection_with_timeout(timeout)?;
        connection.set_read_timeout(Some(timeout))?;
        connection.set_write_timeout(Some(timeout))?;
        Ok(connection)
    }

    /// Puts a part; gives the place of a record that is stored and is not of the view.
    fn put_chunk(&self, records: &[StorePut<'_>]) -> Result<Result<usize, usize>, FeatureError> {
        let mut command = redis::cmd("EVAL");
        command.arg(PUT).arg(records.len());
        for put in records {
            command.arg(self.key(&put.key));
        }
        let now = SystemClock.now();
        for put in records {
            let until = self.options.expiring.then(|| kept_until(put.key.view, put.stamp, now)).flatten();
            let keep = until.map_or(0, |until| until.since(now).as_millis().max(1) as u64);
            command.arg(put.record().to_bytes()).arg(keep);
        }
        let answer: i64 = self.call("put", |connection| command.query(connection))?;
        let number = usize::try_from(answer.unsigned_abs()).unwrap_or_default();
        Ok(if answer < 0 { Err(number - 1) } else { Ok(number) })
    }
}

impl OnlineStore for RedisStore {
    fn put(&self, records: &[StorePut<'_>]) -> Result<usize, FeatureError> {
        let mut changed = 0;
        for chunk in records.chunks(CHUNK) {
            match self.put_chunk(chunk)? {
                Ok(more) => changed += more,
                Err(place) => {
                    // What is in the way says what it is.
                    let Some(StorePut { key, stamp, .. }) = chunk.get(place) else { continue };
                    let mut outcome = Ok(true);
                    self.get(&[*key], &mut |_, stored| outcome = key.view.replaces(&stored, *stamp))?;
                    outcome?;
                    // It is gone meanwhile.
                    changed += self.put(chunk)?;
                }
            }
        }
        Ok(changed)
    }

    fn get(&self, keys: &[StoreKey<'_>], visit: &mut dyn FnMut(usize, Record<'_>)) -> Result<(), FeatureError> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut command = redis::cmd("MGET");
        keys.iter().for_each(|key| {
            command.arg(self.key(key));
        });
        let found: Vec<Option<Vec<u8>>> = self.call("get", |connection| command.query(connection))?;
        for (place, (key, bytes)) in keys.iter().zip(&found).enumerate() {
            if let Some(bytes) = bytes {
                visit(place, Record::from_bytes(key.view, bytes)?);
            }
        }
        Ok(())
    }
}
