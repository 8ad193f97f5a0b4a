//! In a dedicated worker of a real browser: the ring, and a producer that really sleeps and is really woken, in a worker of its own, by a consumer on this thread.
#![cfg(target_family = "wasm")]

#[path = "common/ring_cases.rs"]
mod ring_cases;
#[path = "common/wait.rs"]
mod wait;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, Object, Reflect};
use noxrun::ring::sync::Arc;
use noxrun::shared::SharedOutput;
use noxrun::web::page::glue_url;
use noxrun::web::worklet::{noxrun_attach, noxrun_quantum};
use wait::{until, wait};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{MessageEvent, Url, Worker, WorkerOptions, WorkerType};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

ring_tests!(wasm_bindgen_test);

fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        Reflect::set(&object, &(*name).into(), value).expect("a plain object");
    }
    object.into()
}

/// A producer in a worker of its own, over this thread's memory, with what it told.
struct Producer {
    worker: Worker,
    told: Rc<RefCell<Vec<JsValue>>>,
    _hear: Closure<dyn FnMut(MessageEvent)>,
}

impl Producer {
    fn spawn() -> Self {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let url = Url::new_with_base("worklet/producer.js", &glue_url()).expect("an address");
        // With a URL object, which web-sys does not offer: the test runner wraps workers that are named by a string.
        let constructor: Function = Reflect::get(&js_sys::global(), &"Worker".into())
            .expect("workers in workers")
            .unchecked_into();
        let worker: Worker = Reflect::construct(&constructor, &Array::of2(&url, &options))
            .expect("a worker")
            .unchecked_into();
        let told = Rc::new(RefCell::new(Vec::new()));
        let hear = {
            let told = told.clone();
            Closure::new(move |event: MessageEvent| told.borrow_mut().push(event.data()))
        };
        worker.set_onmessage(Some(hear.as_ref().unchecked_ref()));
        Producer { worker, told, _hear: hear }
    }

    fn post(&self, message: &[(&str, JsValue)]) {
        self.worker.post_message(&object(message)).expect("can be posted");
    }

    fn find(&self, kind: &str, field: &str) -> Option<JsValue> {
        let told = self.told.borrow();
        let message = told
            .iter()
            .find(|message| Reflect::get(message, &"type".into()).ok() == Some(kind.into()))?;
        Reflect::get(message, &field.into()).ok()
    }
}

#[wasm_bindgen_test]
async fn a_sleeping_producer_is_woken_and_loses_no_frame() {
    let producer = Producer::spawn();
    until("the worker's script", || producer.find("up", "type").is_some()).await;
    producer.post(&[("type", "load".into()), ("url", glue_url().into())]);
    let source = object(&[("kind", "index".into())]);
    let options = object(&[
        ("channels", 2.into()),
        ("capacity", 1000.into()),
        ("limit", 777.into()),
        ("block", 100.into()),
        ("sampleRate", 48_000.into()),
        ("source", source),
    ]);
    producer.post(&[
        ("type", "start".into()),
        ("id", 1.into()),
        ("module", wasm_bindgen::module()),
        ("memory", wasm_bindgen::memory()),
        ("options", options),
    ]);
    until("the producer", || {
        producer.find("answer", "shared").is_some() || producer.find("crashed", "message").is_some()
    })
    .await;
    let address = producer
        .find("answer", "shared")
        .and_then(|address| address.as_f64())
        .expect("an answer") as usize;
    let handle = noxrun_attach(address, 128);
    assert_ne!(handle, 0, "an output lies there");
    assert_eq!(noxrun_attach(address, 128), 0, "and has its one consumer now");
    assert_eq!(noxrun_attach(address + 4, 128), 0, "nothing lies there");

    // SAFETY: the worker gave one share of its output away at this address.
    #[allow(unsafe_code)]
    let shared = unsafe {
        Arc::increment_strong_count(address as *const SharedOutput);
        Arc::from_raw(address as *const SharedOutput)
    };
    // Bursts of four quanta, as a browser asks for them, 300 times; the ring is full again before each.
    for _ in 0..300 {
        until("a full ring", || {
            shared.ring.write_position() - shared.ring.read_position() > 777 - 100
        })
        .await;
        for _ in 0..4 {
            noxrun_quantum(handle, 128, 0.0);
        }
    }
    let consumer = &shared.consumer.0;
    assert_eq!(consumer.requested.load(std::sync::atomic::Ordering::Relaxed), 300 * 512);
    assert_eq!(consumer.fresh.get(), 300 * 512, "every frame was there in time");
    assert_eq!((consumer.skipped.get(), consumer.replayed.get(), consumer.torn.get()), (0, 0, 0));
    // Nearly every burst finds it asleep. That no call is lost is for the models to show: here a look at what keeps this thread, which is no device in time, would make up for it.
    assert!(consumer.wakes.get() > 200, "{} wakes", consumer.wakes.get());
    assert!(shared.producer.sleeps.get() > 200, "{} sleeps", shared.producer.sleeps.get());

    shared.control.stop.store(1, core::sync::atomic::Ordering::Relaxed);
    shared.ring.call();
    until("the acknowledged stop", || producer.find("stopped", "type").is_some()).await;
    wait(1).await;
}
