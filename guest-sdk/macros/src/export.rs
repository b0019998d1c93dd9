//! `export!`.

use std::path::{Path, PathBuf};

use cofferdam_capability::Manifest;
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Error, LitStr, Result, Token};

/// The file that the author writes beside `Cargo.toml`.
const MANIFEST: &str = "capabilities.toml";

/// The variable by which `tool build` names the directory where it has written down which tools
/// each package has, in a file of the package's name.
const LISTED: &str = "COFFERDAM_LISTED";

pub(crate) fn expand(tools: TokenStream) -> Result<TokenStream> {
    let tools = Punctuated::<syn::Path, Token![,]>::parse_terminated.parse2(tools)?;
    if tools.is_empty() {
        return Err(Error::new(
            Span::call_site(),
            "name the tools: `export!(greeting);`",
        ));
    }
    let file = check_manifest()?;
    let tools = tools.iter();
    let listed = listed().map(|file| quote!(@listed &include!(#file);));
    Ok(quote! {
        // Names the file and the variable to the compiler, which builds anew when they change.
        const _: &[u8] = include_bytes!(#file);
        const _: ::core::option::Option<&str> = option_env!(#LISTED);
        ::cofferdam_guest::__export_tools!(#listed #(#tools),*);
    })
}

/// The file with the descriptors of this package's tools, if `tool build` has written one.
fn listed() -> Option<LitStr> {
    #[allow(
        clippy::disallowed_methods,
        reason = "`tool build` and cargo tell macros in this way"
    )]
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let mut file = PathBuf::from(variable(LISTED)?).join(variable("CARGO_PKG_NAME")?);
    file.set_extension("rs");
    let file = file.to_str().map(str::to_owned)?;
    Some(LitStr::new(&file, Span::call_site()))
}

/// Reads the manifest as the host does, and says where it lies.
fn check_manifest() -> Result<LitStr> {
    let refuse = |problem: String| Error::new(Span::call_site(), problem);
    #[allow(
        clippy::disallowed_methods,
        reason = "cargo tells macros in this way where the crate lies"
    )]
    let directory = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let directory =
        directory.ok_or_else(|| refuse("cargo does not say where the crate lies".to_owned()))?;
    let path = directory.join(MANIFEST);
    let shown = shown(&path);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        refuse(format!(
            "{shown}: {error}: this file says what the component may touch, and why"
        ))
    })?;
    Manifest::from_toml(&text, &shown).map_err(|error| refuse(error.to_string()))?;
    let path = path
        .to_str()
        .ok_or_else(|| refuse(format!("{shown}: its path is not valid UTF-8")))?;
    Ok(LitStr::new(path, Span::call_site()))
}

/// As the compiler shows files: from where it runs, if the file lies below.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here)
        .unwrap_or(path)
        .display()
        .to_string()
}
