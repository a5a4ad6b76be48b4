//! Static pages, and the addresses they are served on.

use std::{env::temp_dir, fs, path::PathBuf, process};

use super::common::start;
use reqwest::{Method, StatusCode, header};

fn directory(name: &str, file: &str, content: &str) -> PathBuf {
    let directory = temp_dir().join(format!("relatch-{name}-{}", process::id()));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(file), content).unwrap();
    directory
}

#[tokio::test]
async fn pages_and_package_are_served_with_their_headers() {
    let site = directory("site", "index.html", "<h1>hi</h1>");
    let package = directory("package", "relatch_bg.wasm", "wasm");
    let flags = [format!("--site={}", site.display()), format!("--package={}", package.display())];
    let server = start(&flags.each_ref().map(String::as_str)).await;
    for (path, content_type) in [("/", "text/html"), ("/relatch/relatch_bg.wasm", "application/wasm")] {
        let answer = server.foreign(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let headers = answer.headers();
        assert_eq!(headers[header::CONTENT_TYPE], content_type);
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let csp = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], csp);
    }
    let outside = server.foreign(Method::GET, "/relatch/%2e%2e/Cargo.toml");
    assert_eq!(outside.send().await.unwrap().status(), StatusCode::NOT_FOUND);
    fs::remove_dir_all(site).unwrap();
    fs::remove_dir_all(package).unwrap();
}

#[tokio::test]
async fn the_policy_of_the_pages_is_a_flag() {
    let site = directory("csp", "index.html", "");
    let flag = format!("--site={}", site.display());
    let server = start(&[&flag, "--csp=default-src 'none'"]).await;
    let answer = server.foreign(Method::GET, "/").send().await.unwrap();
    let csp = &answer.headers()[header::CONTENT_SECURITY_POLICY];
    assert_eq!(csp, "default-src 'none'");
    fs::remove_dir_all(site).unwrap();
}

#[tokio::test]
async fn localhost_answers_on_both_loopback_addresses() {
    let server = start(&[]).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        if host == "[::1]" && tokio::net::TcpListener::bind("[::1]:0").await.is_err() {
            continue;
        }
        let url = format!("http://{host}:{}/healthz", server.port);
        let answer = client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{host}");
    }
}
