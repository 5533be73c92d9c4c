//! `wordspace tokens`

use std::process::ExitCode;

use serde_json::json;
use wordspace::data::{Tokenizer, TokenizerChoice};

use super::{print_json, program};
use crate::args::TokensArgs;
use crate::failure::Failure;

pub fn run(args: TokensArgs) -> Result<ExitCode, Failure> {
    let tokenizer = match args.tokenizer.parse()? {
        TokenizerChoice::Gpt2 => Tokenizer::gpt2(),
        TokenizerChoice::File(path) => Tokenizer::from_file(&path)?,
        learned => {
            let run = format!("{} tokens TEXT --tokenizer runs/toy/tokenizer.json", program());
            return Err(Failure::usage(format!(
                "a {learned} tokenizer is learned from a text; use a run's, as in `{run}`"
            )));
        }
    };
    let tokens = tokenizer.encode(&args.text)?;
    let piece = |id| tokenizer.decode(&[id]);
    if args.json {
        print_json(json!({
            "text": args.text,
            "ids": tokens.iter().map(|token| token.id).collect::<Vec<_>>(),
            "tokens": tokens.iter().map(|token| piece(token.id)).collect::<Vec<_>>(),
            "spellings": tokens.iter().map(|token| &token.spelling).collect::<Vec<_>>(),
            "offsets": tokens.iter().map(|token| [token.bytes.start, token.bytes.end]).collect::<Vec<_>>(),
            "vocab_size": tokenizer.vocab_size(),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{:>8}  {:<20} bytes", "id", "token");
    for token in &tokens {
        println!(
            "{:>8}  {:<20} {}..{}",
            token.id,
            format!("{:?}", piece(token.id)),
            token.bytes.start,
            token.bytes.end
        );
    }
    Ok(ExitCode::SUCCESS)
}
