//! A projection as a slide: what it is above, the points, and which mark is which class beside them.

use std::collections::BTreeMap;
use std::path::Path;

use wordspace::explore::projection::{Method, Projection};

use super::drawing::{Anchor, Drawing, Ink};
use super::labels::{Frame, Label, place};
use super::{font, map, space};

/// The page: a slide of 16 by 9.
const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 675.0;
const EDGE: f64 = 40.0;
/// Names are placed for so many words; farther down the list they would find no room.
const NAMED: usize = 500;

/// The picture of `projection`, of words of `source`.
pub fn picture(projection: &Projection, source: &str) -> Drawing {
    // Of a path its last name says what it is.
    let name = Path::new(source).file_name().map_or(source.into(), |name| name.to_string_lossy());
    let title = format!("{} words of {name}", projection.words.len());
    let mut drawing = Drawing::new(WIDTH, HEIGHT, title.clone());
    drawing.text([EDGE, 44.0], 24.0, Anchor::Start, Ink::Text, &title);
    drawing.text([EDGE, 68.0], 14.0, Anchor::Start, Ink::Quiet, &how_it_was_made(projection));
    let classes = Classes::of(projection);
    let right = classes.legend(&mut drawing);
    let room = Frame { left: EDGE, top: 98.0, right, bottom: HEIGHT - 52.0 };
    let shown = match projection.dims() {
        2 => map::draw(&mut drawing, projection, &classes, room),
        _ => space::draw(&mut drawing, projection, &classes, room),
    };
    let names = names(&projection.words);
    let size = by_count(projection.words.len(), [14.0, 13.0, 11.5, 10.5]);
    let labels = names.into_iter().zip(&shown).take(NAMED);
    let labels: Vec<Label> =
        labels.map(|(text, &Shown { at, radius, opacity })| Label { at, radius, text, size, opacity }).collect();
    let hidden = place(&mut drawing, &labels, room) + shown.len() - labels.len();
    drawing.text([EDGE, HEIGHT - 16.0], 12.0, Anchor::Start, Ink::Quiet, &below(projection, hidden));
    drawing
}

/// Where a word's mark came to lie.
pub struct Shown {
    pub at: [f64; 2],
    pub radius: f64,
    pub opacity: f64,
}

/// One of four by how many words there are: few, some, many, a crowd.
pub fn by_count(words: usize, [few, some, many, crowd]: [f64; 4]) -> f64 {
    match words {
        0..=40 => few,
        41..=120 => some,
        121..=400 => many,
        _ => crowd,
    }
}

/// The number of each word's class, and the classes' names by number.
pub struct Classes {
    names: Vec<String>,
    of_words: Vec<Option<usize>>,
}

impl Classes {
    fn of(projection: &Projection) -> Self {
        let mut numbers: BTreeMap<&str, usize> =
            projection.classes.iter().flatten().map(|class| (class.as_str(), 0)).collect();
        numbers.values_mut().enumerate().for_each(|(nth, number)| *number = nth);
        let of_words = projection.classes.iter().map(|class| Some(numbers[class.as_ref()?.as_str()])).collect();
        Self { names: numbers.keys().map(|name| name.to_string()).collect(), of_words }
    }

    /// The number that a word's mark is drawn by. A word of no class takes the one after the last class, and without
    /// classes all take the first.
    pub fn number(&self, word: usize) -> usize {
        self.of_words[word].unwrap_or(self.names.len())
    }

    /// Draws which mark is which class, and returns where it begins.
    fn legend(&self, drawing: &mut Drawing) -> f64 {
        if self.names.is_empty() {
            return WIDTH - EDGE;
        }
        let row = ((HEIGHT - 150.0) / self.names.len() as f64).min(23.0);
        let size = (row * 0.6).clamp(7.0, 13.0);
        let widest = self.names.iter().map(|name| font::width(name, size)).fold(0.0, f64::max).min(240.0);
        let left = WIDTH - EDGE - widest * 1.05 - 20.0;
        for (class, name) in self.names.iter().enumerate() {
            let y = 110.0 + row * class as f64;
            drawing.mark([left, y], size * 0.38, class, 1.0);
            drawing.text([left + 14.0, y + size * 0.34], size, Anchor::Start, Ink::Text, name);
        }
        left - 24.0
    }
}

/// The points' names: without spaces around them, as GPT-2's words have, unless that made two words one.
fn names(words: &[String]) -> Vec<String> {
    let mut trimmed: BTreeMap<&str, usize> = BTreeMap::new();
    words.iter().for_each(|word| *trimmed.entry(word.trim()).or_default() += 1);
    let name = |word: &String| match word.trim() {
        bare if bare.is_empty() || trimmed[bare] > 1 => word.replace(char::is_whitespace, "·"),
        bare => bare.to_string(),
    };
    // A piece of a broken vocabulary may be a page long.
    words.iter().map(name).map(|name| name.chars().take(40).collect()).collect()
}

fn how_it_was_made(projection: &Projection) -> String {
    let trust = projection.trustworthiness.map_or_else(String::new, |trust| format!(" · trustworthiness {trust:.2}"));
    match (projection.method, &projection.explained_variance) {
        (Method::Pca, Some(shares)) => {
            let kept = 100.0 * shares.iter().sum::<f64>();
            format!("principal components: {kept:.0} % of the variance is on the page{trust}")
        }
        (Method::Tsne, _) => format!("t-SNE: who is near whom is kept, how far groups lie apart is not{trust}"),
        _ => format!("UMAP: who is near whom is kept, how far groups lie apart only roughly{trust}"),
    }
}

/// What is to be known of a picture's details.
fn below(projection: &Projection, hidden: usize) -> String {
    let trails = projection.steps.first().zip(projection.steps.last());
    let trails = trails.map(|(first, last)| format!("trails lead from step {first} (pale) to step {last}"));
    let names = match hidden {
        0 => None,
        1 => Some("1 name found no room".to_string()),
        _ => Some(format!("{hidden} names found no room")),
    };
    trails.into_iter().chain(names).collect::<Vec<_>>().join(" · ")
}

/// The name of an axis, with the share of the variance along it.
pub fn axis_name(projection: &Projection, axis: usize) -> Option<String> {
    let share = 100.0 * projection.explained_variance.as_ref()?[axis];
    Some(format!("PC {} · {share:.1} %", axis + 1))
}

/// About `wanted` steps of 1, 2 or 5 times a power of ten between `low` and `high`.
pub fn ticks(low: f64, high: f64, wanted: f64) -> Vec<f64> {
    let rough = (high - low) / wanted;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough);
    // Where all points are one there is nothing to divide.
    let Some(step) = step.filter(|step| step.is_finite() && *step > 0.0) else { return Vec::new() };
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|nth| nth as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        assert_eq!(ticks(-1.2, 2.3, 4.0), [-1.0, 0.0, 1.0, 2.0]);
        assert_eq!(ticks(0.0, 0.0, 4.0), Vec::<f64>::new());
        assert_eq!(ticks(-17.0, 33.0, 5.0), [-10.0, 0.0, 10.0, 20.0, 30.0]);
    }

    #[test]
    fn names_lose_their_space_where_they_stay_apart() {
        let words = [" cat", "dog", " dog", "  ", "a\nb"].map(String::from);
        assert_eq!(names(&words), ["cat", "dog", "·dog", "··", "a\nb"]);
    }
}
