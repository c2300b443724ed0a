//! Who logs in, and when nobody does.
//!
//! Servers lock a login after a few wrong passwords. Invariant: a login that was refused is not tried again for a while,
//! whoever asks; and until it was taken, one asks at a time, so that those who begin together do not send one wrong
//! password many times at once. Not here: opening a connection, and what the login may do.

use banyan_adapter::{Call, Fault};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a refused login is not tried again. A configuration that is taken up again tries it at once.
const REFUSED: Duration = Duration::from_secs(600);
/// A login that was taken so lately is asked with by as many at once as like to.
const TAKEN: Duration = Duration::from_secs(60);
/// How often one who waits looks whether nobody waits for it any more.
const LOOK: Duration = Duration::from_millis(50);

/// See the module.
#[derive(Default)]
pub(crate) struct Door {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Default)]
struct State {
    /// Somebody is trying a login of which nothing is known.
    trying: bool,
    /// Tries that have ended.
    ended: u64,
    /// How the last one failed, where that was not its own caller's doing.
    failed: Option<Fault>,
    taken: Option<Instant>,
    refused: Option<(Instant, Fault)>,
}

/// The one who tries; who leaves lets the next one in, however it ends.
struct Turn<'d>(&'d Door);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state().trying = false;
        self.0.left.notify_all();
    }
}

impl Door {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs in by `open`, unless the login was refused a while ago. Who had to wait for another's try that failed is told
    /// the same, and does not ask a server again that cannot be reached.
    pub(crate) fn pass<T>(&self, call: &Call, open: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        let _turn = self.turn(call)?;
        let opened = open();
        let mut state = self.state();
        state.ended += 1;
        match &opened {
            Ok(_) => (state.taken, state.failed, state.refused) = (Some(Instant::now()), None, None),
            Err(fault) if fault.code.ends_with("-login") => {
                let fault = lasting(fault);
                (state.taken, state.failed, state.refused) = (None, None, Some((Instant::now(), fault.clone())));
                return Err(fault);
            }
            Err(fault) => state.failed = (!call.is_over()).then(|| fault.clone()),
        }
        opened
    }

    fn turn(&self, call: &Call) -> Result<Option<Turn<'_>>, Fault> {
        let mut state = self.state();
        loop {
            if let Some((_, fault)) = state.refused.as_ref().filter(|(at, _)| at.elapsed() < REFUSED) {
                return Err(fault.clone());
            }
            if state.taken.is_some_and(|at| at.elapsed() < TAKEN) {
                return Ok(None);
            }
            if !state.trying {
                state.trying = true;
                return Ok(Some(Turn(self)));
            }
            if call.is_over() {
                return Err(Fault::transient("source-lost", "the time was over while another request was logging in"));
            }
            let before = state.ended;
            state = self.left.wait_timeout(state, LOOK).map_or_else(|e| e.into_inner().0, |(state, _)| state);
            if state.ended > before
                && let Some(fault) = &state.failed
            {
                return Err(fault.clone());
            }
        }
    }
}

fn lasting(fault: &Fault) -> Fault {
    let told = "It is not tried again for ten minutes, because servers lock a login after a few wrong passwords; a reload of \
                the configuration tries it at once";
    Fault { message: format!("{}. {told}", fault.message.trim_end_matches('.')), ..fault.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use std::sync::mpsc::channel;

    /// Twelve ask at once; what `answer` makes of the first try is told to all.
    fn twelve(answer: impl Fn() -> Result<(), Fault> + Send + Sync + 'static) -> (u32, Vec<Result<(), Fault>>) {
        let (door, tries) = (Arc::new(Door::default()), Arc::new(AtomicU32::new(0)));
        let (answer, (began, begun), (go, gone)) = (Arc::new(answer), channel(), channel::<()>());
        let gone = Arc::new(Mutex::new(gone));
        let ask = || {
            let (door, tries, answer, began, gone) =
                (door.clone(), tries.clone(), answer.clone(), began.clone(), gone.clone());
            std::thread::spawn(move || {
                door.pass(&Call::default(), || {
                    if tries.fetch_add(1, SeqCst) == 0 {
                        began.send(()).unwrap();
                        gone.lock().unwrap().recv().unwrap();
                    }
                    answer()
                })
            })
        };
        let first = ask();
        begun.recv().unwrap();
        let mut all: Vec<_> = (1..12).map(|_| ask()).collect();
        all.push(first);
        // Whether they stand at the door already or come when it is decided, makes no difference for a login.
        go.send(()).unwrap();
        let told = all.into_iter().map(|one| one.join().unwrap()).collect();
        (tries.load(SeqCst), told)
    }

    #[test]
    fn a_wrong_password_is_sent_once_however_many_ask_at_once() {
        let (tries, told) = twelve(|| Err(Fault::permanent("odbc-login", "wrong")));
        assert_eq!(tries, 1);
        assert!(told.iter().all(|t| t.as_ref().is_err_and(|f| f.message.contains("ten minutes"))), "{told:?}");
    }

    #[test]
    fn a_login_that_was_taken_is_open_to_all() {
        let (tries, told) = twelve(|| Ok(()));
        assert_eq!((tries, told.iter().all(Result::is_ok)), (12, true));
    }

    #[test]
    fn who_dies_at_the_door_does_not_bar_it() {
        let door = Arc::new(Door::default());
        let other = door.clone();
        let died = std::thread::spawn(move || other.pass::<()>(&Call::default(), || panic!("a driver")));
        assert!(died.join().is_err());
        assert!(door.pass(&Call::default(), || Ok(())).is_ok());
    }
}
