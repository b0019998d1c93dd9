//! Agents: Agentfiles, configuration, turns, and hosts that restore them after faults.

/// Agentfiles whose instructions reach the tools.
mod agentfile;

/// What people get wrong on the command line and in Agentfiles.
mod bad_input;

/// Turns, cancelling, sessions that survive.
mod chat;

/// `cofferdam.toml`: what holds, and where it came from.
mod config;

/// The runtime that an executor of openotters starts.
mod drop_in;

/// The log of an agent, and that of the host as JSON.
mod logs;

/// The tools that an agent holds by `CAPABILITY`.
mod notes;

/// `providers.yaml`, and vendors that are asked with it.
mod providers;

/// Kills, full disks, damage, and names that tools put in the way.
mod faults;

/// Hosts that are killed while they work, again and again.
mod kill;

/// Agents from their creation to their removal.
mod life;

/// Sentences that operators read: notes, hints, and mistakes with their places.
mod told;

/// Directories of the machine that tools see.
mod mounts;

/// The room of an agent's files over all calls.
mod room;

/// The tree of an agent, what its tools see of it, and what its model reads.
mod trees;

/// Agents that are made from images.
mod run_images;
