//! Measures a large word2vec file once: opening, the first answer, the next answers, and memory, beside merely reading the file.
//!
//! `cargo bench --bench three_million -- FILE WORD…`, where FILE comes from `scripts/googlenews_shape.py`. Prints one JSON
//! object, in seconds; `scripts/peers/search.py` calls it repeatedly. `WORDSPACE_CACHE` names the folder of the index; with an empty
//! folder, the opening is a first one.

use std::hint::black_box;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Map, Value, json};
use wordspace::data::{MappedFile, WordVectors};
use wordspace::explore::{Centre, Query, nearest};

#[global_allocator]
static ALLOCATOR: wordspace::Allocator = wordspace::Allocator;

const TOP: usize = 10;
/// Measurements of a search and of the sum that it is compared with, in alternation.
const PASSES: usize = 9;
/// Measurements of what takes longer.
const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let Some((file, words)) = arguments.split_first() else {
        println!("for a measurement: cargo bench --bench three_million -- FILE WORD…");
        return;
    };
    let mut result = Map::new();
    let began = Instant::now();
    let open = WordVectors::open_word2vec(Path::new(file), None, &|_, _, _| ControlFlow::Continue(()));
    let (vectors, report) = open.expect("the file is a word2vec binary file");
    result.insert("open".into(), began.elapsed().as_secs_f64().into());
    let centre = Centre::origin(&vectors);
    let query = |row| Query::new(&vectors, &centre, &[row], &[]).expect("the vectors are not zero");
    let query_for = |word: &String| query(vectors.find(word).expect("the word is in the file"));
    let first = nearest(&vectors, &centre, &[query_for(&words[0])], TOP, &|_, _| ()).answers;
    result.insert("open_to_first_answer".into(), began.elapsed().as_secs_f64().into());

    let answers: Map<String, Value> = words
        .iter()
        .map(|word| {
            let answer = nearest(&vectors, &centre, &[query_for(word)], TOP, &|_, _| ()).answers.remove(0);
            (word.clone(), answer.iter().map(|near| json!([near.word, near.cosine])).collect())
        })
        .collect();
    assert_eq!(answers[&words[0]].as_array().map(Vec::len), Some(first[0].len()));
    result.insert("answers".into(), answers.into());
    result.insert("rows".into(), report.rows.into());

    let map = MappedFile::open(Path::new(file)).expect("it was just opened");
    let one = [query_for(&words[0])];
    let many: Vec<Query> = (0..64).map(|nth| query(nth * (vectors.len() as u32 / 64))).collect();
    let mut rounds: [Vec<f64>; 4] = Default::default();
    // In alternation, so that disturbances of the machine hit all alike.
    for _ in 0..PASSES {
        rounds[0].push(seconds(|| sum(&map)));
        rounds[1].push(seconds(|| nearest(&vectors, &centre, &one, TOP, &|_, _| ())));
    }
    for _ in 0..ROUNDS {
        rounds[2].push(seconds(|| nearest(&vectors, &centre, &many, TOP, &|_, _| ())));
        rounds[3].push(seconds(|| read(Path::new(file))));
    }
    for (name, seconds) in ["memory_pass", "one", "many", "read"].into_iter().zip(rounds) {
        result.insert(name.into(), seconds.into());
    }
    result.insert("memory".into(), memory());
    println!("{}", Value::Object(result));
}

fn seconds<T>(work: impl FnOnce() -> T) -> f64 {
    let began = Instant::now();
    black_box(work());
    began.elapsed().as_secs_f64()
}

/// Sums all bytes of the map on all threads: a lower bound for any search through them.
fn sum(map: &MappedFile) -> u64 {
    let next = AtomicUsize::new(0);
    let sums = rayon::broadcast(|_| {
        let mut lanes = [0_u64; 32];
        while let Some(some) = map.chunks(1 << 19).nth(next.fetch_add(1, Ordering::Relaxed)) {
            for eight in some.as_chunks::<256>().0 {
                let words = eight.as_chunks::<8>().0.iter().map(|&bytes| u64::from_le_bytes(bytes));
                lanes.iter_mut().zip(words).for_each(|(lane, word)| *lane = lane.wrapping_add(word));
            }
        }
        lanes.iter().fold(0, |all, &lane| lane.wrapping_add(all))
    });
    sums.into_iter().fold(0, u64::wrapping_add)
}

/// Reads the file through a buffer, as `cat` does.
fn read(path: &Path) -> u64 {
    let mut file = std::fs::File::open(path).expect("it was just opened");
    let (mut buffer, mut all) = (vec![0; 1 << 17], 0);
    loop {
        match file.read(&mut buffer).expect("it can be read") {
            0 => return all,
            bytes => all += bytes as u64,
        }
    }
}

/// Resident memory of this process in kilobytes, anonymous and from files, if the system tells it.
fn memory() -> Value {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
    };
    json!({ "RssAnon": of("RssAnon"), "RssFile": of("RssFile") })
}
