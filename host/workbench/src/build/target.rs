//! The targets of the Rust compiler that tools are built for.

use std::path::Path;
use std::process::{Command, Stdio};

/// A target of the Rust compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// WASI 0.2: files, the network and clocks, as far as they are granted.
    Wasi,
    /// WebAssembly without a system: a pure tool.
    Pure,
}

impl Target {
    pub(super) const ALL: [Self; 2] = [Self::Wasi, Self::Pure];

    /// The compiler's name for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wasi => "wasm32-wasip2",
            Self::Pure => "wasm32-unknown-unknown",
        }
    }

    /// Returns true if the compiler has a standard library for it, or cannot be asked.
    pub(super) fn is_installed(self) -> bool {
        let output = Command::new("rustc")
            .args(["--print", "target-libdir", "--target", self.name()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output();
        output.is_ok_and(|output| {
            let directory = String::from_utf8_lossy(&output.stdout);
            !output.status.success() || Path::new(directory.trim_end()).is_dir()
        })
    }
}
