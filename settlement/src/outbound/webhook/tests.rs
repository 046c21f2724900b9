//! What the client does with names, addresses and certificates, on real sockets.

use super::*;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
/// Public by its block, which has not been given to anybody.
const NOBODY: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2d00, 0, 0, 0, 0, 0, 0, 1));
/// A bound on what is expected to end by itself.
const BOUND: Duration = Duration::from_secs(30);
/// Long enough for a look-up to begin.
const IMPATIENT: Duration = Duration::from_millis(300);

/// Answers each look-up with the next of these, then with the last; counts them.
fn names(answers: &[&[IpAddr]]) -> (LookUp, Arc<AtomicUsize>) {
    let answers: Vec<Vec<IpAddr>> = answers.iter().map(|answer| answer.to_vec()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let look_up = move |_: &str| {
        let at = counted.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
        Ok(answers[at].iter().map(|address| SocketAddr::new(*address, 0)).collect())
    };
    (Arc::new(look_up), asked)
}

async fn post(sender: &Sender, url: &str, time_max: Duration) -> Answer {
    let (message_id, signature, body) = ("msg_1", "v1,AA==", "{}");
    let call = Call { url, message_id, timestamp_seconds: 1, signature, body, time_max };
    sender.post(call).await
}

/// A listener that nobody may reach.
async fn inner() -> (TcpListener, u16) {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn assert_untouched(listener: &TcpListener) {
    let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(nobody.is_err(), "somebody connected");
}

#[tokio::test]
async fn a_name_that_turns_inwards_after_it_was_public_is_refused_when_it_is_connected_to() {
    let (listener, port) = inner().await;
    let (look_up, asked) = names(&[&[NOBODY], &[LOOPBACK]]);
    let sender = Sender::build(Reach::Public, look_up, Vec::new());
    let url = format!("https://rebinding.example:{port}/");
    let first = post(&sender, &url, Duration::from_millis(200)).await;
    assert!(
        matches!(first, Answer::Failed(CallFault::Unreachable | CallFault::Timeout)),
        "{first:?}"
    );
    let second = post(&sender, &url, BOUND).await;
    assert_eq!(second, Answer::Failed(CallFault::AddressRefused));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert_untouched(&listener).await;
}

#[tokio::test]
async fn a_name_that_leads_inside_as_well_is_refused_whole() {
    let (listener, port) = inner().await;
    let mapped = "::ffff:127.0.0.1".parse().unwrap();
    for answer in [[NOBODY, LOOPBACK], [LOOPBACK, NOBODY], [NOBODY, mapped]] {
        let sender = Sender::build(Reach::Public, names(&[&answer]).0, Vec::new());
        let url = format!("https://both.example:{port}/");
        assert_eq!(post(&sender, &url, BOUND).await, Answer::Failed(CallFault::AddressRefused));
    }
    assert_untouched(&listener).await;
}

#[tokio::test]
async fn an_inner_address_in_a_url_is_refused_in_every_spelling() {
    let (listener, port) = inner().await;
    let sender = Sender::new(Reach::Public);
    for host in [
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "localhost.",
        "u:p@hooks.shop.example",
    ] {
        let answer = post(&sender, &format!("https://{host}:{port}/"), BOUND).await;
        assert_eq!(answer, Answer::Failed(CallFault::AddressRefused), "{host}");
    }
    let plain = post(&sender, "http://hooks.shop.example/", BOUND).await;
    assert_eq!(plain, Answer::Failed(CallFault::AddressRefused));
    assert_eq!(post(&sender, "no url", BOUND).await, Answer::Failed(CallFault::AddressRefused));
    assert_untouched(&listener).await;
}

#[tokio::test]
async fn a_name_without_an_address_is_told_apart() {
    let sender = Sender::build(Reach::Any, names(&[&[]]).0, Vec::new());
    let answer = post(&sender, "http://nowhere.example/", BOUND).await;
    assert_eq!(answer, Answer::Failed(CallFault::Unresolved));
    let fails: LookUp = Arc::new(|_| Err(std::io::Error::other("no such name")));
    let sender = Sender::build(Reach::Any, fails, Vec::new());
    let answer = post(&sender, "http://nowhere.example/", BOUND).await;
    assert_eq!(answer, Answer::Failed(CallFault::Unresolved));
}

#[tokio::test]
async fn a_name_server_that_is_silent_costs_no_more_than_the_time_there_is() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let look_up: LookUp = Arc::new(move |_| {
        let _ = released.lock().unwrap().recv();
        Ok(Vec::new())
    });
    let sender = Sender::build(Reach::Any, look_up, Vec::new());
    let answer = post(&sender, "http://silent.example/", Duration::from_millis(50)).await;
    assert_eq!(answer, Answer::Failed(CallFault::Timeout));
    drop(release);
}

/// Look-ups of names that begin with `silent` wait until the sender is dropped; all others find
/// nobody. Counts those that were begun.
fn silent() -> (LookUp, Arc<AtomicUsize>, std::sync::mpsc::Sender<()>) {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&begun);
    let look_up: LookUp = Arc::new(move |name| {
        counted.fetch_add(1, Ordering::Relaxed);
        if name.starts_with("silent") {
            let _ = released.lock().unwrap().recv();
        }
        Ok(Vec::new())
    });
    (look_up, begun, release)
}

