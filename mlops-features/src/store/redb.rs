//! A store in one file.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{AccessGuard, Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::online_store::{OnlineStore, StoreKey, StorePut};
use super::record::Record;
use crate::FeatureError;

const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");

/// A store in one file, which one process opens at a time.
///
/// A call of [`put`](OnlineStore::put) is one transaction, all or nothing, and lasts once it has returned, through the
/// end of the process and a loss of power.
///
/// ```
/// use mlops_features::{OnlineStore, RedbStore};
///
/// let folder = tempfile::tempdir()?;
/// let store = RedbStore::open(folder.path().join("views.redb"))?;
/// assert_eq!(store.put(&[])?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RedbStore {
    path: PathBuf,
    database: Database,
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl RedbStore {
    /// Opens the store in a file, which is made where there is none, and checks the whole file.
    ///
    /// # Errors
    /// [`FeatureError::Store`] for a file that is damaged, is none of redb's, can't be used or is open elsewhere.
    #[tracing::instrument(skip_all)]
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FeatureError> {
        let path = path.into();
        let database = sound(|| Self::checked(&path)).map_err(|source| failed(&path, "open", source))?;
        Ok(Self { path, database })
    }

    fn checked(path: &Path) -> Result<Database, redb::Error> {
        let mut database = Database::create(path)?;
        if !database.check_integrity()? {
            return Err(redb::Error::Corrupted("its checksums don't match".into()));
        }
        let transaction = database.begin_write()?;
        transaction.open_table(RECORDS)?;
        transaction.commit()?;
        Ok(database)
    }

    fn failed(&self, call: &'static str) -> impl FnOnce(redb::Error) -> FeatureError {
        move |source| failed(&self.path, call, source)
    }
}

/// What redb makes of a file: on some damage it panics. A transaction that was under way is undone as it unwinds.
fn sound<T>(call: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, redb::Error> {
    let made = catch_unwind(AssertUnwindSafe(call));
    made.unwrap_or_else(|_| Err(redb::Error::Corrupted("a page of it can't be read".into())))
}

fn failed(path: &Path, call: &'static str, source: redb::Error) -> FeatureError {
    FeatureError::Store { store: path.display().to_string(), call, source: source.into() }
}

impl OnlineStore for RedbStore {
    fn put(&self, records: &[StorePut<'_>]) -> Result<usize, FeatureError> {
        let failed = || self.failed("put");
        let transaction = sound(|| Ok(self.database.begin_write()?)).map_err(failed())?;
        let mut changed = 0;
        {
            let mut table = sound(|| Ok(transaction.open_table(RECORDS)?)).map_err(failed())?;
            for put in records {
                let (view, mut replaces) = (put.key.view, true);
                let key = view.key(put.key.entity);
                if let Some(old) = found(&table, &key).map_err(failed())? {
                    replaces = view.replaces(&Record::from_bytes(view, old.value())?, put.stamp)?;
                }
                if replaces {
                    let bytes = put.record().to_bytes();
                    sound(|| Ok(table.insert(&*key, &*bytes).map(|_| ())?)).map_err(failed())?;
                    changed += 1;
                }
            }
        }
        // Nothing to wait for where nothing changed.
        let end = || if changed == 0 { Ok(transaction.abort()?) } else { Ok(transaction.commit()?) };
        sound(end).map_err(failed())?;
        Ok(changed)
    }

    fn get(&self, keys: &[StoreKey<'_>], visit: &mut dyn FnMut(usize, Record<'_>)) -> Result<(), FeatureError> {
        let failed = || self.failed("get");
        let table = || Ok(self.database.begin_read()?.open_table(RECORDS)?);
        let table = sound(table).map_err(failed())?;
        for (place, key) in keys.iter().enumerate() {
            let bytes = key.view.key(key.entity);
            if let Some(found) = found(&table, &bytes).map_err(failed())? {
                visit(place, Record::from_bytes(key.view, found.value())?);
            }
        }
        Ok(())
    }
}

/// The record of a key. Its bytes are looked at here, so that a page that ends too early is found.
fn found<'t>(
    table: &'t impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<Option<AccessGuard<'t, &'static [u8]>>, redb::Error> {
    sound(|| {
        let found = table.get(key)?;
        let _ = found.as_ref().map(AccessGuard::value);
        Ok(found)
    })
}
