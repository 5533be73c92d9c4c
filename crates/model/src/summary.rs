//! A model as a table: name, shape, parameters, share.

use std::fmt::Write;

use crate::ModelConfig;

/// One line for each parameter and one for the total; the blocks have the same shapes, so `h.*` stands for all of them.
///
/// ```
/// use wordspace_model::{ModelConfig, summary};
///
/// let config = ModelConfig { vocab_size: 300, layers: 2, ..ModelConfig::default() };
/// let table = summary::table(&config);
/// assert!(table.starts_with("wte.weight                    300 x 64         19,200   15.8 %"), "{table}");
/// ```
pub fn table(config: &ModelConfig) -> String {
    let total = config.parameter_count();
    let mut table = String::new();
    let mut line = |name: &str, shape: &str, count: usize| {
        let share = 100.0 * count as f64 / total as f64;
        writeln!(table, "{name:<22} {shape:>15} {:>14} {share:>6.1} %", thousands(count)).expect("a string takes all");
    };
    for parameter in config.parameters() {
        let shape = parameter.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
        match parameter.name.strip_prefix("h.0.") {
            Some(part) => {
                let shape = format!("{} x {shape}", config.layers);
                line(&format!("h.*.{part}"), &shape, parameter.count() * config.layers);
            }
            None if parameter.name.starts_with("h.") => {}
            None => line(&parameter.name, &shape, parameter.count()),
        }
    }
    line("all", "", total);
    table
}

/// `count` with commas between thousands.
pub fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).expect("digits")).collect();
    groups.join(",")
}
