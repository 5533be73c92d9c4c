//! Numbers on the command line, and the errors for wrong ones.

/// A whole number, from 0.
pub fn whole<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    whole_from(0, text)
}

/// A whole number, from 1.
pub fn from_one<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    whole_from(1, text)
}

/// A number, from 0.
pub fn positive(text: &str) -> Result<f64, String> {
    let found = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    found.ok_or_else(|| format!("expected a number from 0, such as 0.8, found {text:?}"))
}

fn whole_from<T: TryFrom<u64>>(least: u64, text: &str) -> Result<T, String> {
    let found = text.parse::<u64>().ok().filter(|number| *number >= least);
    let most = u64::MAX >> (64 - 8 * size_of::<T>());
    let fits = found.and_then(|number| T::try_from(number).ok());
    fits.ok_or_else(|| match most {
        u64::MAX => format!("expected a whole number from {least}, found {text:?}"),
        _ => format!("expected a whole number from {least} to {most}, found {text:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_number_is_refused_with_what_was_expected() {
        assert_eq!(from_one::<u32>("20"), Ok(20));
        for wrong in ["-3", "abc", "1.5", "", "70000"] {
            let problem = whole::<u16>(wrong).unwrap_err();
            assert_eq!(problem, format!("expected a whole number from 0 to 65535, found {wrong:?}"));
        }
        for wrong in ["-1", "NaN", "inf", "warm"] {
            assert_eq!(positive(wrong).unwrap_err(), format!("expected a number from 0, such as 0.8, found {wrong:?}"));
        }
    }
}
