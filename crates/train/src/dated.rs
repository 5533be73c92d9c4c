//! Names with the date, for runs and folders that are moved aside.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A free path beside `path`: its name with the date and time, in UTC, and a number if that is taken.
pub fn dated_name(path: &Path) -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let name = format!("{}-{}", path.file_name().unwrap_or_default().to_string_lossy(), date(now));
    let mut names = std::iter::once(name.clone()).chain((2..).map(|n| format!("{name}-{n}")));
    let mut free = names.by_ref().map(|name| path.with_file_name(name)).skip_while(|path| path.exists());
    free.next().expect("numbers do not end")
}

/// Date and time `seconds` after the start of 1970, such as `2026-12-01-023004`. The calendar repeats every 400 years; years
/// are counted from March, so that a leap day is the last of its year (Hinnant's `civil_from_days`).
fn date(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468; // since 1 March of year 0
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153; // from March
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (400 * era + year + month / 10, (month + 2) % 12 + 1);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}-{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01-000000"),
            (951_782_399, "2000-02-28-235959"),
            (951_782_400, "2000-02-29-000000"),
            (951_868_800, "2000-03-01-000000"),
            (1_796_090_999, "2026-12-01-020959"),
            (4_107_542_400, "2100-03-01-000000"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("toy");
        let names: Vec<PathBuf> = (0..3)
            .map(|_| {
                let name = dated_name(&path);
                std::fs::create_dir(&name).unwrap();
                name
            })
            .collect();
        assert!(names.iter().all(|name| name.is_dir()) && names[0] != names[1] && names[1] != names[2]);
    }
}
