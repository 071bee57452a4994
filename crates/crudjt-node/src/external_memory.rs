//! Tells the garbage collector of memory that JavaScript objects keep outside its heap: otherwise it
//! takes objects with megabytes behind them for small ones.

use napi::{Env, sys};

/// Some memory that the garbage collector knows of until this is dropped, on the JavaScript thread.
pub struct ExternalMemory {
    env: sys::napi_env,
    bytes: i64,
}

impl ExternalMemory {
    /// Tells of so many bytes.
    pub fn tell(env: &Env, bytes: usize) -> napi::Result<Self> {
        let bytes = bytes as i64;
        env.adjust_external_memory(bytes)?;
        Ok(Self { env: env.raw(), bytes })
    }
}

impl Drop for ExternalMemory {
    fn drop(&mut self) {
        // Only a hint: there is nothing to do if it fails.
        let _ = Env::from_raw(self.env).adjust_external_memory(-self.bytes);
    }
}
