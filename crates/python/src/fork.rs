//! Work in a forked process, which has none of its parent's threads but the one that forked.

use std::cell::OnceCell;
use std::process;
use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// The process that loaded the module.
static PROCESS: OnceLock<u32> = OnceLock::new();

thread_local! {
    /// A pool whose only thread is the calling one.
    static ONE_THREAD: OnceCell<ThreadPool> = const { OnceCell::new() };
}

/// Called when the module is loaded.
pub fn remember_process() {
    PROCESS.get_or_init(process::id);
}

/// Whether this process was forked from the one that loaded the module.
pub fn is_forked() -> bool {
    PROCESS.get().is_some_and(|&process| process != process::id())
}

/// Runs `work` on the threads of this process: in a forked process on the calling thread only, because the workers of the
/// parent's pool do not exist here, and waiting for them would never end.
pub fn on_pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if !is_forked() {
        return work();
    }
    ONE_THREAD.with(|pool| {
        let build = || ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
        let pool = pool.get_or_init(|| build().expect("a thread that is in no pool can form one"));
        pool.install(work)
    })
}
