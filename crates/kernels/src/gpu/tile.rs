//! The tile of a matrix product that a workgroup computes.

use burn_cubecl::cubecl::client::Client;

/// Rows of the largest tile.
pub(crate) const TILE: usize = 256;
/// Columns of a tile in vectors of four, and of one for narrow results.
const VECTORS: usize = 32;
const FEW_VECTORS: usize = 16;
/// Steps of the depth that are in shared memory at a time: a slice.
pub(super) const TILE_DEPTH: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tile {
    pub rows: usize,
    /// Columns, in vectors of four.
    pub vectors: usize,
    /// Whether shared memory holds two slices, so that threads store one while others read the other, and wait for each other
    /// once in a slice, not twice.
    pub is_double_buffered: bool,
}

impl Tile {
    /// The largest that the GPU has threads and shared memory for, for a result of `columns` columns.
    pub fn of(client: &Client, columns: usize) -> Self {
        let hardware = &client.properties().hardware;
        Self::within(hardware.max_units_per_cube as usize, hardware.max_shared_memory_size, columns)
    }

    /// The smallest needs 256 threads and 16 KiB, which every GPU has.
    fn within(units: usize, bytes: usize, columns: usize) -> Self {
        let vectors = if columns <= 4 * FEW_VECTORS { FEW_VECTORS } else { VECTORS };
        let tiles = [(TILE, true), (TILE, false), (TILE / 2, true)];
        let tiles = tiles.map(|(rows, is_double_buffered)| Self { rows, vectors, is_double_buffered });
        let fits = |tile: &Self| tile.units() <= units && tile.shared_vectors() * size_of::<[f32; 4]>() <= bytes;
        tiles.into_iter().find(fits).unwrap_or(Self { rows: TILE / 2, vectors, is_double_buffered: false })
    }

    /// The threads of a workgroup, which compute 8 × 8 elements each.
    pub fn units(self) -> usize {
        self.rows * self.vectors / 16
    }

    /// The vectors in shared memory.
    pub fn shared_vectors(self) -> usize {
        self.vectors_of_a_slice() * if self.is_double_buffered { 2 } else { 1 }
    }

    /// The vectors of a slice of `a` and one of `b`.
    pub fn vectors_of_a_slice(self) -> usize {
        TILE_DEPTH * (self.rows / 4 + self.vectors)
    }

    /// The tiles of a result.
    pub fn count(self, rows: usize, columns: usize) -> usize {
        rows.div_ceil(self.rows) * columns.div_ceil(4 * self.vectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_largest_that_fits_threads_and_shared_memory() {
        let tile = |units: usize, kilobytes: usize, columns: usize| {
            let tile = Tile::within(units, kilobytes << 10, columns);
            assert!(tile.units() <= units && tile.shared_vectors() * 16 <= kilobytes << 10);
            (tile.rows, 4 * tile.vectors, tile.is_double_buffered)
        };
        assert_eq!(tile(1024, 48, 768), (256, 128, true));
        assert_eq!(tile(1024, 32, 768), (256, 128, false));
        assert_eq!(tile(256, 32, 768), (128, 128, true));
        assert_eq!(tile(256, 16, 768), (128, 128, false));
        assert_eq!(tile(1024, 48, 64), (256, 64, true));
        assert_eq!(tile(256, 32, 64), (256, 64, false));
        assert_eq!(tile(256, 16, 64), (128, 64, false));
    }
}
