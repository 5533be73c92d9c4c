//! `wordspace embed`

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::{Value, json};
use wordspace::explore::embed::{Embedding, Pieces, PlacedToken};
use wordspace::explore::{Source, TableChoice};

use super::print_json;
use super::source::read;
use crate::args::EmbedArgs;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// How many of a vector's numbers are shown.
const SHOWN: usize = 5;

/// The largest table of cosines that fits a terminal.
const TABLE: usize = 10;

pub fn run(args: EmbedArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let source = Source::parse(&args.source, TableChoice::Token)?;
    let opened = read(&source, None, false, terminal)?;
    let pieces = Pieces::of(&source, &opened)?;
    let split = |text: &String| pieces.split(text, &opened.vectors, &opened.name);
    let texts = args.text.iter().map(split).collect::<Result<Vec<_>, _>>()?;
    let (vectors, table) = (&opened.vectors, opened.positions.as_ref());
    let asked = args.positions.as_deref();
    if asked.is_some() && table.is_none() {
        let name = &opened.name;
        return Err(Failure::usage(format!("{name} has no table of positions; leave out --positions")));
    }
    let embedding = Embedding::new(&texts, vectors, table, asked)?;
    // Where the text is longer than the table of positions, there is nothing to compare with.
    let in_place = asked.and_then(|_| Embedding::new(&texts, vectors, table, None).ok());
    let shown = Shown { texts: &args.text, name: &opened.name, embedding: &embedding, in_place: in_place.as_ref() };
    match args.json {
        true => print_json(shown.json()),
        false => print!("{}", shown.text()),
    }
    Ok(ExitCode::SUCCESS)
}

/// What was asked and what was found.
struct Shown<'a> {
    texts: &'a [String],
    name: &'a str,
    embedding: &'a Embedding,
    /// The same with each token at its own place, where others were asked for.
    in_place: Option<&'a Embedding>,
}

