//! The macros of `cofferdam-guest`, which exports them: `#[tool]` makes a tool of a function,
//! `export!` a component of tools.

mod export;
mod tool;

use proc_macro::TokenStream;

/// Makes a tool of a function.
///
/// ```ignore
/// /// Greets someone by name.
/// #[tool]
/// fn greeting(input: Input, context: &Context) -> Result<Output, ToolError> { … }
/// ```
///
/// The doc comment is the description that a model reads, the types of input and answer become its
/// schemas, and the function's name in kebab case is the tool's name, unless `#[tool(name = "…")]`
/// says another. `context` may be left out. The function stays what it is: call it in tests.
#[proc_macro_attribute]
pub fn tool(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tool::expand(attribute.into(), item.into())
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}

/// Exports one or several tools from a component: `export!(greeting);`, `export!(encode, decode);`.
/// Once per crate, and the crate is a `cdylib`.
///
/// It also reads the `capabilities.toml` beside the crate's `Cargo.toml`, as the host does: a key
/// that it does not know, a row without a reason, anything that a host would refuse ends the build,
/// with file and line.
///
/// On a machine that is not WebAssembly nothing is exported, and the rest is checked.
#[proc_macro]
pub fn export(tools: TokenStream) -> TokenStream {
    export::expand(tools.into())
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}
