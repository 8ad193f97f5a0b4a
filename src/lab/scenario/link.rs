//! A scenario in the page's address.

use super::{Refusal, Scenario};

/// The parameter's name.
const PARAMETER: &str = "scenario";

impl Scenario {
    /// The scenario in the part of an address after `?` or `#` (with or without that mark), if it holds one.
    ///
    /// # Errors
    /// [`Refusal`], as for [`Scenario::from_json`].
    pub fn from_query(search: &str) -> Result<Option<Scenario>, Refusal> {
        let pairs = search.trim_start_matches(['?', '#']).split('&');
        let mut values = pairs.filter_map(|pair| pair.split_once('=')).filter(|(name, _)| *name == PARAMETER);
        values.next().map(|(_, value)| Scenario::from_json(&decoded(value)?)).transpose()
    }

    /// `scenario=…` for an address; [`Scenario::from_query`] reads it back. Every field is in it, so that later defaults change nothing.
    pub fn to_query(&self) -> String {
        format!("{PARAMETER}={}", encoded(&self.to_json()))
    }
}

/// Percent-decoded text; a plus stands for a space, as in forms.
fn decoded(text: &str) -> Result<String, Refusal> {
    let wrong = || Refusal::NotJson("the address is not encoded as addresses are (encodeURIComponent)".into());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or_else(wrong);
                (digit()? * 16 + digit()?) as u8
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

/// Percent-encoded text. What may stand in a query as it is and keeps a link readable stays.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:,".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_carries_a_scenario_there_and_back() {
        let scenario = Scenario::from_value(&json!({
            "source": { "kind": "file", "url": "Füße & 100%+1.flac?a=b#c" }, "seconds": 2.5, "latencyHint": 0.05,
            "stress": [{ "kind": "kill", "atMs": 700 }],
        }))
        .expect("a good scenario");
        let query = scenario.to_query();
        assert!(
            query.bytes().all(|byte| byte.is_ascii_graphic() && !b"&#+\"<>".contains(&byte)),
            "{query}"
        );
        for address in [
            query.clone(),
            format!("?{query}"),
            format!("#{query}"),
            format!("?theme=dark&{query}&x"),
        ] {
            assert_eq!(Scenario::from_query(&address), Ok(Some(scenario.clone())), "{address}");
        }
        assert_eq!(
            Scenario::from_query("?scenario={\"seconds\":+2.5}").map(|found| found.map(|found| found.seconds)),
            Ok(Some(2.5))
        );
        for none in ["", "?", "#", "?scenarios=1", "?theme=dark"] {
            assert_eq!(Scenario::from_query(none), Ok(None), "{none}");
        }
        for broken in [
            "?scenario=",
            "?scenario={",
            "?scenario=%7",
            "?scenario=%zz",
            "?scenario=%FF",
            "?scenario=%7B%22second%22:1%7D",
        ] {
            assert!(Scenario::from_query(broken).is_err(), "{broken}");
        }
    }
}
