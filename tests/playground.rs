//! The playground: the page as one file, and runs that pass between the page and the program.
//!
//! Here the page's part is the crate `playground`, compiled for this machine; crates/serve/page/tests/playground.test.mjs drives
//! the page itself in a browser.

mod harness;

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use ::wordspace::data::{below, generator};
use ::wordspace::learn::config::Config;
use harness::page::Page;
use harness::{Folder, names};
use wordspace_playground::Training;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// A folder with a run of forty updates by the program, `native`, and the same by the page, `page`, saved after update `step`.
fn native_and_page(step: u64) -> Folder {
    let folder = Folder::new();
    folder.train_small("native", &["--steps", "40"]).succeeds();
    let toml = fs::read_to_string(folder.join("runs/native/config.toml")).unwrap();
    let config = Config::from_toml(&toml, "native", &[("run.name".into(), "page".into())]).unwrap();
    let mut training = Training::new(config, None).unwrap();
    train(&mut training, step);
    unpack(&training.save().unwrap(), &folder.join("runs"));
    folder
}

/// Trains on to `step`.
fn train(training: &mut Training, step: u64) {
    while training.state.step < step && !training.is_complete() {
        training.advance(1.5).unwrap();
    }
}

/// Writes the files in the zip file `bytes` into `folder`.
fn unpack(bytes: &[u8], folder: &Path) {
    ZipArchive::new(Cursor::new(bytes)).unwrap().extract(folder).unwrap();
}

/// Compares what two runs came to.
#[track_caller]
fn same(folder: &Folder, one: &str, other: &str) {
    let [one, other] = [one, other].map(|run| folder.result_of(run));
    assert_eq!(one.log, other.log);
    assert!(one == other, "weights, moments, watched words or frames differ");
}

/// The folder at `path` as a zip file, compressed as other programs do it.
fn pack(path: &Path) -> Vec<u8> {
    fn add(files: &mut Vec<(String, Vec<u8>)>, path: &Path, name: &str) {
        for child in names(path) {
            let (path, name) = (path.join(&child), format!("{name}/{child}"));
            match path.is_dir() {
                true => add(files, &path, &name),
                false => files.push((name, fs::read(path).unwrap())),
            }
        }
    }
    let mut files = Vec::new();
    add(&mut files, path, &path.file_name().unwrap().to_string_lossy());
    zipped(&files)
}

#[test]
fn the_playground_is_one_file_of_at_most_three_megabytes() {
    let folder = Folder::new();
    let made = folder.run(&["playground", "--to", "site.html", "--json"]).succeeds().json();
    let page = fs::read_to_string(folder.join("site.html")).unwrap();
    assert_eq!(made["bytes"].as_u64(), Some(page.len() as u64));
    assert!(page.len() <= 3_000_000, "{} bytes", page.len());
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http"));

    let done = folder.run(&["playground", "--to", "site.html"]).succeeds();
    assert!(done.stdout.starts_with("site.html: ") && done.stderr.contains("#go"), "{}{}", done.stdout, done.stderr);
    folder.write("mine.html", "<p>My own page</p>");
    folder.run(&["playground", "--to", "mine.html"]).fails(6, &["mine.html already exists"]);
    folder.run(&["playground", "--to", "none/site.html"]).fails(5, &["none"]);
    assert_eq!(fs::read_to_string(folder.join("mine.html")).unwrap(), "<p>My own page</p>");
}

#[test]
fn the_page_and_the_program_train_the_same_bits() {
    let folder = native_and_page(40);
    same(&folder, "page", "native");
}

#[test]
fn a_run_saved_in_the_page_is_resumed_and_reported_by_the_program() {
    let folder = native_and_page(17);
    folder.run(&["report", "runs/page", "--to", "page.html"]).succeeds();
    folder.run(&["neighbors", "runs/page", "cat"]).succeeds();
    folder.run(&["resume", "runs/page"]).succeeds();
    same(&folder, "page", "native");
}

#[test]
fn a_run_that_has_not_begun_and_a_text_of_ones_own_are_saved_too() {
    let folder = Folder::new();
    let text = "the cat sat on the mat . the dog sat on the rug . a cat and a dog ran .\n".repeat(60);
    let toml = "[run]\nname = \"own\"\n[train]\nsteps = 12\nbatch = 4\n[model]\ncontext = 8\n[watch]\npairs = []\n";
    let config = || Config::from_toml(toml, "own", &[]).unwrap();
    let fresh = Training::new(config(), Some(text.clone())).unwrap();
    unpack(&fresh.save().unwrap(), &folder.join("runs"));
    folder.run(&["resume", "runs/own"]).succeeds();

    let mut trained = Training::new(config(), Some(text)).unwrap();
    train(&mut trained, 12);
    fs::rename(folder.join("runs/own"), folder.join("runs/native")).unwrap();
    unpack(&trained.save().unwrap(), &folder.join("runs"));
    same(&folder, "own", "native");
}

