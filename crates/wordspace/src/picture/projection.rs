//! A projection as a slide: a title, the points with their labels, and a legend of the classes.

use std::collections::BTreeMap;
use std::path::Path;

use super::drawing::{Anchor, Drawing, Ink};
use super::labels::{Frame, Label, place};
use super::markers::{Classes, Shown, by_count};
use super::{map, space};
use crate::explore::projection::{Method, Projection};

/// The page, 16 by 9.
const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 675.0;
const EDGE: f64 = 40.0;
/// Only this many points are labelled, the first ones; more labels would find no position.
const LABELLED: usize = 500;

/// The picture of `projection`, of words of `source`.
pub fn picture(projection: &Projection, source: &str) -> Drawing {
    // The last component of a path is the name.
    let name = Path::new(source).file_name().map_or(source.into(), |name| name.to_string_lossy());
    let title = format!("{} words of {name}", projection.words.len());
    let mut drawing = Drawing::new(WIDTH, HEIGHT, title.clone());
    drawing.text([EDGE, 44.0], 24.0, Anchor::Start, Ink::Text, &title);
    drawing.text([EDGE, 68.0], 14.0, Anchor::Start, Ink::Quiet, &how_it_was_made(projection));
    let classes = Classes::of(projection);
    let right = classes.legend(&mut drawing, EDGE);
    let area = Frame { left: EDGE, top: 98.0, right, bottom: HEIGHT - 52.0 };
    let shown = match projection.dims() {
        2 => map::draw(&mut drawing, projection, &classes, area),
        _ => space::draw(&mut drawing, projection, &classes, area),
    };
    let texts = label_texts(&projection.words);
    let size = by_count(projection.words.len(), [14.0, 13.0, 11.5, 10.5]);
    let labels = texts.into_iter().zip(&shown).take(LABELLED);
    let labels: Vec<Label> =
        labels.map(|(text, &Shown { at, radius, opacity })| Label { at, radius, text, size, opacity }).collect();
    let hidden = place(&mut drawing, &labels, area) + shown.len() - labels.len();
    drawing.text([EDGE, HEIGHT - 16.0], 12.0, Anchor::Start, Ink::Quiet, &caption(projection, hidden));
    drawing
}

/// The points' labels: words without the space before them that GPT-2's tokens have, unless two would become the same.
fn label_texts(words: &[String]) -> Vec<String> {
    let mut trimmed: BTreeMap<&str, usize> = BTreeMap::new();
    words.iter().for_each(|word| *trimmed.entry(word.trim()).or_default() += 1);
    let name = |word: &String| match word.trim() {
        bare if bare.is_empty() || trimmed[bare] > 1 => word.replace(char::is_whitespace, "·"),
        bare => bare.to_string(),
    };
    // A token of a broken vocabulary may be a page long.
    words.iter().map(name).map(|name| name.chars().take(40).collect()).collect()
}

fn how_it_was_made(projection: &Projection) -> String {
    let trust = projection.trustworthiness.map_or_else(String::new, |trust| format!(" · trustworthiness {trust:.2}"));
    match (projection.method, &projection.explained_variance) {
        (Method::Pca, Some(shares)) => {
            let kept = 100.0 * shares.iter().sum::<f64>();
            format!("principal components, {kept:.0} % of the variance{trust}")
        }
        (Method::Tsne, _) => format!("t-SNE: neighbours are kept, distances between groups are not{trust}"),
        _ => format!("UMAP: neighbours are kept, distances between groups only roughly{trust}"),
    }
}

/// The caption: the steps of the trails, and how many labels are missing.
fn caption(projection: &Projection, hidden: usize) -> String {
    let trails = projection.steps.first().zip(projection.steps.last());
    let trails = trails.map(|(first, last)| format!("trails lead from step {first} (pale) to step {last}"));
    let missing = match hidden {
        0 => None,
        1 => Some("1 label left out for lack of space".to_string()),
        _ => Some(format!("{hidden} labels left out for lack of space")),
    };
    trails.into_iter().chain(missing).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_lose_their_spaces_unless_two_become_the_same() {
        let words = [" cat", "dog", " dog", "  ", "a\nb"].map(String::from);
        assert_eq!(label_texts(&words), ["cat", "dog", "·dog", "··", "a\nb"]);
    }
}
