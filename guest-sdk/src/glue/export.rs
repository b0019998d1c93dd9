/// The part of [`export!`](crate::export) that needs no reading of files: the world of
/// `wit/tool.wit`, implemented by a catalog of tools.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_tools {
    ($($tool:ty),+ $(,)?) => {
        const _: $crate::glue::Catalog = {
            const CATALOG: $crate::glue::Catalog = $crate::glue::Catalog::new(&[
                $($crate::glue::Entry::of::<$tool>()),+
            ]);

            #[cfg(target_family = "wasm")]
            const _: () = {
                use $crate::glue::bindings::exports::cofferdam::tool::tools;

                struct Component;

                impl tools::Guest for Component {
                    fn list() -> ::std::vec::Vec<tools::Descriptor> {
                        CATALOG.list().into_iter().map(::core::convert::Into::into).collect()
                    }

                    fn call(
                        name: ::std::string::String,
                        input: ::std::string::String,
                    ) -> ::core::result::Result<::std::string::String, tools::Failure> {
                        CATALOG
                            .call(&name, &input, &$crate::Context::of_call())
                            .map_err(::core::convert::Into::into)
                    }
                }

                $crate::glue::bindings::export_world!(
                    Component with_types_in $crate::glue::bindings
                );
            };

            CATALOG
        };
    };
}
