//! `cofferdam.v1.Reviews`.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use cofferdam_agent::{Agent, reviews, running};
use cofferdam_capability::Digest;
use cofferdam_proto::host::reviews_server;
use cofferdam_proto::host::{
    Decision, ExportDecisionsRequest, ExportDecisionsResponse, GetDecisionRequest,
    GetDecisionResponse, ImportDecisionRequest, ImportDecisionResponse, ListDecisionsRequest,
    ListDecisionsResponse, ListReviewedToolsRequest, ListReviewedToolsResponse,
    RemoveDecisionRequest, RemoveDecisionResponse,
};
use cofferdam_tool::{
    DecisionList, KeptDecision, Removal, ReviewDirectory, ReviewDirectoryError, ReviewGate,
    find_decision, read_envelope,
};
use futures_util::{Stream, stream};
use tonic::{Request, Response, Status};

use super::reach::includes;
use super::review_rows::{
    decision, decision_bytes, newest_first, reviewed_tool, rule_name, tool_bytes,
};
use super::rpcs::rpcs;
use super::shared::{self, Shared};
use super::status;

/// The largest message that is read, in bytes (1 MiB): a decision has half as many, so one that is
/// too large is refused with a sentence about decisions.
pub(super) const MAX_MESSAGE: usize = 1 << 20;

/// Bytes of the rows of a page (256 KiB): a part of what gRPC clients read by default.
const PAGE_BYTES: usize = 256 << 10;

/// The most ids of one export: each is looked for in all decisions.
const MOST_IDS: usize = 1_000;

/// The holder of places for answers that belong to no agent.
const HOST: &str = "";

#[derive(Debug)]
pub(crate) struct ReviewsService {
    pub(crate) shared: Shared,
}

type DecisionStream = Pin<Box<dyn Stream<Item = Result<ListDecisionsResponse, Status>> + Send>>;
type ExportStream = Pin<Box<dyn Stream<Item = Result<ExportDecisionsResponse, Status>> + Send>>;
type ToolStream = Pin<Box<dyn Stream<Item = Result<ListReviewedToolsResponse, Status>> + Send>>;

rpcs! {
    impl reviews_server::Reviews for ReviewsService {
        type ListDecisionsStream = DecisionStream;
        type ExportDecisionsStream = ExportStream;
        type ListReviewedToolsStream = ToolStream;

        rpc list_decisions(ListDecisionsRequest) -> DecisionStream;
        rpc get_decision(GetDecisionRequest) -> GetDecisionResponse;
        rpc export_decisions(ExportDecisionsRequest) -> ExportStream;
        rpc import_decision(ImportDecisionRequest) -> ImportDecisionResponse;
        rpc remove_decision(RemoveDecisionRequest) -> RemoveDecisionResponse;
        rpc list_reviewed_tools(ListReviewedToolsRequest) -> ToolStream;
    }
}

