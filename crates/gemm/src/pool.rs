//! All threads at one piece of work after another.
//!
//! An update of a model is hundreds of pieces of work, the smallest of which take no longer than to wake a thread that sleeps.
//! So while an update is made, the other threads of rayon's pool stand by: they do not sleep but look out for work, as those of
//! OpenMP do, and do what else rayon has to be done meanwhile. The one that makes the update leads: it puts up the work, and all
//! take its tasks one by one, each first those of its own share. Without a team, rayon hands the tasks out.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::hint::spin_loop;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::yield_now;

use rayon::prelude::*;

/// Does `work` of every number below `tasks`, on all threads.
pub fn parallel_for(tasks: usize, work: impl Fn(usize) + Sync) {
    if tasks <= 1 {
        return (0..tasks).for_each(work);
    }
    // What a task itself has done by all threads is not the team's, which is at this work until it is done.
    let team = LED.replace(ptr::null());
    if team.is_null() {
        return (0..tasks).into_par_iter().with_max_len(1).for_each(&work);
    }
    let _again = OnDrop(|| LED.set(team));
    // SAFETY: what this thread leads is on its stack until it leads it no longer.
    unsafe { &*team }.run(tasks, &work);
}

/// Does `work` of every item, on all threads; gives what came of each.
pub fn parallel_map<I: Send, R: Send>(items: impl Iterator<Item = I>, work: impl Fn(usize, I) -> R + Sync) -> Vec<R> {
    let both: Vec<Mutex<(Option<I>, Option<R>)>> = items.map(|item| Mutex::new((Some(item), None))).collect();
    parallel_for(both.len(), |nth| {
        let mut both = both[nth].lock().expect("nobody else has this one");
        both.1 = both.0.take().map(|item| work(nth, item));
    });
    let done = |both: Mutex<(_, Option<R>)>| both.into_inner().ok().and_then(|both| both.1);
    both.into_iter().map(|both| done(both).expect("every task is done")).collect()
}

/// Runs `work` on one of rayon's threads, with the others as its team; within a task, or led by a team already, as it is.
pub fn on_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    // Who is at a task is waited for by the leader, which could not join another team meanwhile.
    if IS_AT_WORK.get() || !LED.get().is_null() {
        return work();
    }
    let team = &Team { next: (0..rayon::current_num_threads()).map(|_| Next::default()).collect(), ..Team::default() };
    rayon::scope(|scope| {
        let leader = rayon::current_thread_index();
        scope.spawn_broadcast(move |_, thread| {
            if Some(thread.index()) != leader {
                team.stand_by();
            }
        });
        LED.set(team);
        let _end = OnDrop(|| {
            LED.set(ptr::null());
            team.is_dismissed.store(true, Ordering::Release);
        });
        work()
    })
}

