//! The names that a run gives to the files and folders of an update.

/// The name that a run gives to its files and folders of update `step`, such as `step-000500`.
pub fn step_name(step: u64) -> String {
    format!("step-{step:06}")
}

/// The step of a name that is [`step_name`] with `suffix` at the end: `step-7` is no such name.
pub fn step_of(name: &str, suffix: &str) -> Option<u64> {
    let name = name.strip_suffix(suffix)?;
    let step = name.strip_prefix("step-")?.parse().ok()?;
    (name == step_name(step)).then_some(step)
}

/// The name of the file with the tables after update `step`, within the folder of its run.
pub fn vectors_name(step: u64) -> String {
    format!("vectors/{}.safetensors", step_name(step))
}
