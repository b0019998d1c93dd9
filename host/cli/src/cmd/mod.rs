//! One file for each command.

pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod chat;
pub(crate) mod compile;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod image;
pub(crate) mod inspect;
pub(crate) mod logs;
pub(crate) mod mcp;
pub(crate) mod models;
pub(crate) mod operate;
pub(crate) mod policy;
pub(crate) mod prompt;
pub(crate) mod provider;
pub(crate) mod ps;
pub(crate) mod run;
pub(crate) mod runtime;
pub(crate) mod schema;
pub(crate) mod secret;
pub(crate) mod selftest;
pub(crate) mod serve;
pub(crate) mod sessions;
pub(crate) mod stats;
pub(crate) mod token;
pub(crate) mod tool;
