#!/usr/bin/env bash
# Builds pkg/bells.js and pkg/bells_bg.wasm: ./build.sh [folder]. Wants a compiler with its sources (rustup component add rust-src) and
# wasm-bindgen (cargo install wasm-bindgen-cli) in the version that Cargo.toml names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
out=${1:-pkg}
# A nightly compiler builds its library without this; it makes a stable one do it. The flags stand in .cargo/config.toml.
export RUSTC_BOOTSTRAP=1
cargo build --release
wasm-bindgen --target web --out-dir "$out" "${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/release/bells.wasm"
