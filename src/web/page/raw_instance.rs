//! The module instantiated by hand over an output's memory, on the page's own thread: no glue, numbers only (`src/web/raw`).

use std::cell::RefCell;
use std::collections::HashMap;

use js_sys::{Array, Float64Array, Function, Object, Reflect, WebAssembly};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::PageError;
use crate::web::error::text_of;
use crate::web::options::object;

/// Stack of the page's thread in the output's memory, in bytes: a multiple of 65,536. Sources render on it.
const STACK_BYTES: f64 = 1_048_576.0;

/// The module over one memory.
pub(super) struct RawInstance {
    exports: JsValue,
    memory: JsValue,
    functions: RefCell<HashMap<&'static str, Function>>,
    /// Kept for as long as the module may call them.
    _now: Closure<dyn Fn() -> f64>,
    _litter: Closure<dyn Fn(f64)>,
    _none: Closure<dyn Fn()>,
}

impl RawInstance {
    /// Instantiates the module over `memory`.
    ///
    /// # Errors
    /// [`PageError::Crashed`].
    pub fn new(memory: &JsValue) -> Result<Self, PageError> {
        let module: WebAssembly::Module = wasm_bindgen::module().unchecked_into();
        let performance = web_sys::window().and_then(|window| window.performance());
        let now = Closure::<dyn Fn() -> f64>::new(move || performance.as_ref().map_or(0.0, web_sys::Performance::now));
        let litter = Closure::<dyn Fn(f64)>::new(|bytes: f64| {
            // Arrays of numbers that nobody holds on to; a number takes 4 bytes at least.
            for _ in 0..(bytes / 4096.0) as u32 {
                Array::new_with_length(1024).fill(&JsValue::from(1), 0, 1024);
            }
        });
        let none = Closure::<dyn Fn()>::new(|| {});
        let imports = object(&[]);
        for import in WebAssembly::Module::imports(&module).iter() {
            let text = |name: &str| Reflect::get(&import, &name.into()).ok().and_then(|value| value.as_string());
            let (from, name) = (text("module").unwrap_or_default(), text("name").unwrap_or_default());
            let value: JsValue = match text("kind").as_deref() {
                Some("memory") => memory.clone(),
                _ if name.contains("noxrunNow") => now.as_ref().clone(),
                _ if name.contains("noxrunLitter") => litter.as_ref().clone(),
                _ => none.as_ref().clone(),
            };
            let place = Reflect::get(&imports, &from.as_str().into()).unwrap_or_default();
            let place = if place.is_undefined() { object(&[]) } else { place };
            // Setting a property of a fresh, extensible object cannot fail.
            let _ = Reflect::set(&place, &name.into(), &value);
            let _ = Reflect::set(&imports, &from.into(), &place);
        }
        let crashed = |thrown: JsValue| PageError::Crashed(text_of(&thrown));
        let instance = WebAssembly::Instance::new(&module, imports.unchecked_ref::<Object>()).map_err(crashed)?;
        let raw = RawInstance {
            exports: instance.exports().into(),
            memory: memory.clone(),
            functions: RefCell::default(),
            _now: now,
            _litter: litter,
            _none: none,
        };
        raw.call("__wbindgen_start", &[STACK_BYTES])?;
        Ok(raw)
    }

    /// Calls an export.
    ///
    /// # Errors
    /// [`PageError::Crashed`] when it traps, or there is none.
    pub fn call(&self, name: &'static str, arguments: &[f64]) -> Result<f64, PageError> {
        let crashed = |thrown: JsValue| PageError::Crashed(text_of(&thrown));
        let known = self.functions.borrow().get(name).cloned();
        let function = match known {
            Some(function) => function,
            None => {
                let function: Function = Reflect::get(&self.exports, &name.into())
                    .and_then(JsCast::dyn_into)
                    .map_err(|_| PageError::Crashed(format!("the engine has no {name}")))?;
                self.functions.borrow_mut().insert(name, function.clone());
                function
            }
        };
        let nothing = JsValue::UNDEFINED;
        let returned = match *arguments {
            [] => function.call0(&nothing),
            [one] => function.call1(&nothing, &one.into()),
            [one, two] => function.call2(&nothing, &one.into(), &two.into()),
            [one, two, three] => function.call3(&nothing, &one.into(), &two.into(), &three.into()),
            ref more => function.apply(&nothing, &more.iter().map(|number| JsValue::from(*number)).collect::<Array>()),
        };
        Ok(returned.map_err(crashed)?.as_f64().unwrap_or_default())
    }

    /// Puts numbers into the memory; their address.
    ///
    /// # Errors
    /// As [`RawInstance::call`].
    pub fn write(&self, numbers: &[f64]) -> Result<f64, PageError> {
        let at = self.call("noxrun_numbers", &[numbers.len() as f64])?;
        let buffer = self.buffer();
        Float64Array::new_with_byte_offset_and_length(&buffer, at as u32, numbers.len() as u32).copy_from(numbers);
        Ok(at)
    }

    /// The memory's bytes as they are now.
    pub fn buffer(&self) -> JsValue {
        Reflect::get(&self.memory, &"buffer".into()).unwrap_or_default()
    }
}