impl ReviewsService {
    async fn list_decisions(
        &self,
        request: Request<ListDecisionsRequest>,
    ) -> Result<Response<DecisionStream>, Status> {
        let mut place = self.shared.answers.reviews.begin(HOST)?;
        let ListDecisionsRequest { tool, limit, after } = request.into_inner();
        let listed = self.work(|directory| DecisionList::of(directory, SystemTime::now()));
        let mut rows = newest_first(listed.await?);
        if !tool.is_empty() {
            rows.retain(|row| row.tool == tool);
        }
        if !after.is_empty() {
            let found = rows.iter().position(|row| row.file == after);
            let found = found.ok_or_else(|| {
                Status::not_found(format!(
                    "no decision is in `{after}`, so none comes after it"
                ))
            })?;
            rows.drain(..=found);
        }
        if limit > 0 {
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        place.hold(rows.iter().map(decision_bytes).sum())?;
        let pages = pages(rows, decision_bytes).into_iter();
        let pages = pages.map(|decisions| Ok(ListDecisionsResponse { decisions }));
        Ok(place.keep_with(Response::new(Box::pin(stream::iter(pages)))))
    }

    async fn get_decision(
        &self,
        request: Request<GetDecisionRequest>,
    ) -> Result<Response<GetDecisionResponse>, Status> {
        let place = self.shared.answers.reviews.begin(HOST)?;
        let id = request.into_inner().id;
        let found = self.work(move |directory| {
            let copies = find_decision(directory, &id)?;
            let rows = DecisionList::of(directory, SystemTime::now())?.decisions;
            let rows = rows.into_iter();
            let rows = rows.filter(|row| copies.iter().any(|copy| copy.file == row.file));
            let row = rows.max_by_key(|row| row.state.counts());
            let row = row.ok_or(ReviewDirectoryError::Unknown(id))?;
            let copy = copies.into_iter().find(|copy| copy.file == row.file);
            Ok(GetDecisionResponse {
                envelope: copy.map(|copy| copy.envelope.to_json()).unwrap_or_default(),
                decision: Some(decision(row)),
            })
        });
        Ok(place.keep_with(Response::new(found.await?)))
    }

    async fn export_decisions(
        &self,
        request: Request<ExportDecisionsRequest>,
    ) -> Result<Response<ExportStream>, Status> {
        let place = self.shared.answers.reviews.begin(HOST)?;
        let ids = request.into_inner().ids;
        if ids.len() > MOST_IDS {
            return Err(Status::invalid_argument(format!(
                "{} ids: at most {MOST_IDS} are exported at once, and all decisions without an id",
                ids.len()
            )));
        }
        let files = self.work(move |directory| chosen(directory, &ids)).await?;
        let gate = self.gate();
        let envelopes = stream::try_unfold(files, move |files| {
            let gate = gate.clone();
            async move {
                let read = blocking(move || {
                    let mut files = files;
                    let next = next_copy(gate.directory(), &mut files);
                    next.map(|next| next.map(|copy| (copy.envelope.to_json(), files)))
                });
                let read = read.await?.map_err(|error| status::of_reviews(&error))?;
                Ok(read.map(|(envelope, files)| (ExportDecisionsResponse { envelope }, files)))
            }
        });
        Ok(place.keep_with(Response::new(Box::pin(envelopes))))
    }

    async fn import_decision(
        &self,
        request: Request<ImportDecisionRequest>,
    ) -> Result<Response<ImportDecisionResponse>, Status> {
        let place = self.shared.answers.reviews.begin(HOST)?;
        let envelope = request.into_inner().envelope;
        let imported = self.work(move |directory| {
            let envelope = read_envelope(&envelope)?;
            let taken = directory.import(std::slice::from_ref(&envelope))?;
            taken.into_iter().collect::<Result<Vec<_>, _>>()?;
            let file = KeptDecision::of(envelope).file;
            let rows = DecisionList::of(directory, SystemTime::now())?.decisions;
            Ok(rows.into_iter().find(|row| row.file == file))
        });
        let decision = imported.await?.map(decision);
        if let Some(Decision {
            id,
            verdict,
            tool,
            reviewer,
            ..
        }) = &decision
        {
            tracing::info!("imported the decision {id} of {reviewer}: {verdict} {tool}");
        }
        Ok(place.keep_with(Response::new(ImportDecisionResponse { decision })))
    }

    async fn remove_decision(
        &self,
        request: Request<RemoveDecisionRequest>,
    ) -> Result<Response<RemoveDecisionResponse>, Status> {
        let place = self.shared.answers.reviews.begin(HOST)?;
        let written = request.into_inner().id;
        let removed = self.work(move |directory| {
            let removal = Removal::find(directory, &written)?;
            removal.run(directory)?;
            Ok(removal.name())
        });
        let id = removed.await?;
        tracing::info!("removed the decision {id}");
        Ok(place.keep_with(Response::new(RemoveDecisionResponse { id })))
    }

    async fn list_reviewed_tools(
        &self,
        request: Request<ListReviewedToolsRequest>,
    ) -> Result<Response<ToolStream>, Status> {
        let agents = self.agents(&request).await?;
        let mut place = self.shared.answers.reviews.begin(HOST)?;
        let gate = self.gate();
        let rule = gate.rule();
        let rows = blocking(move || {
            let mut rows = Vec::new();
            for agent in &agents {
                let tools = agent.toolbox().iter();
                rows.extend(tools.map(|tool| reviewed_tool(agent.name(), tool, gate.look(tool))));
            }
            rows
        });
        let rows = rows.await?;
        place.hold(rows.iter().map(tool_bytes).sum())?;
        let pages = pages(rows, tool_bytes).into_iter().map(move |tools| {
            let rule = rule_name(rule).to_owned();
            Ok(ListReviewedToolsResponse { rule, tools })
        });
        Ok(place.keep_with(Response::new(Box::pin(stream::iter(pages)))))
    }

    fn gate(&self) -> ReviewGate {
        reviews(&self.shared.agents)
    }

    /// Work on the files of reviews.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReviewDirectory) -> Result<T, ReviewDirectoryError> + Send + 'static,
    ) -> Result<T, Status> {
        let gate = self.gate();
        let done = blocking(move || work(gate.directory())).await?;
        done.map_err(|error| status::of_reviews(&error))
    }

