//! Ports of TCP.

use serde::{Deserialize, Serialize};

/// A TCP port that can be connected to: 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("minimum" = 1)))]
#[serde(into = "u16", try_from = "u16")]
pub struct Port(pub(super) u16);

impl TryFrom<u16> for Port {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, String> {
        if number == 0 {
            return Err("`ports` holds 0, which is no port: expected 1 to 65535".to_owned());
        }
        Ok(Self(number))
    }
}

impl From<Port> for u16 {
    fn from(port: Port) -> Self {
        port.0
    }
}
