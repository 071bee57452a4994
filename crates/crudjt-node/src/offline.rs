//! What is done with a store as a whole: checked, salvaged, made dense, copied. Off the JavaScript
//! thread; how far it is goes to a function there.

use std::path::PathBuf;

use crudjt_core::{Options, Secret};
use napi::Status;
use napi::bindgen_prelude::{AsyncTask, FnArgs, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::failure::Failure;
use crate::job::Job;
use crate::store::NativeStore;

type Bytes = FnArgs<(f64, f64)>;

/// A JavaScript function that takes the bytes done and the bytes in all; holds no event loop open.
type Progress = ThreadsafeFunction<Bytes, Unknown<'static>, Bytes, Status, false, true>;

/// Something that is wrong with a store.
#[napi(object, object_from_js = false)]
pub struct Finding {
    /// What it is about.
    #[napi(ts_type = "'keyring' | 'journal' | 'block' | 'record' | 'expiry' | 'epoch'")]
    pub kind: String,
    /// The file's name.
    pub file: String,
    /// The block, the sequence in the journal, or the record's number.
    pub place: Option<f64>,
    /// One sentence; holds no token, data or key.
    pub text: String,
}

/// What `verifyStore` found.
#[napi(object, object_from_js = false)]
pub struct Verified {
    /// Records that can be read, expired ones among them.
    pub records: f64,
    /// Records whose time has passed.
    pub expired: f64,
    /// Records that were opened with a secret.
    pub opened: f64,
    /// Blocks of the tree's file.
    pub blocks: f64,
    /// Journal segments.
    pub segments: f64,
    /// Journal entries that the next opening replays.
    pub entries: f64,
    /// The first 100 things that are wrong.
    pub findings: Vec<Finding>,
    /// How many things are wrong.
    pub finding_count: f64,
}

/// What `repairStore` salvaged.
#[napi(object, object_from_js = false)]
pub struct Repaired {
    /// The new store's folder.
    pub path: String,
    /// Records in it.
    pub salvaged: f64,
    /// Records of which a hole in the journal may hide a later change.
    pub doubtful: f64,
    /// Records that can't be read any more.
    pub lost: f64,
    /// Salvaged records that were opened with a secret.
    pub opened: f64,
    /// The first 100 things that were wrong.
    pub findings: Vec<Finding>,
    /// How many things were wrong.
    pub finding_count: f64,
}

/// What `compactStore` did.
#[napi(object, object_from_js = false)]
pub struct Compacted {
    /// Records in the tree.
    pub records: f64,
    /// Bytes of its file before.
    pub bytes_before: f64,
    /// Bytes of its file now.
    pub bytes_after: f64,
}

/// What `backup` copied.
#[napi(object, object_from_js = false)]
pub struct BackedUp {
    /// Records, expired ones among them.
    pub records: f64,
    /// Bytes of the tree's file.
    pub bytes: f64,
}

/// A domain of a store's keyring.
#[napi(object, object_from_js = false)]
pub struct KeyDomain {
    /// Tells it from the store's other domains.
    pub fingerprint: String,
    /// What opens it, oldest first.
    pub slots: Vec<KeySlot>,
}

/// A secret that opens a domain.
#[napi(object, object_from_js = false)]
pub struct KeySlot {
    /// Whether the domain was made for it.
    pub is_own: bool,
    /// When the store first met it, in milliseconds since 1970.
    pub created_at_ms: Option<f64>,
    /// Whether it is one of the given secrets.
    pub opens: bool,
}

/// Checks a store that nobody has open, without changing it. `onProgress` gets bytes.
#[napi(ts_return_type = "Promise<Outcome<Verified>>")]
pub fn verify_store(
    path: String,
    secret_keys: Vec<String>,
    #[napi(ts_arg_type = "(done: number, total: number) => void")] on_progress: Progress,
) -> AsyncTask<Job> {
    let work =
        move || Ok(crudjt_core::verify(&options(path, secret_keys)?, &mut teller(&on_progress))?);
    Job::task(work, Verified::from)
}

/// Salvages a damaged store into a new one; an empty target is the store's path with `.repaired`.
#[napi(ts_return_type = "Promise<Outcome<Repaired>>")]
pub fn repair_store(
    path: String,
    secret_keys: Vec<String>,
    target: String,
    keep_doubtful: bool,
    #[napi(ts_arg_type = "(done: number, total: number) => void")] on_progress: Progress,
) -> AsyncTask<Job> {
    let target = Some(PathBuf::from(target)).filter(|target| !target.as_os_str().is_empty());
    let how = crudjt_core::Repair { target, keep_doubtful };
    let work = move || {
        Ok(crudjt_core::repair(&options(path, secret_keys)?, &how, &mut teller(&on_progress))?)
    };
    Job::task(work, Repaired::from)
}

/// Makes the tree's file of a store that nobody has open as small as its records are.
#[napi(ts_return_type = "Promise<Outcome<Compacted>>")]
pub fn compact_store(
    path: String,
    #[napi(ts_arg_type = "(done: number, total: number) => void")] on_progress: Progress,
) -> AsyncTask<Job> {
    let work =
        move || Ok(crudjt_core::compact(&options(path, Vec::new())?, &mut teller(&on_progress))?);
    Job::task(work, Compacted::from)
}

/// Copies a store that nobody has open into a folder that is made or empty. `onProgress` gets bytes.
#[napi(ts_return_type = "Promise<Outcome<BackedUp>>")]
pub fn backup_store(
    path: String,
    target: String,
    #[napi(ts_arg_type = "(done: number, total: number) => void")] on_progress: Progress,
) -> AsyncTask<Job> {
    let work = move || {
        let options = options(path, Vec::new())?;
        Ok(crudjt_core::backup(&options, target.as_ref(), &mut teller(&on_progress))?)
    };
    Job::task(work, BackedUp::from)
}

/// Lists what a store's keyring holds, without any key.
#[napi(ts_return_type = "Promise<Outcome<Array<KeyDomain>>>")]
pub fn store_keys(path: String, secret_keys: Vec<String>) -> AsyncTask<Job> {
    let work = move || Ok(crudjt_core::keys(&options(path, secret_keys)?)?);
    Job::task(work, |domains| domains.into_iter().map(KeyDomain::from).collect::<Vec<_>>())
}

#[napi]
impl NativeStore {
    /// Copies the store, while it is used, into a folder that is made or empty. `onProgress` gets
    /// records.
    #[napi(ts_return_type = "Promise<Outcome<BackedUp>>")]
    pub fn backup(
        &self,
        target: String,
        #[napi(ts_arg_type = "(done: number, total: number) => void")] on_progress: Progress,
    ) -> AsyncTask<Job> {
        self.job(
            move |handle| Ok(handle.engine().backup(target.as_ref(), &mut teller(&on_progress))?),
            BackedUp::from,
        )
    }
}

fn options(path: String, secret_keys: Vec<String>) -> Result<Options, Failure> {
    let secrets = secret_keys.iter().map(|text| Secret::from_base64(text));
    Ok(Options::new(path, secrets.collect::<Result<_, _>>()?))
}

fn teller(progress: &Progress) -> impl FnMut(u64, u64) {
    |done, total| {
        let bytes = (done as f64, total as f64).into();
        let _ = progress.call(bytes, ThreadsafeFunctionCallMode::NonBlocking);
    }
}

impl From<crudjt_core::Finding> for Finding {
    fn from(finding: crudjt_core::Finding) -> Self {
        Self {
            kind: finding.kind.name().to_owned(),
            file: finding.file,
            place: finding.place.map(|place| place as f64),
            text: finding.text,
        }
    }
}

impl From<crudjt_core::KeyDomain> for KeyDomain {
    fn from(domain: crudjt_core::KeyDomain) -> Self {
        let slots = domain.slots.into_iter().map(|slot| KeySlot {
            is_own: slot.is_own,
            created_at_ms: slot.created.map(|time| time as f64),
            opens: slot.opens,
        });
        Self { fingerprint: domain.fingerprint, slots: slots.collect() }
    }
}

impl From<crudjt_core::Verified> for Verified {
    fn from(verified: crudjt_core::Verified) -> Self {
        Self {
            records: verified.records as f64,
            expired: verified.expired as f64,
            opened: verified.opened as f64,
            blocks: verified.blocks as f64,
            segments: verified.segments as f64,
            entries: verified.entries as f64,
            findings: verified.findings.into_iter().map(Finding::from).collect(),
            finding_count: verified.finding_count as f64,
        }
    }
}

impl From<crudjt_core::Repaired> for Repaired {
    fn from(repaired: crudjt_core::Repaired) -> Self {
        Self {
            path: repaired.path.to_string_lossy().into_owned(),
            salvaged: repaired.salvaged as f64,
            doubtful: repaired.doubtful as f64,
            lost: repaired.lost as f64,
            opened: repaired.opened as f64,
            findings: repaired.findings.into_iter().map(Finding::from).collect(),
            finding_count: repaired.finding_count as f64,
        }
    }
}

impl From<crudjt_core::Compacted> for Compacted {
    fn from(compacted: crudjt_core::Compacted) -> Self {
        Self {
            records: compacted.records as f64,
            bytes_before: compacted.bytes_before as f64,
            bytes_after: compacted.bytes_after as f64,
        }
    }
}

impl From<crudjt_core::BackedUp> for BackedUp {
    fn from(backed_up: crudjt_core::BackedUp) -> Self {
        Self { records: backed_up.records as f64, bytes: backed_up.bytes as f64 }
    }
}
