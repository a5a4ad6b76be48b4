//! Passwords, as Argon2id hashes (RFC 9106) with the `argon2` crate's parameters.

use std::{sync::Arc, thread::available_parallelism};

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::error::ApiError;

pub(crate) struct Passwords {
    /// Each hash takes a core and 19 MiB, so a flood of sign-ins waits here and not in memory.
    permits: Arc<Semaphore>,
    /// The hash of a password nobody has, checked when there is no user to check.
    nobody: String,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self, ApiError> {
        Ok(Self {
            permits: Arc::new(Semaphore::new(available_parallelism().map_or(1, usize::from))),
            nobody: hash(&crate::random::secret()?)?,
        })
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String, ApiError> {
        self.off_the_runtime(move || hash(&password)).await
    }

    /// Takes as long for an unknown user (`None`) as for a wrong password, so that the time of an
    /// answer does not tell which mail addresses have an account.
    pub(crate) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, ApiError> {
        let known = stored.is_some();
        let expected = stored.unwrap_or_else(|| self.nobody.clone());
        let matches = move || {
            let expected = PasswordHash::new(&expected).map_err(internal)?;
            let verdict = Argon2::default().verify_password(password.as_bytes(), &expected);
            Ok(verdict.is_ok())
        };
        Ok(self.off_the_runtime(matches).await? && known)
    }

    /// Hashing is slow by design: on a runtime thread it would hold up every other request. The permit goes along, for a client
    /// that hangs up ends the request and not the work.
    async fn off_the_runtime<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(internal)?;
        let work = move || {
            let result = work();
            drop(permit);
            result
        };
        spawn_blocking(work).await.map_err(internal)?
    }
}

fn hash(password: &str) -> Result<String, ApiError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(internal)?.to_string())
}

#[allow(clippy::needless_pass_by_value)]
fn internal(error: impl ToString) -> ApiError {
    ApiError::Internal(error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering::SeqCst},
            mpsc,
        },
        time::Duration,
    };

    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn whoever_hangs_up_makes_no_room_for_more_work_than_there_are_permits() {
        let passwords = Arc::new(Passwords::new().unwrap());
        let permits = passwords.permits.available_permits();
        let running = Arc::new(AtomicUsize::new(0));
        let (open, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        for _ in 0..permits + 3 {
            let (passwords, running, gate) = (Arc::clone(&passwords), Arc::clone(&running), Arc::clone(&gate));
            let request = tokio::spawn(async move {
                let work = move || {
                    running.fetch_add(1, SeqCst);
                    let _ = gate.lock().unwrap().recv();
                    Ok(())
                };
                passwords.off_the_runtime(work).await
            });
            sleep(Duration::from_millis(50)).await;
            request.abort();
        }
        assert_eq!(running.load(SeqCst), permits);
        drop(open);
    }
}
