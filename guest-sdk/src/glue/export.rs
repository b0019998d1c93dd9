/// The part of [`export!`](crate::export) that needs no reading of files: the world of
/// `wit/tool.wit`, implemented by a catalog of tools. With `@listed` it answers `list` from texts
/// that were made of the same types before, so that nothing that makes schemas is linked.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_tools {
    (@listed $listed:expr; $($tool:ty),+ $(,)?) => {
        $crate::__export_tools!(@list $crate::glue::listed($listed); $($tool),+);
    };
    (@list $list:expr; $($tool:ty),+ $(,)?) => {
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
                        $crate::glue::begin();
                        $list
                    }

                    fn call(
                        name: ::std::string::String,
                        input: ::std::string::String,
                    ) -> ::core::result::Result<::std::string::String, tools::Failure> {
                        $crate::glue::begin();
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
    ($($tool:ty),+ $(,)?) => {
        $crate::__export_tools!(
            @list ::std::vec![$($crate::glue::Descriptor::of::<$tool>().into()),+];
            $($tool),+
        );
    };
}
