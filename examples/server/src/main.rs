//! The command line: reads the flags, prints the address, ends on a signal.

use std::process::ExitCode;

use clap::Parser;
use relatch_example_server::{Config, Server, StartError};
use tokio::signal;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
    match run(Config::parse().with_environment()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> Result<(), StartError> {
    let server = Server::bind(config).await?;
    println!("listening on http://localhost:{}", server.port());
    server.run(ended()).await?;
    Ok(())
}

/// Completes on SIGINT or, where there is one, SIGTERM.
async fn ended() {
    tokio::select! {
        _ = signal::ctrl_c() => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    match signal::unix::signal(signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
