//! Maintenance of a whole store: verify, repair, compact, backup, list keys. Runs off the
//! JavaScript thread and reports its progress to a function there.

use std::path::PathBuf;

use crudjt_core::{Options, Secret};
use napi::Status;
use napi::bindgen_prelude::{AsyncTask, FnArgs, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::failure::Failure;
use crate::job::Job;
use crate::store::NativeStore;

type Amounts = FnArgs<(f64, f64)>;

/// A JavaScript function that takes how much is done and the total; keeps no event loop alive.
type Progress = ThreadsafeFunction<Amounts, Unknown<'static>, Amounts, Status, false, true>;

/// A defect found in a store.
#[napi(object, object_from_js = false)]
pub struct Finding {
    /// What is defective.
    #[napi(ts_type = "'keyring' | 'journal' | 'block' | 'record' | 'expiry' | 'epoch'")]
    pub kind: String,
    /// The file's name.
    pub file: String,
    /// The number of the block, of the journal entry, or of the record.
    pub place: Option<f64>,
    /// A sentence for a person; contains no token, data or key.
    pub text: String,
}

/// The result of `verifyStore`.
#[napi(object, object_from_js = false)]
pub struct Verified {
    /// Readable records, including expired ones.
    pub records: f64,
    /// Expired records.
    pub expired: f64,
    /// Records that a secret decrypted.
    pub opened: f64,
    /// Blocks of the tree's file.
    pub blocks: f64,
    /// Journal segments.
    pub segments: f64,
    /// Journal entries that the next open replays.
    pub entries: f64,
    /// The first 100 defects.
    pub findings: Vec<Finding>,
    /// The number of defects.
    pub finding_count: f64,
    /// The files that keep what damaged blocks have cost before.
    pub kept: Vec<String>,
}

/// The result of `repairStore`.
#[napi(object, object_from_js = false)]
pub struct Repaired {
    /// The new store's folder.
    pub path: String,
    /// Records in it.
    pub salvaged: f64,
    /// Records whose later history may be lost in a gap in the journal.
    pub doubtful: f64,
    /// Records that are no longer readable, if that is known.
    pub lost: Option<f64>,
    /// Salvaged records that a secret decrypted.
    pub opened: f64,
    /// The first 100 defects.
    pub findings: Vec<Finding>,
    /// The number of defects.
    pub finding_count: f64,
}

/// The result of `compactStore`.
#[napi(object, object_from_js = false)]
pub struct Compacted {
    /// Records in the tree.
    pub records: f64,
    /// Bytes of the tree's file before.
    pub bytes_before: f64,
    /// Bytes of the tree's file after.
    pub bytes_after: f64,
}

/// The result of a backup.
#[napi(object, object_from_js = false)]
pub struct BackedUp {
    /// Records, including expired ones.
    pub records: f64,
    /// Bytes of the tree's file.
    pub bytes: f64,
}

/// A domain of a store's keyring.
#[napi(object, object_from_js = false)]
pub struct KeyDomain {
    /// Identifies it among the store's domains.
    pub fingerprint: String,
    /// Its slots, oldest first.
    pub slots: Vec<KeySlot>,
}

/// A slot: a secret that opens a domain.
#[napi(object, object_from_js = false)]
pub struct KeySlot {
    /// Whether the domain was created for this secret.
    pub is_own: bool,
    /// When the slot was created, in milliseconds since 1970.
    pub created_at_ms: Option<f64>,
    /// Whether this is one of the given secrets.
    pub opens: bool,
}

/// Checks a closed store without changing it. `onProgress` receives bytes.
#[napi(ts_return_type = "Promise<Outcome<Verified>>")]
pub fn verify_store(
    path: String,
    secret_keys: Vec<String>,
    #[napi(ts_arg_type = "(done: number, total: number) => void")] on_progress: Progress,
) -> AsyncTask<Job> {
    let work =
        move || Ok(crudjt_core::verify(&options(path, secret_keys)?, &mut reporter(&on_progress))?);
    Job::task(work, Verified::from)
}

/// Salvages a damaged store into a new one. An empty `target` means the store's path plus
/// `.repaired`.
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
        Ok(crudjt_core::repair(&options(path, secret_keys)?, &how, &mut reporter(&on_progress))?)
    };
    Job::task(work, Repaired::from)
}

/// Shrinks the tree's file of a closed store to the size of its records.
#[napi(ts_return_type = "Promise<Outcome<Compacted>>")]
pub fn compact_store(
    path: String,
    #[napi(ts_arg_type = "(done: number, total: number) => void")] on_progress: Progress,
) -> AsyncTask<Job> {
    let work =
        move || Ok(crudjt_core::compact(&options(path, Vec::new())?, &mut reporter(&on_progress))?);
    Job::task(work, Compacted::from)
}

/// Copies a closed store into a new or empty folder. `onProgress` receives bytes.
#[napi(ts_return_type = "Promise<Outcome<BackedUp>>")]
pub fn backup_store(
    path: String,
    target: String,
    #[napi(ts_arg_type = "(done: number, total: number) => void")] on_progress: Progress,
) -> AsyncTask<Job> {
    let work = move || {
        let options = options(path, Vec::new())?;
        Ok(crudjt_core::backup(&options, target.as_ref(), &mut reporter(&on_progress))?)
    };
    Job::task(work, BackedUp::from)
}

/// Lists the domains and slots of a store's keyring, without any key.
#[napi(ts_return_type = "Promise<Outcome<Array<KeyDomain>>>")]
pub fn store_keys(path: String, secret_keys: Vec<String>) -> AsyncTask<Job> {
    let work = move || Ok(crudjt_core::keys(&options(path, secret_keys)?)?);
    Job::task(work, |domains| domains.into_iter().map(KeyDomain::from).collect::<Vec<_>>())
}

#[napi]
impl NativeStore {
    /// Copies the store, while it is in use, into a new or empty folder. `onProgress` receives
    /// records.
    #[napi(ts_return_type = "Promise<Outcome<BackedUp>>")]
    pub fn backup(
        &self,
        target: String,
        #[napi(ts_arg_type = "(done: number, total: number) => void")] on_progress: Progress,
    ) -> AsyncTask<Job> {
        self.job(
            move |handle| {
                Ok(handle.engine().backup(target.as_ref(), &mut reporter(&on_progress))?)
            },
            BackedUp::from,
        )
    }
}

fn options(path: String, secret_keys: Vec<String>) -> Result<Options, Failure> {
    let secrets = secret_keys.iter().map(|text| Secret::from_base64(text));
    Ok(Options::new(path, secrets.collect::<Result<_, _>>()?))
}

fn reporter(progress: &Progress) -> impl FnMut(u64, u64) {
    |done, total| {
        let amounts = (done as f64, total as f64).into();
        let _ = progress.call(amounts, ThreadsafeFunctionCallMode::NonBlocking);
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
            kept: verified.kept,
        }
    }
}

impl From<crudjt_core::Repaired> for Repaired {
    fn from(repaired: crudjt_core::Repaired) -> Self {
        Self {
            path: repaired.path.to_string_lossy().into_owned(),
            salvaged: repaired.salvaged as f64,
            doubtful: repaired.doubtful as f64,
            lost: repaired.lost.map(|lost| lost as f64),
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
