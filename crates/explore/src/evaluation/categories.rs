//! Whether words of one category lie together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::clusters::clusters;
use super::space::Space;
use crate::{Error, Result};

/// How many nearest words are looked at.
const NEAREST: usize = 10;
/// The most words that are clustered: all their distances are held at once, 400 MB of them.
const MOST_CLUSTERED: usize = 10_000;

/// How far words of one category lie together, among the covered words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Categories {
    /// Mean over the words of the share of a word's ten nearest that have a category in common with it; of fewer where a
    /// category is smaller, so that 1 is within reach. None without a category of two words.
    pub purity: Option<f64>,
    /// The same seen from the mean.
    pub purity_centred: Option<f64>,
    /// The share of words that are of the commonest category in their cluster, when the words are put into as many clusters
    /// as there are covered categories: agglomerative, average linkage, cosine (scikit-learn's `AgglomerativeClustering`).
    pub clustering_purity: Option<f64>,
    /// The same seen from the mean.
    pub clustering_purity_centred: Option<f64>,
    /// How many different words there are.
    pub words: usize,
    /// How many of them the vectors have.
    pub covered: usize,
    /// How many categories have a word that is covered.
    pub categories: usize,
}

pub(super) fn categories(space: &Space, classes: &BTreeMap<String, Vec<String>>) -> Result<Categories> {
    let mut words: Vec<String> = classes.values().flatten().map(|word| word.trim().to_uppercase()).collect();
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
    let place = |word: &String| rows.binary_search(&space.find(word)?).ok().map(|at| at as u32);
    let classes: Vec<Vec<u32>> = classes
        .values()
        .map(|words| {
            let mut places: Vec<u32> = words.iter().filter_map(place).collect();
            places.sort_unstable();
            places.dedup();
            places
        })
        .filter(|class| !class.is_empty())
        .collect();
    let purity = match rows.is_empty() {
        true => None,
        false => space.table(&rows).directions().purity(&classes, NEAREST),
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

/// The sum over the clusters of how many words the commonest category has in it, as a share of all words.
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
