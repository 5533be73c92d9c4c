//! The examples at the end of each command's help.

pub const TRAIN: &str = "\
Examples:
  wordspace train                         the built-in toy run, in seconds
  wordspace train --name long --steps 2000 --serve
  wordspace train configs/tinystories.toml --text stories.txt
  wordspace train --text notes.txt --tokenizer bpe:2000 --set model.layers=4";

pub const RESUME: &str = "\
Examples:
  wordspace resume runs/toy               after an interruption, to the end
  wordspace resume runs/toy --steps 2000";

pub const SERVE: &str = "\
Examples:
  wordspace serve                         all runs of the folder runs
  wordspace serve runs/toy --port 8000";

pub const REPORT: &str = "\
Example:
  wordspace report runs/toy --to toy.html";

pub const PLAYGROUND: &str = "\
Examples:
  wordspace playground --open
  wordspace playground --to site/index.html";

pub const TOKENS: &str = "\
Examples:
  wordspace tokens \"the cat sleeps\" --tokenizer runs/toy
  wordspace tokens \"Unbelievable!\"       by GPT-2's tokenizer";

pub const EMBED: &str = "\
Examples:
  wordspace embed \"the cat sees the dog\" --source runs/toy
  wordspace embed \"dog bites man\" \"man bites dog\" --source gpt2
  wordspace embed \"the dog sleeps\" \"the cat eats\" --source runs/toy --mean";

pub const GENERATE: &str = "\
Examples:
  wordspace generate runs/toy --prompt \"the cat\"
  wordspace generate runs/toy@0 --prompt \"the cat\"   before training";

pub const INSPECT: &str = "\
Examples:
  wordspace inspect runs/toy
  wordspace inspect GoogleNews-vectors-negative300.bin";

pub const NEIGHBORS: &str = "\
Examples:
  wordspace neighbors runs/toy cat --centred
  wordspace neighbors vectors.bin king woman --negative man
  wordspace neighbors vectors.bin --from words.txt --csv
  wordspace neighbors vectors.npy --vector point.json --json";

pub const SIMILARITY: &str = "\
Examples:
  wordspace similarity runs/toy cat dog
  wordspace similarity vectors.bin --from pairs.txt --json";

pub const ANALOGY: &str = "\
Examples:
  wordspace analogy vectors.bin man king woman
  wordspace analogy vectors.bin --from questions.txt --top 1 --csv";

pub const ODD_ONE_OUT: &str = "\
Example:
  wordspace odd-one-out runs/toy cat dog piano";

pub const PROJECT: &str = "\
Examples:
  wordspace project runs/toy --to words.svg
  wordspace project runs/toy --trail --to paths.html
  wordspace project vectors.bin cat dog fox piano --method umap --to few.csv";

pub const EVALUATE: &str = "\
Examples:
  wordspace evaluate runs/toy
  wordspace evaluate vectors.bin --similarity MEN.txt";

pub const CONVERT: &str = "\
Examples:
  wordspace convert runs/toy toy.bin      for gensim
  wordspace convert glove.txt glove.npy --limit 100000
  wordspace convert runs/toy toy-static --to static-embedding";

pub const EXPORT: &str = "\
Example:
  wordspace export runs/toy toy-gpt2      for transformers";

pub const BENCH: &str = "\
Examples:
  wordspace bench --quick
  wordspace bench --device flex,wgpu --only step,lookup
  wordspace bench --json > today.json
  wordspace bench --compare yesterday.json";

pub const DEVICES: &str = "\
Example:
  wordspace devices --check";

pub const COMPLETIONS: &str = "\
Example:
  wordspace completions bash > wordspace.bash";

pub const MAN: &str = "\
Example:
  wordspace man --to ~/.local/share/man/man1";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::super::Args;

    /// The words of a command line, as a shell splits them.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut is_quoted = false;
        for c in line.chars() {
            match c {
                '"' => is_quoted = !is_quoted,
                ' ' if !is_quoted => words.push(String::new()),
                _ => words.last_mut().unwrap().push(c),
            }
        }
        words.into_iter().filter(|word| !word.is_empty()).collect()
    }

    #[test]
    fn every_command_has_an_example_and_every_example_is_a_command() {
        let program = Args::command();
        for command in program.get_subcommands().filter(|command| command.get_name() != "licences") {
            let help = command.get_after_help().unwrap_or_else(|| panic!("{} has no example", command.get_name()));
            let help = help.to_string();
            let lines: Vec<&str> = help.lines().filter(|line| line.starts_with("  wordspace ")).collect();
            assert!(!lines.is_empty(), "{help}");
            for line in lines {
                assert!(line.len() <= 80, "{line} does not fit into 80 columns");
                // A remark or a redirection may follow the command.
                let command = line.trim().split("   ").next().unwrap().split(" > ").next().unwrap();
                Args::try_parse_from(words(command)).map(drop).unwrap_or_else(|error| panic!("{command}: {error}"));
            }
        }
    }
}
