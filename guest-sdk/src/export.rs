/// Exports one or several tools from a component: `export!(TextStats);`, `export!(Encode, Decode);`. Once per crate,
/// and the crate is a `cdylib`.
///
/// What is exported is the world of `wit/tool.wit`. On a machine that is not WebAssembly nothing is exported, and only
/// the names are checked.
#[macro_export]
macro_rules! export {
    ($($tool:ty),+ $(,)?) => {
        const _: $crate::Catalog = {
            const CATALOG: $crate::Catalog = $crate::Catalog::new(&[$($crate::Entry::of::<$tool>()),+]);

            #[cfg(target_family = "wasm")]
            const _: () = {
                use $crate::bindings::exports::cofferdam::tool::tools;

                struct Component;

                impl tools::Guest for Component {
                    fn list() -> ::std::vec::Vec<tools::Descriptor> {
                        CATALOG.list().into_iter().map(::core::convert::Into::into).collect()
                    }

                    fn call(
                        name: ::std::string::String,
                        input: ::std::string::String,
                    ) -> ::core::result::Result<::std::string::String, tools::Failure> {
                        CATALOG.call(&name, &input).map_err(::core::convert::Into::into)
                    }
                }

                $crate::bindings::export_world!(Component with_types_in $crate::bindings);
            };

            CATALOG
        };
    };
}
