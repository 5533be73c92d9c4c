//! The rows of a table that a step reads, and an update of these alone: the cost is in rows that are read, not in V.
//!
//! A table that is only looked up has a gradient in the rows that were looked up. A step that wants no more of it takes each of
//! these rows once, `[U, C]`, sorted by id, and counts its ids among them: the gradient in what was taken is the sum of each
//! row's places, made by [`embed`](crate::embed) in a fixed order.
//!
//! What the update then does to a row that was not read is nothing. As in PyTorch's SparseAdam its moments rest, neither decayed
//! nor forgotten, while the bias correction counts all steps; and it does not shrink either, so that a row's weight decay is in
//! proportion to how often it is read. The table is so at any time what it seems to be: to make up for the steps that a row
//! missed when it is read again would leave a debt to be settled before every look, evaluation and checkpoint, and the steps of
//! momentum that it missed, each with its own learning rate, have no closed form. `8 U C` bytes to take the rows, `28 U C` to
//! update them.

use std::sync::Arc;

use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor, TensorData};

use crate::{AdamW, Ids, Moments, embed};

/// Some rows of a table: U ids, sorted, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows(Arc<Named>);

#[derive(Debug, PartialEq, Eq)]
struct Named {
    ids: Vec<u32>,
    /// A bit for every row of the table up to the last that is named: to sort ids and to find them again would take longer.
    bits: Vec<u64>,
    /// How many rows are named before those of each of `bits`.
    before: Vec<u32>,
}

impl Rows {
    /// The rows that `ids` name; room is taken for a bit and a half for each row up to the last.
    pub fn named_by(ids: impl IntoIterator<Item = u32>) -> Self {
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
        Self(Arc::new(Named { ids, bits, before }))
    }

    /// Their ids.
    pub fn ids(&self) -> &[u32] {
        &self.0.ids
    }

    /// Where each of `ids` stands among them.
    ///
    /// # Panics
    ///
    /// If one is none of them.
    pub fn places(&self, ids: &[u32]) -> Vec<u32> {
        let Named { bits, before, .. } = &*self.0;
        let place = |&id: &u32| {
            let (word, bit) = split(id);
            assert!(bits[word] & bit != 0, "an id among the rows");
            before[word] + (bits[word] & (bit - 1)).count_ones()
        };
        ids.iter().map(place).collect()
    }

    /// These rows of `table`.
    ///
    /// # Shapes
    ///
    /// - `table`: `[V, C]`, every id below V
    /// - output: `[U, C]`
    pub fn of(&self, table: Tensor<2>) -> Tensor<2> {
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
    /// [`Self::update`] of some rows of a table; of all other rows parameters and moments stay what they are.
    ///
    /// # Shapes
    ///
    /// - `table`, `moments`: `[V · C]`, the table made flat, every id of `rows` below V
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
        #[cfg(feature = "flex")]
        if crate::operation::is_ours(&table) {
            return self.update_rows_in_place(table, rows, gradient, scale, moments);
        }
        #[cfg(feature = "cube")]
        if crate::gpu::is_ours(&table) {
            let rows = rows.tensor(&table.device());
            return self.update_on_a_gpu(table, Some(rows), gradient, scale, moments);
        }
        self.stock_of_rows(table, rows, gradient, scale, moments)
    }

    /// The rows are taken out, updated, and the difference is put back: to add is all that every backend can.
    fn stock_of_rows(
        &self,
        table: Tensor<1>,
        rows: &Rows,
        gradient: Tensor<1>,
        scale: Tensor<1>,
        moments: Moments,
    ) -> (Tensor<1>, Moments) {
        let [numbers] = gradient.dims();
        let c = numbers / rows.ids().len();
        let ids = rows.tensor(&table.device());
        let square = |flat: Tensor<1>| -> Tensor<2> {
            let v = flat.dims()[0] / c;
            flat.reshape([v, c])
        };
        let taken = |flat: &Tensor<1>| square(flat.clone()).select(0, ids.clone()).reshape([numbers]);
        let put_back = |flat: Tensor<1>, before: Tensor<1>, after: Tensor<1>| {
            square(flat).select_assign(0, ids.clone(), square(after - before), IndexingUpdateOp::Add).flatten(0, 1)
        };
        let before = (taken(&table), taken(&moments.first), taken(&moments.second));
        let old = Moments { first: before.1.clone(), second: before.2.clone() };
        let (after, new) = self.update(before.0.clone(), gradient, scale, old);
        let first = put_back(moments.first, before.1, new.first);
        let second = put_back(moments.second, before.2, new.second);
        (put_back(table, before.0, after), Moments { first, second })
    }
}

