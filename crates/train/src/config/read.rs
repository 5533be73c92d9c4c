//! From TOML, with changes from the command line on top, to a configuration.

use std::path::Path;

use toml::{Table, Value};

use super::Config;
use crate::{Error, Result};

impl Config {
    /// The configuration in the text of a TOML file, with `changes` (`train.steps` to `100`) on top. `name` stands for
    /// the file in messages.
    ///
    /// # Errors
    ///
    /// If a key is unknown (the nearest known one is suggested) or a value is not what the key takes.
    pub fn from_toml(text: &str, name: &str, changes: &[(String, String)]) -> Result<Self> {
        let mut table: Table = text.parse().map_err(|error| Error::Config(format!("{name} is not TOML: {error}")))?;
        let known = Table::try_from(Self::default()).expect("a configuration can always be written as TOML");
        for (key, value) in changes {
            set(&mut table, &known, key, value)?;
        }
        check_keys(&table, &known)?;
        let config: Self = Value::Table(table).try_into().map_err(|error| Error::Config(format!("{name}: {error}")))?;
        config.validate()?;
        Ok(config)
    }

    /// Reads the TOML file at `path`, with `changes` on top. Unless it names the run, its file name does.
    ///
    /// # Errors
    ///
    /// As [`Self::from_toml`], or if the file cannot be read.
    pub fn open(path: &Path, changes: &[(String, String)]) -> Result<Self> {
        if path.is_dir() {
            let problem = "expected a TOML file; to go on with a run, use `wordspace resume`";
            return Err(Error::Config(format!("{} is a directory; {problem}", path.display())));
        }
        let text = std::fs::read_to_string(path).map_err(|source| wordspace_data::Error::read(path, source))?;
        let mut changes = changes.to_vec();
        let table = text.parse::<Table>().unwrap_or_default();
        let is_named = table.get("run").is_some_and(|run| run.get("name").is_some());
        if let (false, Some(stem)) = (is_named, path.file_stem()) {
            changes.insert(0, ("run.name".into(), stem.to_string_lossy().into_owned()));
        }
        Self::from_toml(&text, &path.display().to_string(), &changes)
    }

    /// The configuration as TOML, every key written out.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a configuration can always be written as TOML")
    }
}

/// Puts `value` at the dotted `key`. A text needs no quotes: what is no TOML, or another kind than a key of texts takes,
/// is taken as it stands.
fn set(table: &mut Table, known: &Table, key: &str, value: &str) -> Result<()> {
    let parsed = format!("x = {value}").parse::<Table>().ok().and_then(|mut table| table.remove("x"));
    let takes_text = matches!(lookup(known, key), Some(Value::String(_)));
    let value = match parsed {
        Some(parsed) if !takes_text || parsed.is_str() => parsed,
        _ => Value::String(value.to_string()),
    };
    let (sections, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut place = table;
    for section in sections.split('.').filter(|section| !section.is_empty()) {
        place = match place.entry(section).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(table) => table,
            _ => return Err(unknown_key(known, key)),
        };
    }
    place.insert(name.to_string(), value);
    Ok(())
}

fn lookup<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let (section, name) = key.split_once('.')?;
    table.get(section)?.get(name)
}

/// Every section and every key of it must be known; the names of watched groups are free.
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
    // A key without its section (`steps`) is as near as one with a letter wrong.
    let likeness = |candidate: &String| {
        let bare = candidate.rsplit('.').next().unwrap_or(candidate);
        let written = key.rsplit('.').next().unwrap_or(key);
        strsim::normalized_damerau_levenshtein(candidate, key)
            .max(strsim::normalized_damerau_levenshtein(bare, written))
    };
    let nearest = all.map(|candidate| (likeness(&candidate), candidate)).max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match nearest {
        Some((likeness, candidate)) if likeness > 0.5 => format!("; did you mean {candidate}?"),
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
    fn what_is_written_out_reads_back_the_same() {
        let config = read("[watch]\ngroups.pets = [\"cat\", \"dog\"]\n[train]\nlearning_rate = 0.1", &[]).unwrap();
        assert_eq!(read(&config.to_toml(), &[]).unwrap(), config);
    }

    #[test]
    fn a_change_wins_over_the_file() {
        let config = read("[train]\nsteps = 5", &[("train.steps", "7"), ("model.tied", "false")]).unwrap();
        assert_eq!((config.train.steps, config.model.tied), (7, false));
    }

    #[test]
    fn texts_need_no_quotes_and_lists_are_toml() {
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
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
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
    fn a_value_of_another_kind_is_refused_with_its_key() {
        refused("[train]\nsteps = \"many\"", &[], "steps");
        refused("", &[("train.steps", "-1")], "steps");
        refused("steps = 5", &[], "unknown key steps; did you mean train.steps?");
        refused("train = 5", &[], "train is a section");
        refused("[train\n", &[], "is not TOML");
    }

    #[test]
    fn numbers_that_make_no_run_are_refused_by_key() {
        refused("", &[("data.validation", "1.0")], "data.validation is 1");
        refused("", &[("train.batch", "0")], "train.batch is 0");
        refused("", &[("train.beta2", "1.0")], "train.beta2");
        refused("", &[("train.min_learning_rate", "1.0")], "must not exceed");
        refused("", &[("train.lazy", "true")], "train.lazy is true: the head is the token table");
        refused("", &[("model.heads", "3")], "model.heads is 3: it must divide model.channels, 64");
        refused("", &[("run.name", "../escape")], "run.name");
        refused("", &[("device.name", "gpu")], "device");
        refused("", &[("data.tokenizer", "wrds")], "no tokenizer is called");
    }
}
