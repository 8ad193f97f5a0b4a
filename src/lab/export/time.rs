//! Moments as text.

use std::fmt::{Display, Formatter, Result};

/// Milliseconds since the epoch as ISO 8601 in UTC, to the millisecond: 2023-12-09T12:03:07.250Z.
pub(in crate::lab) struct Utc(pub f64);

impl Display for Utc {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        const DAY_MS: i64 = 86_400_000;
        let ms = self.0.round() as i64;
        let (year, month, day) = date(ms.div_euclid(DAY_MS));
        let ms = ms.rem_euclid(DAY_MS);
        let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z",
            ms % 1000
        )
    }
}

/// Year, month and day of the day that is so many after 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms"). Years are reckoned from March, so that the leap day comes last; an era is 400 years.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        for (ms, text) in [
            (0.0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999.0, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000.0, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000.0, "2000-03-01T00:00:00.000Z"),
            (1_702_123_387_250.4, "2023-12-09T12:03:07.250Z"),
            (4_102_444_799_000.0, "2099-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(Utc(ms).to_string(), text);
        }
    }
}
