//! `wasi:random`, with a bound on what is asked for at once.

use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::p2::bindings::random::{insecure, random};
use wasmtime_wasi::random::WasiRandomCtx;

use crate::error::Overasked;

/// Random numbers for one call: wasmtime-wasi makes them, after the size was looked at.
pub(crate) struct Random<'a> {
    pub(crate) wasi: &'a mut WasiRandomCtx,
    /// Bytes that one request may ask for.
    pub(crate) most: u64,
}

struct HasRandom;

impl HasData for HasRandom {
    type Data<'a> = Random<'a>;
}

/// Links both interfaces that answer with as many bytes as the guest asks for, with the bound that
/// `view` shows.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> Random<'_>,
) -> wasmtime::Result<()> {
    random::add_to_linker::<T, HasRandom>(linker, view)?;
    insecure::add_to_linker::<T, HasRandom>(linker, view)
}

impl Random<'_> {
    fn check(&self, len: u64) -> wasmtime::Result<()> {
        if len > self.most {
            let problem = format!(
                "{len} random bytes were asked for at once: at most {} are given",
                self.most
            );
            return Err(Overasked(problem).into());
        }
        Ok(())
    }
}

impl random::Host for Random<'_> {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.check(len)?;
        random::Host::get_random_bytes(self.wasi, len)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        random::Host::get_random_u64(self.wasi)
    }
}

impl insecure::Host for Random<'_> {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.check(len)?;
        insecure::Host::get_insecure_random_bytes(self.wasi, len)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        insecure::Host::get_insecure_random_u64(self.wasi)
    }
}
