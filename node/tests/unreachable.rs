//! What the tools say when there is no broker: who was asked, what its name means, and what went wrong.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;

fn list_topics(server: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kraftlog"));
    command.args(["topics", "--list", "--bootstrap-server", server]).output().expect("the program starts")
}

fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A server that treats one connection as told, and its address.
fn server(behaviour: fn(TcpStream)) -> (thread::JoinHandle<()>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let thread = thread::spawn(move || {
        if let Ok((stream, _)) = listener.accept() {
            behaviour(stream);
        }
    });
    (thread, address)
}

/// Reads the request, so that closing does not reset the connection.
fn take_request(stream: &mut TcpStream) {
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("a request comes");
    let mut request = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut request).expect("a whole request comes");
}

#[test]
fn a_port_where_nobody_listens() {
    let port = interop::free_port();
    let free = format!("127.0.0.1:{port}");
    let said = complaint(&list_topics(&free));
    assert_eq!(
        said,
        format!("cannot reach a broker at {free}: connection refused: nothing listens on this port\n")
    );
    let said = complaint(&list_topics(&format!("localhost:{port}")));
    assert!(said.contains("(localhost is "), "{said}");
    assert!(said.contains("127.0.0.1"), "{said}");
}

#[test]
fn every_server_that_was_tried_is_named() {
    let free = format!("127.0.0.1:{}", interop::free_port());
    let said = complaint(&list_topics(&format!("{free},{free}")));
    assert_eq!(said.lines().count(), 2);
}

#[test]
fn a_name_that_means_nothing() {
    let said = complaint(&list_topics("no-such-host.invalid:9092"));
    assert!(
        said.starts_with(
            "cannot reach a broker at no-such-host.invalid:9092: the name \"no-such-host.invalid\" could not be resolved"
        ),
        "{said}"
    );
}

#[test]
fn a_port_that_expects_tls() {
    let (thread, address) = server(|mut stream| {
        take_request(&mut stream);
        // An alert of TLS: fatal, unexpected message.
        stream.write_all(&[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x0a]).expect("the client reads");
    });
    let said = complaint(&list_topics(&address));
    assert!(said.contains("got a TLS alert: this port expects TLS"), "{said}");
    thread.join().unwrap();
}

#[test]
fn a_port_that_closes_at_once() {
    let (thread, address) = server(|mut stream| take_request(&mut stream));
    let said = complaint(&list_topics(&address));
    assert!(
        said.contains("the connection was closed at the first request; the port may expect TLS or SASL"),
        "{said}"
    );
    thread.join().unwrap();
}

#[test]
fn a_port_of_a_web_server() {
    let (thread, address) = server(|mut stream| {
        take_request(&mut stream);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("the client reads");
    });
    let said = complaint(&list_topics(&address));
    assert!(said.contains("got HTTP"), "{said}");
    thread.join().unwrap();
}

#[test]
fn a_client_file_that_asks_for_tls_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("client.properties");
    std::fs::write(&file, "client.id=me\nsecurity.protocol=SASL_SSL\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kraftlog"));
    command.args(["topics", "--list", "--bootstrap-server", "127.0.0.1:1", "--command-config"]).arg(&file);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.ends_with("client.properties:2: security.protocol: expected PLAINTEXT, the only protocol these tools speak so far, got \"SASL_SSL\"\n"), "{said}");
}
