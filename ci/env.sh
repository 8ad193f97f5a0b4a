# shellcheck shell=bash
# Sourced by every script here: where things are, which compiler is used, and the few functions that scripts share.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/noxrun
tools=${NOXRUN_TOOLS:-$cache/tools}
cd "$root" || exit
log= # where with_heartbeat writes; its callers set it

# Flags from outside would replace those of .cargo/config.toml, and with them the shared memory.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
# Trunk understands no other value.
[ -z "${NO_COLOR:-}" ] || export NO_COLOR=true

say() { printf '%s\n' "$*"; }
die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# The version that key $1 of Cargo.toml names.
manifest() { sed -n "s/^$1 = .*\"=\{0,1\}\([0-9][0-9.]*\)\".*/\1/p" Cargo.toml | head -n 1; }

# Is version $1 at least $2?
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# The bin folder of the toolchain behind rustc $1, if it is new enough and brings the standard library's sources
# (a rustup component can be half there: only the file itself counts).
toolchain_of() {
    local sysroot version
    command -v "$1" >/dev/null || return 1
    version=$("$1" --version 2>/dev/null) && sysroot=$("$1" --print sysroot 2>/dev/null) || return 1
    version=${version#rustc }
    at_least "${version%%[ -]*}" "$(manifest rust-version)" || return 1
    [ -e "$sysroot/lib/rustlib/src/rust/library/std/src/lib.rs" ] || return 1
    printf '%s\n' "$sysroot/bin"
}

# Debian's compiler is reached by links, so that neither rustup's proxies shadow it nor it shadows everything else in
# /usr/bin. It looks for its Wasm linker as rust-lld, a name that Debian's lld does not have.
link_debian() {
    local name lld
    lld=$(compgen -G '/usr/bin/lld-[0-9]*' | sort -V | tail -n 1) || lld=$(command -v /usr/bin/lld) || return 1
    mkdir -p "$tools/debian"
    for name in cargo rustc rustdoc rustfmt cargo-fmt cargo-clippy clippy-driver; do
        [ ! -x "/usr/bin/$name" ] || ln -sfn "/usr/bin/$name" "$tools/debian/$name"
    done
    ln -sfn "$lld" "$tools/debian/rust-lld"
    printf '%s\n' "$tools/debian"
}

# Puts the first usable compiler, and the tools that ci/setup installed, first on PATH.
use_compiler() {
    local bin
    bin=$(toolchain_of rustc) || bin=$(toolchain_of "$HOME/.cargo/bin/rustc") || bin=$(toolchain_of /usr/bin/rustc) || return 1
    if [ "$bin" = /usr/bin ]; then bin=$(link_debian) || return 1; fi
    PATH=$bin:$tools/bin:$outer_path
    export PATH
}

outer_path=${outer_path:-$PATH}
compiler=yes
use_compiler || compiler=

# Shared memory needs a standard library built with atomics: these make cargo, and so Trunk and wasm-pack, build it. A target
# folder of its own, because with RUSTC_BOOTSTRAP build scripts decide differently and native builds would start over each time.
wasm_env() {
    export CARGO_UNSTABLE_BUILD_STD=std,panic_abort RUSTC_BOOTSTRAP=1
    export CARGO_TARGET_DIR=$root/target/wasm
    # On Wasm a panic aborts whatever a profile says; but with "abort" there, cargo test builds a second core that clashes with the first.
    export CARGO_PROFILE_RELEASE_PANIC=unwind
}

# Optimised code for tests that need speed, without the minutes that whole-program optimisation takes for each test binary.
quick_release() { export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16; }

# Builds the site into target/site, for tests and benches, unless nothing that goes into it is newer.
need_site() {
    local stamp=$root/target/site.stamp
    export NOXRUN_SITE=$root/target/site
    if [ -e "$stamp" ] && [ -z "$(find . -mindepth 1 \( -path ./target -o -path ./dist -o -path ./node_modules -o -path ./tests \
        -o -path ./benches -o -path ./examples -o -path ./docs -o -path ./npm -o -path ./.git -o -path ./ci -o -name '*.md' \) -prune -o -newer "$stamp" -print -quit)" ]; then
        return
    fi
    mkdir -p "$root/target"
    # Dated before the build: what changes during it counts as newer.
    touch "$stamp.new"
    ci/build "$NOXRUN_SITE"
    mv "$stamp.new" "$stamp"
}

# Is anything of "${@:2}" newer than file $1, or that file not there?
is_newer() {
    local stamp=$1
    shift
    [ ! -e "$stamp" ] || [ -n "$(find "$@" -newer "$stamp" -print -quit)" ]
}

# Makes the npm package in target/npm, for tests and releases, unless nothing that goes into it is newer.
need_package() {
    local stamp=$root/target/npm.stamp
    export NOXRUN_PACKAGE=$root/target/npm
    if [ -e "$NOXRUN_PACKAGE/noxrun" ] && [ -e "$NOXRUN_PACKAGE/noxrun-decode" ] && ! is_newer "$stamp" npm src worklet .cargo Cargo.toml Cargo.lock CHANGELOG.md LICENSE-APACHE LICENSE-MIT package-lock.json \
        ci/package ci/bundle.mjs ci/bundle-decode.mjs ci/third-party.mjs ci/build-engine ci/short-names.mjs ci/release; then
        return
    fi
    mkdir -p "$root/target"
    touch "$stamp.new"
    ci/package "$NOXRUN_PACKAGE"
    mv "$stamp.new" "$stamp"
}

need_compiler() { [ "$compiler" ] || die "No Rust compiler with its sources: run ci/setup build first."; }

# Starts a PulseAudio server of our own with a sink that goes nowhere. Programs find it by PULSE_SERVER; NOXRUN_SINK names the sink, and NOXRUN_SINK.monitor is
# what to record. With this script end the processes in ${daemons[@]} and the folder $run.
need_sink() {
    local _
    command -v pulseaudio >/dev/null || die "PulseAudio is not there: run ci/setup test first."
    run=$(mktemp -d)
    export PULSE_SERVER=unix:$run/native NOXRUN_SINK=noxrun
    # Chromium takes the daemon's default rate for its contexts; with the same rate and floats in the sink, nothing on the way is converted.
    printf '%s\n' "default-sample-rate = 48000" "default-sample-format = float32le" >"$run/daemon.conf"
    export PULSE_CONFIG=$run/daemon.conf
    # What is tested is not how this machine copes with other work: where that is allowed, browser and sound server go before it.
    # Linux weighs sessions against each other first (autogroup), and niceness only counts within one.
    renice -n -10 -p $$ >/dev/null 2>&1 || true
    { echo -10 >"/proc/$$/autogroup"; } 2>/dev/null || true
    # -n: none of the system's modules, so no sound card and no session bus.
    PULSE_RUNTIME_PATH=$run PULSE_STATE_PATH=$run XDG_RUNTIME_DIR=$run pulseaudio -n --daemonize=no --exit-idle-time=-1 --use-pid-file=no \
        -L "module-native-protocol-unix socket=$run/native auth-anonymous=1" \
        -L "module-null-sink sink_name=$NOXRUN_SINK channels=2" >"$run/log" 2>&1 &
    daemons=($!)
    trap end_sink EXIT
    trap 'exit 130' INT TERM

    for _ in $(seq 50); do
        pactl info >/dev/null 2>&1 && break
        kill -0 "${daemons[0]}" 2>/dev/null || die "PulseAudio ended at once: $(tail -n 1 "$run/log")"
        sleep 0.1
    done
    pactl set-default-sink "$NOXRUN_SINK"
    say "PulseAudio $(pulseaudio --version | cut -d ' ' -f 2), sink $NOXRUN_SINK at $PULSE_SERVER"
}

end_sink() {
    { echo 0 >"/proc/$$/autogroup"; } 2>/dev/null || true
    kill "${daemons[@]}" 2>/dev/null || true
    wait "${daemons[@]}" 2>/dev/null || true
    rm -rf "$run"
}

# Node's own test runner over the test files of folder $1, one after the other: they share the sound card and the clock. Before them those that are named by
# "${@:2}" (without .test.mjs), two at a time: they wait for sound more than they compute, and bear it that another page does the same.
node_tests() {
    local folder=$1 files name file status=0 together=()
    shift
    mapfile -t files < <(find "$folder" -maxdepth 1 -name '*.test.*js' 2>/dev/null | sort)
    [ ${#files[@]} -gt 0 ] || die "No test ran: $folder has no file *.test.mjs."
    [ -e node_modules/.installed ] || die "The tests' npm packages are not there: run ci/setup test first."
    for name; do
        file=$folder/$name.test.mjs
        [ -e "$file" ] || die "There is no $file, which is to run beside others."
        together+=("$file")
    done
    if [ ${#together[@]} -gt 0 ]; then
        run_tests node --test --test-concurrency=2 --test-reporter=spec "${together[@]}" || status=1
        mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -vxF "$(printf '%s\n' "${together[@]}")")
    fi
    [ ${#files[@]} = 0 ] || run_tests node --test --test-concurrency=1 --test-reporter=spec "${files[@]}" || status=1
    return "$status"
}

# Runs "$@" in the background, writing to file $log, and says every 20 s that it is still at it. Returns its status.
with_heartbeat() {
    local label=$1 start=$SECONDS said=$SECONDS status=0 pid
    shift
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    # shellcheck disable=SC2064 # this process, not a later one
    trap "kill $pid 2>/dev/null; exit 130" INT TERM
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if [ $((SECONDS - said)) -ge 20 ]; then
            said=$SECONDS
            say "  $label: $((SECONDS - start)) s, $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-100)"
        fi
    done
    wait "$pid" || status=$?
    trap - INT TERM
    return "$status"
}

# Runs the tests "$@", shows what they print, and fails unless at least one ran and passed: a filter that matches nothing, a
# missing folder or a file that the runner skips must not look like success.
run_tests() {
    local out ran
    out=$(mktemp)
    say "+ $*"
    if ! "$@" 2>&1 | tee "$out"; then
        rm -f "$out"
        return 1
    fi
    # cargo and wasm-bindgen: "test result: ok. 5 passed"; node: "# pass 5" or "ℹ pass 5".
    ran=$(sed -n -e 's/^test result: .* \([0-9]*\) passed.*/\1/p' -e 's/^[^ ]* pass \([0-9]*\)$/\1/p' "$out" | paste -sd+ | sed 's/^$/0/')
    rm -f "$out"
    [ $((ran)) -gt 0 ] || die "No test ran: $*"
    say "$((ran)) tests passed"
}
