//! `cofferdam.v1.Images`.

use std::pin::Pin;
use std::sync::Arc;

use cofferdam_image::agentfile::{Agentfile, Config};
use cofferdam_image::{
    AgentImage, Images as ImageFinder, Kind, Listed, Pulled, Pushed, Reference, Store, Transfer,
    Watch,
};
use cofferdam_proto::host::images_server;
use cofferdam_proto::host::{
    DescribeImageRequest, DescribeImageResponse, Image, ImageBin, ImageConfig, ListImagesRequest,
    ListImagesResponse, PullImageRequest, PullImageResponse, PushImageRequest, PushImageResponse,
    RemoveImageRequest, RemoveImageResponse, Transferred, pull_image_response, push_image_response,
};
use futures_util::{Stream, stream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;
use tonic::{Request, Response, Status};

use super::answers::AnswerPlace;
use super::rpcs::rpcs;
use super::shared::Shared;
use super::status;

/// Pieces of news about a transfer that may wait for the client. It misses those beyond.
const PROGRESS_WAITING: usize = 64;

/// The holder of places for answers that belong to no agent.
const HOST: &str = "";

#[derive(Debug)]
pub(crate) struct ImagesService {
    pub(crate) shared: Shared,
}

type PullStream = Pin<Box<dyn Stream<Item = Result<PullImageResponse, Status>> + Send>>;
type PushStream = Pin<Box<dyn Stream<Item = Result<PushImageResponse, Status>> + Send>>;

/// A transfer in a task of its own. Dropping this ends it and gives its place back.
struct Running {
    progress: mpsc::Receiver<Transfer>,
    task: Option<JoinHandle<Result<Transferred, Status>>>,
    _cancel: DropGuard,
    _place: AnswerPlace,
}

/// News of a transfer.
enum Event {
    Progress(Transfer),
    Result(Transferred),
}

impl Running {
    /// Returns the next event: progress while it travels, at last the result.
    async fn next(&mut self) -> Option<Result<Event, Status>> {
        // Open until the transfer has ended.
        if let Some(transfer) = self.progress.recv().await {
            return Some(Ok(Event::Progress(transfer)));
        }
        let ended = self.task.take()?.await;
        let ended = ended.unwrap_or_else(|error| Err(status::of_host(&error)));
        Some(ended.map(Event::Result))
    }
}

rpcs! {
    impl images_server::Images for ImagesService {
        type PullImageStream = PullStream;
        type PushImageStream = PushStream;

        rpc list_images(ListImagesRequest) -> ListImagesResponse;
        rpc describe_image(DescribeImageRequest) -> DescribeImageResponse;
        rpc pull_image(PullImageRequest) -> PullStream;
        rpc push_image(PushImageRequest) -> PushStream;
        rpc remove_image(RemoveImageRequest) -> RemoveImageResponse;
    }
}

impl ImagesService {
    async fn list_images(
        &self,
        _: Request<ListImagesRequest>,
    ) -> Result<Response<ListImagesResponse>, Status> {
        let place = self.shared.answers.listings.begin(HOST)?;
        let store = self.store()?;
        let images = blocking(move || store.list()).await?;
        let image = |image: Listed| {
            let Listed {
                reference,
                digest,
                kind,
                size,
                created,
            } = image;
            Image {
                reference: reference.to_string(),
                digest: digest.to_string(),
                kind: kind.map(|kind| kind.to_string()).unwrap_or_default(),
                size: size.unwrap_or_default(),
                created: created.unwrap_or_default(),
            }
        };
        Ok(place.keep_with(Response::new(ListImagesResponse {
            images: images.into_iter().map(image).collect(),
        })))
    }

    async fn describe_image(
        &self,
        request: Request<DescribeImageRequest>,
    ) -> Result<Response<DescribeImageResponse>, Status> {
        let DescribeImageRequest {
            reference,
            plain_http,
        } = request.into_inner();
        let reference = parsed(&reference)?;
        let place = self.shared.answers.listings.begin(HOST)?;
        let store = self.store()?;
        let name = reference.clone();
        let here = blocking(move || store.digest(&name)).await?;
        if here.is_none() && reference.registry().is_some() {
            let registry = self.images().registry.with(plain_http, None);
            let store = self.store()?;
            let pulled = registry.pull(&store, &reference, Some(Kind::Agent)).await;
            pulled.map_err(|error| status::of_image(&error))?;
        }
        let agent = self.images().agent(&reference).await;
        let agent = agent.map_err(|error| status::of_image(&error))?;
        Ok(place.keep_with(Response::new(described(agent))))
    }

    async fn pull_image(
        &self,
        request: Request<PullImageRequest>,
    ) -> Result<Response<PullStream>, Status> {
        let PullImageRequest {
            reference,
            plain_http,
        } = request.into_inner();
        let reference = parsed(&reference)?;
        let store = self.store()?;
        let images = Arc::clone(self.images());
        let running = self.transfer(|watch| async move {
            let registry = images.registry.with(plain_http, Some(watch));
            let Pulled {
                digest,
                moved_from,
                size,
                present,
            } = registry.pull(&store, &reference, None).await?;
            Ok(Transferred {
                digest: digest.to_string(),
                moved_from: moved_from
                    .map(|former| former.to_string())
                    .unwrap_or_default(),
                size,
                present,
            })
        })?;
        let events = stream::unfold(running, |mut running| async {
            use pull_image_response::Event as E;
            let event = running.next().await?.map(|event| match event {
                Event::Progress(transfer) => E::Progress(told(transfer)),
                Event::Result(result) => E::Result(result),
            });
            let event = event.map(|event| PullImageResponse { event: Some(event) });
            Some((event, running))
        });
        Ok(Response::new(Box::pin(events)))
    }

    async fn push_image(
        &self,
        request: Request<PushImageRequest>,
    ) -> Result<Response<PushStream>, Status> {
        let PushImageRequest {
            reference,
            target,
            plain_http,
        } = request.into_inner();
        let local = parsed(&reference)?;
        let target = match target.as_str() {
            "" => local.clone(),
            target => parsed(target)?,
        };
        let store = self.store()?;
        let images = Arc::clone(self.images());
        let running = self.transfer(|watch| async move {
            let registry = images.registry.with(plain_http, Some(watch));
            let Pushed {
                digest,
                moved_from,
                size,
                present,
            } = registry.push(&store, &local, &target).await?;
            Ok(Transferred {
                digest: digest.to_string(),
                moved_from: moved_from
                    .map(|former| former.to_string())
                    .unwrap_or_default(),
                size,
                present,
            })
        })?;
        let events = stream::unfold(running, |mut running| async {
            use push_image_response::Event as E;
            let event = running.next().await?.map(|event| match event {
                Event::Progress(transfer) => E::Progress(told(transfer)),
                Event::Result(result) => E::Result(result),
            });
            let event = event.map(|event| PushImageResponse { event: Some(event) });
            Some((event, running))
        });
        Ok(Response::new(Box::pin(events)))
    }

    async fn remove_image(
        &self,
        request: Request<RemoveImageRequest>,
    ) -> Result<Response<RemoveImageResponse>, Status> {
        let reference = parsed(&request.into_inner().reference)?;
        let store = self.store()?;
        let digest = blocking(move || store.remove(&reference)).await?;
        Ok(Response::new(RemoveImageResponse {
            digest: digest.to_string(),
        }))
    }

    fn images(&self) -> &Arc<ImageFinder> {
        self.shared.agents.images()
    }

    fn store(&self) -> Result<Arc<Store>, Status> {
        self.images()
            .store()
            .map_err(|error| status::of_image(&error))
    }

    /// Runs a transfer beside its client, and ends it when the client goes.
    fn transfer<F>(&self, work: impl FnOnce(Arc<Watch>) -> F) -> Result<Running, Status>
    where
        F: Future<Output = Result<Transferred, cofferdam_image::Error>> + Send + 'static,
    {
        self.shared.open()?;
        let place = self.shared.answers.transfers.begin(HOST)?;
        let (sender, progress) = mpsc::channel(PROGRESS_WAITING);
        let work = work(Arc::new(move |transfer: &Transfer| {
            // A client that is behind does not hold the transfer up.
            let _ = sender.try_send(*transfer);
        }));
        let cancel = self.shared.stop.child_token();
        let ended = cancel.clone().cancelled_owned();
        let task = self.shared.turns.spawn(async move {
            tokio::select! {
                done = work => done.map_err(|error| status::of_image(&error)),
                () = ended => Err(Status::cancelled("the transfer was ended")),
            }
        });
        Ok(Running {
            progress,
            task: Some(task),
            _cancel: cancel.drop_guard(),
            _place: place,
        })
    }
}

/// Work on the image store, which waits for a disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, cofferdam_image::Error> + Send + 'static,
) -> Result<T, Status> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| status::of_host(&error))?;
    done.map_err(|error| status::of_image(&error))
}

