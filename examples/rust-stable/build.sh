#!/usr/bin/env bash
# Builds strings.wasm: ./build.sh [folder]. A stable compiler with its library for Wasm will do: rustup target add wasm32-unknown-unknown
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
out=${1:-.}
target=wasm32-unknown-unknown
# Noxrun's own flags (shared memory, atomics) stand in a configuration above this folder: a module of its own wants none. Elsewhere this line does nothing.
export RUSTFLAGS=
if [ ! -d "$(rustc --print target-libdir --target $target)" ]; then
    # Where that library cannot be had (Debian packages none, and rustup may be out of reach), the compiler builds it from its sources, as it is: without atomics. The same module comes of it.
    echo "No library for $target is installed: building it from source"
    export RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=std,panic_abort
fi
cargo build --release --target $target
mkdir -p "$out"
cp "${CARGO_TARGET_DIR:-target}/$target/release/strings.wasm" "$out"
