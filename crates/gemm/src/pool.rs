//! A fork-join pool for many short parallel regions, on rayon's threads.
//!
//! A training step of a small model is hundreds of parallel regions, the shortest as long as it takes to wake a sleeping
//! thread. So within [`on_pool`] the workers spin between regions, as OpenMP's do with `OMP_WAIT_POLICY=active`, and run
//! what else rayon has to do meanwhile. The calling thread leads: it publishes a closure and a task count, and all
//! threads claim task indices ([`ForkJoin`]). Outside of `on_pool`, and within a task, regions run on rayon directly.

use std::cell::Cell;
use std::ptr;
use std::sync::Mutex;

use rayon::prelude::*;

use crate::fork_join::{ForkJoin, OnDrop, wait};

/// Who computes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// The calling thread alone: it is one of many.
    One,
    /// All threads of the pool.
    All,
}

/// Runs `work(0)` to `work(tasks - 1)` on all threads, in any order.
pub fn parallel_for(tasks: usize, work: impl Fn(usize) + Sync) {
    if tasks <= 1 {
        return (0..tasks).for_each(work);
    }
    // Regions within a task run on rayon: the pool is busy with this one until it is done.
    let pool = LEADING.replace(ptr::null());
    if pool.is_null() {
        return (0..tasks).into_par_iter().with_max_len(1).for_each(&work);
    }
    let _again = OnDrop(|| LEADING.set(pool));
    let before = IS_IN_TASK.replace(true);
    let _end = OnDrop(|| IS_IN_TASK.set(before));
    // SAFETY: `on_pool` set the pointer on this thread, to a pool on its stack, and clears it before that is gone. Only
    // the thread that leads has it, and takes it away while it runs a region, so there is one call at a time and none
    // from within a task.
    unsafe { (*pool).run(thread_index(), tasks, &work) };
}

/// `work(index, item)` of every item, on all threads; the results are in the items' order.
pub fn parallel_map<I: Send, R: Send>(items: impl Iterator<Item = I>, work: impl Fn(usize, I) -> R + Sync) -> Vec<R> {
    let slots: Vec<Mutex<(Option<I>, Option<R>)>> = items.map(|item| Mutex::new((Some(item), None))).collect();
    parallel_for(slots.len(), |nth| {
        let mut slot = slots[nth].lock().expect("one task has this slot");
        slot.1 = slot.0.take().map(|item| work(nth, item));
    });
    let result = |slot: Mutex<(_, Option<R>)>| slot.into_inner().ok().and_then(|slot| slot.1);
    slots.into_iter().map(|slot| result(slot).expect("every task has run")).collect()
}

/// A list of independent tasks that can run beside another list, in one region.
pub struct TaskList<'a> {
    count: usize,
    task: Box<dyn Fn(usize) + Sync + 'a>,
}

impl<'a> TaskList<'a> {
    /// `task(0)` to `task(count - 1)`.
    pub fn new(count: usize, task: impl Fn(usize) + Sync + 'a) -> Self {
        Self { count, task: Box::new(task) }
    }
}

/// Runs two lists in one region, so that a thread that is done with one goes on with the other. The tasks are dealt out
/// in `shares`: a share starts with every `shares`-th task of `first`, followed by `second(share, 0)` to
/// `second(share, tasks - 1)`.
pub(crate) fn run_both(
    first: Option<&TaskList<'_>>,
    [shares, tasks]: [usize; 2],
    second: impl Fn(usize, usize) + Sync,
) {
    let firsts = first.map_or(0, |list| list.count.div_ceil(shares));
    parallel_for(shares * (firsts + tasks), |nth| {
        let (share, nth) = (nth / (firsts + tasks), nth % (firsts + tasks));
        if nth >= firsts {
            return second(share, nth - firsts);
        }
        let nth = nth * shares + share;
        if let Some(list) = first.filter(|list| nth < list.count) {
            (list.task)(nth);
        }
    });
}

