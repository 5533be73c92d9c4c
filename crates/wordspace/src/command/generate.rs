//! `wordspace generate`

use std::io::{ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;
use wordspace::data::{END_OF_TEXT, TextStream, Tokenizer, UNKNOWN};
use wordspace::explore::{Source, TableChoice};
use wordspace::learn::did_you_mean;
use wordspace::train::device::OpenDevice;
use wordspace::train::generate::{Generation, LanguageModel, Sampling};

use super::export::run_and_step;
use super::print_json;
use crate::args::GenerateArgs;
use crate::failure::Failure;
use crate::terminal::{Bar, Terminal};

pub fn run(args: GenerateArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let sampling = Sampling { temperature: args.temperature, top_k: args.top_k, seed: args.seed };
    sampling.validate()?;
    if args.prompt.is_empty() {
        return Err(Failure::usage("the prompt is empty; give the model at least a word to go on from"));
    }
    let language = open(&args, terminal)?;
    let prompt = prompt(&language, &args.prompt, terminal)?;
    let mut generation = Generation::new(&language, &prompt, sampling)?;
    let mut stream = TextStream::after(&prompt, &language.tokenizer);
    let end = language.tokenizer.id(END_OF_TEXT);
    let (mut ids, mut text, mut ended) = (Vec::new(), String::new(), false);
    let say = |part: &str| if args.json { Ok(true) } else { say(part) };

    let began = Instant::now();
    let mut is_heard = say(&args.prompt)?;
    while is_heard && ids.len() < args.tokens && !ended {
        let id = generation.next_token()?;
        ended = Some(id) == end;
        if !ended {
            ids.push(id);
            let part = stream.push(id);
            is_heard = say(&part)?;
            text.push_str(&part);
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let rest = stream.finish();
    is_heard = is_heard && say(&rest)? && say("\n")?;
    text.push_str(&rest);
    let tokens_per_second = if ids.is_empty() { None } else { Some(ids.len() as f64 / seconds) };
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
    } else if is_heard {
        let speed = tokens_per_second.map_or(String::new(), |speed| format!(" at {speed:.0} a second"));
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

/// The ids of the prompt; what of it the model cannot see is told.
fn prompt(language: &LanguageModel, text: &str, terminal: &Terminal) -> Result<Vec<u32>, Failure> {
    let tokens = language.tokenizer.encode(text)?;
    for token in tokens.iter().filter(|token| token.spelling == UNKNOWN) {
        let word = text.get(token.bytes.clone()).unwrap_or_default();
        terminal.warning(&unknown(word, language));
    }
    if let Some(part) = Tokenizer::left_out(text, &tokens) {
        terminal.warning(&format!("this model has no token for {part:?}, and goes on as if it were not there"));
    }
    let (found, context) = (tokens.len(), language.config.context);
    if found > context {
        terminal.warning(&format!(
            "the prompt has {found} tokens, but this model sees {context} at once: it goes on from the last {context}"
        ));
    }
    Ok(tokens.iter().map(|token| token.id).collect())
}

/// That the model does not know `word`, and which one was probably meant.
fn unknown(word: &str, language: &LanguageModel) -> String {
    let tokenizer = &language.tokenizer;
    let words: Vec<String> = (0..tokenizer.vocab_size() as u32).filter_map(|id| tokenizer.spelling(id)).collect();
    let meant = did_you_mean(&word.to_lowercase(), words.iter().map(String::as_str));
    let hint = meant.map(|other| format!("; did you mean {other:?}?")).unwrap_or_default();
    format!("{word:?} is not among the {} words of this model, which reads {UNKNOWN} instead{hint}", words.len())
}

/// Prints a part of the text now. Answers whether anybody reads it still.
fn say(part: &str) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(part.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(wordspace::data::Error::write(Path::new("the standard output"), error).into()),
    }
}
