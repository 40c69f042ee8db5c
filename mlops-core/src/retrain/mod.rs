//! What monitors say, and when it is reason enough to train again.

mod backtest;
mod policy;
mod signal;

pub use backtest::{Backtest, Moment};
pub use policy::{
    Decision, Reason, RetrainPolicy, RetrainPolicyBuilder, RetrainPolicyError, TrainingState, Waiting,
};
pub use signal::{EffectInterval, Signal, SignalKind};
