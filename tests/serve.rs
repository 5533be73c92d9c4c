//! The live page: what it answers about runs, while they grow and when their files are damaged.

mod harness;

use std::fs;
use std::path::Path;

use serde_json::Value;

use harness::page::{Page, Reply};
use harness::{Folder, log, names, write_frame};

/// A folder with a finished small run called `a`.
fn with_a_run() -> Folder {
    let folder = Folder::new();
    folder.train_small("a", &["--steps", "20"]).succeeds();
    folder
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn numbers(json: &Value) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The row of `word` in the run with index 0.
fn row(page: &Page, word: &str) -> usize {
    let run = page.json("/api/runs/0");
    run["words"].as_array().unwrap().iter().position(|other| other == word).expect("the word is there")
}

/// Copies the files called `parts` from one run to another, each file at once.
fn copy(from: &Path, to: &Path, parts: &[&str]) {
    fs::create_dir_all(to.join("vectors")).unwrap();
    for part in parts {
        fs::copy(from.join(part), to.join(".copied")).unwrap();
        fs::rename(to.join(".copied"), to.join(part)).unwrap();
    }
}

#[test]
fn a_run_is_described_with_its_words_and_provenance() {
    let folder = with_a_run();
    let page = Page::serve(&folder, &[]);
    let list = page.json("/api/runs");
    assert_eq!((list["schema"].as_u64(), list["runs"].as_array().unwrap().len()), (Some(1), 1));
    let card = &list["runs"][0];
    assert_eq!((&card["id"], &card["name"], &card["state"]), (&0.into(), &"a".into(), &"complete".into()));
    assert_eq!((&card["step"], &card["steps"], &card["channels"]), (&20.into(), &20.into(), &16.into()));
    assert_eq!(numbers(&card["frames"]), [0.0, 1.0, 2.0, 4.0, 8.0, 10.0, 20.0]);
    assert_eq!(card["log"], fs::metadata(folder.join("runs/a/log.jsonl")).unwrap().len());

    let run = page.json("/api/runs/0");
    assert_eq!(run["count"], card["words"]);
    assert_eq!(run["words"].as_array().unwrap().len() as u64, card["words"]);
    assert_eq!(run["counts"].as_array().unwrap().len() as u64, card["words"]);
    assert_eq!((&run["seed"], &run["positions"], &run["tied"]), (&42.into(), &"learned".into(), &true.into()));
    assert_eq!((&run["context"], &run["layers"], &run["tokenizer"]), (&16.into(), &1.into(), &"word".into()));
    assert_eq!(run["config"].as_str().unwrap(), fs::read_to_string(folder.join("runs/a/config.toml")).unwrap());
    assert_eq!(run["provenance"]["ending"], "Complete");
    assert_eq!(run["watch"][0], serde_json::json!([row(&page, "cat"), row(&page, "dog")]));
    let animals = run["classes"].as_array().unwrap().iter().find(|class| class["name"] == "animal").unwrap();
    assert!(animals["words"].as_array().unwrap().contains(&row(&page, "cat").into()));
}

#[test]
fn the_curves_are_those_of_the_log() {
    let folder = with_a_run();
    let page = Page::serve(&folder, &[]);
    let told = page.json("/api/runs/0/log");
    let lines = log(&folder.join("runs/a"));
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).cloned().collect::<Vec<_>>();
    assert_eq!(numbers(&told["steps"]), (1..=20).map(f64::from).collect::<Vec<_>>());
    let losses: Vec<f64> = of("step").iter().map(|line| line["loss"].as_f64().unwrap()).collect();
    assert!(numbers(&told["loss"]).iter().zip(losses).all(|(a, b)| (a - b).abs() < 1e-6));
    let (evaluations, looks) = (of("evaluation"), of("watch"));
    assert_eq!(told["evaluations"].as_array().unwrap().len(), evaluations.len());
    assert_eq!(told["evaluations"][1]["perplexity"], evaluations[1]["perplexity"]);
    assert_eq!(told["looks"].as_array().unwrap().len(), looks.len());
    assert_eq!((&told["looks"][3]["pairs"], &told["looks"][3]["purity"]), (&looks[3]["pairs"], &looks[3]["purity"]));
}

