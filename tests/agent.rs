//! Agents: Agentfiles, configuration, turns, and hosts that restore them after faults.

/// Agentfiles whose instructions reach the tools.
mod agentfile;

/// What people get wrong on the command line and in Agentfiles.
mod bad_input;

/// Turns, cancelling, sessions that survive.
mod chat;

/// `cofferdam.toml`: what holds, and where it came from.
mod config;

/// The log of an agent, and that of the host as JSON.
mod logs;

/// `providers.yaml`, and vendors that are asked with it.
mod providers;

/// Kills, full disks, damage, and names that tools put in the way.
mod faults;

/// Hosts that are killed while they work, again and again.
mod kill;

/// Agents from their creation to their removal.
mod life;

/// Directories of the machine that tools see.
mod mounts;

/// Answers of a given form, and settings of models.
mod objects;

/// The room of an agent's files over all calls.
mod room;

/// The tree of an agent, what its tools see of it, and what its model reads.
mod trees;

/// Agents that are made from images.
mod run_images;