impl Shown<'_> {
    fn json(&self) -> Value {
        let tokens = &self.embedding.tokens;
        let each = |value: &dyn Fn(&PlacedToken) -> Value| tokens.iter().map(value).collect::<Vec<_>>();
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
            "token_vectors": each(&|token| numbers(&token.token_vector)),
            "position_vectors": each(&|token| token.position_vector.as_deref().map_or(Value::Null, numbers)),
            "sum_vectors": each(&|token| numbers(&token.sum)),
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
            line(&mut out, &format!("{name:?} in {}: {count} tokens, {dimension} numbers each", self.name));
            tokens.iter().for_each(|token| self.token(&mut out, token));
            line(&mut out, "");
        }
        self.cosines(&mut out);
        self.repeats(&mut out);
        self.comparison(&mut out);
        out
    }

    fn token(&self, out: &mut String, token: &PlacedToken) {
        line(out, "");
        let moved = if token.index == token.position { "" } else { ", not its own place" };
        line(out, &format!("{:<12} id {}", format!("{:?}", token.piece), token.id));
        line(out, &format!("  token        {}", first(&token.token_vector)));
        if let Some(vector) = &token.position_vector {
            line(out, &format!("  position {:<3} {}{moved}", token.position, first(vector)));
            line(out, &format!("  sum          {}", first(&token.sum)));
        }
    }

    fn cosines(&self, out: &mut String) {
        let tokens = &self.embedding.tokens;
        if tokens.len() > TABLE {
            let pairs = tokens.len() * tokens.len();
            line(out, &format!("The cosines of all {pairs} pairs are in --json."));
            return;
        }
        let has_positions = tokens[0].position_vector.is_some();
        let tables =
            [("the tokens' vectors", self.embedding.token_cosine()), ("the sums", self.embedding.sum_cosine())];
        for (what, cosine) in tables.iter().take(1 + has_positions as usize) {
            line(out, &format!("Cosine between {what}:"));
            let heads = tokens.iter().map(|token| format!("{:>8}", short(&token.piece, 7)));
            line(out, &format!("{:10}{}", "", heads.collect::<String>()));
            for (token, row) in tokens.iter().zip(cosine) {
                let row: String = row.iter().map(|cosine| format!("{cosine:>8.4}")).collect();
                line(out, &format!("{:10}{row}", short(&token.piece, 9)));
            }
            line(out, "");
        }
    }

    /// The same word twice in a text, without and with its positions.
    fn repeats(&self, out: &mut String) {
        if self.texts.len() > 1 {
            return;
        }
        let tokens = &self.embedding.tokens;
        let (token_cosine, sum_cosine) = (self.embedding.token_cosine(), self.embedding.sum_cosine());
        let cosine = |out: &mut String, what: String, cosine: f64| line(out, &format!("{what:<50}{cosine:>7.4}"));
        for (a, b) in self.embedding.repeats() {
            let (first, second) = (&tokens[a], &tokens[b]);
            let ids = match first.id == second.id {
                true => format!("the same token, {}", first.id),
                false => format!("two tokens, {} and {}", first.id, second.id),
            };
            let places = (first.index, second.index);
            line(out, &format!("{:?} at {} and {:?} at {}: {ids}", first.piece, places.0, second.piece, places.1));
            cosine(out, "  cosine of their vectors".into(), token_cosine[a][b]);
            if first.position_vector.is_none() {
                continue;
            }
            let taken = (first.position, second.position);
            let asked = if taken == places { "" } else { ", as asked" };
            cosine(out, format!("  with positions {} and {} added{asked}", taken.0, taken.1), sum_cosine[a][b]);
            if let Some(in_place) = self.in_place.filter(|_| taken != places) {
                let what = format!("  with their own, {} and {}", places.0, places.1);
                cosine(out, what, in_place.sum_cosine()[a][b]);
            }
        }
    }

    /// What order does to two texts.
    fn comparison(&self, out: &mut String) {
        let Some(found) = self.embedding.comparison() else { return };
        let count = self.embedding.tokens.iter().filter(|token| token.text == 0).count();
        let has_positions = self.embedding.tokens[0].position_vector.is_some();
        let (first, second) = (&self.texts[0], &self.texts[1]);
        line(out, &format!("{first:?} and {second:?}:"));
        let remark = match (found.same_tokens, found.same_order) {
            (true, true) => "They are the same tokens in the same order.".to_string(),
            (true, false) => format!("The same {count} token vectors in another order: as a set they are equal."),
            (false, _) if self.same_words() => {
                "The same words, but not the same tokens: with a space before it a word is another token here. Begin both \
                 texts with a space to see what order alone does."
                    .to_string()
            }
            (false, _) => "They are different tokens, and so different vectors, before any position is added.".to_string(),
        };
        line(out, &remark);
        if found.same_tokens && !found.same_order {
            let shared = found.shared_sums;
            let remark = match has_positions {
                true => format!(
                    "With positions added, {} of {count} sums are vectors that the other text does not have ({shared} shared): \
                     order can be seen.",
                    count - shared
                ),
                false => "There are no positions here, so nothing tells one from the other.".to_string(),
            };
            line(out, &remark);
        }
    }

    /// Whether the first two texts are the same words to a reader.
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

/// The first numbers of a vector.
fn first(vector: &[f32]) -> String {
    let rest = if vector.len() > SHOWN { " …" } else { "" };
    vector.iter().take(SHOWN).map(|x| format!("{x:>8.4}")).collect::<String>() + rest
}

/// A vector as JSON, each number with as few digits as tell it from all other 32-bit floats.
fn numbers(vector: &[f32]) -> Value {
    let number = |x: &f32| x.to_string().parse::<f64>().map_or(Value::Null, Value::from);
    vector.iter().map(number).collect::<Vec<_>>().into()
}

/// `piece` as it fits a column.
fn short(piece: &str, width: usize) -> String {
    let visible: String = piece.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match visible.chars().count() {
        count if count > width => visible.chars().take(width - 1).chain(['…']).collect(),
        _ => visible,
    }
}

fn line(out: &mut String, line: &str) {
    writeln!(out, "{}", line.trim_end()).expect("a string takes all");
}
