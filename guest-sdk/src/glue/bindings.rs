#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::undocumented_unsafe_blocks,
    reason = "generated from wit/tool.wit"
)]

wit_bindgen::generate!({
    path: "../wit",
    world: "calling-tool",
    pub_export_macro: true,
    export_macro_name: "export_world",
});
