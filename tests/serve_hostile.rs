//! The live page under attack: other sites, malformed requests, clients that do not read. And how it starts and ends.

mod harness;

use std::io::{Read, Write};

use harness::hostile::request_number;
use harness::page::{Page, Reply};
use harness::{Folder, SMALL, small};

/// How many hostile requests are made.
const REQUESTS: u64 = 2000;

#[test]
fn two_thousand_hostile_requests_get_no_data() {
    let folder = Folder::new();
    folder.train_small("a", &["--steps", "1"]).succeeds();
    let page = Page::serve(&folder, &[]);
    let mut kept = Vec::new();
    for nth in 0..REQUESTS {
        let request = request_number(nth, page.port);
        if nth % 20 == 0 {
            // Half a request: the rest never comes, and the server does not wait for it.
            let mut stream = page.connect();
            let _ = stream.write_all(&request[..request.len() / 2]);
            kept.push(stream);
            continue;
        }
        let answer = page.send(&request);
        let shown = || String::from_utf8_lossy(&request[..request.len().min(300)]).into_owned();
        let Some(reply) = Reply::of(&answer) else {
            assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", shown());
            continue;
        };
        assert!((400..600).contains(&reply.status), "{} for {}", reply.status, shown());
        assert!(![500, 503].contains(&reply.status), "{} for {}", reply.text(), shown());
        assert!(reply.body.is_empty() || reply.text().starts_with("{\"error\":"), "{} for {}", reply.text(), shown());
    }
    assert_eq!(page.json("/api/runs")["runs"][0]["name"], "a");
    drop(kept);
    #[cfg(unix)]
    assert!(!page.stop("INT").succeeds().stderr.contains("panicked"));
}

#[test]
fn every_answer_is_for_its_own_page_alone() {
    let folder = Folder::new();
    let page = Page::serve(&folder, &[]);
    for path in ["/", "/app.js", "/api/runs", "/api/runs/0", "/nothing"] {
        for reply in [page.ask(path), page.request("POST", path, ""), page.request("GET", path, "Origin: null\r\n")] {
            let policy = reply.header("content-security-policy").expect("a policy");
            assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
            assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(reply.header("cross-origin-resource-policy"), Some("same-origin"));
            assert!(!reply.head.contains("access-control"), "{}", reply.head);
        }
    }
    let port = page.port;
    for own in ["127.0.0.1", "localhost", "[::1]"] {
        let question = format!(
            "GET /api/runs HTTP/1.1\r\nHost: {own}:{port}\r\nOrigin: http://{own}:{port}\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(Reply::of(&page.send(question.as_bytes())).unwrap().status, 200, "{own}");
    }
    page.request("DELETE", "/", "").refuses(405, &["GET or HEAD"]);
    page.request("GET", "/", "Content-Length: 5\r\n").refuses(413, &["no body"]);
    page.request("GET", "/api/runs", "Sec-Fetch-Site: cross-site\r\n").refuses(403, &["another site"]);
    let link = page.request("GET", "/", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n");
    assert_eq!(link.status, 200, "a link may lead to the page");
}

#[test]
fn two_hundred_clients_that_do_not_read_block_nobody() {
    let folder = Folder::new();
    folder.train_small("a", &["--steps", "1"]).succeeds();
    let page = Page::serve(&folder, &[]);
    let slow: Vec<_> = (0..200)
        .map(|nth| {
            let path = if nth % 2 == 0 { "/api/live" } else { "/api/runs/0/points/0" };
            let mut stream = page.connect();
            // A connection that a newer one replaced no longer takes the request.
            let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", page.port);
            stream
        })
        .collect();
    assert_eq!(page.json("/api/runs")["runs"][0]["name"], "a");
    assert_eq!(page.live().next().expect("the events arrive")["runs"][0]["name"], "a");
    // At most 64 of the two hundred are still open.
    let mut open = 0;
    for mut stream in slow {
        stream.set_nonblocking(true).unwrap();
        let mut rest = Vec::new();
        let is_open = stream.read_to_end(&mut rest).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        open += usize::from(is_open);
    }
    assert!(open <= 64, "{open}");
}

#[test]
fn what_cannot_be_served_is_refused_with_advice() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "1"]).succeeds();
    folder.run(&["serve", "runs/toi"]).fails(3, &["runs/toi", "wordspace serve", "wordspace train"]);
    let page = Page::serve(&folder, &[]);
    let port = page.port.to_string();
    folder.run(&["serve", "--port", &port]).fails(1, &[&port, "wordspace serve --port 0"]);
    folder.run(&["serve", "--port", "70000"]).fails(2, &["70000"]);
    folder.run(&["train", "--open"]).fails(2, &["--serve"]);
    let refused = folder.run(&small("toy", &["--serve"])).fails(6, &["runs/toy"]);
    assert!(!refused.stderr.contains("http://"), "no page for a run that cannot begin: {}", refused.stderr);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_page_cleanly() {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("empty")).unwrap();
    for (arguments, name) in [(&[][..], "runs"), (&["empty"], "empty")] {
        let said = Page::serve(&folder, arguments).stop("INT").succeeds().stderr;
        assert!(said.contains(&format!("no runs in {name} yet")) && said.contains("wordspace train"), "{said}");
    }
    Page::serve(&folder, &[]).stop("TERM").succeeds();
}

#[cfg(unix)]
#[test]
fn a_run_is_shown_while_it_trains_and_after_it_until_ctrl_c() {
    let folder = Folder::new();
    let page = Page::beside(&folder, &small("a", &["--serve", "--steps", "60"]));
    let states: Vec<String> = page
        .live()
        .filter_map(|news| Some(news["runs"][0]["state"].as_str()?.to_string()))
        .take_while(|state| state != "complete")
        .collect();
    assert!(states.iter().all(|state| state == "waiting" || state == "training"), "{states:?}");
    assert_eq!(page.json("/api/runs")["runs"][0]["step"], 60);
    let done = page.stop("INT").succeeds();
    assert!(done.stdout.contains("60 steps") && done.stderr.contains("until Ctrl-C"), "{}{}", done.stdout, done.stderr);
    let resumed = Page::beside(&folder, &["resume", "runs/a", "--steps", "61", "--serve"]);
    assert!(resumed.live().any(|news| news["runs"][0]["step"] == 61));
    resumed.stop("INT").succeeds();
}

#[cfg(unix)]
#[test]
fn ctrl_c_while_a_run_with_a_page_trains_leaves_a_checkpoint() {
    let folder = Folder::new();
    let more = ["--serve", "--steps", "1000000", "--set", "evaluate.every=0"];
    let page = Page::beside(&folder, &[&["train", "--name", "long"], SMALL, &more].concat());
    page.live().find(|news| news["runs"][0]["step"].as_u64() > Some(2)).expect("it trains");
    let done = page.stop("INT");
    assert_eq!(done.code, Some(130), "{}", done.stderr);
    assert!(!harness::names(&folder.join("runs/long/checkpoints")).is_empty());
    assert!(done.stderr.contains("resume"), "{}", done.stderr);
}
