//! `wordspace bench` measures what is right, and compares what can be compared.

mod harness;

use std::sync::LazyLock;

use serde_json::{Value, json};

use harness::{Done, Folder};

/// The shortest measurement there is.
const QUICK: &[&str] = &["bench", "--quick", "--only", "lookup", "--device", "flex"];

/// One measurement for all tests.
static MEASURED: LazyLock<String> =
    LazyLock::new(|| Folder::new().run(&[QUICK, &["--json"]].concat()).succeeds().stdout);

fn measured() -> Value {
    serde_json::from_str(&MEASURED).unwrap()
}

/// A folder with the measurement as `now.json`, and as `before.json` what `change` makes of it.
fn folder(change: impl FnOnce(&mut Value)) -> Folder {
    let (folder, mut before) = (Folder::new(), measured());
    change(&mut before);
    folder.write("now.json", &*MEASURED).write("before.json", before.to_string());
    folder
}

/// The verdict on every row from `before.json` to `now.json`.
fn verdicts(folder: &Folder) -> Vec<String> {
    let json = folder.run(&["bench", "--compare", "before.json", "now.json", "--json"]).succeeds().json();
    let rows = json["comparison"].as_array().unwrap();
    assert_eq!(rows.len(), json["results"].as_array().unwrap().len());
    rows.iter().map(|row| row["verdict"].as_str().unwrap().to_string()).collect()
}

fn for_each_row(json: &mut Value, change: impl Fn(&mut Value)) {
    json["results"].as_array_mut().unwrap().iter_mut().for_each(change);
}

#[test]
fn a_measurement_names_the_machine_and_the_speed_of_every_row() {
    let json = measured();
    assert_eq!(json["schema"], 1);
    for field in ["processor", "cores", "threads", "copy_gigabytes_per_second", "matrix_gigaflops_per_second"] {
        assert!(!json["machine"][field].is_null(), "{field}: {json}");
    }
    let rows = json["results"].as_array().unwrap();
    assert!(rows.len() >= 3, "{json}");
    for row in rows {
        assert_eq!((&row["work"], &row["device"], &row["error"]), (&json!("lookup"), &json!("flex"), &Value::Null));
        assert!(["uniform", "zipf"].contains(&row["ids"].as_str().unwrap()), "{row}");
        for size in ["V", "C", "N"] {
            assert!(row[size].as_u64().unwrap() > 0, "{row}");
        }
        let number = |field: &str| row[field].as_f64().unwrap();
        assert!(number("spread") >= 0.0, "{row}");
        let seconds = number("milliseconds") / 1000.0;
        let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-9, "{row}");
        near(number("rows_per_second"), number("N") / seconds);
        near(number("gigabytes_per_second"), number("N") * (8.0 * number("C") + 4.0) / seconds / 1e9);
        let copy = json["machine"]["copy_gigabytes_per_second"].as_f64().unwrap();
        near(number("fraction_of_copy"), number("gigabytes_per_second") / copy);
    }
}

#[test]
fn compared_with_itself_all_is_the_same() {
    let verdicts = verdicts(&folder(|_| ()));
    assert!(!verdicts.is_empty() && verdicts.iter().all(|verdict| verdict == "same"), "{verdicts:?}");
}

#[test]
fn a_row_a_thousand_times_slower_or_faster_than_before_is_told_so() {
    for (factor, expected) in [(0.001, "slower"), (1000.0, "faster")] {
        let folder = folder(|before| {
            for_each_row(before, |row| {
                row["milliseconds"] = json!(row["milliseconds"].as_f64().unwrap() * factor);
                row["spread"] = json!(0.0);
            })
        });
        // The measurement itself may have been a restless one.
        let mut now = measured();
        for_each_row(&mut now, |row| row["spread"] = json!(0.0));
        folder.write("now.json", now.to_string());
        let verdicts = verdicts(&folder);
        assert!(verdicts.iter().all(|verdict| verdict == expected), "{verdicts:?}");
    }
}

#[test]
fn a_new_measurement_is_compared_with_an_old_one() {
    let folder = folder(|before| for_each_row(before, |row| row["milliseconds"] = json!(1e9)));
    let done = folder.run(&[QUICK, &["--compare", "before.json"]].concat()).succeeds();
    assert!(done.stdout.contains("faster ("), "{}", done.stdout);
}