#[test]
fn a_run_of_the_program_goes_on_in_the_page_with_the_same_bits() {
    let folder = Folder::new();
    folder.train_small("begun", &["--steps", "20"]).succeeds();
    let config = folder.join("runs/begun/config.toml");
    let longer = fs::read_to_string(&config).unwrap().replace("steps = 20", "steps = 40");
    fs::write(&config, longer).unwrap();

    let mut training = Training::open(&pack(&folder.join("runs/begun"))).unwrap();
    assert_eq!((training.state.step, training.warnings.len()), (20, 0));
    assert_eq!(training.frames.len(), names(&folder.join("runs/begun/vectors")).len());
    assert!(!training.evaluations.is_empty() && training.measurement.is_some());
    train(&mut training, 40);
    unpack(&training.save().unwrap(), &folder.join("page"));

    folder.run(&["resume", "runs/begun"]).succeeds();
    fs::rename(folder.join("page/begun"), folder.join("runs/page")).unwrap();
    same(&folder, "page", "begun");
}

#[test]
fn a_damaged_checkpoint_in_a_zip_file_is_passed_over() {
    let folder = Folder::new();
    folder.train_small("hurt", &["--set", "checkpoint.every=10"]).succeeds();
    let checkpoints = names(&folder.join("runs/hurt/checkpoints"));
    let newest = folder.join("runs/hurt/checkpoints").join(checkpoints.last().unwrap());
    fs::write(newest.join("model.safetensors"), "damaged").unwrap();
    let training = Training::open(&pack(&folder.join("runs/hurt"))).unwrap();
    assert!(training.warnings[0].contains("is skipped: model.safetensors has 7 bytes"), "{:?}", training.warnings);
    assert!(training.state.step > 0);

    for checkpoint in checkpoints {
        fs::write(folder.join("runs/hurt/checkpoints").join(checkpoint).join("state.json"), "{}").unwrap();
    }
    let error = Training::open(&pack(&folder.join("runs/hurt"))).err().expect("it is refused").to_string();
    assert!(error.contains("no checkpoint in it is valid"), "{error}");
}

#[test]
fn zip_files_that_are_no_runs_are_refused_in_words() {
    let refused = |bytes: &[u8], expected: &str| {
        let error = Training::open(bytes).err().expect("it is refused").to_string();
        assert!(error.contains(expected), "{error}");
    };
    refused(b"", "cannot be read as a zip file");
    refused(b"not a zip file at all", "cannot be read as a zip file");
    let folder = Folder::new();
    fs::create_dir(folder.join("other")).unwrap();
    folder.write("other/readme.txt", "nothing to train");
    refused(&pack(&folder.join("other")), "it has no config.toml");
    folder.write("other/config.toml", "[model]\nchannels = 0\n");
    refused(&pack(&folder.join("other")), "channels");
    folder.write("other/config.toml", "");
    refused(&pack(&folder.join("other")), "corpus.json");
}

/// The names and contents of the files in the zip file `bytes`.
fn files_in(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let files = archive.len();
    let read = |at: usize| {
        let (mut file, mut content) = (archive.by_index(at).unwrap(), Vec::new());
        file.read_to_end(&mut content).unwrap();
        (file.name().unwrap().into_owned(), content)
    };
    (0..files).map(read).collect()
}

/// A zip file with these files.
fn zipped(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn no_mutation_of_a_saved_run_makes_the_page_panic() {
    let toml = "[train]\nsteps = 2\nbatch = 2\n[model]\ncontext = 4\nchannels = 4\nheads = 1\nlayers = 0\n[watch]\npairs = []\n";
    let text = "a cat and a dog and a cow ran to a dog .\n".repeat(20);
    let mut training = Training::new(Config::from_toml(toml, "tiny", &[]).unwrap(), Some(text)).unwrap();
    train(&mut training, 2);
    let whole = training.save().unwrap();
    let files = files_in(&whole);
    let mut random = generator(1, "mutations", 0);
    let mut up_to = |end: usize| below(&mut random, end as u64) as usize;
    let mut opened = 0;
    for round in 0..600 {
        let mut bytes = whole.clone();
        match round % 4 {
            // The zip file itself is cut short, or a bit of it is wrong.
            0 => bytes.truncate(up_to(whole.len())),
            1 => bytes[up_to(whole.len())] ^= 1 << up_to(8),
            // The zip file is whole, but a file in it is not.
            _ => {
                let mut files = files.clone();
                let nth = up_to(files.len());
                let content = &mut files[nth].1;
                let place = up_to(content.len());
                content[place] = up_to(256) as u8;
                bytes = zipped(&files);
            }
        }
        if let Ok(mut training) = Training::open(&bytes) {
            opened += 1;
            // What it opened can go on, or says why not.
            let _ = training.advance(0.0).map(|()| training.save());
        }
    }
    assert!((20..580).contains(&opened), "{opened} of 600 were opened");
}

#[test]
fn a_name_that_leads_out_of_its_folder_is_refused() {
    let config = Config::from_toml("[run]\nname = \"../../mine\"\n", "hostile", &[]).unwrap();
    let error = Training::new(config, None).err().expect("it is refused").to_string();
    assert!(error.contains("run.name is \"../../mine\""), "{error}");
}

#[test]
fn the_live_page_offers_the_playground() {
    let folder = Folder::new();
    fs::create_dir(folder.join("runs")).unwrap();
    let page = Page::serve(&folder, &[]);
    let reply = page.ask("/playground");
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("id=\"wasm\"") && reply.text().contains("worker-src blob:"));
    assert_eq!(reply.header("content-security-policy"), Some("frame-ancestors 'none'"));
    let said = page.stop("INT").succeeds();
    assert!(said.stderr.contains("/playground"), "{}", said.stderr);
}
