//! Work that may block, done on a thread of libuv's pool; its promise resolves to the value or
//! to a [`Failure`] and never rejects.

use napi::bindgen_prelude::{AsyncTask, Either, ToNapiValue, TypeName};
use napi::{Env, Task};

use crate::failure::{Failure, guarded};

type Work<T> = Box<dyn FnOnce() -> Result<T, Failure> + Send>;

/// One piece of blocking work and how its result is shown to JavaScript.
pub struct Job<T, V> {
    work: Option<Work<T>>,
    present: fn(Env, T) -> napi::Result<V>,
}

impl<T, V> Job<T, V>
where
    T: Send + 'static,
    V: ToNapiValue + TypeName + 'static,
{
    /// A task for Node: `work` runs on the pool, `present` on the JavaScript thread.
    pub fn task(
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
        present: fn(Env, T) -> napi::Result<V>,
    ) -> AsyncTask<Self> {
        AsyncTask::new(Self { work: Some(Box::new(work)), present })
    }
}

impl<T, V> Task for Job<T, V>
where
    T: Send + 'static,
    V: ToNapiValue + TypeName + 'static,
{
    type Output = Result<T, Failure>;
    type JsValue = Either<V, Failure>;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        let work = self.work.take();
        Ok(guarded(|| {
            work.map_or_else(|| Err(Failure::internal("a job ran twice")), |work| work())
        }))
    }

    fn resolve(&mut self, env: Env, output: Self::Output) -> napi::Result<Self::JsValue> {
        Ok(match output {
            Ok(value) => Either::A((self.present)(env, value)?),
            Err(failure) => Either::B(failure),
        })
    }
}
