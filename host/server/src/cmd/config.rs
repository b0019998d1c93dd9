//! `cofferdam config show`: what holds, and where it came from.

use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;

pub(crate) fn show(config: &Config, format: Format) -> Result<(), Failure> {
    let settings = config.settings();
    if format == Format::Json {
        return console::json(&serde_json::json!({ "settings": settings, "grant": config.grants }));
    }
    let rows = settings.into_iter().map(|setting| vec![setting.key, setting.value, setting.origin]);
    console::table(&["setting", "value", "from"], rows.collect());
    for row in &config.grants {
        console::line(format!("grant: {} of agent {}", row.tool, row.agent));
    }
    Ok(())
}
