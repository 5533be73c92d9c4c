//! Reads and writes a configuration as TOML text; `--set` changes go on top.

use std::fmt::Display;

use toml::{Table, Value};
use wordspace_similarity::spelling_similarity;

use super::Config;
use crate::{Error, Result};

impl Config {
    /// Reads the configuration from TOML text and applies `changes`, such as `("train.steps", "100")`. Error messages call
    /// the text `name`.
    ///
    /// # Errors
    ///
    /// If a key is unknown (the closest known key is suggested) or a value is of the wrong type or out of range.
    pub fn from_toml(text: &str, name: &str, changes: &[(String, String)]) -> Result<Self> {
        let mut table: Table = text.parse().map_err(|error| Error::Config(format!("{name} is not TOML: {error}")))?;
        let known = Table::try_from(Self::default()).expect("a configuration can always be written as TOML");
        for (key, value) in changes {
            set(&mut table, &known, key, value)?;
        }
        check_keys(&table, &known)?;
        let config: Self =
            Value::Table(table).try_into().map_err(|error| Error::Config(format!("{name}: {}", in_words(error))))?;
        config.validate()?;
        Ok(config)
    }

    /// The configuration as TOML, every key written out.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a configuration can always be written as TOML")
    }
}

/// The message of `error`, with numbers called by their usual names instead of Rust's.
fn in_words(error: impl Display) -> String {
    let whole = "expected a whole number of at least 0";
    let names = [("expected f64", "expected a number"), ("expected u64", whole), ("expected usize", whole)];
    names.iter().fold(error.to_string(), |message, (rust, usual)| message.replace(rust, usual))
}

/// Sets the dotted `key` to `value`. Strings need no quotes: a value that is not TOML, or not a string where the key takes
/// one, is taken literally.
fn set(table: &mut Table, known: &Table, key: &str, value: &str) -> Result<()> {
    let parsed = format!("x = {value}").parse::<Table>().ok().and_then(|mut table| table.remove("x"));
    let takes_string = matches!(lookup(known, key), Some(Value::String(_)));
    let value = match parsed {
        Some(parsed) if !takes_string || parsed.is_str() => parsed,
        _ => Value::String(value.to_string()),
    };
    let (sections, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut section_table = table;
    for section in sections.split('.').filter(|section| !section.is_empty()) {
        section_table = match section_table.entry(section).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(table) => table,
            _ => return Err(unknown_key(known, key)),
        };
    }
    section_table.insert(name.to_string(), value);
    Ok(())
}

fn lookup<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let (section, name) = key.split_once('.')?;
    table.get(section)?.get(name)
}

/// Refuses unknown sections and keys. The names of watched groups are the user's, so they are not checked.
fn check_keys(table: &Table, known: &Table) -> Result<()> {
    for (section, value) in table {
        let Some(Value::Table(known_section)) = known.get(section) else {
            return Err(unknown_key(known, section));
        };
        let Value::Table(found) = value else {
            return Err(Error::Config(format!("{section} is a section; expected [{section}] with keys below it")));
        };
        if let Some(key) = found.keys().find(|key| !known_section.contains_key(*key)) {
            return Err(unknown_key(known, &format!("{section}.{key}")));
        }
    }
    Ok(())
}

fn unknown_key(known: &Table, key: &str) -> Error {
    let all = known.iter().flat_map(|(section, keys)| {
        keys.as_table().into_iter().flat_map(move |keys| keys.keys().map(move |key| format!("{section}.{key}")))
    });
    // Compare without the section too, so that `steps` finds `train.steps`.
    let similarity = |candidate: &String| {
        let bare = candidate.rsplit('.').next().unwrap_or(candidate);
        let written = key.rsplit('.').next().unwrap_or(key);
        spelling_similarity(candidate, key).max(spelling_similarity(bare, written))
    };
    let closest = all.map(|candidate| (similarity(&candidate), candidate)).max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match closest {
        Some((similarity, candidate)) if similarity > 0.5 => format!("; did you mean {candidate}?"),
        _ => format!("; the sections are {}", known.keys().cloned().collect::<Vec<_>>().join(", ")),
    };
    Error::Config(format!("unknown key {key}{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, changes: &[(&str, &str)]) -> Result<Config> {
        let changes: Vec<_> = changes.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        Config::from_toml(text, "test.toml", &changes)
    }

    #[track_caller]
    fn refused(text: &str, changes: &[(&str, &str)], expected: &str) {
        let error = read(text, changes).expect_err("the configuration is wrong").to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn an_empty_file_is_the_toy_run() {
        assert_eq!(read("", &[]).unwrap(), Config::default());
    }

    #[test]
    fn a_configuration_reads_back_as_it_was_written() {
        let config = read("[watch]\ngroups.pets = [\"cat\", \"dog\"]\n[train]\nlearning_rate = 0.1", &[]).unwrap();
        assert_eq!(read(&config.to_toml(), &[]).unwrap(), config);
    }

    #[test]
    fn a_change_overrides_the_file() {
        let config = read("[train]\nsteps = 5", &[("train.steps", "7"), ("model.tied", "false")]).unwrap();
        assert_eq!((config.train.steps, config.model.tied), (7, false));
    }

    #[test]
    fn strings_need_no_quotes_and_lists_are_toml() {
        let changes = [
            ("data.text", "some file.txt"),
            ("run.name", "2024"),
            ("data.tokenizer", "\"char\""),
            ("watch.pairs", r#"[["a", "b"]]"#),
            ("watch.groups.letters", r#"["a", "b", "c"]"#),
        ];
        let config = read("", &changes).unwrap();
        assert_eq!((config.data.text.as_str(), config.run.name.as_str()), ("some file.txt", "2024"));
        assert_eq!(config.data.tokenizer, "char");
        assert_eq!(config.watch.pairs, [["a".to_string(), "b".to_string()]]);
        assert_eq!(config.watch.groups["letters"].len(), 3);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_closest_one() {
        refused(
            "[train]\nlearning_rat = 1.0",
            &[],
            "unknown key train.learning_rat; did you mean train.learning_rate?",
        );
        refused("[modell]\nlayers = 1", &[], "unknown key modell");
        refused("", &[("steps", "5")], "did you mean train.steps?");
        refused("", &[("model.chanels", "5")], "did you mean model.channels?");
        refused("", &[("zzz.qqqqqqq", "5")], "the sections are");
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused_with_its_key() {
        refused("[train]\nsteps = \"many\"", &[], "steps");
        refused("", &[("train.steps", "-1")], "expected a whole number of at least 0");
        refused("", &[("train.steps", "99999999999999999999")], "expected a whole number of at least 0");
        refused("", &[("train.learning_rate", "fast")], "expected a number");
        refused("steps = 5", &[], "unknown key steps; did you mean train.steps?");
        refused("train = 5", &[], "train is a section");
        refused("[train\n", &[], "is not TOML");
    }

    #[test]
    fn values_out_of_range_are_refused_with_their_key() {
        refused("", &[("data.validation", "1.0")], "data.validation is 1");
        refused("", &[("train.batch", "0")], "train.batch is 0");
        refused("", &[("train.beta2", "1.0")], "train.beta2");
        refused("", &[("train.min_learning_rate", "1.0")], "must not exceed");
        refused("", &[("train.lazy", "true")], "train.lazy is true: the tied head");
        refused("", &[("model.heads", "3")], "model.heads is 3: it must divide model.channels, 64");
        refused("", &[("device.name", "gpu")], "device");
        refused("", &[("data.tokenizer", "wrds")], "no tokenizer is called");
    }
}
