//! `wordspace generate`

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;

use super::export::run_and_step;
use super::print_json;
use crate::cli::args::GenerateArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal};
use crate::data::{Tokenizer, UNKNOWN};
use crate::explore::{Source, TableChoice};
use crate::learn::{Sampling, did_you_mean};
use crate::train::device::OpenDevice;
use crate::train::{Continuation, LanguageModel};

pub fn run(args: GenerateArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let sampling = Sampling { temperature: args.temperature, top_k: args.top_k, seed: args.seed };
    sampling.validate()?;
    if args.prompt.is_empty() {
        return Err(Failure::usage("the prompt is empty; expected at least one token to continue"));
    }
    let language = open(&args, terminal)?;
    let prompt = prompt(&language, &args.prompt, terminal)?;
    let mut say = |part: &str| {
        if !args.json {
            print!("{part}")
        }
        ControlFlow::Continue(())
    };
    let began = Instant::now();
    let _ = say(&args.prompt);
    let Continuation { ids, text, ended } = language.continue_text(&prompt, sampling, args.tokens, &mut say)?;
    let _ = say("\n");
    let seconds = began.elapsed().as_secs_f64();
    let tokens_per_second = (!ids.is_empty()).then_some(ids.len() as f64 / seconds);
    if args.json {
        print_json(json!({
            "source": args.source,
            "prompt": args.prompt,
            "prompt_ids": prompt,
            "text": text,
            "ids": ids,
            "ending": if ended { "end_of_text" } else { "tokens" },
            "temperature": args.temperature,
            "top_k": args.top_k,
            "seed": args.seed,
            "device": language.device.name,
            "tokens_per_second": tokens_per_second,
        }));
    } else {
        let speed = tokens_per_second.map_or(String::new(), |speed| format!(" at {speed:.0} per second"));
        let ending = if ended { ", then the model ended the text" } else { "" };
        terminal.hint(&format!("{} tokens{speed} on {}{ending}", ids.len(), language.device.name));
    }
    Ok(ExitCode::SUCCESS)
}

fn open(args: &GenerateArgs, terminal: &Terminal) -> Result<LanguageModel, Failure> {
    let (path, step) = match args.source.to_str() {
        Some("gpt2") if !args.source.exists() => {
            (Source::parse("gpt2", TableChoice::Token)?.path().to_path_buf(), None)
        }
        _ => run_and_step(&args.source)?,
    };
    let device = OpenDevice::open(args.device.parse()?)?;
    let bar = Bar::new(terminal, "reading the model");
    let tell = |_, done, total| {
        bar.tell(done, total);
        ControlFlow::Continue(())
    };
    Ok(LanguageModel::open(&path, step, device, &tell)?)
}

/// The token ids of the prompt. Warns of what the model cannot see of it.
fn prompt(language: &LanguageModel, text: &str, terminal: &Terminal) -> Result<Vec<u32>, Failure> {
    let tokens = language.tokenizer.encode(text)?;
    for token in tokens.iter().filter(|token| token.spelling == UNKNOWN) {
        let word = text.get(token.bytes.clone()).unwrap_or_default();
        terminal.warning(&unknown(word, language));
    }
    if let Some(part) = Tokenizer::left_out(text, &tokens) {
        terminal.warning(&format!("this model has no token for {part:?} and ignores it"));
    }
    let (found, context) = (tokens.len(), language.config.context);
    if found > context {
        terminal.warning(&format!(
            "the prompt has {found} tokens, but the context of this model is {context}: it sees the last {context}"
        ));
    }
    Ok(tokens.iter().map(|token| token.id).collect())
}

/// The warning that `word` is not in the vocabulary, with the closest spelling that is.
fn unknown(word: &str, language: &LanguageModel) -> String {
    let tokenizer = &language.tokenizer;
    let words: Vec<String> = (0..tokenizer.vocab_size() as u32).filter_map(|id| tokenizer.spelling(id)).collect();
    let meant = did_you_mean(&word.to_lowercase(), words.iter().map(String::as_str));
    let hint = meant.map(|other| format!("; did you mean {other:?}?")).unwrap_or_default();
    format!(
        "{word:?} is not among the {} words of this model's vocabulary; it reads {UNKNOWN} instead{hint}",
        words.len()
    )
}
