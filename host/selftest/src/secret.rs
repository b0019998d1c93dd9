//! The secret that rows plant, and how servers may send it back.

/// A secret that every encoding changes.
pub const SECRET: &str = "s3cr3t/planted+value=1";

/// [`SECRET`] plain, base64 of itself and behind `Bearer `, URL-safe, in lines, hexadecimal,
/// URL-encoded, escaped as in JSON and as in HTML.
pub const SPELLINGS: [&str; 10] = [
    SECRET,
    "czNjcjN0L3BsYW50ZWQrdmFsdWU9MQ==",
    "QmVhcmVyIHMzY3IzdC9wbGFudGVkK3ZhbHVlPTE=",
    "czNjcjN0L3BsYW50ZWQrdmFsdWU9MQ",
    "7333637233742f706c616e7465642b76616c75653d31",
    "s3cr3t%2Fplanted%2Bvalue%3D1",
    "czNjcjN0L3BsYW50\r\nZWQrdmFsdWU9MQ==",
    r"s3cr3t\/planted+value=1",
    r"s3cr3t\u002Fplanted\u002bvalue\u003d1",
    "s3cr3t&#x2F;planted&plus;value&#61;1",
];

/// A secret of the host itself, in its environment, where a provider's key would be.
pub(crate) const HOST_SECRET: (&str, &str) = ("ANTHROPIC_API_KEY", "sk-planted-for-the-corpus");
