//! `wordspace tokens`

use std::process::ExitCode;

use serde_json::json;

use super::{print_json, program};
use crate::cli::args::TokensArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::left;
use crate::data::{Tokenizer, TokenizerChoice};

pub fn run(args: TokensArgs) -> Result<ExitCode, Failure> {
    let tokenizer = match args.tokenizer.parse()? {
        TokenizerChoice::Gpt2 => Tokenizer::gpt2(),
        TokenizerChoice::File(path) => Tokenizer::from_file(&path)?,
        learned => {
            let run = format!("{} tokens TEXT --tokenizer runs/toy/tokenizer.json", program());
            return Err(Failure::usage(format!(
                "a {learned} tokenizer is learned from a text; use that of a run, as in `{run}`"
            )));
        }
    };
    let tokens = tokenizer.encode(&args.text)?;
    if args.json {
        print_json(json!({
            "text": args.text,
            "ids": tokens.iter().map(|token| token.id).collect::<Vec<_>>(),
            "tokens": tokens.iter().map(|token| tokenizer.text(token.id)).collect::<Vec<_>>(),
            "spellings": tokens.iter().map(|token| &token.spelling).collect::<Vec<_>>(),
            "offsets": tokens.iter().map(|token| [token.bytes.start, token.bytes.end]).collect::<Vec<_>>(),
            "vocab_size": tokenizer.vocab_size(),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{:>8}  {} bytes", "id", left("token", 20));
    for token in &tokens {
        let text = format!("{:?}", tokenizer.text(token.id));
        println!("{:>8}  {} {}..{}", token.id, left(&text, 20), token.bytes.start, token.bytes.end);
    }
    Ok(ExitCode::SUCCESS)
}