/// Runs `work` on one of rayon's threads, the others spinning for its regions; as it is, if this thread is in a pool
/// already.
pub fn on_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    // The leader waits for a thread that is in a task, so that thread cannot wait for a pool of its own.
    if IS_IN_TASK.get() || !LEADING.get().is_null() {
        return work();
    }
    let pool = &ForkJoin::new(rayon::current_num_threads());
    rayon::scope(|scope| {
        let leader = rayon::current_thread_index();
        scope.spawn_broadcast(move |_, thread| {
            if Some(thread.index()) != leader {
                help_until_dismissed(pool, thread.index());
            }
        });
        LEADING.set(pool);
        let _end = OnDrop(|| {
            LEADING.set(ptr::null());
            pool.dismiss();
        });
        work()
    })
}

/// What a worker does until the leader dismisses it: it joins regions as they open, and runs rayon's other jobs in
/// between.
fn help_until_dismissed(pool: &ForkJoin, thread: usize) {
    let mut spins = 0;
    while !pool.is_dismissed() {
        IS_IN_TASK.set(true);
        let has_helped = pool.help(thread);
        IS_IN_TASK.set(false);
        match has_helped || rayon::yield_now() == Some(rayon::Yield::Executed) {
            true => spins = 0,
            false => wait(&mut spins),
        }
    }
}

fn thread_index() -> usize {
    rayon::current_thread_index().expect("a pool is led by one of rayon's threads")
}

thread_local! {
    /// The pool that this thread leads, or null.
    static LEADING: Cell<*const ForkJoin> = const { Cell::new(ptr::null()) };
    /// Whether this thread is in a task of a pool.
    static IS_IN_TASK: Cell<bool> = const { Cell::new(false) };
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Leads a pool of so many threads.
    fn led<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| on_pool(work))
    }

    fn counters(count: usize) -> Vec<AtomicUsize> {
        (0..count).map(|_| AtomicUsize::new(0)).collect()
    }

    fn are_all_one(counters: &[AtomicUsize]) -> bool {
        counters.iter().all(|counter| counter.load(Ordering::Relaxed) == 1)
    }

    #[test]
    fn every_task_runs_once_in_a_pool_and_without_one() {
        let region = |tasks: usize| {
            let runs = counters(tasks);
            parallel_for(tasks, |nth| _ = runs[nth].fetch_add(1, Ordering::Relaxed));
            are_all_one(&runs)
        };
        for threads in [1, 2, 7] {
            assert!(led(threads, || (0..2000).all(|nth| region(nth % 50))), "{threads} threads");
        }
        assert!((0..50).all(region));
    }

    #[test]
    fn every_task_of_two_lists_runs_once() {
        for [firsts, shares, tasks] in [[0, 3, 2], [5, 3, 2], [6, 3, 0], [1, 4, 5], [40, 1, 1]] {
            let (first, second) = (counters(firsts), counters(shares * tasks));
            let list = TaskList::new(firsts, |nth| _ = first[nth].fetch_add(1, Ordering::Relaxed));
            let second_task =
                |share: usize, nth: usize| _ = second[share * tasks + nth].fetch_add(1, Ordering::Relaxed);
            led(3, || run_both(Some(&list), [shares, tasks], second_task));
            assert!(are_all_one(&first) && are_all_one(&second), "{firsts} and {shares} × {tasks} tasks");
        }
    }

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let squares = || parallel_map((0..300).map(|nth| vec![nth]), |index, item| (index, item[0] * item[0]));
        let expected: Vec<_> = (0..300).map(|nth| (nth, nth * nth)).collect();
        assert!(squares() == expected && led(3, squares) == expected);
    }

    #[test]
    fn regions_within_tasks_run_too() {
        let sum = AtomicUsize::new(0);
        let add = |nth| _ = sum.fetch_add(nth, Ordering::Relaxed);
        led(3, || on_pool(|| parallel_for(10, |_| on_pool(|| parallel_for(10, add)))));
        assert_eq!(sum.into_inner(), 450);
    }

    #[test]
    fn a_panic_in_a_task_reaches_the_leader_and_the_pool_survives() {
        led(3, || {
            for bad in [0, 3, 99] {
                let work = || parallel_for(100, |nth| assert!(nth != bad, "task {bad}"));
                let panic = catch_unwind(AssertUnwindSafe(work)).unwrap_err();
                assert_eq!(panic.downcast_ref(), Some(&format!("task {bad}")));
            }
            parallel_for(100, |_| ());
        });
    }
}
