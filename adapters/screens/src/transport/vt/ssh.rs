//! A host reached by SSH: its login shell, or one command, on a terminal.
//!
//! Invariant: a password or key is shown only to a host whose key is believed, and tried exactly once. Once a password was
//! sent, whatever comes but a yes counts as a refusal, also silence and a broken connection: the host may have counted it.
//! Not here: agents, forwarding, files.

use super::carrier::{Carrier, WAITING, congested, gone};
use super::config::{Ssh, host_port};
use super::line::Line;
use super::session::Manner;
use super::trust::{Trusted, Verdict};
use crate::refusals::{FAILED, GIVEN_UP, HOST_DOWN, LOGIN_REFUSED};
use banyan_adapter::{Call, Fault};
use russh::client::{AuthResult, Handle, Handler, KeyboardInteractiveAuthResponse as Asked};
use russh::keys::{PrivateKeyWithHashAlg, load_secret_key};
use russh::{Channel, ChannelMsg, Disconnect, MethodKind, Preferred, Pty, client};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, Receiver, Sender, error::TrySendError};
use tokio::sync::oneshot;

/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

pub(super) struct SshCarrier {
    sender: Sender<Vec<u8>>,
    /// Dropped, it ends the connection.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a connection is made of.
struct Plan {
    ssh: Ssh,
    base: PathBuf,
    size: (u16, u16),
    manner: Manner,
    within: Duration,
    /// A password was sent, and nothing said yet that it was taken.
    sent: Arc<AtomicBool>,
}

/// A failure while logging in, as it counts.
fn in_doubt(sent: &AtomicBool, fault: Fault) -> Fault {
    if !sent.load(SeqCst) || fault.code == LOGIN_REFUSED {
        return fault;
    }
    let why = format!("the password was sent, and nothing said that it was taken: {fault}; it is not tried again");
    Fault::permanent(LOGIN_REFUSED, why)
}

/// Connects and logs in; returns once the shell or command was started.
pub(super) fn open(
    (ssh, base): (&Ssh, &Path),
    size: (u16, u16),
    manner: &Manner,
    line: &Arc<Line>,
    (within, call): (Duration, &Call),
) -> Result<SshCarrier, Fault> {
    let sent = Arc::new(AtomicBool::new(false));
    let (ssh_is, base) = (ssh.clone(), base.to_owned());
    let plan = Plan { ssh: ssh_is, base, size, manner: manner.clone(), within, sent: sent.clone() };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Fault::transient(FAILED, format!("no connection can be made: {e}")))?;
    let (sender, waiting) = mpsc::channel(WAITING);
    let (stop, stopped) = oneshot::channel();
    let (tell, told) = std::sync::mpsc::channel();
    let (line, answers) = (line.clone(), sender.clone());
    let thread = std::thread::Builder::new()
        .name("screens-ssh".into())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = session(&plan, &line, (waiting, answers), &tell) => {}
                    _ = stopped => {}
                }
            });
            line.end("the connection was closed");
        })
        .map_err(|e| Fault::transient(FAILED, format!("no thread for the connection: {e}")))?;
    let carrier = SshCarrier { sender, stop: Some(stop), thread: Some(thread) };
    let until = Instant::now() + within;
    loop {
        match told.recv_timeout(Duration::from_millis(50)) {
            Ok(outcome) => return outcome.map(|()| carrier),
            Err(RecvTimeoutError::Disconnected) => {
                let fault = Fault::transient(FAILED, format!("the connection to {} ended at once", ssh.host));
                return Err(in_doubt(&sent, fault));
            }
            // Its own end comes soon; who goes away now would not learn whether the password was taken.
            Err(RecvTimeoutError::Timeout) if sent.load(SeqCst) => {}
            Err(RecvTimeoutError::Timeout) if call.is_over() => {
                return Err(Fault::transient(
                    GIVEN_UP,
                    format!("{} had not answered when the call was over", ssh.host),
                ));
            }
            Err(RecvTimeoutError::Timeout) if Instant::now() >= until => {
                return Err(Fault::transient(HOST_DOWN, format!("{} does not answer", ssh.host)));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// The whole of a session. Tells once how logging in went.
async fn session(
    plan: &Plan,
    line: &Line,
    (waiting, answers): (Receiver<Vec<u8>>, Sender<Vec<u8>>),
    tell: &std::sync::mpsc::Sender<Result<(), Fault>>,
) {
    let (handle, channel) = match log_in(plan, line, &answers).await {
        Ok(both) => both,
        Err(fault) => {
            let _ = tell.send(Err(fault));
            return;
        }
    };
    let _ = tell.send(Ok(()));
    let how = talk(channel, line, waiting, &answers).await;
    line.end(&how);
    let goodbye = handle.disconnect(Disconnect::ByApplication, "", "");
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
}

async fn log_in(
    plan: &Plan,
    line: &Line,
    answers: &Sender<Vec<u8>>,
) -> Result<(Handle<Gate>, Channel<client::Msg>), Fault> {
    let ssh = &plan.ssh;
    let down = |e: &dyn std::fmt::Display| Fault::transient(HOST_DOWN, format!("{} cannot be reached: {e}", ssh.host));
    let (host, port) = host_port(&ssh.host, 22).map_err(|e| Fault::permanent(FAILED, e))?;
    let trusted = Trusted::read(ssh, (&host, port), &plan.base)?;
    let mut preferred = Preferred::DEFAULT;
    preferred.key = preferred.key.iter().filter(|a| trusted.wants(a)).cloned().collect();
    let config = client::Config {
        preferred,
        nodelay: true,
        inactivity_timeout: None,
        keepalive_interval: Some(Duration::from_secs(15)),
        keepalive_max: 3,
        ..client::Config::default()
    };
    let verdict = Arc::new(Mutex::new(None));
    let gate = Gate { trusted, verdict: verdict.clone() };
    let connecting = async {
        let stream = TcpStream::connect((host.as_str(), port)).await.map_err(|e| down(&e))?;
        client::connect_stream(Arc::new(config), stream, gate).await.map_err(|e| {
            let verdict = verdict.lock().unwrap_or_else(PoisonError::into_inner).clone();
            verdict.and_then(|v: Verdict| v.fault(&ssh.host)).unwrap_or_else(|| down(&e))
        })
    };
    let late = |_| Fault::transient(HOST_DOWN, format!("{} does not answer", ssh.host));
    let mut handle = tokio::time::timeout(plan.within, connecting).await.map_err(late)??;
    let opening = async {
        authenticate(&mut handle, plan).await?;
        plan.sent.store(false, SeqCst);
        start(&handle, plan, line, answers).await
    };
    let opened = tokio::time::timeout(plan.within, opening).await.map_err(late).flatten();
    Ok((handle, opened.map_err(|fault| in_doubt(&plan.sent, fault))?))
}

fn broken(ssh: &Ssh, e: &russh::Error) -> Fault {
    Fault::transient(HOST_DOWN, format!("{} broke the connection off: {e}", ssh.host))
}

async fn authenticate(handle: &mut Handle<Gate>, plan: &Plan) -> Result<(), Fault> {
    let ssh = &plan.ssh;
    let broken = |e: russh::Error| broken(ssh, &e);
    let refused =
        |why: &str| Fault::permanent(LOGIN_REFUSED, format!("{} refuses the user `{}`{why}", ssh.host, ssh.user));
    if let Some(key) = &ssh.key {
        let read = load_secret_key(plan.base.join(key), ssh.passphrase.as_ref().map(|p| p.expose()));
        let read = read.map_err(|e| Fault::permanent(LOGIN_REFUSED, format!("the key `{key}` cannot be read: {e}")))?;
        let hash = handle.best_supported_rsa_hash().await.map_err(broken)?.flatten();
        let key = PrivateKeyWithHashAlg::new(Arc::new(read), hash);
        return judged(&handle.authenticate_publickey(&ssh.user, key).await.map_err(broken)?).map_err(refused);
    }
    let password = ssh.password.as_ref().map(|p| p.expose()).unwrap_or_default();
    // Asking with nothing in hand tells which ways there are, and is no attempt.
    let ways = match handle.authenticate_none(&ssh.user).await.map_err(broken)? {
        AuthResult::Success => return Ok(()),
        AuthResult::Failure { remaining_methods, .. } => remaining_methods,
    };
    if ways.contains(&MethodKind::Password) {
        plan.sent.store(true, SeqCst);
        return judged(&handle.authenticate_password(&ssh.user, password).await.map_err(broken)?).map_err(refused);
    }
    if !ways.contains(&MethodKind::KeyboardInteractive) {
        return Err(refused(": it takes no passwords"));
    }
    let mut asked = handle.authenticate_keyboard_interactive_start(&ssh.user, None::<String>).await.map_err(broken)?;
    let mut answered = false;
    loop {
        let answers = match asked {
            Asked::Success => return Ok(()),
            Asked::Failure { .. } => return Err(refused("")),
            Asked::InfoRequest { prompts, .. } if prompts.is_empty() => Vec::new(),
            Asked::InfoRequest { prompts, .. }
                if prompts.len() == 1 && !answered && prompts.iter().all(|p| !p.echo) =>
            {
                answered = true;
                plan.sent.store(true, SeqCst);
                vec![password.to_owned()]
            }
            Asked::InfoRequest { .. } => return Err(refused(": it asks for more than a password")),
        };
        asked = handle.authenticate_keyboard_interactive_respond(answers).await.map_err(broken)?;
    }
}

fn judged(result: &AuthResult) -> Result<(), &'static str> {
    match result {
        AuthResult::Success => Ok(()),
        AuthResult::Failure { partial_success: true, .. } => Err(": it wants a second proof"),
        AuthResult::Failure { .. } => Err(""),
    }
}

/// Opens the terminal and starts the shell or command on it.
async fn start(
    handle: &Handle<Gate>,
    plan: &Plan,
    line: &Line,
    answers: &Sender<Vec<u8>>,
) -> Result<Channel<client::Msg>, Fault> {
    let broken = |e: russh::Error| broken(&plan.ssh, &e);
    let mut channel = handle.channel_open_session().await.map_err(broken)?;
    let (rows, columns) = plan.size;
    let erase = plan.manner.backspace.unwrap_or(plan.manner.term.backspace());
    let modes = [(Pty::VERASE, u32::from(erase))];
    let term = plan.manner.term.name();
    channel.request_pty(true, term, u32::from(columns), u32::from(rows), 0, 0, &modes).await.map_err(broken)?;
    match &plan.ssh.run {
        Some(command) => channel.exec(true, command.as_bytes()).await.map_err(broken)?,
        None => channel.request_shell(true).await.map_err(broken)?,
    }
    let mut granted = 0;
    while granted < 2 {
        match channel.wait().await {
            Some(ChannelMsg::Success) => granted += 1,
            Some(ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. }) => take_in(line, &data, answers),
            Some(ChannelMsg::WindowAdjusted { .. }) => {}
            _ => {
                let what = if granted == 0 { "a terminal" } else { "a shell" };
                return Err(Fault::permanent(FAILED, format!("{} does not grant {what}", plan.ssh.host)));
            }
        }
    }
    Ok(channel)
}

fn take_in(line: &Line, data: &[u8], answers: &Sender<Vec<u8>>) {
    let answer = line.arrived(data);
    if !answer.is_empty() {
        let _ = answers.try_send(answer);
    }
}

/// Hands bytes both ways until the far side ends it; tells how.
async fn talk(
    channel: Channel<client::Msg>,
    line: &Line,
    mut waiting: Receiver<Vec<u8>>,
    answers: &Sender<Vec<u8>>,
) -> String {
    let (mut incoming, outgoing) = channel.split();
    let receive = async {
        let mut how = "the connection was lost".to_owned();
        loop {
            match incoming.wait().await {
                Some(ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. }) => {
                    take_in(line, &data, answers)
                }
                Some(ChannelMsg::ExitStatus { exit_status }) => {
                    how = format!("the far side ended with status {exit_status}")
                }
                Some(ChannelMsg::Close) | None => return how,
                Some(_) => {}
            }
        }
    };
    let send = async {
        while let Some(bytes) = waiting.recv().await {
            if outgoing.data_bytes(bytes).await.is_err() {
                break;
            }
        }
        std::future::pending::<String>().await
    };
    tokio::select! {
        how = receive => how,
        how = send => how,
    }
}

/// Looks at the host's key before anything else is said.
struct Gate {
    trusted: Trusted,
    verdict: Arc<Mutex<Option<Verdict>>>,
}

impl Handler for Gate {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &russh::keys::PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let verdict = self.trusted.judge(&shown.public_key());
        let believed = verdict == Verdict::Believed;
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
        Ok(believed)
    }
}

impl Carrier for SshCarrier {
    fn send(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        self.sender.try_send(bytes).map_err(|e| match e {
            TrySendError::Full(_) => congested(),
            TrySendError::Closed(_) => gone(),
        })
    }

    fn close(mut self: Box<Self>) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
