//! The rows of a table that a step reads, and an update of these alone: its cost grows with the rows that are read, not with V.
//!
//! A table that is only looked up has gradients only in the rows that were looked up. A step gathers these U rows, sorted by id, as
//! `[U, C]`, and looks its ids up among them: their gradient is that of [`embed`](crate::embed).
//!
//! The update leaves all other rows as they are. As in PyTorch's SparseAdam their moments do not decay, while the bias correction
//! counts all steps; unlike there, a row shrinks by weight decay only in steps that read it. To make up for missed steps when a row
//! is next read would leave the table out of date until then, for every evaluation and checkpoint, and momentum over steps of
//! different learning rates has no closed form. `8 U C` bytes to gather, `28 U C` to update.

#[cfg(feature = "flex")]
mod cpu;
#[cfg(feature = "cube")]
mod gpu;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor, TensorData};

use crate::{AdamW, Ids, Moments, embed};

/// Some rows of a table: U ids, sorted, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows(Arc<Sorted>);

#[derive(Debug, PartialEq, Eq)]
struct Sorted {
    ids: Vec<u32>,
    /// A bit for each row of the table up to the last of these: faster than to sort the ids and to search among them.
    bits: Vec<u64>,
    /// How many of the rows are before those of each element of `bits`.
    before: Vec<u32>,
}

impl Rows {
    /// The rows of `ids`; takes memory for a bit and a half for each row of the table up to the last.
    pub fn from_ids(ids: impl IntoIterator<Item = u32>) -> Self {
        let mut bits = Vec::new();
        for id in ids {
            let (word, bit) = split(id);
            if word >= bits.len() {
                bits.resize(word + 1, 0_u64);
            }
            bits[word] |= bit;
        }
        let (mut ids, mut before) = (Vec::new(), Vec::with_capacity(bits.len()));
        for (word, &rest) in bits.iter().enumerate() {
            before.push(ids.len() as u32);
            let mut rest = rest;
            while rest != 0 {
                ids.push(word as u32 * u64::BITS + rest.trailing_zeros());
                rest &= rest - 1;
            }
        }
        Self(Arc::new(Sorted { ids, bits, before }))
    }

    /// Their ids.
    pub fn ids(&self) -> &[u32] {
        &self.0.ids
    }

    /// The index of each of `ids` among the rows.
    ///
    /// # Panics
    ///
    /// If one is not among them.
    pub fn indices_of(&self, ids: &[u32]) -> Vec<u32> {
        let Sorted { bits, before, .. } = &*self.0;
        let index = |&id: &u32| {
            let (word, bit) = split(id);
            assert!(bits[word] & bit != 0, "an id among the rows");
            before[word] + (bits[word] & (bit - 1)).count_ones()
        };
        ids.iter().map(index).collect()
    }

    /// These rows of `table`.
    ///
    /// # Shapes
    ///
    /// - `table`: `[V, C]`, every id below V
    /// - output: `[U, C]`
    pub fn gather(&self, table: Tensor<2>) -> Tensor<2> {
        let ids = Ids::new(self.ids(), [1, self.ids().len()], &table.device());
        embed(table, None, ids)
    }

    fn tensor(&self, device: &Device) -> Tensor<1, Int> {
        let ids: Vec<i32> = self.ids().iter().map(|&id| id as i32).collect();
        Tensor::from_data(TensorData::new(ids, [self.ids().len()]), device)
    }
}

/// The word of a row's bit, and the bit in it.
fn split(id: u32) -> (usize, u64) {
    ((id / u64::BITS) as usize, 1 << (id % u64::BITS))
}

impl AdamW {
    /// [`Self::update`] of some rows of a table. All other rows, and their moments, stay as they are.
    ///
    /// # Shapes
    ///
    /// - `table`, `moments`: `[V · C]`, the table flattened, every id of `rows` below V
    /// - `gradient`: `[U · C]`
    /// - `scale`: `[1]`
    pub fn update_rows(
        &self,
        table: Tensor<1>,
        rows: &Rows,
        gradient: Tensor<1>,
        scale: Tensor<1>,
        moments: Moments,
    ) -> (Tensor<1>, Moments) {
        if rows.ids().is_empty() {
            return (table, moments);
        }
        dispatch!(match backend_of(&table) {
            Cpu => cpu::update_rows(self, table, rows, gradient, scale, moments),
            Gpu => gpu::update_rows(self, table, rows, gradient, scale, moments),
            Reference => reference(self, table, rows, gradient, scale, moments),
        })
    }
}

/// Gathers the rows, updates them, and adds the difference back: an addition is all that every backend can do by index.
fn reference(
    adamw: &AdamW,
    table: Tensor<1>,
    rows: &Rows,
    gradient: Tensor<1>,
    scale: Tensor<1>,
    moments: Moments,
) -> (Tensor<1>, Moments) {
    let [elements] = gradient.dims();
    let c = elements / rows.ids().len();
    let ids = rows.tensor(&table.device());
    let matrix = |flat: Tensor<1>| -> Tensor<2> {
        let v = flat.dims()[0] / c;
        flat.reshape([v, c])
    };
    let gather = |flat: &Tensor<1>| matrix(flat.clone()).select(0, ids.clone()).reshape([elements]);
    let put_back = |flat: Tensor<1>, before: Tensor<1>, after: Tensor<1>| {
        matrix(flat).select_assign(0, ids.clone(), matrix(after - before), IndexingUpdateOp::Add).flatten(0, 1)
    };
    let before = (gather(&table), gather(&moments.first), gather(&moments.second));
    let old = Moments { first: before.1.clone(), second: before.2.clone() };
    let (after, new) = adamw.reference(before.0.clone(), gradient, scale, old);
    let first = put_back(moments.first, before.1, new.first);
    let second = put_back(moments.second, before.2, new.second);
    (put_back(table, before.0, after), Moments { first, second })
}