#[cfg(feature = "flex")]
mod cpu {
    use burn::tensor::Tensor;

    use super::Rows;
    use crate::adamw::Pass;
    use crate::operation::{tensor, values};
    use crate::{AdamW, Moments};
    use wordspace_gemm::{rows_per_chunk, vectorized};

    impl AdamW {
        /// As the definition, each number written where it was read.
        pub(super) fn update_rows_in_place(
            &self,
            table: Tensor<1>,
            rows: &Rows,
            gradient: Tensor<1>,
            scale: Tensor<1>,
            moments: Moments,
        ) -> (Tensor<1>, Moments) {
            let (mut p, g, scale) = (values(table), values(gradient), values(scale));
            let (mut m, mut v) = (values(moments.first), values(moments.second));
            let pass = Pass::of(self, scale.view()[0]);
            let (ids, g) = (rows.ids(), g.view());
            let part = Part { ids, first: 0, g: &g, p: p.as_mut_slice(), m: m.as_mut_slice(), v: v.as_mut_slice() };
            part.update(&pass, g.len() / ids.len());
            (tensor(p), Moments { first: tensor(m), second: tensor(v) })
        }
    }

    /// Some of the rows, with the part of the table that they lie in.
    struct Part<'a> {
        ids: &'a [u32],
        /// The row of the table that `p`, `m` and `v` begin with.
        first: usize,
        g: &'a [f32],
        p: &'a mut [f32],
        m: &'a mut [f32],
        v: &'a mut [f32],
    }

    impl Part<'_> {
        fn update(self, pass: &Pass, c: usize) {
            if self.ids.len() <= rows_per_chunk(c) {
                return self.update_one_by_one(pass, c);
            }
            let middle = self.ids.len() / 2;
            let row = self.ids[middle] as usize;
            let at = (row - self.first) * c;
            let (ids, g) = (self.ids.split_at(middle), self.g.split_at(middle * c));
            let (p, m, v) = (self.p.split_at_mut(at), self.m.split_at_mut(at), self.v.split_at_mut(at));
            let low = Part { ids: ids.0, first: self.first, g: g.0, p: p.0, m: m.0, v: v.0 };
            let high = Part { ids: ids.1, first: row, g: g.1, p: p.1, m: m.1, v: v.1 };
            rayon::join(|| low.update(pass, c), || high.update(pass, c));
        }

        fn update_one_by_one(self, pass: &Pass, c: usize) {
            vectorized(
                #[inline(always)]
                || {
                    for (nth, &id) in self.ids.iter().enumerate() {
                        let start = (id as usize - self.first) * c;
                        let row = start..start + c;
                        let g = &self.g[nth * c..(nth + 1) * c];
                        pass.run(&mut self.p[row.clone()], g, &mut self.m[row.clone()], &mut self.v[row]);
                    }
                },
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::{on, random};

    const ADAMW: AdamW =
        AdamW { learning_rate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.1, step: 3 };

    fn numbers((table, moments): (Tensor<1>, Moments)) -> [Vec<f32>; 3] {
        [table, moments.first, moments.second].map(|tensor| tensor.into_data().try_into_vec().unwrap())
    }

    struct Case {
        table: Tensor<1>,
        rows: Rows,
        gradient: Tensor<1>,
        moments: Moments,
    }

    impl Case {
        fn new(v: usize, c: usize, stream: impl Fn(usize) -> usize, device: &Device) -> Self {
            let flat = |rows, scale| on(random([rows, c], scale), device).flatten(0, 1);
            let rows = Rows::named_by((0..v).map(|at| (stream(at) % v) as u32));
            let moments = Moments { first: flat(v, 0.1), second: flat(v, 0.1).abs() };
            Self { table: flat(v, 1.0), gradient: flat(rows.ids().len(), 1.0), rows, moments }
        }

        fn scale(&self) -> Tensor<1> {
            Tensor::from_floats([0.5], &self.table.device())
        }

        fn updated(&self) -> [Vec<f32>; 3] {
            let (table, gradient) = (self.table.clone(), self.gradient.clone());
            numbers(ADAMW.update_rows(table, &self.rows, gradient, self.scale(), self.moments.clone()))
        }

        fn by_definition(&self) -> [Vec<f32>; 3] {
            let (table, gradient) = (self.table.clone(), self.gradient.clone());
            numbers(ADAMW.stock_of_rows(table, &self.rows, gradient, self.scale(), self.moments.clone()))
        }
    }

    /// Holds an update of some rows of `[V, C]` on `device` to the definition on the processor.
    fn is_its_definition_on(device: &Device, v: usize, c: usize, stream: fn(usize) -> usize) {
        let case = Case::new(v, c, stream, &Device::flex());
        let found = Case::new(v, c, stream, device).updated();
        let before = numbers((case.table.clone(), case.moments.clone()));
        let mut is_read = vec![false; v];
        case.rows.ids().iter().for_each(|&id| is_read[id as usize] = true);
        for ((found, expected), before) in found.iter().zip(&case.by_definition()).zip(&before) {
            for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert!((found - expected).abs() <= 2e-6 * expected.abs().max(0.1), "{found} not {expected}");
                assert!(is_read[at / c] || *found == before[at], "number {at} was moved");
            }
        }
    }

    #[test]
    fn each_row_that_is_named_is_there_once_and_in_order() {
        let rows = Rows::named_by([7, 2, 7, 0, 2]);
        assert_eq!(rows.ids(), [0, 2, 7]);
        assert_eq!(rows.places(&[7, 0, 7]), [2, 0, 2]);
        let far = Rows::named_by([64, 1 << 20, 63, 128, 64]);
        assert_eq!(far.ids(), [63, 64, 128, 1 << 20]);
        assert_eq!(far.places(&[1 << 20, 128, 63, 64]), [3, 2, 0, 1]);
        let table = Tensor::<2>::from_floats([[0.5], [1.5], [2.5]], &Device::flex());
        let taken = Rows::named_by([2, 0]).of(table).into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(taken, [0.5, 2.5]);
    }

    #[test]
    fn it_is_its_definition_and_leaves_all_other_rows_as_they_were() {
        for (v, c) in [(1, 1), (40, 3), (9_000, 16)] {
            is_its_definition_on(&Device::flex(), v, c, |at| at * at * 31);
        }
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_too_whatever_v_and_c() {
        let Some(gpu) = crate::oracle::gpu("rows of a table on a GPU") else { return };
        for (v, c) in [(1, 1), (40, 3), (2_000, 6), (9_000, 16)] {
            is_its_definition_on(&gpu, v, c, |at| at * at * 31);
        }
        is_its_definition_on(&gpu, 40, 8, |_| 39);
        is_its_definition_on(&gpu, 1 << 20, 8, |at| at * 7919 % (1 << 17) * 8);
    }

    /// Holds an update of all rows on `device` to one of the table there, to the last bit, which the definition is not.
    #[cfg(any(feature = "flex", feature = "wgpu"))]
    fn of_all_rows_it_is_the_update_of_the_table_on(device: &Device) {
        let case = Case::new(500, 64, |at| at, device);
        let whole = ADAMW.update(case.table.clone(), case.gradient.clone(), case.scale(), case.moments.clone());
        assert!(case.updated() == numbers(whole));
    }

    #[test]
    #[cfg(feature = "flex")]
    fn of_all_rows_it_is_the_update_of_the_table() {
        of_all_rows_it_is_the_update_of_the_table_on(&Device::flex());
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_of_all_rows_it_is_the_update_of_the_table_too() {
        let Some(gpu) = crate::oracle::gpu("all rows of a table on a GPU") else { return };
        of_all_rows_it_is_the_update_of_the_table_on(&gpu);
    }

    #[test]
    #[cfg(feature = "flex")]
    fn any_number_of_threads_gives_the_same_bits() {
        let case = Case::new(20_000, 32, |at| at * at, &Device::flex());
        crate::oracle::same_at_any_number_of_threads(|| case.updated().concat());
    }
}
