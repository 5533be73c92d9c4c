//! Memory that an update gives back and the next asks for again.

/// Keeps what is freed, for the rest of the process: by default the C library gives large pieces back to the system at once,
/// and every page of the next update's is fetched and cleared anew, on all threads' time (a third of an update of a model
/// with a vocabulary of 50,257).
pub(crate) fn keep_what_is_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            // SAFETY: mallopt may be called at any time; it sets three numbers that malloc reads.
            unsafe {
                libc::mallopt(libc::M_MMAP_MAX, 0); // no piece of its own for what is large,
                libc::mallopt(libc::M_TRIM_THRESHOLD, -1); // nothing given back,
                libc::mallopt(libc::M_ARENA_MAX, 1); // and one store for all threads.
            }
        });
    }
}
