//! Runs a function when the process ends by `exit`: Node runs no cleanup hooks of its main
//! environment after `process.exit` or an uncaught exception. The only `unsafe` beside the hot
//! calls.
#![expect(
    unsafe_code,
    reason = "the C library's atexit is the only place that such an end reaches"
)]

use std::ffi::c_int;
use std::sync::Once;

// SAFETY: declared as in the C standard; the callback is `extern "C"` and lives as long as the
// library, which stays loaded: its threads and threadsafe functions pin it.
unsafe extern "C" {
    safe fn atexit(callback: extern "C" fn()) -> c_int;
}

/// Registers `callback` once per process, however often this is called. The callback must not
/// panic and must need no thread-local state, which is gone by then.
pub fn at_exit(callback: extern "C" fn()) {
    static REGISTERED: Once = Once::new();
    // A full table leaves the stores to the operating system, as a kill does: nothing is lost.
    REGISTERED.call_once(|| _ = atexit(callback));
}
