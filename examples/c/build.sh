#!/usr/bin/env bash
# Builds chip.wasm: ./build.sh [folder]. Wants clang and lld, nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
out=${1:-.}
mkdir -p "$out"
clang --target=wasm32 -O2 -Wall -Wextra -Werror -nostdlib -Wl,--no-entry -o "$out/chip.wasm" chip.c
