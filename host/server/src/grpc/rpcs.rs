//! The methods of a gRPC service, as the trait that is generated for it wants them.

use futures_util::future::BoxFuture;
use tonic::{Response, Status};

/// Implements the trait of a service by the methods with these names that its type has.
///
/// `tonic::async_trait` does the same, and each of its methods has the bound
/// `'life0: 'async_trait`. Under such a bound the compiler goes down every path through the parts
/// of an agent to prove that a future may change its thread. Without it, it keeps what it has
/// proven. So the futures are made in functions of their own: this crate compiled in 90 seconds,
/// and does in 11.
///
/// Name the trait by its path, and do not import it: a method that its type lacks is then an error,
/// and not a call of the trait's method by itself.
macro_rules! rpcs {
    (impl $module:ident::$service:ident for $type:ty {
        $(type $stream:ident = $streamed:ty;)*
        $(rpc $method:ident($request:ty) -> $response:ty;)*
    }) => {
        impl $module::$service for $type {
            $(type $stream = $streamed;)*

            $(
                fn $method<'service, 'answer>(
                    &'service self,
                    request: tonic::Request<$request>,
                ) -> $crate::grpc::rpcs::Answer<'answer, $response>
                where
                    'service: 'answer,
                {
                    fn boxed(
                        service: &$type,
                        request: tonic::Request<$request>,
                    ) -> $crate::grpc::rpcs::Answer<'_, $response> {
                        Box::pin(service.$method(request))
                    }
                    boxed(self, request)
                }
            )*
        }
    };
}

pub(super) use rpcs;

/// The answer to a request, while it is worked on.
pub(super) type Answer<'a, T> = BoxFuture<'a, Result<Response<T>, Status>>;
