//! The embedded Postgres starts, survives a crash, and goes with its folder.

use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;
use xtask::postgres::{Server, StartOptions};

fn accepts(server: &Server) -> bool {
    let url = server.url();
    let (_, place) = url.rsplit_once('@').expect("the URL names a user");
    let (address, _) = place.split_once('/').expect("the URL names a database");
    TcpStream::connect(address).is_ok()
}

#[test]
fn a_server_starts_again_after_a_crash_and_removes_its_files_at_the_end() {
    xtask::npm::ensure().unwrap();
    let folder = TempDir::new_in("/tmp").unwrap();
    open(folder.path());
    let options = StartOptions {
        data_dir: folder.path().join("data"),
        port: None,
        durable: false,
        settings: Vec::new(),
        remove_on_stop: true,
    };
    let mut server = Server::start(&options).unwrap();
    let (url, data_dir) = (server.url(), server.data_dir().to_owned());
    assert!(accepts(&server));
    server.kill_hard().unwrap();
    server.start_again().unwrap();
    assert!(accepts(&server));
    assert_eq!(server.url(), url);
    server.stop().unwrap();
    assert!(!accepts(&server));
    server.start_again().unwrap();
    assert!(accepts(&server));
    drop(server);
    assert!(!data_dir.exists());
}

#[test]
fn a_second_start_finds_the_data_and_two_servers_on_one_folder_are_refused() {
    xtask::npm::ensure().unwrap();
    let folder = TempDir::new_in("/tmp").unwrap();
    open(folder.path());
    let options = StartOptions {
        data_dir: folder.path().join("data"),
        port: None,
        durable: true,
        settings: Vec::new(),
        remove_on_stop: false,
    };
    let first = Server::start(&options).unwrap();
    let password = first.url().split('@').next().unwrap().to_owned();
    let refused = Server::start(&options).unwrap_err().to_string();
    assert!(refused.contains("already runs"), "{refused}");
    drop(first);
    let second = Server::start(&options).unwrap();
    assert!(second.url().starts_with(&password));
    assert!(second.database_url("other").ends_with("/other"));
}

/// Temporary folders are private; Postgres may have to run as somebody else.
fn open(folder: &Path) {
    let everyone = Permissions::from_mode(0o755);
    fs::set_permissions(folder, everyone).expect("the folder is ours");
}
