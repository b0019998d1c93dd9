//! Agents as they are on the wire, and back.

use std::path::{Path, PathBuf};

use cofferdam_agent::{AgentSource, RoomSummary, Summary, first_generation};
use cofferdam_image::ReferenceError;
use cofferdam_proto::host::{Agent, Deployment, Mount, Room, WatchAgentResponse};
use tonic::Status;

/// An agent for a client.
pub(super) fn agent(summary: Summary) -> Agent {
    let Summary {
        id,
        name,
        model,
        status,
        desired,
        tools,
        image,
        image_digest,
        deployment,
        room,
        file,
        created_at,
    } = summary;
    let state = status.state;
    Agent {
        id,
        name,
        model,
        status: state.as_str().to_owned(),
        failure_reason: state.failure_reason().to_owned(),
        tools,
        created_at,
        failure_message: status.failure.to_string(),
        desired: desired.as_str().to_owned(),
        first_generation_status: first_generation(state).to_owned(),
        image,
        image_digest,
        // The host has stored it itself.
        deployment: serde_json::from_str(&deployment).ok().map(without_values),
        room: room.map(of_room),
        agentfile: file.map_or_else(String::new, |file| file.display().to_string()),
        // `AgentsService` knows them.
        address: String::new(),
        address_problem: String::new(),
    }
}

fn of_room(room: RoomSummary) -> Room {
    let RoomSummary { used, bounds } = room;
    Room {
        bytes: used.bytes,
        entries: used.entries,
        max_bytes: bounds.bytes,
        max_entries: bounds.entries,
    }
}

/// A status for a client.
pub(super) fn status(status: &cofferdam_agent::Status) -> WatchAgentResponse {
    WatchAgentResponse {
        status: status.state.as_str().to_owned(),
        failure_reason: status.state.failure_reason().to_owned(),
        failure_message: status.failure.to_string(),
    }
}

/// The thing that a client's agent is made from.
pub(super) fn source(agentfile: &str, image: &str, home: &str) -> Result<AgentSource, Status> {
    let absolute = |key: &str, path: &str| {
        if Path::new(path).is_absolute() {
            return Ok(PathBuf::from(path));
        }
        Err(Status::invalid_argument(format!(
            "{key} `{path}`: expected an absolute path on the host's machine"
        )))
    };
    match (agentfile, image) {
        ("", "") => Err(Status::invalid_argument(
            "neither agentfile nor image is set: set one of them",
        )),
        (agentfile, "") => absolute("agentfile", agentfile).map(AgentSource::File),
        ("", image) => {
            let wrong = |error: ReferenceError| Status::invalid_argument(error.to_string());
            let home = match home {
                "" => PathBuf::new(),
                home => absolute("home", home)?,
            };
            Ok(AgentSource::Image {
                reference: image.parse().map_err(wrong)?,
                home,
            })
        }
        _ => Err(Status::invalid_argument(
            "both agentfile and image are set: leave one of them empty",
        )),
    }
}

/// The choices that a client sends.
pub(super) fn deployment(sent: Deployment) -> Result<cofferdam_agent::Deployment, Status> {
    let Deployment {
        model,
        envs,
        configs,
        mounts,
        labels,
        addr,
    } = sent;
    let addr = match addr.as_str() {
        "" => None,
        written => Some(written.parse().map_err(|_| {
            Status::invalid_argument(format!(
                "addr `{written}`: expected an address of loopback and a port, such as \
                 127.0.0.1:9001"
            ))
        })?),
    };
    let mount = |mount: Mount| {
        let Mount {
            host,
            target,
            description,
            read_only,
        } = mount;
        cofferdam_agent::Mount {
            host,
            target,
            description,
            read_only,
        }
    };
    Ok(cofferdam_agent::Deployment {
        model: Some(model).filter(|model| !model.is_empty()),
        envs: envs.into_iter().collect(),
        configs: configs.into_iter().collect(),
        mounts: mounts.into_iter().map(mount).collect(),
        labels: labels.into_iter().collect(),
        addr,
    })
}

/// The choices that the host has kept, as clients are told them: values of variables may be secret,
/// so their names alone.
fn without_values(mut kept: cofferdam_agent::Deployment) -> Deployment {
    kept.envs.values_mut().for_each(String::clear);
    of_deployment(kept)
}

/// The choices that a client sends or the host has kept.
pub(crate) fn of_deployment(kept: cofferdam_agent::Deployment) -> Deployment {
    let cofferdam_agent::Deployment {
        model,
        envs,
        configs,
        mounts,
        labels,
        addr,
    } = kept;
    let mount = |mount: cofferdam_agent::Mount| {
        let cofferdam_agent::Mount {
            host,
            target,
            description,
            read_only,
        } = mount;
        Mount {
            host,
            target,
            description,
            read_only,
        }
    };
    Deployment {
        model: model.unwrap_or_default(),
        envs: envs.into_iter().collect(),
        configs: configs.into_iter().collect(),
        mounts: mounts.into_iter().map(mount).collect(),
        labels: labels.into_iter().collect(),
        addr: addr.map(|addr| addr.to_string()).unwrap_or_default(),
    }
}
