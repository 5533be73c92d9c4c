//! What is measured: the kind of work, its sizes, and its minimal cost in bytes and operations.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wordspace_model::ModelConfig;

use super::Ids;

/// A piece of the work of training embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// The rows of N ids.
    Lookup,
    /// The rows of N ids, each with its position's row added.
    Embed,
    /// [`Self::Embed`] forward and backward, to the dense gradients of both tables.
    Gradient,
    /// AdamW on all rows of a table.
    Update,
    /// A training step of a token table alone: [`Self::Gradient`], then AdamW on all its rows.
    Table,
    /// [`Self::Table`] for the rows that are looked up only.
    Rows,
    /// Hidden states times the table to the loss, and backward to the gradients of both.
    Head,
    /// A training step of a model of two blocks with a tied head: forward, backward, clipping, AdamW.
    Step,
}

impl Work {
    /// All kinds of work.
    pub const ALL: [Self; 8] =
        [Self::Lookup, Self::Embed, Self::Gradient, Self::Update, Self::Table, Self::Rows, Self::Head, Self::Step];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Embed => "embed",
            Self::Gradient => "gradient",
            Self::Update => "update",
            Self::Table => "table",
            Self::Rows => "rows",
            Self::Head => "head",
            Self::Step => "step",
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Work {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|work| work.name() == name);
        found.ok_or_else(|| format!("expected {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// A piece of work with its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The kind of work.
    pub work: Work,
    /// V: rows of the table.
    pub v: usize,
    /// C: elements of a row.
    pub c: usize,
    /// B: sequences of the batch.
    pub b: usize,
    /// T: tokens of a sequence.
    pub t: usize,
    /// How the ids are drawn. An update has none.
    pub ids: Ids,
}

impl Case {
    /// N = B·T, the rows that are looked up, scored or trained on; for an update, the rows that are updated.
    pub fn rows(&self) -> usize {
        match self.work {
            Work::Update => self.v,
            _ => self.b * self.t,
        }
    }

    /// The model of a step.
    pub fn model(&self) -> ModelConfig {
        ModelConfig { vocab_size: self.v, context: self.t, channels: self.c, layers: 2, heads: 4, ..Default::default() }
    }

    /// The minimal memory traffic in bytes: every input is read once, every output written once. Ids and values take four bytes.
    pub fn bytes(&self) -> u64 {
        let (v, c, n) = (self.v as u64, self.c as u64, self.rows() as u64);
        // Read each id and its row, write the row.
        let forward = n * (8 * c + 4);
        let touched = || self.ids.draw(self.v, self.rows()).into_iter().collect::<BTreeSet<u32>>().len() as u64;
        // Read the gradient of each position, write every row of the result.
        let backward = |rows| n * (4 * c + 4) + 4 * rows * c;
        // Read parameter, gradient and two moments; write all but the gradient.
        let update = |rows| 28 * rows * c;
        match self.work {
            Work::Lookup | Work::Embed => forward,
            Work::Gradient => forward + backward(v),
            Work::Update => update(v),
            Work::Table => forward + backward(v) + update(v),
            Work::Rows => forward + backward(touched()) + update(touched()),
            // Read hidden states and table, write their gradients.
            Work::Head => 8 * v * c + 8 * n * c + 4 * n,
            // Read the weights forward and backward, write their gradients, update them.
            Work::Step => 40 * self.model().parameter_count() as u64,
        }
    }

    /// The floating-point operations of its matrix products, if it has any.
    pub fn operations(&self) -> Option<u64> {
        let n = self.rows() as u64;
        match self.work {
            Work::Head => Some(6 * n * self.v as u64 * self.c as u64),
            Work::Step => {
                let model = self.model();
                let attention = 12 * model.layers * self.c * self.t;
                Some(n * (6 * model.parameter_count() + attention) as u64)
            }
            _ => None,
        }
    }

    /// The largest of its tensors, in bytes.
    pub(super) fn largest(&self) -> u64 {
        4 * (self.v.max(self.rows()) * self.c) as u64
    }

    /// The cases of `wordspace bench`; with `quick`, fewer and mostly small ones.
    pub fn of_the_program(quick: bool) -> Vec<Self> {
        let gpt2 = |work, ids| Self { work, v: 50_257, c: 768, b: 8, t: 1024, ids };
        let toy = |work| Self { work, v: 1024, c: 64, b: 32, t: 64, ids: Ids::Zipf };
        if quick {
            return vec![
                gpt2(Work::Lookup, Ids::Uniform),
                gpt2(Work::Lookup, Ids::Zipf),
                gpt2(Work::Gradient, Ids::Zipf),
                toy(Work::Lookup),
                toy(Work::Embed),
                toy(Work::Gradient),
                toy(Work::Update),
                toy(Work::Table),
                toy(Work::Rows),
                toy(Work::Head),
                toy(Work::Step),
            ];
        }
        let mut all: Vec<Self> = Ids::ALL.map(|ids| gpt2(Work::Lookup, ids)).into();
        all.push(toy(Work::Lookup));
        all.push(gpt2(Work::Embed, Ids::Zipf));
        all.extend(Ids::ALL.map(|ids| gpt2(Work::Gradient, ids)));
        all.push(toy(Work::Gradient));
        all.extend([gpt2(Work::Update, Ids::Uniform), toy(Work::Update)]);
        all.extend([Work::Table, Work::Rows].map(|work| Self { v: 1 << 16, b: 8, t: 1024, ..toy(work) }));
        all.extend([Self { c: 256, t: 128, ..gpt2(Work::Head, Ids::Zipf) }, toy(Work::Head), toy(Work::Step)]);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimal_traffic_is_that_of_the_formulas() {
        let case = |work| Case { work, v: 10, c: 4, b: 2, t: 3, ids: Ids::Same };
        assert_eq!(case(Work::Lookup).bytes(), 6 * (2 * 16 + 4));
        assert_eq!(case(Work::Gradient).bytes(), 6 * (2 * 16 + 4) + 6 * (16 + 4) + 160);
        assert_eq!(case(Work::Update).bytes(), 28 * 40);
        assert_eq!(case(Work::Table).bytes(), case(Work::Gradient).bytes() + case(Work::Update).bytes());
        assert_eq!(case(Work::Rows).bytes(), 6 * (2 * 16 + 4) + 6 * (16 + 4) + 16 + 28 * 4);
        assert_eq!(case(Work::Head).bytes(), 2 * 160 + 2 * 6 * 16 + 24);
        assert_eq!(case(Work::Head).operations(), Some(6 * 6 * 10 * 4));
    }

    #[test]
    fn every_work_has_a_case_of_the_program() {
        for (work, quick) in Work::ALL.into_iter().flat_map(|work| [(work, false), (work, true)]) {
            assert!(Case::of_the_program(quick).iter().any(|case| case.work == work), "{work}");
        }
    }

    #[test]
    fn names_parse_and_an_unknown_one_is_refused_with_all() {
        for work in Work::ALL {
            assert_eq!(work.to_string().parse(), Ok(work));
        }
        assert!("look".parse::<Work>().unwrap_err().contains("lookup, embed"));
    }
}