#[test]
fn a_row_not_measured_before_is_new_and_a_failed_one_says_so() {
    let with_other_rows = folder(|before| for_each_row(before, |row| row["N"] = json!(1)));
    assert!(verdicts(&with_other_rows).iter().all(|verdict| verdict == "new"));
    let failed = folder(|_| ());
    let mut now = measured();
    for_each_row(&mut now, |row| {
        (row["milliseconds"], row["error"]) = (Value::Null, json!("wrong result: number 3 is 0 instead of 1"));
    });
    failed.write("now.json", now.to_string());
    assert!(verdicts(&failed).iter().all(|verdict| verdict == "failed"));
    let table = failed.run(&["bench", "--compare", "before.json", "now.json"]).succeeds().stdout;
    assert!(table.replace('\n', " ").contains("number 3 is 0 instead of 1"), "{table}");
}

#[test]
fn a_file_that_cannot_be_compared_is_refused_before_anything_is_measured() {
    let refused = |content: &str, words: &[&str]| {
        let folder = Folder::new();
        folder.write("before.json", content);
        folder.run(&["bench", "--compare", "before.json"]).fails(3, words);
    };
    refused("not JSON", &["before.json", "it is not JSON", "wordspace bench --json > FILE"]);
    refused("[1]", &["schema is null, expected 1"]);
    refused(r#"{"schema": 1}"#, &["not a result of wordspace bench", "machine"]);
    let mut later = measured();
    later["schema"] = json!(2);
    refused(&later.to_string(), &["schema is 2, expected 1"]);
    Folder::new().run(&["bench", "--compare", "absent.json"]).fails(3, &["absent.json", "cannot be read"]);
}

#[test]
fn the_times_of_another_machine_are_refused() {
    let folder = folder(|before| before["machine"]["cores"] = json!(4096));
    let words = ["different machines", "cores \"4096\""];
    folder.run(&["bench", "--compare", "before.json", "now.json"]).fails(3, &words);
    folder.run(&[QUICK, &["--compare", "before.json"]].concat()).fails(3, &words);
}

#[test]
fn work_and_devices_that_do_not_exist_are_refused_by_name() {
    let refused = |arguments: &[&str], word: &str| {
        let done = Folder::new().run(arguments);
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        assert!(done.stderr.contains(word), "{}", done.stderr);
    };
    refused(&["bench", "--only", "look"], "lookup, embed, gradient, update, table, rows, head, step");
    refused(&["bench", "--device", "abacus"], "flex, ndarray, wgpu");
}

#[test]
fn a_measurement_is_written_in_every_form_that_is_asked_for_and_over_no_file() {
    let folder = Folder::new();
    let exports = ["--export-markdown", "now.md", "--export-csv", "now.csv", "--export-json", "now.json"];
    let asked = [QUICK, &["--runs", "2", "--warmup", "1", "--json"], &exports].concat();
    let printed = folder.run(&asked).succeeds().json();
    assert!(printed["results"].as_array().unwrap().iter().all(|row| row["samples"] == 2), "{printed}");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&read("now.json")).unwrap(), printed);
    let rows = printed["results"].as_array().unwrap().len();
    assert_eq!(read("now.csv").lines().count(), rows + 1);
    assert!(read("now.csv").starts_with("work,device,V,C,N,ids,milliseconds,"));
    assert_eq!(read("now.md").lines().filter(|line| line.starts_with("| lookup | flex ")).count(), rows);
    folder.run(&asked).fails(6, &["now.md already exists"]);
}

#[test]
fn the_table_fits_the_terminal() {
    let folder = folder(|_| ());
    folder.write("now.json", &*MEASURED);
    for arguments in [QUICK, &["bench", "--compare", "before.json", "now.json"]] {
        for columns in [80, 60, 40] {
            let done = folder.command(arguments).env("COLUMNS", columns.to_string()).output().unwrap();
            let table = Done::of(done).succeeds().stdout;
            let long = table.lines().find(|line| line.chars().count() > columns);
            assert_eq!(long, None, "{table}");
        }
    }
}
