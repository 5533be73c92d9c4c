use std::collections::BTreeMap;

use wordspace_data::publish::remove_partial;
use wordspace_data::{below, generator};
use wordspace_learn::State;
use wordspace_model::parameters::{HostTensor, HostTensors};

use super::*;

struct Store {
    _folder: tempfile::TempDir,
    checkpoints: Checkpoints,
}

impl Store {
    fn with_steps(steps: &[u64]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path().join("checkpoints"));
        let mut store = Self { _folder: folder, checkpoints };
        steps.iter().for_each(|&step| store.save(step));
        store
    }

    fn save(&mut self, step: u64) {
        self.save_values(step, vec![step as f32; 100]);
    }

    fn save_values(&mut self, step: u64, values: Vec<f32>) {
        let model = HostTensors::from([("wte.weight".to_string(), HostTensor { shape: vec![10, 10], values })]);
        let state = State { step, first_loss: Some(0.1 + 0.2), ..Default::default() };
        let checkpoint = Checkpoint { optimizer: model.clone(), model, watched: BTreeMap::new(), state };
        self.checkpoints.save(&checkpoint).unwrap();
    }

    fn newest(&self) -> (Option<u64>, String) {
        let (checkpoint, skipped) = self.checkpoints.newest().unwrap();
        (checkpoint.map(|checkpoint| checkpoint.state.step), skipped.join("\n"))
    }

    /// The steps whose checkpoints load.
    fn valid(&self) -> Vec<u64> {
        let mut steps = self.checkpoints.steps().unwrap();
        steps.retain(|&step| files::load(&self.checkpoints.path(step)).is_ok());
        steps
    }

    /// Another process opens the run: it knows nothing of what this one has verified.
    fn reopen(&mut self) {
        self.checkpoints = Checkpoints::new(self.checkpoints.folder.clone());
    }

    fn damage(&self, step: u64, kind: u64) {
        let folder = self.checkpoints.path(step);
        let path = folder.join("model.safetensors");
        let whole = fs::read(&path).unwrap_or_default();
        match kind {
            0 => fs::write(&path, &whole[..whole.len() / 2]).unwrap(),
            1 => drop(fs::remove_file(folder.join("MANIFEST.json"))),
            2 => fs::write(folder.join("state.json"), "damaged").unwrap(),
            _ => drop(fs::remove_file(&path)),
        }
    }
}

#[test]
fn the_newest_checkpoint_loads_as_it_was_saved() {
    let store = Store::with_steps(&[5, 10]);
    let (checkpoint, skipped) = store.checkpoints.newest().unwrap();
    let checkpoint = checkpoint.unwrap();
    assert_eq!(checkpoint.model["wte.weight"].values, [10.0; 100]);
    assert_eq!(checkpoint.state.first_loss, Some(0.1 + 0.2));
    assert!(skipped.is_empty());
}

#[test]
fn a_damaged_file_is_named_and_the_checkpoint_before_is_used() {
    let store = Store::with_steps(&[5, 10]);
    let folder = store.checkpoints.path(10);
    for name in Checkpoint::FILES.into_iter().chain(["MANIFEST.json"]) {
        let path = folder.join(name);
        let whole = fs::read(&path).unwrap();
        let check = |damaged: &[u8], what: String| {
            fs::write(&path, damaged).unwrap();
            let (newest, message) = store.newest();
            match name {
                // Damage to the manifest can look like damage to a file that it lists, and a changed space is no damage.
                "MANIFEST.json" => {
                    assert!(newest == Some(5) && !message.is_empty() || newest == Some(10), "{what}")
                }
                _ => assert!(newest == Some(5) && message.contains(name), "{name}, {what}: {newest:?} {message}"),
            }
        };
        for length in (0..whole.len()).step_by(whole.len() / 16 + 1) {
            check(&whole[..length], format!("cut to {length} bytes"));
        }
        for at in (0..whole.len()).step_by(whole.len() / 64 + 1) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            check(&flipped, format!("bit flipped in byte {at}"));
        }
        fs::write(&path, &whole).unwrap();
    }
    assert_eq!(store.newest().0, Some(10));
}

#[test]
fn a_folder_without_a_manifest_is_ignored() {
    let store = Store::with_steps(&[5, 10]);
    fs::remove_file(store.checkpoints.path(10).join("MANIFEST.json")).unwrap();
    assert_eq!(store.newest().0, Some(5));
}

#[test]
fn a_checkpoint_with_a_value_that_is_not_finite_is_damaged() {
    let mut store = Store::with_steps(&[5]);
    store.save_values(10, [vec![1.0; 99], vec![f32::INFINITY]].concat());
    let (newest, message) = store.newest();
    assert!(newest == Some(5) && message.contains("wte.weight has values that are not finite"), "{message}");
}

