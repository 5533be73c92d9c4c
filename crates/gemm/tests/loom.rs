//! A model of the worker pool's protocol: loom runs `src/fork_join.rs`, on its own atomics, in every order of steps
//! that the memory model allows, up to a bound of preemptions. `scripts/sanitize.sh` runs it:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p wordspace-gemm --release --test loom --target-dir target/sanitize/loom
//! ```
#![cfg(loom)]

mod sync {
    pub use loom::cell::UnsafeCell;
    pub use loom::hint::spin_loop;
    pub use loom::sync::Mutex;
    pub use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    pub use loom::thread::yield_now;
}

#[path = "../src/fork_join.rs"]
mod fork_join;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use fork_join::{ForkJoin, wait};
use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::sync::Arc;
use loom::thread;

/// What a task writes: loom fails if two accesses to it are not ordered.
struct Slot(UnsafeCell<usize>);

// SAFETY: a slot is shared by the threads of a model, where loom checks each access.
unsafe impl Sync for Slot {}

impl Slot {
    fn add_one(&self) {
        // SAFETY: loom checks that no other access is concurrent, before the pointer is used.
        self.0.with_mut(|slot| unsafe { *slot += 1 });
    }

    fn get(&self) -> usize {
        // SAFETY: as above.
        self.0.with(|slot| unsafe { *slot })
    }
}

/// Runs `lead` on the first of `threads` threads in every order with up to `preemptions` preemptions. The others look
/// for an open region as often as `looks` says, or until they are dismissed: two that spin could go on forever without
/// the leader.
fn model(threads: usize, preemptions: usize, looks: Option<usize>, lead: impl Fn(&ForkJoin) + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(move || {
        let pool = Arc::new(ForkJoin::new(threads));
        let help = |thread| {
            let pool = pool.clone();
            thread::spawn(move || match looks {
                Some(looks) => (0..looks).for_each(|_| _ = pool.help(thread)),
                None => {
                    let mut spins = 0;
                    while !pool.is_dismissed() {
                        if !pool.help(thread) {
                            wait(&mut spins);
                        }
                    }
                }
            })
        };
        let helpers: Vec<_> = (1..threads).map(help).collect();
        lead(&pool);
        pool.dismiss();
        helpers.into_iter().for_each(|helper| helper.join().unwrap());
    });
}

/// A region after which every task has run once, seen by the leader. Its closure and slots are gone at the end: a
/// helper that were still in it would be caught at the next region's, in the cell that holds the closure.
fn region(pool: &ForkJoin, tasks: usize) {
    let slots: Vec<Slot> = (0..tasks).map(|_| Slot(UnsafeCell::new(0))).collect();
    // SAFETY: the leader of the model makes one call after another.
    unsafe { pool.run(0, tasks, &|nth| slots[nth].add_one()) };
    assert!(slots.iter().all(|slot| slot.get() == 1), "every task runs once");
}

#[test]
fn two_threads_run_every_task_of_two_regions_once() {
    model(2, 3, None, |pool| [2, 3].into_iter().for_each(|tasks| region(pool, tasks)));
}

#[test]
fn three_threads_run_every_task_of_two_regions_once() {
    model(3, 2, Some(2), |pool| [2, 1].into_iter().for_each(|tasks| region(pool, tasks)));
}

#[test]
fn a_panic_in_a_task_reaches_the_leader_and_the_pool_survives() {
    model(2, 3, None, |pool| {
        let bad = |nth: usize| {
            if nth == 1 {
                resume_unwind(Box::new("a bad task"))
            }
        };
        // SAFETY: the leader of the model makes one call after another.
        let run = || unsafe { pool.run(0, 2, &bad) };
        assert_eq!(catch_unwind(AssertUnwindSafe(run)).unwrap_err().downcast_ref(), Some(&"a bad task"));
        region(pool, 2);
    });
}
