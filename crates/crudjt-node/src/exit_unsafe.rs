//! Runs a function when the process ends by `exit`: Node runs no cleanup hooks of its main
//! environment after `process.exit` or an uncaught exception.
#![expect(unsafe_code, reason = "only the C library's atexit runs after such an end")]

use std::ffi::c_int;
use std::sync::Once;

// SAFETY: declared as in the C standard; the callback is `extern "C"` and lives as long as the
// library, which stays loaded: its threads and threadsafe functions pin it.
unsafe extern "C" {
    safe fn atexit(callback: extern "C" fn()) -> c_int;
}

/// Registers `callback` once per process, however often this is called. The callback must not panic
/// and must not use thread-local state, which is gone by then.
pub fn at_exit(callback: extern "C" fn()) {
    static REGISTERED: Once = Once::new();
    // If the table of callbacks is full, the stores end as after a kill: nothing is lost.
    REGISTERED.call_once(|| _ = atexit(callback));
}