    /// The agents that a request is about: those that run and that its principal reaches, or the
    /// one that it names.
    async fn agents(
        &self,
        request: &Request<ListReviewedToolsRequest>,
    ) -> Result<Vec<Arc<Agent>>, Status> {
        let asked = request.get_ref().agent.as_str();
        if !asked.is_empty() {
            let named = self.shared.named(request, asked)?;
            let found = self.shared.agents.find(named.as_deref()).await;
            return Ok(vec![found.map_err(|error| status::of_agent(&error))?]);
        }
        let reach = shared::reach(request)?;
        let mut agents = running(&self.shared.agents);
        agents.retain(|agent| includes(reach, agent.id()));
        Ok(agents)
    }
}

/// Work that waits for a disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Status> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| status::of_host(&error))
}

/// The files of the decisions with these ids; of all that can be read, if there is no id.
fn chosen(
    directory: &ReviewDirectory,
    ids: &[String],
) -> Result<VecDeque<Digest>, ReviewDirectoryError> {
    if ids.is_empty() {
        let list = DecisionList::of(directory, SystemTime::now())?;
        return Ok(list.decisions.into_iter().map(|row| row.file).collect());
    }
    let mut files = VecDeque::new();
    for id in ids {
        let copies = find_decision(directory, id)?;
        files.extend(copies.into_iter().map(|copy| copy.file));
    }
    Ok(files)
}

/// Reads the next of these files that is still there.
fn next_copy(
    directory: &ReviewDirectory,
    files: &mut VecDeque<Digest>,
) -> Result<Option<KeptDecision>, ReviewDirectoryError> {
    while let Some(file) = files.pop_front() {
        if let Some(copy) = directory.get(file)? {
            return Ok(Some(copy));
        }
    }
    Ok(None)
}

/// Rows in pages, of which there is at least one.
fn pages<T>(rows: Vec<T>, bytes: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut pages = Vec::new();
    let mut page = Vec::new();
    let mut held = 0_usize;
    for row in rows {
        let size = bytes(&row);
        if !page.is_empty() && held + size > PAGE_BYTES {
            pages.push(std::mem::take(&mut page));
            held = 0;
        }
        held += size;
        page.push(row);
    }
    pages.push(page);
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_bounded_by_bytes_and_hold_every_row() {
        let half = PAGE_BYTES / 2;
        let sizes = |rows: Vec<usize>| pages(rows, |size| *size);
        assert_eq!(sizes(Vec::new()), [Vec::<usize>::new()]);
        assert_eq!(
            sizes(vec![half, half, 1, PAGE_BYTES + 1, 2, 3]),
            [vec![half, half], vec![1], vec![PAGE_BYTES + 1], vec![2, 3]]
        );
    }
}
