//! What monitors say, and when it is reason enough to train again.

mod policy;
mod signal;

pub use policy::{
    Decision, Reason, RetrainPolicy, RetrainPolicyBuilder, RetrainPolicyError, TrainingState, Waiting,
};
pub use signal::{EffectInterval, Signal, SignalKind};
