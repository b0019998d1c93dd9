//! The notes of `openotters.agent.v1.AgentRuntime`.

use cofferdam_agent::{NoteError, NoteQuota, SavedNote, preview};
use cofferdam_proto::agent::{
    DeleteNoteRequest, DeleteNoteResponse, GetNoteRequest, GetNoteResponse, ListNotesRequest,
    ListNotesResponse, Note, SaveNoteRequest, SaveNoteResponse, SetNoteInContextRequest,
    SetNoteInContextResponse,
};
use tonic::{Request, Response, Status};

use super::shared::Shared;
use super::status;

pub(super) async fn list(
    shared: &Shared,
    request: Request<ListNotesRequest>,
) -> Result<Response<ListNotesResponse>, Status> {
    let agent = shared.agent(&request).await?;
    let place = shared.answers.listings.begin(agent.id())?;
    let pinned = request.into_inner().only_in_context;
    let notes = agent.notes().list(pinned).await.map_err(failed)?;
    let notes = notes.into_iter().map(note).collect();
    Ok(place.keep_with(Response::new(ListNotesResponse { notes })))
}

pub(super) async fn get(
    shared: &Shared,
    request: Request<GetNoteRequest>,
) -> Result<Response<GetNoteResponse>, Status> {
    let agent = shared.agent(&request).await?;
    let key = request.into_inner().key;
    let found = agent.notes().get(&key).await.map_err(failed)?;
    let note = Some(note(found));
    Ok(Response::new(GetNoteResponse { note }))
}

pub(super) async fn save(
    shared: &Shared,
    request: Request<SaveNoteRequest>,
) -> Result<Response<SaveNoteResponse>, Status> {
    let agent = shared.agent(&request).await?;
    let SaveNoteRequest {
        key,
        content,
        max_bytes,
        max_count,
    } = request.into_inner();
    // 0 and less say nothing.
    let bound = |asked: i32| if asked > 0 { asked.into() } else { i64::MAX };
    let asked = NoteQuota {
        bytes: bound(max_bytes),
        count: bound(max_count),
    };
    let saved = agent.notes().save(&key, &content, None, Some(asked)).await;
    let SavedNote {
        note: saved,
        overwrote,
    } = saved.map_err(failed)?;
    Ok(Response::new(SaveNoteResponse {
        note: Some(note(saved)),
        overwrote,
    }))
}

pub(super) async fn delete(
    shared: &Shared,
    request: Request<DeleteNoteRequest>,
) -> Result<Response<DeleteNoteResponse>, Status> {
    let agent = shared.agent(&request).await?;
    let key = request.into_inner().key;
    let deleted = agent.notes().delete(&key).await.map_err(failed)?;
    Ok(Response::new(DeleteNoteResponse { deleted }))
}

pub(super) async fn pin(
    shared: &Shared,
    request: Request<SetNoteInContextRequest>,
) -> Result<Response<SetNoteInContextResponse>, Status> {
    let agent = shared.agent(&request).await?;
    let SetNoteInContextRequest { key, in_context } = request.into_inner();
    let pinned = agent.notes().pin(&key, in_context).await.map_err(failed)?;
    let note = Some(note(pinned));
    Ok(Response::new(SetNoteInContextResponse { note }))
}

fn note(note: cofferdam_store::Note) -> Note {
    let cofferdam_store::Note {
        key,
        content,
        in_context,
        created_at,
        updated_at,
    } = note;
    Note {
        preview: preview(&content),
        key,
        content,
        in_context,
        created_at,
        updated_at,
    }
}

fn failed(error: NoteError) -> Status {
    let sentence = error.to_string();
    match error {
        NoteError::Key(_) | NoteError::TooLong { .. } => Status::invalid_argument(sentence),
        NoteError::Full { .. } => Status::resource_exhausted(sentence),
        NoteError::Unknown(_) => Status::not_found(sentence),
        NoteError::Store(error) => status::of_store(&error),
    }
}
