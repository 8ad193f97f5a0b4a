//! What a run needs of the browser: the scenario as an object, clock, timer, files, names.

use js_sys::{Array, Function, Object, Promise, Reflect};
use serde_json::{Map, Value};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Url;

use super::RunError;
use crate::lab::scenario::{Refusal, Scenario};

/// Objects within objects beyond this are taken for one that contains itself.
const DEEPEST: usize = 8;

/// A scenario as a script gives it. Nothing given is the default scenario.
pub(super) fn scenario(given: &JsValue) -> Result<Scenario, RunError> {
    if given.is_undefined() {
        return Ok(Scenario::default());
    }
    Ok(Scenario::from_value(&value(given, "scenario", 0)?)?)
}

/// As JSON. `JSON.stringify` silently drops `undefined` and functions and makes NaN null, so a slip would pass for a default; here it is refused.
pub(in crate::lab) fn value(given: &JsValue, place: &str, depth: usize) -> Result<Value, Refusal> {
    let wrong = |what: String| Refusal::Wrong {
        field: place.into(),
        value: what,
        wanted: "something that JSON can hold".into(),
    };
    if given.is_null() {
        return Ok(Value::Null);
    }
    if let Some(truth) = given.as_bool() {
        return Ok(truth.into());
    }
    if let Some(text) = given.as_string() {
        return Ok(text.into());
    }
    if let Some(number) = given.as_f64() {
        let whole = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
        return match serde_json::Number::from_f64(number) {
            // So that messages show 63, not 63.0.
            Some(_) if whole => Ok((number as i64).into()),
            Some(number) => Ok(number.into()),
            None => Err(wrong(number.to_string())),
        };
    }
    if depth > DEEPEST {
        return Err(wrong("nested too deep".into()));
    }
    if Array::is_array(given) {
        let items = Array::from(given);
        let items = items
            .iter()
            .enumerate()
            .map(|(nth, item)| value(&item, &format!("{place}[{nth}]"), depth + 1));
        return items.collect::<Result<Vec<_>, _>>().map(Value::Array);
    }
    if !given.is_object() {
        return Err(wrong(format!("a {}", given.js_typeof().as_string().unwrap_or_default())));
    }
    let object: &Object = given.unchecked_ref();
    // A Map or a Date has no keys, and would pass for an empty object. Plain objects of another frame have another prototype, but it too is the last.
    let prototype = Object::get_prototype_of(object);
    if !prototype.is_null() && !Object::get_prototype_of(&prototype).is_null() {
        return Err(wrong("no plain object".into()));
    }
    let mut fields = Map::new();
    for key in Object::keys(object).iter() {
        let name = key.as_string().unwrap_or_default();
        let place = if depth == 0 { name.clone() } else { format!("{place}.{name}") };
        let field = Reflect::get(object, &key).unwrap_or_default();
        fields.insert(name, value(&field, &place, depth + 1)?);
    }
    Ok(Value::Object(fields))
}

/// The scenario in the page's address, after `?` or after `#`.
pub(super) fn address_scenario() -> Result<Option<Scenario>, Refusal> {
    let Some(location) = web_sys::window().map(|window| window.location()) else {
        return Ok(None);
    };
    match Scenario::from_query(&location.search().unwrap_or_default())? {
        Some(scenario) => Ok(Some(scenario)),
        None => Scenario::from_query(&location.hash().unwrap_or_default()),
    }
}

/// The page's address without query and fragment.
pub(super) fn page_address() -> String {
    let href = web_sys::window()
        .and_then(|window| window.location().href().ok())
        .unwrap_or_default();
    href.split(['?', '#']).next().unwrap_or_default().into()
}

/// Milliseconds since the epoch, with fractions; never goes back. The producer's clock counts from the same moment.
pub(in crate::lab) fn now() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or(0.0, |performance| performance.time_origin() + performance.now())
}

/// Resolves after `ms` milliseconds, rounded up.
pub(in crate::lab) async fn sleep(ms: f64) {
    let timer = Promise::new(&mut |resolve: Function, _| {
        if let Some(window) = web_sys::window() {
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms.ceil().max(0.0) as i32);
        }
    });
    let _ = JsFuture::from(timer).await;
}

/// The whole address of an audio file at `url`, which must lie on the page's own server.
pub(super) fn own_address(url: &str) -> Result<String, RunError> {
    let refuse = |why: String| RunError::File { url: url.into(), why };
    let window = web_sys::window().ok_or_else(|| refuse("there is no page to load it from".into()))?;
    let full = window
        .document()
        .and_then(|document| document.base_uri().ok().flatten())
        .unwrap_or_else(page_address);
    let full = Url::new_with_base(url, &full).map_err(|_| refuse("this is no address".into()))?;
    if Some(full.origin()) != window.location().origin().ok() {
        return Err(refuse(format!(
            "it lies on {}; only files of this page's own server are loaded",
            full.origin()
        )));
    }
    Ok(full.href())
}

/// The browser's name and version, where its brands tell them, and its user agent.
pub(in crate::lab) fn browser() -> String {
    let Some(navigator) = web_sys::window().map(|window| window.navigator()) else {
        return String::new();
    };
    let agent = navigator.user_agent().unwrap_or_default();
    let get = |from: &JsValue, name: &str| Reflect::get(from, &name.into()).unwrap_or_default();
    let brands = get(&get(&navigator, "userAgentData"), "brands");
    let brands: Vec<(String, String)> = if Array::is_array(&brands) {
        Array::from(&brands)
    } else {
        Array::new()
    }
    .iter()
    .filter_map(|brand| Some((get(&brand, "brand").as_string()?, get(&brand, "version").as_string()?)))
    // Browsers mix in a brand that is none ("Not;A=Brand"), so that nobody relies on the list's form.
    .filter(|(brand, _)| !(brand.contains("Not") && brand.contains("Brand")))
    .collect();
    // "Chromium" is what all of them are; a name of its own says more.
    match brands.iter().find(|(brand, _)| brand != "Chromium").or(brands.first()) {
        Some((brand, version)) => format!("{brand} {version} ({agent})"),
        None => agent,
    }
}

/// Whether the page is cross-origin isolated.
pub(in crate::lab) fn isolated() -> bool {
    Reflect::get(&js_sys::global(), &"crossOriginIsolated".into()).is_ok_and(|isolated| isolated.is_truthy())
}

/// The message of whatever JS threw or an event says.
pub(super) fn text_of(thrown: &JsValue) -> String {
    let message = Reflect::get(thrown, &"message".into()).ok().and_then(|message| message.as_string());
    message
        .or_else(|| thrown.as_string())
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "no reason was given".into())
}
