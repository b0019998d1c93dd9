//! Agents: Agentfiles, configuration, turns, and hosts that restore them after faults.

/// Calls that wait for a person.
mod approvals;

/// Approvals for a session: taken back, and for one caller.
mod standing;

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

/// Clients that follow a session, and are cut off on the way.
mod follow;
/// The tools that an agent holds by `CAPABILITY`.
mod notes;

/// `providers.yaml`, and vendors that are asked with it.
mod providers;

/// Kills, full disks, damage, and names that tools put in the way.
mod faults;

/// What is stored of a turn, however it ends.
mod kept;

/// Hosts that are killed while they work, again and again.
mod kill;

/// Agents from their creation to their removal.
mod life;

/// Sentences that operators read: notes, hints, and mistakes with their places.
mod told;

/// Directories of the machine that tools see.
mod mounts;

/// Answers of a given form, and settings of models.
mod objects;

/// The room of an agent's files over all calls.
mod room;

/// Settings and bounds of turns, calls side by side, results as a model reads them.
mod turns;

/// The tree of an agent, what its tools see of it, and what its model reads.
mod trees;

/// Databases that older versions left.
mod upgrades;

/// Agents that are made from images.
mod run_images;
