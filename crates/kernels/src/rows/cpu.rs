//! The update of rows on the CPU, in place.

use burn::tensor::Tensor;
use wordspace_gemm::{rows_per_chunk, vectorized};

use super::Rows;
use crate::adamw::cpu::Pass;
use crate::operation::{tensor, values};
use crate::{AdamW, Moments};

pub fn update_rows(
    adamw: &AdamW,
    table: Tensor<1>,
    rows: &Rows,
    gradient: Tensor<1>,
    scale: Tensor<1>,
    moments: Moments,
) -> (Tensor<1>, Moments) {
    let (mut p, g, scale) = (values(table), values(gradient), values(scale));
    let (mut m, mut v) = (values(moments.first), values(moments.second));
    let pass = Pass::new(adamw, scale.view()[0]);
    let (ids, g) = (rows.ids(), g.view());
    let part = Part { ids, first: 0, g: &g, p: p.as_mut_slice(), m: m.as_mut_slice(), v: v.as_mut_slice() };
    part.update(&pass, g.len() / ids.len());
    (tensor(p), Moments { first: tensor(m), second: tensor(v) })
}

/// Some of the rows, and the part of the table that they are in.
struct Part<'a> {
    ids: &'a [u32],
    /// The row of the table at the start of `p`, `m` and `v`.
    first: usize,
    g: &'a [f32],
    p: &'a mut [f32],
    m: &'a mut [f32],
    v: &'a mut [f32],
}

impl Part<'_> {
    /// Halves the rows until they are a task.
    fn update(self, pass: &Pass, c: usize) {
        if self.ids.len() <= rows_per_chunk(c) {
            return self.update_in_sequence(pass, c);
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

    fn update_in_sequence(self, pass: &Pass, c: usize) {
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