#[test]
fn names_that_are_no_checkpoints_are_named_and_skipped() {
    let mut store = Store::with_steps(&[5]);
    let folder = store.checkpoints.folder.clone();
    for stray in ["step-7", "step-99999", "step-0000008", "step-x", "mine"] {
        fs::create_dir(folder.join(stray)).unwrap();
    }
    fs::write(folder.join("step-000009"), "a file").unwrap();
    fs::write(folder.join(".hidden"), "a file").unwrap();
    let (newest, message) = store.newest();
    assert_eq!((newest, message.lines().count()), (Some(5), 6), "{message}");
    assert!(message.contains("step-7 is skipped: it is not a checkpoint"), "{message}");
    store.save(9);
    store.checkpoints.prune(1, None).unwrap();
    assert_eq!(store.checkpoints.steps().unwrap(), [9]);
    assert_eq!(fs::read_to_string(folder.join("damaged-1-step-000009")).unwrap(), "a file");
    assert!(folder.join("step-7").exists());
}

#[test]
fn saving_a_step_again_keeps_the_damaged_one() {
    let mut store = Store::with_steps(&[5]);
    fs::write(store.checkpoints.path(5).join("state.json"), "damaged").unwrap();
    store.save(5);
    assert_eq!(store.newest().0, Some(5));
    assert!(store.checkpoints.folder.join("damaged-1-step-000005/state.json").exists());
}

#[test]
fn pruning_keeps_the_newest_and_the_best() {
    let mut store = Store::with_steps(&[1, 2, 3, 4, 5]);
    store.checkpoints.prune(2, Some(2)).unwrap();
    assert_eq!(store.checkpoints.steps().unwrap(), [2, 4, 5]);
}

#[test]
fn damaged_checkpoints_do_not_count_when_pruning() {
    let mut store = Store::with_steps(&[1, 2, 3, 4, 5]);
    store.reopen();
    store.damage(4, 0);
    store.damage(5, 0);
    store.checkpoints.prune(2, None).unwrap();
    assert_eq!(store.checkpoints.steps().unwrap(), [2, 3, 4, 5]);
}

#[test]
fn without_a_valid_checkpoint_the_damage_is_told() {
    let store = Store::with_steps(&[5]);
    store.damage(5, 0);
    let error = store.checkpoints.find(None).err().unwrap().to_string();
    assert!(error.contains("no checkpoint is valid") && error.contains("model.safetensors has"), "{error}");
}

#[test]
fn without_any_checkpoint_there_is_no_warning() {
    assert_eq!(Store::with_steps(&[]).newest(), (None, String::new()));
}

/// A run that saves every fifth step, in processes that end at any moment, while its checkpoints are damaged.
#[test]
fn whatever_is_damaged_as_many_valid_checkpoints_are_kept_as_there_can_be() {
    for seed in 0..12 {
        let mut random = generator(seed, "damage", 0);
        let mut draw = |count: u64| below(&mut random, count);
        let (mut store, mut step) = (Store::with_steps(&[]), 0);
        let keep = 1 + draw(3) as usize;
        for _ in 0..30 {
            let steps = store.checkpoints.steps().unwrap();
            match draw(8) {
                // Damage to any of them, also while the process trains.
                0 | 1 if !steps.is_empty() => store.damage(steps[draw(steps.len() as u64) as usize], draw(4)),
                // A kill, perhaps while a checkpoint is written or after it was saved and before older ones were deleted.
                2 | 3 => {
                    match draw(3) {
                        0 => fs::create_dir_all(store.checkpoints.folder.join(".step-000005.7.partial")).unwrap(),
                        1 => store.save(step + 5),
                        _ => {}
                    }
                    store.reopen();
                    remove_partial(&store.checkpoints.folder, |_, _| true).unwrap();
                    let valid = store.valid();
                    step = store.newest().0.unwrap_or(0);
                    assert_eq!(step, valid.last().copied().unwrap_or(0), "seed {seed}: not the newest valid one");
                }
                _ => {
                    let before = store.valid();
                    step += 5;
                    store.save(step);
                    store.checkpoints.prune(keep, None).unwrap();
                    let after = store.valid();
                    let others = before.iter().filter(|&&other| other != step).count();
                    assert!(after.contains(&step), "seed {seed}: a saved checkpoint is missing");
                    assert!(
                        after.len() >= keep.min(others + 1),
                        "seed {seed}, keep {keep}: {before:?} became {after:?}"
                    );
                    let deleted = before.iter().filter(|step| !after.contains(step)).max();
                    let newer = after.iter().filter(|&step| deleted.is_some_and(|deleted| step > deleted)).count();
                    assert!(deleted.is_none() || newer >= keep, "seed {seed}: {before:?} became {after:?}");
                }
            }
        }
    }
}
