//! Mistakes with files of vectors, and the messages for them.

mod harness;

use harness::{Done, Folder, names};

/// `inspect` of a file with `content` fails with exit code 3 and a message that contains all of `words`.
#[track_caller]
fn refuses(name: &str, content: impl AsRef<[u8]>, words: &[&str]) {
    let folder = Folder::new();
    folder.write(name, content).run(&["inspect", name]).fails(3, &[&[name], words].concat());
}

/// `inspect` of a file with `content` succeeds with warnings that contain all of `words`, and fails with `--strict`.
#[track_caller]
fn warns(content: impl AsRef<[u8]>, rows: usize, words: &[&str]) {
    let folder = Folder::new();
    let done = folder.write("v.txt", content).run(&["inspect", "v.txt", "--json"]).succeeds();
    assert_eq!(done.json()["vocab_size"], rows);
    for word in words {
        assert!(done.stderr.contains(word), "{word:?} is not in: {}", done.stderr);
    }
    folder.run(&["inspect", "v.txt", "--strict"]).fails(3, words);
}

#[test]
fn misspelled_names() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "4"]).succeeds();
    folder.write("vectors.bin", "");
    folder
        .run(&["inspect", "runs/tyo"])
        .fails(3, &["runs/tyo: there is no such file or folder in /", "did you mean runs/toy?"]);
    folder.run(&["inspect", "rums/toy"]).fails(3, &["did you mean runs/toy?"]);
    folder.run(&["inspect", "vector.bin"]).fails(3, &["did you mean vectors.bin?"]);
    folder.run(&["inspect", "runs/tyo@4"]).fails(3, &["did you mean runs/toy?"]);
    folder.run(&["inspect", "quite-another"]).fails(3, &["expected a run's folder"]);
}

#[test]
fn missing_and_malformed_steps() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "4"]).succeeds();
    folder.run(&["inspect", "runs/toy@3"]).fails(3, &["no vectors of step 3", "there are 0, 1, 2, 4"]);
    folder.run(&["inspect", "runs/toy@last"]).fails(2, &["expected a step number after the @, found \"last\""]);
}

#[test]
fn folders_without_vectors() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "1"]).succeeds();
    folder.run(&["inspect", "runs"]).fails(3, &["neither a run", "in it there are runs/toy"]);
    folder.run(&["inspect", "runs/toy/tokens"]).fails(3, &["neither a run"]);
}

#[test]
fn gpt2_missing_from_the_cache() {
    let folder = Folder::new();
    let mut command = folder.command(&["inspect", "gpt2"]);
    command.env("HF_HUB_CACHE", folder.join("hub"));
    let done = Done::of(command.output().unwrap());
    done.fails(3, &["not in the Hugging Face cache", "hub", "hf download openai-community/gpt2 config.json"]);
}

#[test]
fn gpt2_in_the_cache() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "1"]).succeeds();
    let model = folder.join("hub/models--openai-community--gpt2");
    std::fs::create_dir_all(model.join("refs")).unwrap();
    std::fs::create_dir_all(model.join("snapshots")).unwrap();
    std::fs::write(model.join("refs/main"), "607a30d783dfa663caf39e06633721c8d4cfcd7e").unwrap();
    let snapshot = "hub/models--openai-community--gpt2/snapshots/607a30d783dfa663caf39e06633721c8d4cfcd7e";
    folder.run(&["export", "runs/toy", snapshot]).succeeds();
    let mut command = folder.command(&["inspect", "gpt2", "--json"]);
    command.env_remove("HF_HUB_CACHE").env("HF_HOME", folder.path());
    assert_eq!(Done::of(command.output().unwrap()).succeeds().json()["vocab_size"], 376);
}

#[test]
fn compressed_files() {
    refuses("GoogleNews-vectors-negative300.bin", b"\x1f\x8b\x08\0\0", &["compressed (gzip)", "gunzip -k"]);
    refuses("glove.6B.50d.txt", b"PK\x03\x04\x14\0glove.6B.50d.txt", &["zip archive", "unzip"]);
}