#[test]
fn a_pair_over_time_is_what_the_run_itself_measured() {
    let folder = with_a_run();
    let page = Page::serve(&folder, &["runs/a"]);
    let pair = page.json(&format!("/api/runs/0/pair?a={}&b={}", row(&page, "cat"), row(&page, "dog")));
    assert_eq!(numbers(&pair["steps"]), [0.0, 1.0, 2.0, 4.0, 8.0, 10.0, 20.0]);
    let looks = page.json("/api/runs/0/log")["looks"].clone();
    for look in looks.as_array().unwrap() {
        let Some(at) = numbers(&pair["steps"]).iter().position(|step| Some(*step) == look["step"].as_f64()) else {
            continue;
        };
        let near = |a: &Value, b: &Value| (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-5;
        assert!(near(&pair["raw"][at], &look["pairs"][0]["cosine"]));
        assert!(near(&pair["centred"][at], &look["pairs"][0]["centred"]));
        for (which, name) in ["low", "middle", "high"].into_iter().enumerate() {
            assert!(near(&pair[name][at], &look["chance"][which]), "{name} at {at}");
        }
        for word in [0, 1] {
            let rank = Some(&look["pairs"][0]["ranks"][word]).filter(|rank| rank.as_u64() <= Some(10));
            assert_eq!(&pair["ranks"][at][word], rank.unwrap_or(&Value::Null), "ranks beyond 10 are left out");
        }
    }
    page.refuses("/api/runs/0/pair?a=0&b=100000", 400, &["no word 100000"]);
    page.refuses("/api/runs/0/pair?a=cat&b=dog", 400, &["expected a=ID and b=ID"]);
}

#[test]
fn points_of_all_frames_share_one_set_of_axes() {
    let folder = with_a_run();
    let page = Page::serve(&folder, &[]);
    let words = page.json("/api/runs")["runs"][0]["words"].as_u64().unwrap() as usize;
    for step in [20, 0, 8] {
        let reply = page.ask(&format!("/api/runs/0/points/{step}"));
        assert_eq!((reply.status, &reply.body[..4]), (200, &b"WSP1"[..]));
        assert_eq!([4, 8, 12].map(|at| u32_at(&reply.body, at)), [1, step, words as u32]);
        assert_eq!(reply.body.len(), 20 + 6 * words);
        assert!(f32::from_bits(u32_at(&reply.body, 16)) > 0.0);
    }
    page.refuses("/api/runs/0/points/3", 404, &["no frame of step 3"]);
    page.refuses("/api/runs/1/points/0", 404, &["no run of that number"]);
}

#[test]
fn a_frame_is_drawn_on_the_axes_of_a_pair_and_laid_out_by_neighbours() {
    let folder = with_a_run();
    let page = Page::serve(&folder, &[]);
    let words = page.json("/api/runs")["runs"][0]["words"].as_u64().unwrap() as usize;
    let [cat, dog, piano] = ["cat", "dog", "piano"].map(|word| row(&page, word));
    let pair = format!("by=pair&a={cat}&b={dog}");
    let principal = page.ask("/api/runs/0/points/20?by=pca").body;
    assert_eq!(principal, page.ask("/api/runs/0/points/20").body);
    for by in [&*format!("{pair}&against={piano}"), &pair, "by=tsne", "by=umap"] {
        let reply = page.ask(&format!("/api/runs/0/points/20?{by}"));
        assert_eq!((reply.status, &reply.body[..4], reply.body.len()), (200, &b"WSP1"[..], 20 + 6 * words), "{by}");
        assert_ne!(reply.body, principal, "{by}");
        let points = reply.body[20..].chunks(6);
        assert!(points.into_iter().all(|point| point[4..] == [0, 0]), "{by} is flat");
    }
    for by in ["by=nothing", "by=pair&a=1", "by=pair&a=cat&b=dog"] {
        page.refuses(&format!("/api/runs/0/points/20?{by}"), 400, &["expected by=pca, by=tsne, by=umap"]);
    }
    page.refuses("/api/runs/0/points/20?by=pair&a=0&b=100000", 400, &["no word 100000"]);
}

#[test]
fn neighbours_are_those_of_the_command_line() {
    let folder = with_a_run();
    let page = Page::serve(&folder, &[]);
    let near = page.json(&format!("/api/runs/0/neighbours/20?word={}&top=5", row(&page, "cat")));
    for (which, more) in [("raw", &[][..]), ("centred", &["--centred"])] {
        let command = [&["neighbors", "runs/a", "cat", "--top", "5", "--json"], more].concat();
        let asked = folder.run(&command).succeeds().json();
        let expected: Vec<&Value> = asked["neighbors"].as_array().unwrap().iter().map(|near| &near["row"]).collect();
        let found: Vec<&Value> = near[which].as_array().unwrap().iter().map(|near| &near[0]).collect();
        assert_eq!(found, expected, "{which}");
    }
}

#[test]
fn a_sentence_is_the_sum_of_token_and_position_vectors() {
    let folder = with_a_run();
    let page = Page::serve(&folder, &[]);
    let sentence = page.json("/api/runs/0/sentence/20?text=the%20cat%20saw+the+dog");
    assert_eq!(sentence["channels"], 16);
    let tokens = sentence["tokens"].as_array().unwrap();
    assert_eq!(tokens.iter().map(|token| &token["piece"]).collect::<Vec<_>>()[..2], ["the", "cat"]);
    for (position, token) in tokens.iter().enumerate() {
        assert_eq!(token["position"], position);
        let [word, position, sum] = ["token", "position_vector", "sum"].map(|part| numbers(&token[part]));
        assert!(word.iter().zip(&position).zip(&sum).all(|((a, b), sum)| (a + b - sum).abs() < 1e-6));
    }
    page.refuses("/api/runs/0/sentence/20?text=the%20cet", 400, &["\"cet\" is not among", "did you mean", "\"cat\""]);
    page.refuses("/api/runs/0/sentence/20?text=", 400, &["no token"]);
    page.refuses(&format!("/api/runs/0/sentence/20?text={}", "the+".repeat(70)), 400, &["70 tokens"]);

    let positions = page.ask("/api/runs/0/positions/20").body;
    assert_eq!(([4, 8, 12].map(|at| u32_at(&positions, at)), &positions[..4]), ([20, 16, 1], &b"WSQ1"[..]));
    assert_eq!(positions.len(), 16 + 16 * 16 + 16 * 12);

    folder.train_small("b", &["--steps", "1", "--set", "model.positions=none"]).succeeds();
    let page = Page::serve(&folder, &["runs/b"]);
    page.refuses("/api/runs/0/positions/1", 404, &["no position table"]);
    assert!(page.json("/api/runs/0/sentence/1?text=cat")["tokens"][0]["position_vector"].is_null());
}

#[test]
fn the_page_is_compiled_in_and_cached_by_the_browser() {
    let folder = Folder::new();
    let page = Page::serve(&folder, &[]);
    for (path, kind) in [("/", "text/html"), ("/app.js", "text/javascript"), ("/app.css", "text/css")] {
        let reply = page.ask(path);
        assert!(reply.status == 200 && reply.header("content-type").unwrap().starts_with(kind), "{path}");
        let tag = reply.header("etag").unwrap();
        let again = page.request("GET", path, &format!("If-None-Match: {tag}\r\n"));
        assert_eq!((again.status, again.body.len()), (304, 0));
        let head = page.request("HEAD", path, "");
        assert_eq!((head.status, head.body.len(), head.header("etag")), (200, 0, Some(tag)));
    }
    assert_eq!(page.json("/api/runs")["runs"], serde_json::json!([]));
}

#[test]
fn a_run_that_another_process_writes_grows_on_the_page() {
    let folder = with_a_run();
    let (whole, growing) = (folder.join("runs/a"), folder.join("others/growing"));
    fs::create_dir(folder.join("others")).unwrap();
    let page = Page::serve(&folder, &["others"]);
    let mut news = page.live();
    assert_eq!(news.next().unwrap()["runs"], serde_json::json!([]));
    copy(&whole, &growing, &["config.toml"]);
    let mut until = |seen: &dyn Fn(&Value) -> bool| news.find(|news| seen(&news["runs"][0])).expect("it happens");
    until(&|run| run["name"] == "growing" && run["state"] == "waiting");
    assert_eq!(page.json("/api/runs/0")["words"], serde_json::json!([]));
    page.refuses("/api/runs/0/points/0", 404, &["no frame"]);

    copy(&whole, &growing, &["words.json", "tokenizer.json", "vectors/step-000000.safetensors"]);
    until(&|run| numbers(&run["frames"]) == [0.0] && run["state"] == "stopped" && run["words"].as_u64() > Some(300));
    assert_eq!(u32_at(&page.ask("/api/runs/0/points/0").body, 4), 1);
    copy(&whole, &growing, &["vectors/step-000010.safetensors", "log.jsonl"]);
    until(&|run| numbers(&run["frames"]) == [0.0, 10.0] && run["step"] == 20 && run["axes"] == 1);
    assert_eq!(u32_at(&page.ask("/api/runs/0/points/0").body, 4), 2, "the axes are those of the newest frame");
    until(&|run| run["axes"] == 2);

    fs::remove_dir_all(&growing).unwrap();
    until(&|run| run.is_null());
    page.refuses("/api/runs/0", 404, &["no run of that number"]);
    folder.run(&["train", "--out", "others", "--name", "growing", "--steps", "0", "--device", "flex"]).succeeds();
    until(&|run| numbers(&run["frames"]) == [0.0] && run["channels"] == 64);
    let points = page.ask("/api/runs/0/points/0").body;
    assert!(u32_at(&points, 4) > 2, "a run made anew in the same folder has newer axes");
}

#[test]
fn a_frame_of_other_sizes_is_refused_and_the_rest_is_shown() {
    let folder = with_a_run();
    let vectors = folder.join("runs/a/vectors");
    let count = Page::serve(&folder, &[]).json("/api/runs")["runs"][0]["words"].as_u64().unwrap() as usize;
    let values: Vec<f32> = (0..count * 16).map(|i| (i as f32 * 0.7).sin()).collect();
    write_frame(&vectors, 4, [count, 8], 16, &values);
    write_frame(&vectors, 8, [5, 16], 16, &values);
    write_frame(&vectors, 10, [count, 16], 9, &values);

    let page = Page::serve(&folder, &[]);
    let asked = ["points/S", "neighbours/S?word=1", "positions/S", "sentence/S?text=cat"];
    let whole = format!("the newest frame of a holds {count} words and 16 positions of 16 channels");
    for (step, holds) in [(4, "16 positions of 8 channels"), (8, "5 words"), (10, "9 positions")] {
        for path in asked {
            let path = format!("/api/runs/0/{}", path.replace('S', &step.to_string()));
            page.refuses(&path, 500, &[&format!("step-{step:06}.safetensors"), holds, &whole]);
        }
    }
    assert_eq!(numbers(&page.json("/api/runs/0/pair?a=0&b=2")["steps"]), [0.0, 1.0, 2.0, 20.0]);
    for path in asked {
        assert_eq!(page.ask(&format!("/api/runs/0/{}", path.replace('S', "2"))).status, 200, "{path}");
    }

    // The sizes of a run are those of its newest frame.
    let points = page.ask("/api/runs/0/points/20").body;
    let mut news = page.live();
    fs::create_dir(folder.join("aside")).unwrap();
    write_frame(&folder.join("aside"), 30, [count, 8], 16, &values);
    fs::rename(folder.join("aside/step-000030.safetensors"), vectors.join("step-000030.safetensors")).unwrap();
    news.find(|news| news["runs"][0]["channels"] == 8).expect("it happens");
    let newer = page.ask("/api/runs/0/points/30").body;
    assert_eq!((newer.len(), u32_at(&newer, 4)), (points.len(), u32_at(&points, 4) + 1), "it has axes of its own");
    page.refuses("/api/runs/0/points/20", 500, &["step-000020.safetensors", "16 positions of 16 channels"]);
    page.refuses("/api/runs/0/neighbours/2?word=1", 500, &["step-000002.safetensors"]);
    assert_eq!(page.ask("/api/runs/0/points/4").status, 200);
}

#[test]
fn damaged_files_are_named_and_the_rest_is_shown() {
    let folder = with_a_run();
    let vectors = folder.join("runs/a/vectors");
    let whole = fs::read(vectors.join("step-000020.safetensors")).unwrap();
    fs::write(vectors.join("step-000020.safetensors"), &whole[..whole.len() / 2]).unwrap();
    fs::write(vectors.join("step-000010.safetensors"), "no tensors").unwrap();
    let words = serde_json::from_slice::<Value>(&fs::read(folder.join("runs/a/words.json")).unwrap()).unwrap();
    let count = words["words"].as_array().unwrap().len();
    let mut rows: Vec<f32> = (0..count * 16).map(|i| (i as f32 * 0.7).sin()).collect();
    (rows[16], rows[5 * 16 + 3]) = (f32::NAN, f32::INFINITY);
    write_frame(&vectors, 8, [count, 16], 16, &rows);
    fs::write(folder.join("runs/a/run.json"), "{").unwrap();
    fs::write(folder.join("runs/a/log.jsonl"), "half a li").unwrap();

    let page = Page::serve(&folder, &[]);
    page.refuses("/api/runs/0/points/20", 500, &["step-000020.safetensors", "not a whole safetensors file"]);
    page.refuses("/api/runs/0/neighbours/10?word=1", 500, &["step-000010.safetensors"]);
    let points = page.ask("/api/runs/0/points/8").body;
    let point = |row: usize| &points[20 + 6 * row..][..6];
    let nowhere = [0x00, 0x80, 0x00, 0x80, 0x00, 0x80];
    assert_eq!((point(1), point(5)), (&nowhere[..], &nowhere[..]));
    assert!((0..count).filter(|&row| point(row) == nowhere).count() == 2);
    page.refuses("/api/runs/0/neighbours/8?word=1", 400, &["not finite"]);
    let near = page.json(&format!("/api/runs/0/neighbours/8?word=0&top={count}"));
    assert!(!near["raw"].as_array().unwrap().iter().any(|n| n[0] == 1 || n[0] == 5));
    assert_eq!(numbers(&page.json("/api/runs/0/pair?a=0&b=2")["steps"]), [0.0, 1.0, 2.0, 4.0, 8.0]);
    assert_eq!(page.json("/api/runs/0/log")["steps"], serde_json::json!([]));
    assert!(page.json("/api/runs/0")["provenance"].is_null());

    fs::write(folder.join("runs/a/words.json"), "{\"schema\":1,\"words\":[\"the\"],\"counts\":[]}").unwrap();
    let page = Page::serve(&folder, &[]);
    page.refuses("/api/runs/0", 500, &["words.json", "1 words but 0 counts"]);
    assert_eq!(page.ask("/api/runs/0/points/8").status, 200);
    fs::remove_dir_all(&vectors).unwrap();
    let reply: Reply = page.ask("/api/runs/0/neighbours/8?word=0");
    assert!([404, 500].contains(&reply.status), "{}", reply.text());
    assert_eq!(names(&folder.join("runs")), ["a"], "nothing is written where runs are kept");
}
