//! `#[tool]`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, FnArg, ItemFn, Lit, LitStr, Meta, Result, ReturnType, Token, Type,
};

/// The longest name of a tool, in bytes, as `wit/tool.wit` has it.
const MAX_NAME: usize = 63;

/// The function as it is, and beside it a type of the same name that describes it. Functions and
/// types do not get in each other's way.
pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function: ItemFn = syn::parse2(item)?;
    let name = name(attribute, &function)?;
    let description = description(&function)?;
    let (input, with_context) = parameters(&function)?;
    let ReturnType::Type(_, answer) = &function.sig.output else {
        return Err(Error::new(
            function.sig.span(),
            "a tool answers with a `Result<Output, ToolError>`",
        ));
    };
    let ident = &function.sig.ident;
    let vis = &function.vis;
    let context = with_context.then(|| quote!(, context));
    Ok(quote! {
        #function

        #[doc(hidden)]
        #[allow(non_camel_case_types, reason = "it goes by the name of the function")]
        #vis struct #ident {}

        impl ::cofferdam_guest::glue::Tool for #ident {
            type Input = #input;
            type Output = <#answer as ::cofferdam_guest::glue::Answer>::Output;
            const NAME: &'static str = #name;
            const DESCRIPTION: &'static str = #description;

            #[allow(unused_variables, reason = "not every tool takes the context")]
            fn call(
                input: Self::Input,
                context: &::cofferdam_guest::Context,
            ) -> ::core::result::Result<Self::Output, ::cofferdam_guest::ToolError> {
                #ident(input #context)
            }
        }
    })
}

/// `#[tool(name = "…")]`, else the function's name in kebab case.
fn name(attribute: TokenStream, function: &ItemFn) -> Result<LitStr> {
    let given = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(attribute)?;
    let mut name = None;
    for meta in given {
        let Meta::NameValue(pair) = &meta else {
            return Err(Error::new(meta.span(), "expected `name = \"…\"`"));
        };
        let Expr::Lit(value) = &pair.value else {
            return Err(Error::new(pair.value.span(), "expected a string"));
        };
        match &value.lit {
            Lit::Str(text) if pair.path.is_ident("name") && name.is_none() => {
                name = Some(text.clone())
            }
            _ => return Err(Error::new(meta.span(), "expected `name = \"…\"`, once")),
        }
    }
    let ident = &function.sig.ident;
    let name = name
        .unwrap_or_else(|| LitStr::new(&ident.unraw().to_string().replace('_', "-"), ident.span()));
    let text = name.value();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !text.starts_with(|c: char| c.is_ascii_lowercase())
        || text.len() > MAX_NAME
        || !text.chars().all(plain)
    {
        let problem =
            format!("{text:?} is not the name of a tool: expected [a-z][a-z0-9-]{{0,62}}");
        return Err(Error::new(name.span(), problem));
    }
    Ok(name)
}

/// The doc comment as it was written: without the space that follows the slashes.
fn description(function: &ItemFn) -> Result<String> {
    let lines: Vec<_> = function.attrs.iter().filter_map(doc).collect();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end())
        .collect();
    let text = lines.join("\n").trim().to_owned();
    if text.is_empty() {
        let problem = "a tool needs a doc comment: it is the description that a model reads";
        return Err(Error::new(function.sig.ident.span(), problem));
    }
    Ok(text)
}

fn doc(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        Expr::Lit(value) if pair.path.is_ident("doc") => match &value.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The type of the input, and whether the function takes the context.
fn parameters(function: &ItemFn) -> Result<(&Type, bool)> {
    let signature = &function.sig;
    let wrong = |span: Span, problem: &str| Err(Error::new(span, problem));
    if let Some(asyncness) = signature.asyncness {
        return wrong(
            asyncness.span(),
            "a tool is an ordinary function: a call has the whole instance to itself",
        );
    }
    if !signature.generics.params.is_empty() {
        return wrong(
            signature.generics.span(),
            "a tool has no type parameters: its schemas are those of its types",
        );
    }
    let parameters: Vec<_> = signature.inputs.iter().collect();
    let with_context = match parameters.len() {
        1 => false,
        2 => true,
        _ => {
            return wrong(
                signature.span(),
                "a tool takes its input, and after it the context if it wants it",
            );
        }
    };
    match parameters.first() {
        Some(FnArg::Typed(input)) => match &*input.ty {
            Type::Reference(reference) => {
                wrong(reference.span(), "a tool takes its input by value")
            }
            input => Ok((input, with_context)),
        },
        _ => wrong(
            signature.span(),
            "a tool is a function of its own, not a method",
        ),
    }
}
