//! `wordspace embed --mean`

use std::fmt::Write;

use serde_json::{Value, json};

use super::embed::{first, values};
use crate::cli::args::EmbedArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{columns, wrapped};
use crate::explore::Opened;
use crate::explore::embed::{TextSplitter, cosines, text_vector};

/// Texts and their vectors.
pub struct TextVectors<'a> {
    source: &'a str,
    texts: &'a [String],
    /// For each text, how many tokens it has, and how many of them have no vector.
    tokens: Vec<[usize; 2]>,
    /// A vector for each text, `[N, C]`.
    vectors: Vec<Vec<f32>>,
}

impl<'a> TextVectors<'a> {
    /// The vectors of the texts of `args`.
    pub fn new(args: &'a EmbedArgs, splitter: &TextSplitter, opened: &'a Opened) -> Result<Self, Failure> {
        let tokens = |text: &String| -> Result<[usize; 2], Failure> {
            let rows = splitter.rows(text, &opened.vectors)?;
            Ok([rows.len(), rows.iter().filter(|row| row.is_none()).count()])
        };
        let tokens = args.text.iter().map(tokens).collect::<Result<_, _>>()?;
        let vector = |text: &String| text_vector(text, splitter, &opened.vectors);
        let vectors = args.text.iter().map(vector).collect::<Result<_, _>>()?;
        Ok(Self { source: &opened.name, texts: &args.text, tokens, vectors })
    }

    pub fn json(&self) -> Value {
        json!({
            "source": self.source,
            "texts": self.texts,
            "token_counts": self.tokens.iter().map(|[count, _]| count).collect::<Vec<_>>(),
            "unknown_counts": self.tokens.iter().map(|[_, unknown]| unknown).collect::<Vec<_>>(),
            "shape": [self.texts.len(), self.vectors[0].len()],
            "vectors": self.vectors.iter().map(|vector| values(vector)).collect::<Vec<_>>(),
            "cosine": self.cosines(),
        })
    }

    pub fn text(&self) -> String {
        let mut out = String::new();
        for ((text, [count, unknown]), vector) in self.texts.iter().zip(&self.tokens).zip(&self.vectors) {
            let unknown = match unknown {
                0 => String::new(),
                unknown => format!(", {unknown} of them unknown and counted as zeros"),
            };
            line(&mut out, &format!("{text:?} in {}: the mean of {count} tokens{unknown}", self.source));
            line(&mut out, &format!("  {}", first(vector)));
        }
        for (text, cosine) in self.texts.iter().zip(&self.cosines()[0]).skip(1) {
            line(&mut out, &format!("Cosine of {:?} and {text:?}: {cosine:.4}", self.texts[0]));
        }
        wrapped(&out, columns())
    }

    fn cosines(&self) -> Vec<Vec<f64>> {
        cosines(&self.vectors.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

fn line(out: &mut String, line: &str) {
    writeln!(out, "{}", line.trim_end()).expect("writing to a string cannot fail");
}