fn parsed(reference: &str) -> Result<Reference, Status> {
    let parsed = reference.parse::<Reference>();
    parsed.map_err(|error| Status::invalid_argument(error.to_string()))
}

fn told(transfer: Transfer) -> cofferdam_proto::host::Transfer {
    let Transfer {
        digest,
        done,
        total,
    } = transfer;
    cofferdam_proto::host::Transfer {
        digest: digest.to_string(),
        done,
        total,
    }
}

fn described(agent: AgentImage) -> DescribeImageResponse {
    let AgentImage {
        digest,
        reference,
        agentfile,
        source: _,
        lock,
        annotations: _,
        size,
    } = agent;
    let Agentfile {
        from,
        name,
        runtime: _,
        model,
        contexts,
        configs,
        bins,
        adds,
        requests: _,
        exec: _,
        labels,
        args: _,
        envs,
        capabilities,
    } = agentfile;
    let config = |config: Config| {
        let Config {
            key,
            value,
            description,
            required,
        } = config;
        ImageConfig {
            key,
            value: value.map(|value| value.to_string()).unwrap_or_default(),
            description: description.unwrap_or_default(),
            required,
        }
    };
    let bins = bins.into_iter().map(|bin| {
        let locked = lock.as_ref().and_then(|lock| lock.bins.get(&bin.name));
        ImageBin {
            image: bin.source.to_string(),
            name: bin.name,
            description: bin.description.unwrap_or_default(),
            digest: locked
                .map(|bin| bin.manifest.to_string())
                .unwrap_or_default(),
            component: locked
                .map(|bin| bin.component.to_string())
                .unwrap_or_default(),
        }
    });
    DescribeImageResponse {
        reference: reference.to_string(),
        digest: digest.to_string(),
        size,
        name: name.as_ref().map(ToString::to_string).unwrap_or_default(),
        model: model.unwrap_or_default(),
        from: from.map(|from| from.to_string()).unwrap_or_default(),
        contexts: contexts.into_iter().map(|context| context.name).collect(),
        configs: configs.into_iter().map(config).collect(),
        // Values may be what only tools are to know.
        envs: envs.into_iter().map(|env| env.key).collect(),
        files: adds.into_iter().map(|add| add.name).collect(),
        bins: bins.collect(),
        labels: labels.into_iter().collect(),
        capabilities: capabilities.into_iter().collect(),
    }
}
