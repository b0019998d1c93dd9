//! Tool contract v1: one tool called by an envelope of JSON, for programs that speak it already.
//!
//! [`request`] reads an envelope leniently and normalises it ([`fields`]), [`response`] writes one
//! strictly; [`echo`] is what both have.
//! [`code`] is the table of codes, [`failure`] a failure by one of them, [`outcome`] has the code
//! of every outcome of a call. [`door`] takes an envelope all the way; [`input`] is what the tool
//! gets of it, [`wishes`] what its caller asks of the runtime, and [`deliveries`] answers an
//! envelope that comes a second time. The doors themselves are `grpc/contract.rs` and
//! `http/contract.rs`.

mod code;
mod deliveries;
pub(crate) mod door;
mod echo;
mod failure;
mod fields;
mod input;
mod logged;
mod outcome;
mod prepared;
pub(crate) mod request;
mod response;
mod wishes;
