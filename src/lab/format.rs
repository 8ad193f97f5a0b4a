//! Figures as people read them. Each type only implements [`Display`], so that nothing is allocated to write one.

use std::fmt::{Display, Formatter, Result};

/// A count with its thousands set off: 1,376.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grouped(pub u64);

impl Display for Grouped {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut divisor = 1;
        while self.0 / divisor >= 1000 {
            divisor *= 1000;
        }
        write!(f, "{}", self.0 / divisor)?;
        while divisor > 1 {
            divisor /= 1000;
            write!(f, ",{:03}", self.0 / divisor % 1000)?;
        }
        Ok(())
    }
}

/// Milliseconds: 46.4 ms, and from ten seconds on 12.3 s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ms(pub f64);

impl Display for Ms {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.0.abs() < 10_000.0 {
            write!(f, "{:.1} ms", self.0)
        } else {
            write!(f, "{:.1} s", self.0 / 1e3)
        }
    }
}

/// Seconds as a clock shows them: 0:42.3, 1:02:03.4. The number after the point has `.1` digits, 9 at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock(pub f64, pub u32);

impl Display for Clock {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let scale = 10_u64.pow(self.1);
        // Cut off rather than rounded: 59.99 is not yet a minute. The small addend takes back what the multiplication lost.
        let parts = (self.0.max(0.0) * scale as f64 + 1e-6) as u64;
        let seconds = parts / scale;
        if seconds >= 3600 {
            write!(f, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        } else {
            write!(f, "{}:{:02}", seconds / 60, seconds % 60)?;
        }
        if self.1 > 0 {
            write!(f, ".{:0width$}", parts % scale, width = self.1 as usize)?;
        }
        Ok(())
    }
}

/// A part of a whole in percent, never rounded to 0 or to 100 unless it is exactly that; nothing when there is no whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The part.
    pub part: u64,
    /// The whole.
    pub whole: u64,
}

impl Display for Share {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.whole == 0 {
            return Ok(());
        }
        let percent = 100.0 * self.part as f64 / self.whole as f64;
        match self.part {
            0 => write!(f, "0 %"),
            part if part == self.whole => write!(f, "100 %"),
            _ if percent < 0.005 => write!(f, "< 0.01 %"),
            _ if percent > 99.99 => write!(f, "> 99.99 %"),
            _ => write!(f, "{percent:.2} %"),
        }
    }
}

/// "1 underrun", "2 underruns": a count and a noun that takes an s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Many(pub u64, pub &'static str);

impl Display for Many {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {}{}", Grouped(self.0), self.1, if self.0 == 1 { "" } else { "s" })
    }
}

/// `text` with a capital and a full stop, but a name at its beginning left as it is.
pub fn sentence(text: &str) -> String {
    let first_word = text.split(' ').next().unwrap_or_default();
    let is_name = first_word.contains(['.', ':', '`', '/']);
    let mut characters = text.chars();
    let mut sentence: String = match characters.next() {
        Some(first) if !is_name => first.to_uppercase().chain(characters).collect(),
        _ => text.into(),
    };
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_off() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_002_030, "1,002,030"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(Grouped(count).to_string(), text);
        }
    }

    #[test]
    fn times_have_their_units() {
        assert_eq!(Ms(46.44).to_string(), "46.4 ms");
        assert_eq!(Ms(12_345.0).to_string(), "12.3 s");
        assert_eq!(Clock(42.39, 1).to_string(), "0:42.3");
        assert_eq!(Clock(59.999, 2).to_string(), "0:59.99");
        assert_eq!(Clock(3723.45, 1).to_string(), "1:02:03.4");
        assert_eq!(Clock(60.0, 0).to_string(), "1:00");
    }

    #[test]
    fn a_share_is_whole_only_when_it_is() {
        let share = |part, whole| Share { part, whole }.to_string();
        assert_eq!(share(0, 0), "");
        assert_eq!(share(0, 7), "0 %");
        assert_eq!(share(7, 7), "100 %");
        assert_eq!(share(1, 1_000_000), "< 0.01 %");
        assert_eq!(share(999_999, 1_000_000), "> 99.99 %");
        assert_eq!(share(1, 3), "33.33 %");
    }

    #[test]
    fn one_has_no_s() {
        assert_eq!(Many(1, "frame").to_string(), "1 frame");
        assert_eq!(Many(1200, "frame").to_string(), "1,200 frames");
    }

    #[test]
    fn a_sentence_begins_with_a_capital_but_leaves_names_alone() {
        assert_eq!(sentence("the ring's size is 5"), "The ring's size is 5.");
        assert_eq!(sentence("a.wav: it is empty"), "a.wav: it is empty.");
        assert_eq!(sentence("Done!"), "Done!");
    }
}