thread_local! {
    /// The team that this thread leads.
    static LED: Cell<*const Team> = const { Cell::new(ptr::null()) };
    /// Whether this thread is at the tasks of a team.
    static IS_AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// How often a thread looks before it lets others have the processor.
const PATIENCE: usize = 10_000;

#[derive(Default)]
struct Team {
    /// The work, written while nobody is at it.
    work: UnsafeCell<Option<Work<'static>>>,
    tasks: AtomicUsize,
    /// The task to be taken next of each thread's share.
    next: Vec<Next>,
    /// [`OPEN`] if one may join the work, and how many have.
    at_work: AtomicUsize,
    is_dismissed: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// On lines of the cache that are its own, as each thread writes to its own.
#[derive(Default)]
#[repr(align(128))]
struct Next(AtomicUsize);

type Work<'a> = &'a (dyn Fn(usize) + Sync);

const OPEN: usize = 1 << (usize::BITS - 1);

// SAFETY: only `work` is not a cell for many threads; it is written when nobody is at work, and read by who is.
unsafe impl Sync for Team {}

impl Team {
    /// What the leader does.
    fn run(&self, tasks: usize, work: Work<'_>) {
        // SAFETY: nobody is at work, as the last work ended with that; and nobody will be when this function ends, whichever
        // way, so that `work` is there as long as it is used.
        unsafe { *self.work.get() = Some(std::mem::transmute::<Work<'_>, Work<'static>>(work)) };
        *self.panic.lock().expect("nothing panics with it") = None;
        for (thread, next) in self.next.iter().enumerate() {
            next.0.store(self.share(thread, tasks).start, Ordering::Relaxed);
        }
        self.tasks.store(tasks, Ordering::Relaxed);
        self.at_work.store(OPEN, Ordering::Release);
        let close = OnDrop(|| {
            // It is open still if a task panicked here.
            self.at_work.fetch_and(!OPEN, Ordering::Relaxed);
            let mut looked = 0;
            while self.at_work.load(Ordering::Acquire) != 0 {
                wait(&mut looked);
            }
        });
        self.take_tasks(work);
        drop(close);
        let panic = self.panic.lock().expect("nothing panics with it").take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// What the others do until they are dismissed.
    fn stand_by(&self) {
        let mut looked = 0;
        while !self.is_dismissed.load(Ordering::Acquire) {
            match self.help() || rayon::yield_now() == Some(rayon::Yield::Executed) {
                true => looked = 0,
                false => wait(&mut looked),
            }
        }
    }

    /// Joins the work, if there is any.
    fn help(&self) -> bool {
        let join = |at_work: usize| (at_work & OPEN != 0).then(|| at_work + 1);
        if self.at_work.fetch_update(Ordering::Acquire, Ordering::Relaxed, join).is_err() {
            return false;
        }
        // SAFETY: this thread is at work, so that it was written before and will not be until this thread leaves.
        let work = unsafe { *self.work.get() }.expect("it was written before it was opened");
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.take_tasks(work))) {
            *self.panic.lock().expect("nothing panics with it") = Some(panic);
        }
        self.at_work.fetch_sub(1, Ordering::Release);
        true
    }

    /// Takes first what is this thread's share, then what is left of the others', until nobody need join any more.
    fn take_tasks(&self, work: Work<'_>) {
        let (tasks, threads) = (self.tasks.load(Ordering::Relaxed), self.next.len());
        let own = rayon::current_thread_index().expect("one of rayon's threads");
        let before = IS_AT_WORK.replace(true);
        let _end = OnDrop(|| IS_AT_WORK.set(before));
        for thread in (own..threads).chain(0..own) {
            let (next, end) = (&self.next[thread].0, self.share(thread, tasks).end);
            while next.load(Ordering::Relaxed) < end {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                if nth < end {
                    work(nth);
                }
            }
        }
        self.at_work.fetch_and(!OPEN, Ordering::Relaxed);
    }

    /// What a thread begins with. It is much the same of one piece of work after another, so that what one has left in a
    /// thread's cache is read there by the next.
    fn share(&self, thread: usize, tasks: usize) -> Range<usize> {
        let threads = self.next.len();
        thread * tasks / threads..(thread + 1) * tasks / threads
    }
}

fn wait(looked: &mut usize) {
    *looked += 1;
    match *looked < PATIENCE {
        true => spin_loop(),
        false => yield_now(),
    }
}

/// What is done at the end, even if that is a panic.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leads a team of so many threads.
    fn led<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| on_pool(work))
    }

    #[test]
    fn every_task_is_done_once_by_a_team_and_without_one() {
        let done = |tasks: usize| {
            let times: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
            parallel_for(tasks, |nth| {
                times[nth].fetch_add(1, Ordering::Relaxed);
            });
            times.iter().all(|times| times.load(Ordering::Relaxed) == 1)
        };
        for threads in [1, 2, 7] {
            assert!(led(threads, || (0..2000).all(|work| done(work % 50))), "{threads} threads");
        }
        assert!((0..50).all(done));
    }

    #[test]
    fn what_comes_of_items_is_in_their_order() {
        let squares = || parallel_map((0..300).map(|nth| vec![nth]), |place, item| (place, item[0] * item[0]));
        let expected: Vec<_> = (0..300).map(|nth| (nth, nth * nth)).collect();
        assert!(squares() == expected && led(3, squares) == expected);
    }

    #[test]
    fn work_within_work_is_done_too() {
        let sum = AtomicUsize::new(0);
        let add = |nth| _ = sum.fetch_add(nth, Ordering::Relaxed);
        led(3, || on_pool(|| parallel_for(10, |_| on_pool(|| parallel_for(10, add)))));
        assert_eq!(sum.into_inner(), 450);
    }

    #[test]
    fn a_task_that_panics_ends_the_work_and_the_team_works_on() {
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
