//! The engines open in this process: handles on one store share an engine, and the last handle to
//! be closed closes it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::Engine;
use super::open::open;
use crate::options::Options;
use crate::{Error, Result};

/// An open engine and the number of its handles. Locked while it is opened or closed.
type SharedEngine = Arc<Mutex<Option<(Arc<Engine>, usize)>>>;

/// The engines by folder.
static ENGINES: Mutex<Option<HashMap<PathBuf, SharedEngine>>> = Mutex::new(None);

/// Opens a store for another handle. One that is open with other secrets or options is refused.
pub(crate) fn open_shared(options: Options) -> Result<Arc<Engine>> {
    let entry = shared_engine(&options.path);
    let mut shared = entry.lock();
    match shared.as_mut() {
        Some((engine, handles)) if engine.options().agrees_with(&options) => {
            *handles += 1;
            Ok(engine.clone())
        }
        Some(_) => Err(Error::AlreadyOpen { path: options.path }),
        None => {
            let engine = open(options)?;
            *shared = Some((engine.clone(), 1));
            Ok(engine)
        }
    }
}

/// Makes everything durable for a handle that is closed; the last one closes the engine.
pub(crate) fn release(engine: &Engine) -> Result<()> {
    let entry = shared_engine(engine.path());
    let mut shared = entry.lock();
    let Some((_, handles)) = shared.as_mut() else { return Ok(()) };
    *handles -= 1;
    if *handles > 0 {
        return engine.flush();
    }
    *shared = None;
    engine.close()
}

fn shared_engine(path: &Path) -> SharedEngine {
    let mut engines = ENGINES.lock();
    let engines = engines.get_or_insert_default();
    engines.retain(|_, entry| Arc::strong_count(entry) > 1 || entry.lock().is_some());
    engines.entry(path.to_path_buf()).or_default().clone()
}
