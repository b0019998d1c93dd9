//! The floor: wasmtime as its documentation shows it, pooled and linked once, with default options
//! and no limit.

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, Store};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

mod bindings {
    wasmtime::component::bindgen!({ path: "../../wit", world: "tool", exports: {
        default: async } });
}

pub(crate) struct Bare {
    engine: Engine,
    callable: Callable,
    runtime: tokio::runtime::Runtime,
}

enum Callable {
    Command(CommandPre<State>),
    Typed(bindings::ToolPre<State>),
}

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Bare {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::pooling());
        let engine = Engine::new(&config).expect("an engine");
        let component = Component::new(&engine, bytes).expect("a component");
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("WASI links");
        // It could log, and does not.
        linker
            .define_unknown_imports_as_traps(&component)
            .expect("the rest links");
        let pre = linker.instantiate_pre(&component).expect("it links");
        let callable = match bindings::ToolPre::new(pre.clone()) {
            Ok(typed) => Callable::Typed(typed),
            Err(_) => Callable::Command(CommandPre::new(pre).expect("a command or a typed tool")),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        Self {
            engine,
            callable,
            runtime,
        }
    }

    fn store(&self) -> Store<State> {
        Store::new(
            &self.engine,
            State {
                wasi: WasiCtx::builder().build(),
                table: ResourceTable::new(),
            },
        )
    }

    pub(crate) fn typed(&self, input: &str) {
        let Callable::Typed(pre) = &self.callable else {
            return;
        };
        self.runtime.block_on(async {
            let mut store = self.store();
            let tool = pre.instantiate_async(&mut store).await.expect("it starts");
            let answer = tool
                .cofferdam_tool_tools()
                .call_call(&mut store, "text-stats", input)
                .await;
            assert!(answer.expect("it answers").is_ok());
        });
    }

    pub(crate) fn command(&self) {
        let Callable::Command(pre) = &self.callable else {
            return;
        };
        self.runtime.block_on(async {
            let mut store = self.store();
            let command = pre.instantiate_async(&mut store).await.expect("it starts");
            let ended = command.wasi_cli_run().call_run(&mut store).await;
            let exit = ended.err().and_then(|error| {
                error
                    .downcast_ref::<wasmtime_wasi::I32Exit>()
                    .map(|exit| exit.0)
            });
            assert!(exit.is_none_or(|code| code == 0));
        });
    }
}
