//! `wordspace embed`

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::print_json;
use super::source::read;
use super::text_vectors::TextVectors;
use crate::cli::args::EmbedArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Terminal, columns, left, right, shortened, wrapped};
use crate::explore::embed::{EmbeddedToken, Embedding, TextSplitter};
use crate::explore::{Source, TableChoice};

/// Values of a vector that are shown.
const SHOWN: usize = 5;

/// Cells of a row's name in the table of cosines, and of a cosine: ten tokens fit into 80.
const TABLE: [usize; 2] = [10, 7];

pub fn run(args: EmbedArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let source = Source::parse(&args.source, TableChoice::Token)?;
    let opened = read(&source, None, false, terminal)?;
    let splitter = TextSplitter::of(&source, &opened)?;
    if args.mean {
        let vectors = TextVectors::new(&args, &splitter, &opened)?;
        match args.json {
            true => print_json(vectors.json()),
            false => print!("{}", vectors.text()),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let split = |text: &String| splitter.split(text, &opened.vectors, &opened.name);
    let texts = args.text.iter().map(split).collect::<Result<Vec<_>, _>>()?;
    let (vectors, table) = (&opened.vectors, opened.positions.as_ref());
    let asked = args.positions.as_deref();
    if asked.is_some() && table.is_none() {
        let name = &opened.name;
        return Err(Failure::usage(format!("{name} has no position table; leave out --positions")));
    }
    let embedding = Embedding::new(&texts, vectors, table, asked)?;
    // None if the text is longer than the position table.
    let in_place = asked.and_then(|_| Embedding::new(&texts, vectors, table, None).ok());
    let shown = Shown { texts: &args.text, name: &opened.name, embedding: &embedding, in_place: in_place.as_ref() };
    match args.json {
        true => print_json(shown.json()),
        false => print!("{}", shown.text()),
    }
    Ok(ExitCode::SUCCESS)
}

/// The question and its answer.
struct Shown<'a> {
    texts: &'a [String],
    name: &'a str,
    embedding: &'a Embedding,
    /// The same with each token at its own position, if --positions gave others.
    in_place: Option<&'a Embedding>,
}

impl Shown<'_> {
    fn json(&self) -> Value {
        let tokens = &self.embedding.tokens;
        let each = |value: &dyn Fn(&EmbeddedToken) -> Value| tokens.iter().map(value).collect::<Vec<_>>();
        let (token_cosine, sum_cosine) = (self.embedding.token_cosine(), self.embedding.sum_cosine());
        let in_place = self.in_place.map(Embedding::sum_cosine);
        let repeat = |(a, b): (usize, usize)| {
            json!({
                "a": a,
                "b": b,
                "token_cosine": token_cosine[a][b],
                "sum_cosine": sum_cosine[a][b],
                "sum_cosine_in_place": in_place.as_ref().map(|cosine| cosine[a][b]),
            })
        };
        let comparison = self.embedding.comparison().map(|found| {
            let (same_tokens, same_order, shared_sums) = (found.same_tokens, found.same_order, found.shared_sums);
            json!({ "same_tokens": same_tokens, "same_order": same_order, "shared_sums": shared_sums })
        });
        json!({
            "source": self.name,
            "texts": self.texts,
            "ids": each(&|token| token.id.into()),
            "tokens": each(&|token| token.piece.clone().into()),
            "text_of_token": each(&|token| token.text.into()),
            "positions": each(&|token| token.position.into()),
            "shape": [tokens.len(), self.embedding.dimension],
            "token_vectors": each(&|token| values(&token.token_vector)),
            "position_vectors": each(&|token| token.position_vector.as_deref().map_or(Value::Null, values)),
            "sum_vectors": each(&|token| values(&token.sum)),
            "token_cosine": token_cosine,
            "sum_cosine": sum_cosine,
            "repeats": self.embedding.repeats().into_iter().map(repeat).collect::<Vec<_>>(),
            "comparison": comparison,
        })
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for (text, name) in self.texts.iter().enumerate() {
            let tokens: Vec<_> = self.embedding.tokens.iter().filter(|token| token.text == text).collect();
            let (count, dimension) = (tokens.len(), self.embedding.dimension);
            line(&mut out, &format!("{name:?} in {}: {count} tokens, {dimension} values each", self.name));
            tokens.iter().for_each(|token| self.token(&mut out, token));
            line(&mut out, "");
        }
        self.cosines(&mut out);
        self.repeats(&mut out);
        self.comparison(&mut out);
        wrapped(&out, columns())
    }

    fn token(&self, out: &mut String, token: &EmbeddedToken) {
        line(out, "");
        let moved = if token.index == token.position { "" } else { ", not its own position" };
        line(out, &format!("{} id {}", left(&format!("{:?}", token.piece), 12), token.id));
        line(out, &format!("  token        {}", first(&token.token_vector)));
        if let Some(vector) = &token.position_vector {
            line(out, &format!("  position {:<3} {}{moved}", token.position, first(vector)));
            line(out, &format!("  sum          {}", first(&token.sum)));
        }
    }

    fn cosines(&self, out: &mut String) {
        let tokens = &self.embedding.tokens;
        let [name_cells, cells] = TABLE;
        if name_cells + cells * tokens.len() > columns() {
            let pairs = tokens.len() * tokens.len();
            line(out, &format!("The table of {pairs} cosines is too wide; --json has it."));
            return;
        }
        let has_positions = tokens[0].position_vector.is_some();
        let tables = [("token vectors", self.embedding.token_cosine()), ("sums", self.embedding.sum_cosine())];
        for (what, cosine) in tables.iter().take(1 + has_positions as usize) {
            line(out, &format!("Cosine between {what}:"));
            let heads = tokens.iter().map(|token| right(&shortened(&token.piece, cells - 1), cells));
            line(out, &(left("", name_cells) + &heads.collect::<String>()));
            for (token, row) in tokens.iter().zip(cosine) {
                let row: String = row.iter().map(|cosine| format!("{cosine:>cells$.3}")).collect();
                line(out, &(left(&shortened(&token.piece, name_cells - 1), name_cells) + &row));
            }
            line(out, "");
        }
    }

    /// Words that occur twice in a text: their cosine without and with positions.
    fn repeats(&self, out: &mut String) {
        if self.texts.len() > 1 {
            return;
        }
        let tokens = &self.embedding.tokens;
        let (token_cosine, sum_cosine) = (self.embedding.token_cosine(), self.embedding.sum_cosine());
        let cosine = |out: &mut String, what: String, cosine: f64| {
            line(out, &format!("{}{cosine:>7.4}", left(&shortened(&what, name_cells() - 1), name_cells())))
        };
        for (a, b) in self.embedding.repeats() {
            let (first, second) = (&tokens[a], &tokens[b]);
            let ids = match first.id == second.id {
                true => format!("the same token, {}", first.id),
                false => format!("two tokens, {} and {}", first.id, second.id),
            };
            let own = (first.index, second.index);
            line(out, &format!("{:?} at {} and {:?} at {}: {ids}", first.piece, own.0, second.piece, own.1));
            cosine(out, "  cosine of their vectors".into(), token_cosine[a][b]);
            if first.position_vector.is_none() {
                continue;
            }
            let taken = (first.position, second.position);
            let asked = if taken == own { "" } else { ", as asked" };
            cosine(out, format!("  with positions {} and {} added{asked}", taken.0, taken.1), sum_cosine[a][b]);
            if let Some(in_place) = self.in_place.filter(|_| taken != own) {
                let what = format!("  with their own positions, {} and {}", own.0, own.1);
                cosine(out, what, in_place.sum_cosine()[a][b]);
            }
        }
    }

    /// What the order of words changes between two texts.
    fn comparison(&self, out: &mut String) {
        let Some(found) = self.embedding.comparison() else { return };
        let count = self.embedding.tokens.iter().filter(|token| token.text == 0).count();
        let has_positions = self.embedding.tokens[0].position_vector.is_some();
        let (first, second) = (&self.texts[0], &self.texts[1]);
        line(out, &format!("{first:?} and {second:?}:"));
        let remark = match (found.same_tokens, found.same_order) {
            (true, true) => "The same tokens in the same order.".to_string(),
            (true, false) => format!("The same {count} token vectors in another order: equal as sets."),
            (false, _) if self.same_words() => {
                "The same words, but not the same tokens: here a word with a space before it is another token. Start both \
                 texts with a space to see the effect of order alone."
                    .to_string()
            }
            (false, _) => "Different tokens, so their vectors differ even without positions.".to_string(),
        };
        line(out, &remark);
        if found.same_tokens && !found.same_order {
            let shared = found.shared_sums;
            let remark = match has_positions {
                true => format!(
                    "With positions added, {} of {count} sums are not in the other text ({shared} are):\n\
                     the order is visible.",
                    count - shared
                ),
                false => "This source has no positions, so the order is invisible.".to_string(),
            };
            line(out, &remark);
        }
    }

    /// Whether the first two texts have the same words, ignoring spaces.
    fn same_words(&self) -> bool {
        let words = |text: usize| {
            let of_text = self.embedding.tokens.iter().filter(|token| token.text == text);
            let mut words: Vec<&str> = of_text.map(|token| token.piece.trim()).collect();
            words.sort_unstable();
            words
        };
        words(0) == words(1)
    }
}

/// Cells of the name of a cosine.
fn name_cells() -> usize {
    50.min(columns() - 8)
}

/// The first values of a vector.
pub fn first(vector: &[f32]) -> String {
    let rest = if vector.len() > SHOWN { " …" } else { "" };
    vector.iter().take(SHOWN).map(|x| format!("{x:>8.4}")).collect::<String>() + rest
}

/// A vector as JSON, each value with the fewest digits that identify the 32-bit float.
pub fn values(vector: &[f32]) -> Value {
    let value = |x: &f32| x.to_string().parse::<f64>().map_or(Value::Null, Value::from);
    vector.iter().map(value).collect::<Vec<_>>().into()
}

fn line(out: &mut String, line: &str) {
    writeln!(out, "{}", line.trim_end()).expect("writing to a string cannot fail");
}
