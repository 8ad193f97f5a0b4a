//! How much code a strategy is: its own lines, counted when this crate is compiled.

/// Lines of `source` that are neither blank, nor only a comment, nor part of its tests.
///
/// Good for Rust and JavaScript as they are written here: a block comment or `#[cfg(test)]` begins its line, and what a test's braces hold has no unbalanced brace in a text.
pub const fn lines(source: &str) -> u32 {
    let text = source.as_bytes();
    let (mut at, mut counted) = (0, 0);
    let mut in_comment = false;
    // Braces of the tests that are open; before the first one, what comes belongs to them all the same.
    let (mut in_tests, mut depth) = (false, 0);
    while at < text.len() {
        let begin = skip_blanks(text, at);
        let end = line_end(text, begin);
        at = end + 1;
        if begin == end {
            continue;
        }
        if in_comment {
            in_comment = !has(text, begin, end, b"*/");
        } else if in_tests {
            let mut byte = begin;
            while byte < end {
                match text[byte] {
                    b'{' => depth += 1,
                    b'}' => depth -= 1,
                    _ => {}
                }
                byte += 1;
            }
            // `mod tests;`, or the brace that closes them.
            let last = text[end - 1];
            in_tests = depth > 0 || !(last == b';' || last == b'}');
        } else if starts(text, begin, b"#[cfg(test)]") {
            (in_tests, depth) = (true, 0);
        } else if starts(text, begin, b"/*") {
            in_comment = !has(text, begin, end, b"*/");
        } else if !starts(text, begin, b"//") {
            counted += 1;
        }
    }
    counted
}

/// The place of the first byte from `at` on that is no blank, or the line's end.
const fn skip_blanks(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && matches!(text[at], b' ' | b'\t' | b'\r') {
        at += 1;
    }
    at
}

const fn line_end(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && text[at] != b'\n' {
        at += 1;
    }
    at
}

const fn starts(text: &[u8], at: usize, with: &[u8]) -> bool {
    let mut byte = 0;
    while byte < with.len() {
        if at + byte >= text.len() || text[at + byte] != with[byte] {
            return false;
        }
        byte += 1;
    }
    true
}

const fn has(text: &[u8], mut at: usize, end: usize, what: &[u8]) -> bool {
    while at < end {
        if starts(text, at, what) {
            return true;
        }
        at += 1;
    }
    false
}

/// The lines of these files, which lie beside the crate's root.
macro_rules! lines_of {
    ($($file:literal),+ $(,)?) => {{
        const LINES: u32 = 0 $(+ $crate::lab::compare::complexity::lines(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $file))))+;
        LINES
    }};
}
pub(super) use lines_of;

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn only_code_counts() {
        let source = "//! Docs.\n\nuse a::b;\n/* a\n   comment */\n/* one */\nfn f() { // with a comment\n\t\n    1\n}\n";
        assert_eq!(lines(source), 4);
        assert_eq!(lines(""), 0);
        assert_eq!(lines("\n  \n// only\n"), 0);
        assert_eq!(lines("let last = 1;"), 1);
    }

    #[test]
    fn tests_do_not_count_and_what_follows_them_does() {
        assert_eq!(lines("a\n#[cfg(test)]\nmod tests;\nb\n"), 2);
        assert_eq!(lines("a\n#[cfg(test)]\nmod tests {\n    fn t() {\n    }\n}\nb\n"), 2);
        assert_eq!(lines("a\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    1\n}\n"), 1);
    }

    #[test]
    fn the_macro_counts_files() {
        let own = lines_of!("src/lab/compare/complexity.rs");
        assert_eq!(own, lines(include_str!("complexity.rs")));
        assert!(own > 50 && own < include_str!("complexity.rs").lines().count() as u32);
    }
}
