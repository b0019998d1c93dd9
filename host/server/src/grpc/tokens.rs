//! `cofferdam.v1.Tokens`.

use std::sync::Arc;

use cofferdam_proto::host::tokens_server;
use cofferdam_proto::host::{
    CreateAgentTokenRequest, CreateAgentTokenResponse, CreateTokenRequest, CreateTokenResponse,
    ListTokensRequest, ListTokensResponse, RevokeTokenRequest, RevokeTokenResponse,
    RotateSigningKeyRequest, RotateSigningKeyResponse, Token,
};
use cofferdam_store::{StoredToken, TokenProof};
use tonic::{Request, Response, Status};

use super::rpcs::rpcs;
use super::status;
use crate::token_book::{self, MadeToken, NewAgentToken, NewClientToken, Rotation, TokenBook};

#[derive(Debug)]
pub(crate) struct TokensService {
    pub(crate) book: Arc<TokenBook>,
}

rpcs! {
    impl tokens_server::Tokens for TokensService {
        rpc create_token(CreateTokenRequest) -> CreateTokenResponse;
        rpc create_agent_token(CreateAgentTokenRequest) -> CreateAgentTokenResponse;
        rpc list_tokens(ListTokensRequest) -> ListTokensResponse;
        rpc revoke_token(RevokeTokenRequest) -> RevokeTokenResponse;
        rpc rotate_signing_key(RotateSigningKeyRequest) -> RotateSigningKeyResponse;
    }
}

impl TokensService {
    async fn create_token(
        &self,
        request: Request<CreateTokenRequest>,
    ) -> Result<Response<CreateTokenResponse>, Status> {
        let CreateTokenRequest {
            name,
            agent,
            scopes,
            lifetime,
        } = request.into_inner();
        let new = NewClientToken {
            name,
            agent,
            scopes,
            lifetime,
        };
        let made = self.book.create(new).await;
        let MadeToken { secret, token } = made.map_err(|error| status::of_token(&error))?;
        Ok(Response::new(CreateTokenResponse {
            secret: secret.to_string(),
            token: Some(on_the_wire(&self.book, token)),
        }))
    }

    async fn create_agent_token(
        &self,
        request: Request<CreateAgentTokenRequest>,
    ) -> Result<Response<CreateAgentTokenResponse>, Status> {
        let CreateAgentTokenRequest {
            name,
            agent,
            links,
            capabilities,
            lifetime,
        } = request.into_inner();
        let new = NewAgentToken {
            name,
            agent,
            links,
            capabilities,
            lifetime,
        };
        let made = self.book.create_for_agent(new).await;
        let MadeToken { secret, token } = made.map_err(|error| status::of_token(&error))?;
        Ok(Response::new(CreateAgentTokenResponse {
            secret: secret.to_string(),
            token: Some(on_the_wire(&self.book, token)),
        }))
    }

    async fn list_tokens(
        &self,
        _: Request<ListTokensRequest>,
    ) -> Result<Response<ListTokensResponse>, Status> {
        let all = self.book.all().await;
        let all = all.map_err(|error| status::of_token(&error))?;
        let tokens = all.into_iter().map(|token| on_the_wire(&self.book, token));
        Ok(Response::new(ListTokensResponse {
            tokens: tokens.collect(),
        }))
    }

    async fn revoke_token(
        &self,
        request: Request<RevokeTokenRequest>,
    ) -> Result<Response<RevokeTokenResponse>, Status> {
        let name = request.into_inner().name;
        let revoked = self.book.revoke(&name).await;
        let token = revoked.map_err(|error| status::of_token(&error))?;
        Ok(Response::new(RevokeTokenResponse {
            token: Some(on_the_wire(&self.book, token)),
        }))
    }

    async fn rotate_signing_key(
        &self,
        request: Request<RotateSigningKeyRequest>,
    ) -> Result<Response<RotateSigningKeyResponse>, Status> {
        let rotated = self.book.rotate(request.into_inner().revoke).await;
        let Rotation { key_id, revoked } = rotated.map_err(|error| status::of_token(&error))?;
        Ok(Response::new(RotateSigningKeyResponse {
            key_id,
            revoked: u32::try_from(revoked).unwrap_or(u32::MAX),
        }))
    }
}

fn on_the_wire(book: &TokenBook, token: StoredToken) -> Token {
    let status = token_book::status(&token).as_str().to_owned();
    let StoredToken {
        id,
        name,
        proof,
        agent_id,
        scopes,
        links,
        capabilities,
        created_at,
        expires_at,
        revoked_at,
    } = token;
    let kind = match proof {
        TokenProof::Digest(_) => "client",
        TokenProof::Signature { .. } => "agent",
    };
    let agent = agent_id.map(|id| book.agent_name(&id));
    Token {
        id,
        name,
        kind: kind.to_owned(),
        status,
        agent: agent.unwrap_or_default(),
        scopes,
        links: links.iter().map(|id| book.agent_name(id)).collect(),
        capabilities,
        created_at,
        expires_at,
        revoked_at: revoked_at.unwrap_or_default(),
    }
}
