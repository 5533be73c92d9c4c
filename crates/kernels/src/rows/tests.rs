use super::*;
use crate::testing::{elements, on, random};

const ADAMW: AdamW = AdamW { learning_rate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.1, step: 3 };

fn all_elements((table, moments): (Tensor<1>, Moments)) -> [Vec<f32>; 3] {
    [table, moments.first, moments.second].map(elements)
}

struct Case {
    table: Tensor<1>,
    rows: Rows,
    gradient: Tensor<1>,
    moments: Moments,
}

impl Case {
    fn new(v: usize, c: usize, id: impl Fn(usize) -> usize, device: &Device) -> Self {
        let flat = |rows, scale| on(random([rows, c], scale), device).flatten(0, 1);
        let rows = Rows::from_ids((0..v).map(|at| (id(at) % v) as u32));
        let moments = Moments { first: flat(v, 0.1), second: flat(v, 0.1).abs() };
        Self { table: flat(v, 1.0), gradient: flat(rows.ids().len(), 1.0), rows, moments }
    }

    fn scale(&self) -> Tensor<1> {
        Tensor::from_floats([0.5], &self.table.device())
    }

    fn updated(&self) -> [Vec<f32>; 3] {
        let (table, gradient) = (self.table.clone(), self.gradient.clone());
        all_elements(ADAMW.update_rows(table, &self.rows, gradient, self.scale(), self.moments.clone()))
    }

    fn by_reference(&self) -> [Vec<f32>; 3] {
        let (table, gradient) = (self.table.clone(), self.gradient.clone());
        all_elements(reference(&ADAMW, table, &self.rows, gradient, self.scale(), self.moments.clone()))
    }
}

/// Holds an update of some rows of `[V, C]` on `device` to the reference on the CPU.
fn assert_agrees_on(device: &Device, v: usize, c: usize, id: fn(usize) -> usize) {
    let case = Case::new(v, c, id, &Device::flex());
    let found = Case::new(v, c, id, device).updated();
    let before = all_elements((case.table.clone(), case.moments.clone()));
    let mut is_read = vec![false; v];
    case.rows.ids().iter().for_each(|&id| is_read[id as usize] = true);
    for ((found, expected), before) in found.iter().zip(&case.by_reference()).zip(&before) {
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() <= 2e-6 * expected.abs().max(0.1), "{found} not {expected}");
            assert!(is_read[at / c] || *found == before[at], "element {at} of a row that was not read has changed");
        }
    }
}

#[test]
fn each_id_is_one_row_in_order() {
    let rows = Rows::from_ids([7, 2, 7, 0, 2]);
    assert_eq!(rows.ids(), [0, 2, 7]);
    assert_eq!(rows.indices_of(&[7, 0, 7]), [2, 0, 2]);
    let far = Rows::from_ids([64, 1 << 20, 63, 128, 64]);
    assert_eq!(far.ids(), [63, 64, 128, 1 << 20]);
    assert_eq!(far.indices_of(&[1 << 20, 128, 63, 64]), [3, 2, 0, 1]);
    let table = Tensor::<2>::from_floats([[0.5], [1.5], [2.5]], &Device::flex());
    assert_eq!(elements(Rows::from_ids([2, 0]).gather(table)), [0.5, 2.5]);
}

#[test]
fn agrees_with_the_reference_and_leaves_other_rows_alone() {
    for (v, c) in [(1, 1), (40, 3), (9_000, 16)] {
        assert_agrees_on(&Device::flex(), v, c, |at| at * at * 31);
    }
}

#[test]
#[cfg(feature = "wgpu")]
fn agrees_on_a_gpu_for_any_v_and_c() {
    let Some(gpu) = crate::testing::gpu("rows of a table on a GPU") else { return };
    for (v, c) in [(1, 1), (40, 3), (2_000, 6), (9_000, 16)] {
        assert_agrees_on(&gpu, v, c, |at| at * at * 31);
    }
    assert_agrees_on(&gpu, 40, 8, |_| 39);
    assert_agrees_on(&gpu, 1 << 20, 8, |at| at * 7919 % (1 << 17) * 8);
}

/// Asserts that an update of all rows on `device` has the bits of an update of the table, which only kernels promise.
#[cfg(any(feature = "flex", feature = "wgpu"))]
fn assert_all_rows_are_the_table_on(device: &Device) {
    if cfg!(feature = "reference") {
        return;
    }
    let case = Case::new(500, 64, |at| at, device);
    let whole = ADAMW.update(case.table.clone(), case.gradient.clone(), case.scale(), case.moments.clone());
    assert!(case.updated() == all_elements(whole));
}

#[test]
#[cfg(feature = "flex")]
fn an_update_of_all_rows_is_that_of_the_table() {
    assert_all_rows_are_the_table_on(&Device::flex());
}

#[test]
#[cfg(feature = "wgpu")]
fn on_a_gpu_an_update_of_all_rows_is_that_of_the_table() {
    let Some(gpu) = crate::testing::gpu("all rows of a table on a GPU") else { return };
    assert_all_rows_are_the_table_on(&gpu);
}

#[test]
#[cfg(feature = "flex")]
fn has_the_same_bits_at_any_number_of_threads() {
    let case = Case::new(20_000, 32, |at| at * at, &Device::flex());
    crate::testing::assert_same_at_any_number_of_threads(|| case.updated().concat());
}
