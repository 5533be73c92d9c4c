//! The caches: the length of a line, the size of the last level, and prefetching.

use std::sync::OnceLock;

/// Elements in a cache line of 64 bytes.
pub const CACHE_LINE: usize = 16;

/// The line that starts at element `at` of `values`.
#[inline(always)]
pub fn cache_line(values: &[f32], at: usize) -> [f32; CACHE_LINE] {
    values[at..at + CACHE_LINE].try_into().expect("a slice of a line's length")
}

/// Elements that fit into this process's share of the last-level cache.
pub fn cache_elements() -> usize {
    /// Larger sizes are those of a whole server, whose other tenants fill the cache too.
    const LARGEST_TRUSTED: usize = 32 << 20;
    /// The share assumed there, and where the size is unknown. Both values: `docs/gemm.md`.
    const ASSUMED: usize = 24 << 20;
    static BYTES: OnceLock<usize> = OnceLock::new();
    *BYTES.get_or_init(|| last_level_bytes().filter(|bytes| *bytes <= LARGEST_TRUSTED).unwrap_or(ASSUMED))
        / size_of::<f32>()
}

/// Bytes of the largest cache, from CPUID: leaf 4 on Intel, leaf 0x8000001d on AMD.
fn last_level_bytes() -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__cpuid, __cpuid_count, CpuidResult};
        let size = |CpuidResult { ebx, ecx, .. }: CpuidResult| {
            let factors = [ebx >> 22, ebx >> 12 & 0x3ff, ebx & 0xfff, ecx]; // ways, partitions, line size, sets
            factors.into_iter().map(|factor| factor as usize + 1).product::<usize>()
        };
        let largest = |range: u32, leaf| {
            let subleaves = if __cpuid(range).eax >= leaf { 0..8 } else { 0..0 };
            let caches = subleaves.map(move |nth| __cpuid_count(leaf, nth));
            caches.take_while(|cache| cache.eax & 0x1f != 0).map(size).max()
        };
        largest(0, 4).or_else(|| largest(0x8000_0000, 0x8000_001d))
    }
    #[cfg(not(target_arch = "x86_64"))]
    None
}

/// Prefetches `count` elements from `start` into L1. For rows in an irregular order: hardware prefetchers follow
/// contiguous reads by themselves. Any address is allowed.
#[inline(always)]
pub fn prefetch(start: *const f32, count: usize) {
    (0..count).step_by(CACHE_LINE).for_each(|offset| prefetch_line(start.wrapping_add(offset), Level::L1));
}

/// The cache level that a prefetch fills.
#[derive(Clone, Copy)]
pub(crate) enum Level {
    L1,
    L2,
}

/// Prefetches the line that holds `address`, which may be any address.
#[inline(always)]
pub(crate) fn prefetch_line(address: *const f32, level: Level) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
        // SAFETY: a prefetch is a hint: it never faults, whatever the address, and changes nothing but the caches.
        unsafe {
            match level {
                Level::L1 => _mm_prefetch::<_MM_HINT_T0>(address.cast()),
                Level::L2 => _mm_prefetch::<_MM_HINT_T1>(address.cast()),
            }
        };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (address, level);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_size_is_plausible() {
        assert!((1 << 10..1 << 30).contains(&cache_elements()), "{} elements", cache_elements());
    }
}
