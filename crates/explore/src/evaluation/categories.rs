//! Categories: whether words of a category are near each other.

use std::collections::BTreeMap;

use serde::Serialize;
use wordspace_similarity::UnitVectors;

use super::clusters::clusters;
use super::space::{Space, spelling};
use crate::{Error, Result};

/// Neighbours of a word that purity counts.
const NEIGHBOURS: usize = 10;
/// The most words that are clustered: the distances of all pairs are in memory, 400 MB.
const MOST_CLUSTERED: usize = 10_000;

/// How near words of a category are to each other, among the covered words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Categories {
    /// The mean, over the words, of the share of a word's ten nearest that have a category in common with it; of fewer if the
    /// category is smaller, so that 1 can be reached. None without a category of two words.
    pub purity: Option<f64>,
    /// The same of centred vectors.
    pub purity_centred: Option<f64>,
    /// The share of words that belong to the most frequent category of their cluster, with as many clusters as covered
    /// categories: agglomerative, average linkage, cosine (scikit-learn's `AgglomerativeClustering`).
    pub clustering_purity: Option<f64>,
    /// The same of centred vectors.
    pub clustering_purity_centred: Option<f64>,
    /// How many different words there are.
    pub words: usize,
    /// How many of them have vectors.
    pub covered: usize,
    /// How many categories have a covered word.
    pub categories: usize,
}

pub(super) fn categories(space: &Space, classes: &BTreeMap<String, Vec<String>>) -> Result<Categories> {
    let mut words: Vec<String> = classes.values().flatten().map(|word| spelling(word)).collect();
    words.sort_unstable();
    words.dedup();
    let mut rows: Vec<u32> = words.iter().filter_map(|word| space.find(word)).collect();
    rows.sort_unstable();
    if rows.len() > MOST_CLUSTERED {
        let n = rows.len();
        return Err(Error::Question(format!(
            "{n} words in categories are too many; expected at most {MOST_CLUSTERED}"
        )));
    }
    let index = |word: &String| rows.binary_search(&space.find(word)?).ok().map(|at| at as u32);
    let classes: Vec<Vec<u32>> = classes
        .values()
        .map(|words| {
            let mut indices: Vec<u32> = words.iter().filter_map(index).collect();
            indices.sort_unstable();
            indices.dedup();
            indices
        })
        .filter(|class| !class.is_empty())
        .collect();
    let purity = match rows.is_empty() {
        true => None,
        false => {
            let vectors = rows.iter().flat_map(|&row| space.row(row)).copied().collect();
            UnitVectors::new(vectors, space.dimension()).purity(&classes, NEIGHBOURS)
        }
    };
    let clustering_purity = clustering_purity(space, &rows, &classes);
    Ok(Categories {
        purity,
        purity_centred: purity,
        clustering_purity,
        clustering_purity_centred: clustering_purity,
        words: words.len(),
        covered: rows.len(),
        categories: classes.len(),
    })
}

/// The share of words that belong to the most frequent category of their cluster.
fn clustering_purity(space: &Space, rows: &[u32], classes: &[Vec<u32>]) -> Option<f64> {
    if rows.is_empty() {
        return None;
    }
    let clusters = clusters(rows.len(), classes.len(), |a, b| 1.0 - space.cosine(rows[a], rows[b]));
    let mut most = vec![0; classes.len()];
    for class in classes {
        let mut counts = vec![0; classes.len()];
        class.iter().for_each(|&word| counts[clusters[word as usize]] += 1);
        most.iter_mut().zip(counts).for_each(|(most, count)| *most = count.max(*most));
    }
    Some(most.iter().sum::<usize>() as f64 / rows.len() as f64)
}
