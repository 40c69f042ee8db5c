//! A runner follows an alias.

use std::fmt;
use std::sync::Arc;

use mlops_core::{
    BundleError, BundleSource, EncoderFormat, FormatError, LoadedBundle, ModelFormat, Observer, ObserverFormat,
    SourceError, SourcedBundle,
};

use crate::{Live, Runner, SwapError};

type Watcher<Row> = Arc<dyn Fn(u64, &LoadedBundle<Row>) -> Arc<dyn Observer> + Send + Sync>;

/// Makes bundles ready to answer: the formats of their parts, and who watches them.
pub struct Loader<Row: ?Sized> {
    features: Arc<dyn EncoderFormat<Row>>,
    models: Vec<Arc<dyn ModelFormat>>,
    profiles: Vec<Arc<dyn ObserverFormat>>,
    watchers: Vec<Watcher<Row>>,
}

impl<Row: ?Sized> Clone for Loader<Row> {
    fn clone(&self) -> Self {
        Self {
            features: Arc::clone(&self.features),
            models: self.models.clone(),
            profiles: self.profiles.clone(),
            watchers: self.watchers.clone(),
        }
    }
}

impl<Row: ?Sized> fmt::Debug for Loader<Row> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader")
            .field("features", &self.features)
            .field("models", &self.models)
            .field("profiles", &self.profiles)
            .field("watchers", &self.watchers.len())
            .finish()
    }
}

/// Why a version can't be made ready.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Its parts don't load, don't belong together, or don't answer as recorded.
    #[error("version {version} can't be loaded")]
    Bundle {
        /// The version.
        version: u64,
        /// What was met.
        source: BundleError,
    },
    /// A part that observers are made of is bad.
    #[error("no observer can be made of part `{part}` of version {version}")]
    Observer {
        /// The version.
        version: u64,
        /// The part.
        part: String,
        /// What was met.
        source: FormatError,
    },
}

impl<Row: ?Sized> Loader<Row> {
    /// A loader of bundles whose features are of this format.
    #[must_use]
    pub fn new(features: impl EncoderFormat<Row> + 'static) -> Self {
        Self { features: Arc::new(features), models: Vec::new(), profiles: Vec::new(), watchers: Vec::new() }
    }

    /// Models may be of this format.
    #[must_use]
    pub fn model(mut self, format: impl ModelFormat + 'static) -> Self {
        self.models.push(Arc::new(format));
        self
    }

    /// Each part of this format gives its version an observer.
    #[must_use]
    pub fn profile(mut self, format: impl ObserverFormat + 'static) -> Self {
        self.profiles.push(Arc::new(format));
        self
    }

    /// Each version is watched by this observer.
    #[must_use]
    pub fn observer<O: Observer + 'static>(self, observer: &Arc<O>) -> Self {
        let observer = Arc::clone(observer);
        self.watch(move |_, _| observer.clone())
    }

    /// Each version is logged.
    #[cfg(feature = "log")]
    #[must_use]
    pub fn log(self, log: &Arc<crate::PredictionLog>) -> Self
    where
        Row: 'static,
    {
        let log = Arc::clone(log);
        self.watch(move |version, bundle| log.observer(version, bundle))
    }

    /// Each version is watched by what `watcher` gives for it: an observer that it shares with others, or one of
    /// its own.
    #[must_use]
    pub fn watch(
        mut self,
        watcher: impl Fn(u64, &LoadedBundle<Row>) -> Arc<dyn Observer> + Send + Sync + 'static,
    ) -> Self {
        self.watchers.push(Arc::new(watcher));
        self
    }

    /// Loads a bundle, holds it to its golden rows, and gives it its observers.
    ///
    /// # Errors
    /// [`LoadError`] that names what is wrong.
    pub fn load(&self, sourced: SourcedBundle) -> Result<Live<Row>, LoadError> {
        let version = sourced.version;
        let unloadable = |source| LoadError::Bundle { version, source };
        let models: Vec<&dyn ModelFormat> = self.models.iter().map(|format| &**format).collect();
        let loaded = LoadedBundle::load(sourced.bundle, &*self.features, &models).map_err(unloadable)?;
        let mut observers: Vec<Arc<dyn Observer>> = Vec::new();
        for (name, entry) in &loaded.bundle().manifest().parts {
            for format in self.profiles.iter().filter(|format| format.media_type() == entry.media_type) {
                let part = loaded.bundle().part(name).map_err(unloadable)?;
                let observer = format.load(&part.bytes, version);
                observers.push(Arc::from(observer.map_err(|source| LoadError::Observer {
                    version,
                    part: name.clone(),
                    source,
                })?));
            }
        }
        observers.extend(self.watchers.iter().map(|watcher| watcher(version, &loaded)));
        Ok(Live::new(version, loaded, observers))
    }
}

/// What [`follow`] did about a change.
#[derive(Debug)]
#[non_exhaustive]
pub enum Followed {
    /// Another version is live.
    Swapped {
        /// The version.
        version: u64,
        /// The one before it.
        previous: u64,
    },
    /// The version can't be made ready; the one before it stays live.
    Unloadable(LoadError),
    /// The version doesn't fit the runner; the one before it stays live.
    Unfit(SwapError),
}

/// Keeps a runner at what an alias points to, and tells what it did about each change.
///
/// A version that is refused is not tried again while the alias points to it; a new call tries it afresh.
/// Nothing runs but the caller's task: it waits in the source, and loads and checks a version in its own poll, off
/// the path of the answers, so it belongs on a thread that may compute. It may be dropped at any await; the
/// runner is then as the last swap left it.
///
/// Ends only when the source fails. Whether and when to call again is the application's to say.
///
/// # Errors
/// What the source met.
pub async fn follow<Row: ?Sized>(
    runner: &Runner<Row>,
    source: &dyn BundleSource,
    name: &str,
    alias: &str,
    loader: &Loader<Row>,
    mut told: impl FnMut(Followed),
) -> Result<std::convert::Infallible, SourceError> {
    let mut seen = runner.version();
    loop {
        source.changed(name, alias, Some(seen)).await?;
        let sourced = source.fetch(name, alias).await?;
        seen = sourced.version;
        // The alias is back where the runner already is.
        if seen == runner.version() {
            continue;
        }
        told(match loader.load(sourced) {
            Err(error) => Followed::Unloadable(error),
            Ok(live) => match runner.swap(live) {
                Ok(previous) => Followed::Swapped { version: seen, previous: previous.version() },
                Err(error) => Followed::Unfit(error),
            },
        });
    }
}
