//! The axes of a run that may be training: computed again for newer frames, but not too often.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wordspace_frames::Axes;

/// While a run trains, its axes change at most once in this time.
const PAUSE: Duration = Duration::from_secs(1);

/// While a run trains, computing its axes takes at most one part in so many of the time.
const SHARE: u32 = 50;

/// The axes of a run, replaced now and then.
pub(crate) struct LiveAxes {
    version: u32,
    axes: Option<Arc<Axes>>,
    /// The newest frame when they were computed.
    step: u64,
    /// When they may be computed again while the run trains.
    due: Instant,
}

impl LiveAxes {
    /// No axes yet; the first will follow `version`.
    pub fn after(version: u32) -> Self {
        Self { version, axes: None, step: 0, due: Instant::now() }
    }

    /// The version of the newest axes.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The axes, if they still serve a run of vectors of `channels` values whose newest frame is that of `step`.
    pub fn current(&self, step: u64, channels: usize, is_training: bool) -> Option<Arc<Axes>> {
        let is_early = is_training && Instant::now() < self.due;
        self.last(channels).filter(|_| self.step == step || is_early)
    }

    /// The newest axes, however old, if they are directions in a space of `channels` dimensions.
    pub fn last(&self, channels: usize) -> Option<Arc<Axes>> {
        self.axes.clone().filter(|axes| axes.directions[0].len() == channels)
    }

    /// Replaces them by the `directions` of the `frame` of that step, which took as long as `cost` to compute when the newest
    /// frame was that of `step`.
    pub fn replace(&mut self, directions: Vec<Vec<f32>>, frame: u64, step: u64, cost: Duration) -> Arc<Axes> {
        self.version += 1;
        let axes = Arc::new(Axes { version: self.version, step: frame, directions });
        (self.axes, self.step) = (Some(axes.clone()), step);
        self.due = Instant::now() + PAUSE.max(cost * SHARE);
        axes
    }
}