#[test]
fn files_of_other_programs() {
    refuses("pytorch_model.bin", b"PK\x03\x04....archive/data.pkl", &["PyTorch", "save_pretrained"]);
    refuses("word2vec.model", b"\x80\x04\x95\x99gensim.models", &["gensim's own file", "save_word2vec_format"]);
    refuses("words.parquet", b"PAR1\x15\x04", &["Parquet", "read_parquet"]);
    refuses("tokenizer.json", r#"{"model": {"type": "BPE", "vocab": {"a": 0}}}"#, &["a tokenizer", "no vectors"]);
    refuses("cat.png", b"\x89PNG\r\n\x1a\n", &["an image"]);
}

#[test]
fn failed_downloads() {
    refuses("glove.txt", "<!DOCTYPE html>\n<html><head><title>404", &["a web page", "download"]);
    let pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:248dfc3911869ec493c76e65bf2fcf615828b0254c12b473\n";
    refuses("vectors.npy", pointer, &["Git LFS", "git lfs pull"]);
    let folder = Folder::new();
    std::fs::create_dir(folder.join("gpt2")).unwrap();
    folder.write("gpt2/config.json", r#"{"model_type": "gpt2"}"#).write("gpt2/model.safetensors", pointer);
    folder.run(&["inspect", "gpt2"]).fails(3, &["model.safetensors", "git lfs pull"]);
}

#[test]
fn texts_without_vectors() {
    refuses("book.txt", "It was the best of times.\nIt was the worst.\n", &["without vectors", "It was the best"]);
    refuses("men.txt", "sun\tsunlight\t50.0\ncar\tautomobile\t49.9\n", &["one number a line"]);
    refuses("saved.txt", "0.1 0.2 0.3\n0.4 0.5 0.6\n", &["numbers only", ".npy"]);
    refuses("empty.txt", "", &["it is empty"]);
}

#[test]
fn word_lists_that_are_missing_or_of_another_table() {
    let npy = b"\x93NUMPY\x01\0\x3b\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)} \n";
    let npy = [&npy[..], &[0; 16]].concat();
    refuses("v.npy", &npy, &["it has no words", "v.words.txt"]);
    let folder = Folder::new();
    folder.write("v.npy", &npy).write("words.txt", "cat\ndog\nbird\n");
    folder.run(&["inspect", "v.npy"]).fails(3, &["has 2 rows", "words.txt has 3 words"]);
    refuses("vectors.tsv", "0.5\t1.5\n2.5\t3.5\n", &["no words", "metadata.tsv"]);
    folder.write("vectors.tsv", "0.5\t1.5\n2.5\t3.5\n").write("metadata.tsv", "word\ncat\ndog\n");
    folder.run(&["inspect", "vectors.tsv"]).fails(3, &["do not belong together", "no header line"]);
    folder.run(&["inspect", "metadata.tsv"]).fails(3, &["words only", "vectors.tsv"]);
}

#[test]
fn wrong_headers() {
    warns("5 2\ncat 1 2\ndog 3 4\n", 2, &["its header promises 5 rows; it has 2"]);
    warns("1 2\ncat 1 2\ndog 3 4\n", 2, &["its header promises 1 rows; it has 2"]);
    refuses("v.txt", "2 3\ncat 1 2\ndog 3 4\n", &["2 of 2 rows", "expected a word and 3 values", "found a word and 2"]);
    refuses(
        "v.bin",
        b"9999999999 4000000000\ncat \0\0\0\0",
        &["promises 9999999999 rows of 4000000000", "less than a row"],
    );
    let rows: Vec<u8> = (0..40_u8).flat_map(|n| [b"cat ", &[n, 200, 201, 63][..]].concat()).collect();
    let wrong = "words have control characters; the dimension in its header (2) is probably wrong";
    refuses("v.bin", [&b"40 2\n"[..], &rows].concat(), &[wrong]);
    // Files of 16 MiB and more are mapped; they are refused with the same message.
    let large: Vec<u8> = (0..2_100_000_u32).flat_map(|n| [b"cat ", &n.to_le_bytes()[..]].concat()).collect();
    refuses("v.bin", [&b"2100000 2\n"[..], &large].concat(), &["the dimension in its header (2) is probably wrong"]);
}

#[test]
fn bad_rows_are_counted_and_the_first_is_described() {
    let good = "cat 1 2\ndog 3 4\nbird 5 6\nfish 7 8\n";
    warns(format!("{good}cat 9 9\n"), 4, &["1 of 5 rows were left out: 1 with the word of an earlier row", "byte 34"]);
    warns(format!("{good}cow nan 9\n"), 4, &["1 with NaN or infinity", "value 1 of \"cow\" is NaN"]);
    warns(format!("{good}cow 9\n"), 4, &["1 with more or fewer values", "expected a word and 2 values"]);
    warns(format!("{good}cow 9 9,5\n"), 4, &["1 with a field that is not a number", "\"9,5\""]);
    warns(format!("{good} 9 9\n"), 4, &["1 without a word"]);
    refuses("v.txt", "cat 1 2\ndog nan 2\ncow nan 2\nfish nan 1\n", &["3 of 4 rows", "not what it seems"]);
}

#[test]
fn truncated_files() {
    let folder = Folder::new();
    let whole = [&b"2 2\ncat "[..], &[1; 8], b"dog ", &[2; 8]].concat();
    folder.write("v.bin", &whole[..whole.len() - 3]);
    let done = folder.run(&["inspect", "v.bin", "--json"]).succeeds();
    assert_eq!(done.json()["report"]["first_bad_offset"], 16);
    folder.run(&["inspect", "v.bin", "--strict"]).fails(3, &["1 cut short by the end of the file"]);
    folder.train_small("toy", &["--steps", "1"]).succeeds();
    let table = folder.join("runs/toy/vectors/step-000001.safetensors");
    let bytes = std::fs::read(&table).unwrap();
    std::fs::write(&table, &bytes[..bytes.len() / 2]).unwrap();
    folder.run(&["inspect", "runs/toy"]).fails(3, &["not a whole safetensors file", "its header promises"]);
}

#[test]
fn words_that_are_not_utf8_are_kept_and_counted() {
    let folder = Folder::new();
    folder.write("v.txt", b"2 2\nz\xc3n 1 2\ncat 3 4\n");
    let done = folder.run(&["inspect", "v.txt", "--json", "--strict"]).succeeds();
    assert_eq!(done.json()["report"]["words_not_utf8"], 1);
    assert!(done.stderr.contains("words that are not UTF-8: 1;"), "{}", done.stderr);
}

#[test]
fn models_of_other_types_and_layouts() {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("model")).unwrap();
    folder.write("model/config.json", r#"{"model_type": "llama"}"#);
    folder.run(&["inspect", "model"]).fails(3, &["a model of type llama; expected gpt2"]);
    folder.write("model/config.json", r#"{"model_type": "gpt2"}"#);
    folder.run(&["inspect", "model"]).fails(3, &["no model.safetensors"]);
    folder.write("model/pytorch_model.bin", "PK");
    folder.run(&["inspect", "model"]).fails(3, &["pytorch_model.bin only", "save_pretrained"]);
    folder.write("model/model.safetensors.index.json", r#"{"weight_map": {"wte.weight": "../../secret"}}"#);
    folder.run(&["inspect", "model"]).fails(3, &["index.json", "expected the name of a file"]);
    folder.train_small("toy", &["--steps", "1"]).succeeds();
    let optimizer = "runs/toy/checkpoints/step-000001/optimizer.safetensors";
    folder.run(&["inspect", optimizer]).fails(3, &["expected GPT-2's wte.weight"]);
}

#[test]
fn vocabulary_words_without_a_row() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "1"]).succeeds();
    folder.run(&["export", "runs/toy", "model"]).succeeds();
    let tokenizer = folder.join("model/tokenizer.json");
    let mut json: serde_json::Value = serde_json::from_slice(&std::fs::read(&tokenizer).unwrap()).unwrap();
    json["model"]["vocab"]["zebra"] = 5000.into();
    std::fs::write(&tokenizer, json.to_string()).unwrap();
    let done = folder.run(&["inspect", "model", "--json"]).succeeds();
    assert_eq!((&done.json()["vocab_size"], &done.json()["report"]["words_without_row"]), (&376.into(), &1.into()));
    assert!(done.stderr.contains("words that its table has no row for: 1;"), "{}", done.stderr);
    folder.run(&["inspect", "model", "--strict"]).fails(3, &["no row for: 1;", "without --strict"]);
}

#[test]
fn options_that_do_not_fit_the_source() {
    let folder = Folder::new();
    folder.write("v.txt", "cat 1 2\ndog 3 4\n");
    folder.run(&["inspect", "v.txt", "--table", "position"]).fails(2, &["one table", "leave out --table position"]);
    folder.run(&["inspect", "v.txt", "--limit", "0"]).fails(2, &["--limit", "expected a whole number from 1"]);
    folder.run(&["inspect", "v.txt@5"]).fails(3, &["v.txt: it is no run", "leave out the @"]);
}

#[test]
fn outputs_that_exist_or_have_no_format() {
    let folder = Folder::new();
    folder.write("v.txt", "2 2\ncat 1 2\ndog 3 4\n").write("there.bin", "mine").write("w.words.txt", "mine");
    folder.run(&["convert", "v.txt", "there.bin"]).fails(6, &["there.bin already exists"]);
    folder.run(&["convert", "v.txt", "w.npy"]).fails(6, &["w.words.txt already exists"]);
    folder.run(&["convert", "v.txt", "w.xyz"]).fails(2, &["no ending that names a format", "safetensors"]);
    folder.run(&["convert", "v.txt", "w.bin", "--to", "word"]).fails(2, &["expected one of bin, txt"]);
    folder.run(&["convert", "v.txt", "none/w.bin"]).fails(5, &["cannot write none/w.bin"]);
    assert_eq!(names(folder.path()), ["there.bin", "v.txt", "w.words.txt"]);
    assert_eq!(std::fs::read(folder.join("there.bin")).unwrap(), b"mine");
}

#[test]
fn words_that_a_format_cannot_hold() {
    let folder = Folder::new();
    folder.write("v.csv", "New York,1,2\nSan Francisco,3,4\nBerlin,5,6\n");
    folder
        .run(&["convert", "v.csv", "v.bin"])
        .fails(3, &["\"New York\" and 1 more", "csv and safetensors hold any word"]);
    folder.run(&["convert", "v.csv", "v.safetensors"]).succeeds();
}
