//! Work that may block, on a thread of libuv's pool. Its promise resolves to an object with the
//! value or to a [`Failure`], and never rejects.
//!
//! All jobs have one type: otherwise the code that settles a promise would be in the binary once
//! for each type.

use napi::bindgen_prelude::{AsyncTask, Either, JsObjectValue, Object, ToNapiValue, Unknown};
use napi::{Env, ScopedTask};

use crate::failure::{Failure, guarded};

type Work = Box<dyn FnOnce() -> Result<Present, Failure> + Send>;
/// Converts a result to a JavaScript value.
type Present = Box<dyn for<'env> FnOnce(&'env Env) -> napi::Result<Unknown<'env>> + Send>;

/// One piece of blocking work.
pub struct Job {
    work: Option<Work>,
}

impl Job {
    /// Creates a task: `work` runs on the pool, `present` on the JavaScript thread.
    pub fn task<T, V>(
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
        present: fn(T) -> V,
    ) -> AsyncTask<Self>
    where
        T: Send + 'static,
        V: ToNapiValue + 'static,
    {
        let work = move || -> Result<Present, Failure> {
            let value = work()?;
            Ok(Box::new(move |env| success(env, present(value))))
        };
        AsyncTask::new(Self { work: Some(Box::new(work)) })
    }
}

fn success<V: ToNapiValue>(env: &Env, value: V) -> napi::Result<Unknown<'_>> {
    let mut outcome = Object::new(env)?;
    outcome.set_named_property("value", value)?;
    outcome.into_unknown(env)
}

impl<'env> ScopedTask<'env> for Job {
    type Output = Result<Present, Failure>;
    type JsValue = Either<Unknown<'env>, Failure>;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        let work = self.work.take();
        Ok(guarded(|| {
            work.map_or_else(|| Err(Failure::internal("a job ran twice")), |work| work())
        }))
    }

    fn resolve(&mut self, env: &'env Env, output: Self::Output) -> napi::Result<Self::JsValue> {
        Ok(match output {
            Ok(present) => Either::A(present(env)?),
            Err(failure) => Either::B(failure),
        })
    }
}
