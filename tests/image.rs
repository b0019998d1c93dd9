//! Images of tools and agents: kept, pushed to a real registry, pulled and run; what other clients
//! make of them; what lies are told.

/// Images of agents: built, pushed, pulled, and what their locks are for.
mod agents;

/// Registries that lie about images of agents.
mod agent_lies;

/// Images as one file.
mod archives;

/// Agentfiles and what is made of them, as golden files.
mod golden;

/// Images that build on others.
mod inherited;

/// Layouts of a tool: beside native programs, as a file, in an archive.
mod layouts;

/// Images of a running host, by a client of gRPC.
mod over_grpc;

/// Registries that lie.
mod lies;

/// Images in a real registry: pushed, pulled, read by others, and moved.
mod pushed;

/// Documents that refer to images, in registries with a list of them and without.
mod referrers;

/// References and files of one name, and references that are refused.
mod references;

/// Registries with passwords, with TLS, and with damaged blobs.
mod registries;

/// Signatures of images, made and required.
mod signed;

/// Images of the same source, which are the same.
mod reproducible;

/// Pulls beside each other and beside `image prune`, and disks that are full.
mod transfers;
