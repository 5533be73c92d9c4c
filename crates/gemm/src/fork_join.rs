//! The protocol of the worker pool: publish, claim, finish.
//!
//! One thread leads; the others help. A parallel region is a closure and a number of tasks:
//!
//! - **publish**: the leader writes the closure, sets the claim counters, and opens the region (`joined = OPEN`,
//!   release);
//! - **join**: a helper that sees it open adds itself to `joined` (acquire), which from then on keeps the closure
//!   alive;
//! - **claim**: each thread takes task indices with `fetch_add`, first from its own share, then from the others'
//!   shares;
//! - **finish**: who finds nothing left closes the region; helpers leave (release); the leader waits until nobody is in
//!   (acquire).
//!
//! `tests/loom.rs` runs this file under loom.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::sync::{AtomicBool, AtomicUsize, Mutex, Ordering, UnsafeCell, spin_loop, yield_now};

/// The closure of a region, which gets each task's index.
type Work<'a> = &'a (dyn Fn(usize) + Sync);

/// The bit of `joined` that lets helpers in.
const OPEN: usize = 1 << (usize::BITS - 1);

/// Spins before a waiting thread yields its core to others.
const SPINS: usize = 10_000;

/// One region after another, on the same threads.
pub(crate) struct ForkJoin {
    /// Written by the leader while nobody is in the region, read by who has joined.
    work: UnsafeCell<Option<Work<'static>>>,
    tasks: AtomicUsize,
    /// The next task to claim of each thread's share.
    claims: Vec<Claim>,
    /// [`OPEN`] while helpers may join, plus the helpers in the region.
    joined: AtomicUsize,
    is_dismissed: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// Two cache lines of its own, as prefetchers fetch pairs: each thread writes to its own counter most of the time.
#[repr(align(128))]
struct Claim(AtomicUsize);

// SAFETY: every field but `work` is `Sync`. `work` is written in `run` alone, while the region is closed and no helper
// is in it (`joined` is 0): it begins so, and `run` does not end before it is so again. It is read by helpers between
// joining, which sees what was written before the region was opened (acquire of `joined`), and leaving. What it points
// to is `Sync`.
unsafe impl Sync for ForkJoin {}

impl ForkJoin {
    /// For a leader and helpers, `threads` in total.
    pub fn new(threads: usize) -> Self {
        Self {
            work: UnsafeCell::new(None),
            tasks: AtomicUsize::new(0),
            claims: (0..threads).map(|_| Claim(AtomicUsize::new(0))).collect(),
            joined: AtomicUsize::new(0),
            is_dismissed: AtomicBool::new(false),
            panic: Mutex::new(None),
        }
    }

    /// The leader's part: runs `work` for every task below `tasks`, with whoever helps; returns when all are done. A
    /// panic of a task is resumed here.
    ///
    /// # Safety
    ///
    /// One call at a time: not from two threads, and not from within a task.
    pub unsafe fn run(&self, thread: usize, tasks: usize, work: Work<'_>) {
        // SAFETY: no helper is in the region and none can join, as the last call did not end before that held, and
        // there is no other call now (the contract): nobody reads `work` while it is written. Its lifetime is extended,
        // but it is not used after it: `close` waits below, on return and on unwinding, until no helper is left that
        // could use it.
        self.work.with_mut(|slot| unsafe { *slot = Some(std::mem::transmute::<Work<'_>, Work<'static>>(work)) });
        *self.panic.lock().expect("no thread panics while it holds the lock") = None;
        for (thread, claim) in self.claims.iter().enumerate() {
            claim.0.store(self.share(thread, tasks).start, Ordering::Relaxed);
        }
        self.tasks.store(tasks, Ordering::Relaxed);
        self.joined.store(OPEN, Ordering::Release);
        let close = OnDrop(|| {
            // Still open only if a task panicked on this thread.
            self.joined.fetch_and(!OPEN, Ordering::Relaxed);
            let mut spins = 0;
            while self.joined.load(Ordering::Acquire) != 0 {
                wait(&mut spins);
            }
        });
        self.claim_tasks(thread, work);
        drop(close);
        let panic = self.panic.lock().expect("no thread panics while it holds the lock").take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// A helper's part: joins the region, if one is open, and returns when no task is left to claim. Returns whether it
    /// joined.
    pub fn help(&self, thread: usize) -> bool {
        let join = |joined: usize| (joined & OPEN != 0).then(|| joined + 1);
        if self.joined.fetch_update(Ordering::Acquire, Ordering::Relaxed, join).is_err() {
            return false;
        }
        // SAFETY: this thread has joined, so the leader neither writes `work` nor lets go of what it points to until
        // this thread leaves; and joining was an acquire of the release that opened the region, after `work` was
        // written.
        let work = self.work.with(|slot| unsafe { *slot }).expect("work is written before the region is opened");
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.claim_tasks(thread, work))) {
            *self.panic.lock().expect("no thread panics while it holds the lock") = Some(panic);
        }
        self.joined.fetch_sub(1, Ordering::Release);
        true
    }

    /// Tells the helpers that no region will follow.
    pub fn dismiss(&self) {
        self.is_dismissed.store(true, Ordering::Release);
    }

    /// Whether the leader has dismissed the helpers.
    pub fn is_dismissed(&self) -> bool {
        self.is_dismissed.load(Ordering::Acquire)
    }

    /// Claims tasks of this thread's share, then of the others', and closes the region when none are left.
    fn claim_tasks(&self, own: usize, work: Work<'_>) {
        let (tasks, threads) = (self.tasks.load(Ordering::Relaxed), self.claims.len());
        for thread in (own..threads).chain(0..own) {
            let (next, end) = (&self.claims[thread].0, self.share(thread, tasks).end);
            while next.load(Ordering::Relaxed) < end {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                if nth < end {
                    work(nth);
                }
            }
        }
        self.joined.fetch_and(!OPEN, Ordering::Relaxed);
    }

    /// The tasks that a thread starts with. Successive regions give a thread much the same share, so what one leaves in
    /// its cache the next finds there.
    fn share(&self, thread: usize, tasks: usize) -> Range<usize> {
        let threads = self.claims.len();
        thread * tasks / threads..(thread + 1) * tasks / threads
    }
}

/// One iteration of a waiting loop: spins, and yields the core to other threads when it has spun for long.
pub(crate) fn wait(spins: &mut usize) {
    *spins += 1;
    match *spins < SPINS {
        true => spin_loop(),
        false => yield_now(),
    }
}

/// Calls a closure when it is dropped, on unwinding too.
pub(crate) struct OnDrop<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
