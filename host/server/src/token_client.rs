//! The other end of `cofferdam.v1.Tokens`.

use cofferdam_proto::host::tokens_client::TokensClient;
use cofferdam_proto::host::{
    CreateAgentTokenRequest, CreateTokenRequest, ListTokensRequest, RevokeTokenRequest,
    RotateSigningKeyRequest, RotateSigningKeyResponse, Token,
};
use serde::Serialize;
use tonic::transport::Channel;

use crate::client::Client;
use crate::client_error::ClientError;

/// Looks after the tokens of a running host.
#[derive(Debug)]
pub struct TokenClient(TokensClient<Channel>);

/// One token. It does not hold the token itself.
#[derive(Debug, Serialize)]
pub struct TokenEntry {
    /// The id, a UUID.
    pub id: String,
    /// The name.
    pub name: String,
    /// `client` or `agent`.
    pub kind: String,
    /// `active`, `expired` or `revoked`.
    pub status: String,
    /// The name of the agent that it is bound to or of; empty for every agent.
    pub agent: String,
    /// The scopes of a client's token.
    pub scopes: Vec<String>,
    /// Names of agents that the holder of an agent's token may talk to.
    pub links: Vec<String>,
    /// The capabilities in an agent's token.
    pub capabilities: Vec<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub expires_at: i64,
    /// Unix seconds; 0 for one that was not revoked.
    pub revoked_at: i64,
}

/// A token that was made, with its secret, which is told once. Nothing but a command prints it.
#[derive(Serialize)]
pub struct MadeTokenEntry {
    /// The token itself.
    pub secret: String,
    /// Everything else about it.
    #[serde(flatten)]
    pub token: TokenEntry,
}

impl TokenClient {
    /// Talks to the host of `client`.
    pub fn new(client: &Client) -> Self {
        Self(TokensClient::new(client.channel()))
    }

    /// Makes a token for a client with these scopes, of which `agent` is the only agent it reaches.
    /// It holds for `lifetime` seconds.
    pub async fn create(
        &mut self,
        name: String,
        agent: Option<String>,
        scopes: Vec<String>,
        lifetime: u64,
    ) -> Result<MadeTokenEntry, ClientError> {
        let request = CreateTokenRequest {
            name,
            agent: agent.unwrap_or_default(),
            scopes,
            lifetime,
        };
        let made = self.0.create_token(request).await?.into_inner();
        MadeTokenEntry::new(made.secret, made.token)
    }

    /// Makes a token for an agent, whose holder may talk to the agents of `links`. It holds for
    /// `lifetime` seconds.
    pub async fn create_for_agent(
        &mut self,
        name: String,
        agent: String,
        links: Vec<String>,
        capabilities: Vec<String>,
        lifetime: u64,
    ) -> Result<MadeTokenEntry, ClientError> {
        let request = CreateAgentTokenRequest {
            name,
            agent,
            links,
            capabilities,
            lifetime,
        };
        let made = self.0.create_agent_token(request).await?.into_inner();
        MadeTokenEntry::new(made.secret, made.token)
    }

    /// Every token, by name.
    pub async fn all(&mut self) -> Result<Vec<TokenEntry>, ClientError> {
        let listed = self.0.list_tokens(ListTokensRequest {}).await?;
        let tokens = listed.into_inner().tokens.into_iter();
        Ok(tokens.map(TokenEntry::from).collect())
    }

    /// Ends a token at once.
    pub async fn revoke(&mut self, name: String) -> Result<(), ClientError> {
        self.0.revoke_token(RevokeTokenRequest { name }).await?;
        Ok(())
    }

    /// Makes another key that signs tokens of agents, and returns its id and the number of tokens
    /// that were revoked.
    pub async fn rotate(&mut self, revoke: bool) -> Result<Rotated, ClientError> {
        let request = RotateSigningKeyRequest { revoke };
        let rotated = self.0.rotate_signing_key(request).await?;
        let RotateSigningKeyResponse { key_id, revoked } = rotated.into_inner();
        Ok(Rotated { key_id, revoked })
    }
}

/// The result of a rotation.
#[derive(Debug, Serialize)]
pub struct Rotated {
    /// The id of the new key.
    pub key_id: String,
    /// Tokens that were revoked.
    pub revoked: u32,
}

impl MadeTokenEntry {
    fn new(secret: String, token: Option<Token>) -> Result<Self, ClientError> {
        let missing = || ClientError::Failed("the host answered without a token".to_owned());
        let token = token.ok_or_else(missing)?.into();
        Ok(Self { secret, token })
    }
}

impl std::fmt::Debug for MadeTokenEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeTokenEntry")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl From<Token> for TokenEntry {
    fn from(token: Token) -> Self {
        let Token {
            id,
            name,
            kind,
            status,
            agent,
            scopes,
            links,
            capabilities,
            created_at,
            expires_at,
            revoked_at,
        } = token;
        Self {
            id,
            name,
            kind,
            status,
            agent,
            scopes,
            links,
            capabilities,
            created_at,
            expires_at,
            revoked_at,
        }
    }
}
