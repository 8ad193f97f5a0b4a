//! The ends of the loop, as they are set one after the other while something plays.

/// Least length of a loop in seconds. The engine refuses those shorter than 0.05 s; a hair more, so that no rounding falls below that.
pub const LEAST_SECONDS: f64 = 0.051;

/// A and B in one item of the list.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Marks {
    item: usize,
    a: Option<f64>,
    b: Option<f64>,
}

impl Marks {
    /// The loop begins at `seconds` of `item`. An end that this leaves no room for is forgotten.
    pub fn begin(&mut self, item: usize, seconds: f64) {
        self.turn_to(item);
        self.a = Some(seconds);
        self.b = self.b.filter(|b| *b >= seconds + LEAST_SECONDS);
    }

    /// The loop ends at `seconds` of `item`; a little later if it has only just begun. A beginning behind that is forgotten.
    pub fn end(&mut self, item: usize, seconds: f64) {
        self.turn_to(item);
        self.a = self.a.filter(|a| *a <= seconds);
        let least = self.a.unwrap_or(0.0) + LEAST_SECONDS;
        self.b = Some(seconds.max(least));
    }

    /// No loop any more.
    pub fn clear(&mut self) {
        *self = Marks::default();
    }

    /// The marks of one item are not those of another.
    fn turn_to(&mut self, item: usize) {
        if self.item != item {
            *self = Marks { item, ..Marks::default() };
        }
    }

    /// Beginning and end that are set in `item`, in seconds.
    pub fn of(&self, item: usize) -> (Option<f64>, Option<f64>) {
        if self.item == item { (self.a, self.b) } else { (None, None) }
    }

    /// Whether anything is set.
    pub fn any(&self) -> bool {
        self.a.is_some() || self.b.is_some()
    }

    /// What is to be played over and over: item, beginning and end in seconds. An end alone loops from the file's beginning; a beginning alone is not a loop
    /// yet.
    pub fn region(&self) -> Option<(usize, f64, f64)> {
        let start = self.a.unwrap_or(0.0);
        let end = self.b.filter(|end| *end >= start + LEAST_SECONDS)?;
        Some((self.item, start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_needs_its_end() {
        let mut marks = Marks::default();
        marks.begin(2, 1.5);
        assert_eq!(marks.region(), None);
        assert!(marks.any());
        marks.end(2, 4.0);
        assert_eq!(marks.region(), Some((2, 1.5, 4.0)));
        assert_eq!(marks.of(2), (Some(1.5), Some(4.0)));
        assert_eq!(marks.of(1), (None, None));
        marks.clear();
        assert_eq!(marks, Marks::default());
    }

    #[test]
    fn an_end_alone_loops_from_the_beginning() {
        let mut marks = Marks::default();
        marks.end(0, 3.0);
        assert_eq!(marks.region(), Some((0, 0.0, 3.0)));
        marks.end(0, 0.01);
        assert_eq!(marks.region(), Some((0, 0.0, LEAST_SECONDS)));
    }

    #[test]
    fn ends_that_would_change_places_are_forgotten() {
        let mut marks = Marks::default();
        marks.begin(0, 1.0);
        marks.end(0, 2.0);
        marks.begin(0, 1.99);
        assert_eq!(marks.of(0), (Some(1.99), None));
        marks.end(0, 1.0);
        assert_eq!(marks.of(0), (None, Some(1.0)));
    }

    #[test]
    fn two_quick_presses_make_the_shortest_loop() {
        let mut marks = Marks::default();
        marks.begin(0, 4.0);
        marks.end(0, 4.01);
        assert_eq!(marks.region(), Some((0, 4.0, 4.0 + LEAST_SECONDS)));
    }

    #[test]
    fn the_marks_of_one_item_are_not_those_of_another() {
        let mut marks = Marks::default();
        marks.begin(0, 1.0);
        marks.end(1, 2.0);
        assert_eq!(marks.region(), Some((1, 0.0, 2.0)));
    }
}
