//! The tools that the official MCP conformance suite calls, by the names and with the answers that
//! it expects. Its names have underscores, which names of the SDK's own tools do not, so these are
//! written without the macro.

use std::time::{Duration, Instant};

use cofferdam_guest::glue::Tool;
use cofferdam_guest::{Content, Context, Level, ToolError, export};
use schemars::JsonSchema;
use serde::Deserialize;

/// An image of one red pixel (PNG).
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, b'I', b'D', b'A', b'T',
    0x08, 0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0, 0, 3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, b'I',
    b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// A recording of nothing (WAV).
const SILENCE: &[u8] = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\
    \0\x08\0data\0\0\0\0";

/// The time between two reports of progress.
const PAUSE: Duration = Duration::from_millis(100);

/// No arguments.
#[derive(Deserialize, JsonSchema)]
pub struct Nothing {}

/// An argument that clients of HTTP repeat in a header.
#[derive(Deserialize, JsonSchema)]
pub struct Region {
    /// The region to answer from.
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
}

/// Lets time go by, so that each report is told for itself.
fn wait(pause: Duration) {
    let began = Instant::now();
    while began.elapsed() < pause {
        std::hint::spin_loop();
    }
}

type Answer = Result<Content, ToolError>;

/// One tool of the suite: its type, its name, its input, and its answer.
macro_rules! diagnostic {
    ($ident:ident, $name:literal, $input:ty, $call:expr) => {
        #[doc = concat!("The tool `test_", $name, "`.")]
        #[allow(
            non_camel_case_types,
            reason = "it goes by the name that the suite calls"
        )]
        pub struct $ident {}

        impl Tool for $ident {
            type Input = $input;
            type Output = Content;
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = "Answers as the conformance suite expects.";

            fn call(input: Self::Input, context: &Context) -> Answer {
                let call: fn(Self::Input, &Context) -> Answer = $call;
                call(input, context)
            }
        }
    };
}

diagnostic!(simple_text, "simple_text", Nothing, |_, _| {
    Ok(Content::new().text("This is a simple text response for testing."))
});

diagnostic!(image_content, "image_content", Nothing, |_, _| {
    Ok(Content::new().image("image/png", PIXEL))
});

diagnostic!(audio_content, "audio_content", Nothing, |_, _| {
    Ok(Content::new().audio("audio/wav", SILENCE))
});

diagnostic!(embedded_resource, "embedded_resource", Nothing, |_, _| {
    Ok(Content::new().file(
        "test://embedded-resource",
        "text/plain",
        "This is an embedded resource content.",
    ))
});

diagnostic!(
    multiple_content_types,
    "multiple_content_types",
    Nothing,
    |_, _| {
        Ok(Content::new()
            .text("Multiple content types test:")
            .image("image/png", PIXEL)
            .file(
                "test://mixed-content-resource",
                "application/json",
                r#"{"test":"data","value":123}"#,
            ))
    }
);

diagnostic!(error_handling, "error_handling", Nothing, |_, _| {
    Err(ToolError::failed(
        "This tool intentionally returns an error for testing",
    ))
});

diagnostic!(
    tool_with_progress,
    "tool_with_progress",
    Nothing,
    |_, context| {
        for done in [0, 50, 100] {
            context.progress(done, Some(100), "");
            wait(PAUSE);
        }
        Ok(Content::new().text("done"))
    }
);

diagnostic!(logging_tool, "logging_tool", Nothing, |_, context| {
    context.log(Level::Info, "Tool execution started");
    Ok(Content::new().text("logged"))
});

diagnostic!(
    streaming_elicitation,
    "streaming_elicitation",
    Nothing,
    |_, _| Ok(Content::new().text("nothing is asked"))
);

diagnostic!(custom_headers, "custom_headers", Region, |input, _| {
    Ok(Content::new().text(input.region))
});

export!(
    simple_text,
    image_content,
    audio_content,
    embedded_resource,
    multiple_content_types,
    error_handling,
    tool_with_progress,
    logging_tool,
    streaming_elicitation,
    custom_headers,
);
