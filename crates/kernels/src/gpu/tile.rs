//! How the result of a product is cut on a GPU: the units of a cube make a tile of it.

use burn_cubecl::cubecl::client::Client;

/// Rows of the largest tile.
pub(crate) const TILE: usize = 256;
/// Columns of a tile, in fours, and of one for results that are as narrow.
const FOURS: usize = 32;
const FEW_FOURS: usize = 16;
/// How many steps of the depth are near at a time.
pub(super) const DEPTH: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tile {
    pub rows: usize,
    /// Of columns.
    pub fours: usize,
    /// Whether the next steps of the depth are put where none reads yet, so that units wait for each other once and not twice.
    pub is_apart: bool,
}

impl Tile {
    /// For a result of so many columns, the largest that a GPU has units and memory for.
    pub fn of(client: &Client, columns: usize) -> Self {
        let hardware = &client.properties().hardware;
        Self::within(hardware.max_units_per_cube as usize, hardware.max_shared_memory_size, columns)
    }

    /// The least that is asked for are 256 units and 16 KiB, which every GPU has.
    fn within(units: usize, bytes: usize, columns: usize) -> Self {
        let fours = if columns <= 4 * FEW_FOURS { FEW_FOURS } else { FOURS };
        let tiles = [(TILE, true), (TILE, false), (TILE / 2, true)];
        let tiles = tiles.map(|(rows, is_apart)| Self { rows, fours, is_apart });
        let fits = |tile: &Self| tile.units() <= units && tile.shared() * size_of::<[f32; 4]>() <= bytes;
        tiles.into_iter().find(fits).unwrap_or(Self { rows: TILE / 2, fours, is_apart: false })
    }

    /// How many units make it, of 8 × 8 numbers each.
    pub fn units(self) -> usize {
        self.rows * self.fours / 16
    }

    /// How many fours the units share.
    pub fn shared(self) -> usize {
        self.near() * if self.is_apart { 2 } else { 1 }
    }

    /// How many fours are read between two waits.
    pub fn near(self) -> usize {
        DEPTH * (self.rows / 4 + self.fours)
    }

    /// How many make a result.
    pub fn count(self, rows: usize, columns: usize) -> usize {
        rows.div_ceil(self.rows) * columns.div_ceil(4 * self.fours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_largest_that_there_are_units_and_memory_for() {
        let tile = |units: usize, kilobytes: usize, columns: usize| {
            let tile = Tile::within(units, kilobytes << 10, columns);
            assert!(tile.units() <= units && tile.shared() * 16 <= kilobytes << 10);
            (tile.rows, 4 * tile.fours, tile.is_apart)
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
