//! Bodies of plain HTTP, read whole.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes};

use super::refusal::{Refusal, RefusalKind};

/// Bounds of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyBounds {
    /// The longest time that it may take to arrive.
    pub(crate) patience: Duration,
    /// The most bytes.
    pub(crate) bytes: usize,
}

/// Reads the body of a request within its bounds. Each piece is charged with `hold` as it comes.
pub(crate) async fn read_body<B>(
    mut body: B,
    bounds: BodyBounds,
    mut hold: impl FnMut(usize) -> Result<(), Refusal>,
) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let BodyBounds { patience, bytes } = bounds;
    let whole = async {
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            let wrong = |error| {
                let sentence = format!("the body cannot be read: {error}");
                Refusal::new(RefusalKind::Invalid, sentence)
            };
            let Ok(piece) = frame.map_err(wrong)?.into_data() else {
                continue;
            };
            if whole.len() + piece.len() > bytes {
                let sentence = format!("a message has at most {bytes} bytes");
                return Err(Refusal::new(RefusalKind::TooLarge, sentence));
            }
            hold(piece.len())?;
            whole.extend_from_slice(&piece);
        }
        Ok(whole.into())
    };
    tokio::time::timeout(patience, whole)
        .await
        .unwrap_or_else(|_| {
            let sentence = format!("the body took longer than {} s", patience.as_secs());
            Err(Refusal::new(RefusalKind::Slow, sentence))
        })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::StreamExt;
    use futures_util::stream::{iter, pending};
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    use super::*;

    #[tokio::test]
    async fn a_body_is_read_within_its_bounds() {
        let part = || {
            iter([Ok::<_, Infallible>(Frame::data(Bytes::from_static(
                b"part",
            )))])
        };
        let bounds = |seconds, bytes| BodyBounds {
            patience: Duration::from_secs(seconds),
            bytes,
        };
        let never = StreamBody::new(part().chain(pending()));
        let refused = read_body(never, bounds(0, 4), |_| Ok(()))
            .await
            .unwrap_err();
        assert_eq!(refused.kind, RefusalKind::Slow);
        let whole = read_body(StreamBody::new(part()), bounds(30, 4), |_| Ok(())).await;
        assert_eq!(whole.unwrap(), "part");
        let large = Full::new(Bytes::from_static(b"parts"));
        let refused = read_body(large, bounds(30, 4), |_| Ok(()))
            .await
            .unwrap_err();
        assert_eq!(refused.kind, RefusalKind::TooLarge);
    }
}