#[tokio::test]
async fn a_name_is_looked_up_once_at_a_time_and_all_who_wait_get_its_answer() {
    let (look_up, begun, release) = silent();
    let sender = Sender::build(Reach::Any, look_up, Vec::new());
    let impatient = (0..20).map(|_| post(&sender, "http://silent.example/", IMPATIENT));
    for answer in futures_util::future::join_all(impatient).await {
        assert_eq!(answer, Answer::Failed(CallFault::Timeout));
    }
    let other = post(&sender, "http://other.example/", BOUND).await;
    assert_eq!(other, Answer::Failed(CallFault::Unresolved));
    assert_eq!(begun.load(Ordering::Relaxed), 2);
    let waiting = (0..20).map(|_| post(&sender, "http://silent.example/", BOUND));
    let waiting = futures_util::future::join_all(waiting);
    let (answers, ()) = tokio::join!(waiting, async { drop(release) });
    assert!(answers.iter().all(|answer| *answer == Answer::Failed(CallFault::Unresolved)));
    assert_eq!(begun.load(Ordering::Relaxed), 2);
    post(&sender, "http://silent.example/", BOUND).await;
    assert_eq!(begun.load(Ordering::Relaxed), 3, "later it is looked up anew");
}

#[tokio::test]
async fn a_name_that_finds_no_place_fails_by_no_fault_of_its_own() {
    let (look_up, begun, release) = silent();
    let sender = Sender::build(Reach::Any, look_up, Vec::new());
    let urls: Vec<_> =
        (0..names::LOOKUPS_MAX).map(|n| format!("http://silent{n}.example/")).collect();
    let silent = urls.iter().map(|url| post(&sender, url, IMPATIENT));
    futures_util::future::join_all(silent).await;
    assert_eq!(post(&sender, "http://well.example/", BOUND).await, Answer::NotMade);
    assert_eq!(begun.load(Ordering::Relaxed), names::LOOKUPS_MAX);
    drop(release);
    let later =
        async { while post(&sender, "http://well.example/", BOUND).await == Answer::NotMade {} };
    tokio::time::timeout(BOUND, later).await.expect("places become free");
}

/// A certificate of `name`, by an issuer of its own; answers the issuer's certificate and the
/// server's configuration.
fn certified(name: &str) -> (reqwest::Certificate, ServerConfig) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    (reqwest::Certificate::from_der(issuer.der()).unwrap(), config)
}

/// Answers one request over TLS; its port.
async fn tls(config: ServerConfig) -> u16 {
    let (listener, port) = inner().await;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        }
    });
    port
}

#[tokio::test]
async fn a_certificate_must_be_trusted_and_of_the_name() {
    let (issuer, config) = certified("hooks.shop.example");
    let port = tls(config).await;
    let url = format!("https://hooks.shop.example:{port}/");
    let trusting = Sender::build(Reach::Any, names(&[&[LOOPBACK]]).0, vec![issuer]);
    let answer = post(&trusting, &url, BOUND).await;
    assert_eq!(answer, Answer::Status { status: 204, start: Vec::new() });
    let other = post(&trusting, &format!("https://other.example:{port}/"), BOUND).await;
    assert_eq!(other, Answer::Failed(CallFault::Tls));
    let careful = Sender::build(Reach::Any, names(&[&[LOOPBACK]]).0, Vec::new());
    assert_eq!(post(&careful, &url, BOUND).await, Answer::Failed(CallFault::Tls));
}

#[tokio::test]
async fn what_does_not_speak_tls_is_told_apart_from_what_is_not_there() {
    for said in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b""] {
        let (listener, port) = inner().await;
        let said = said.to_vec();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&said).await;
            }
        });
        let sender = Sender::build(Reach::Any, names(&[&[LOOPBACK]]).0, Vec::new());
        let url = format!("https://plain.example:{port}/");
        assert_eq!(post(&sender, &url, BOUND).await, Answer::Failed(CallFault::Tls), "{port}");
    }
    let (listener, port) = inner().await;
    drop(listener);
    let answer = post(&Sender::new(Reach::Any), &format!("https://127.0.0.1:{port}/"), BOUND).await;
    assert_eq!(answer, Answer::Failed(CallFault::Unreachable));
}

#[test]
fn nothing_of_an_endpoint_is_in_what_is_printed() {
    let answer = Answer::Status { status: 500, start: b"secret".to_vec() };
    let printed = format!("{answer:?} {:?}", Sender::new(Reach::Public));
    assert_eq!(printed, "Status(500, 6 bytes kept) Sender(Public)");
}
