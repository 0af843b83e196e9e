//! The echo server in tokio: a task per connection, a 64 KiB buffer each. `--threads N` makes it a
//! runtime of so many workers; without, all is on one thread.

use std::io::{Read, Write};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use rota_bench_tokio::{runtime, threads};

const BUFFER_BYTES: usize = 64 * 1024;

async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0u8; BUFFER_BYTES];
    loop {
        let got = stream.read(&mut buffer).await?;
        if got == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..got]).await?;
    }
}

/// Ends the process when stdin is closed. SIGTERM ends it by its default action.
fn end_with_stdin() {
    std::thread::spawn(|| {
        let mut ignored = [0u8; 256];
        let mut stdin = std::io::stdin();
        while matches!(stdin.read(&mut ignored), Ok(got) if got > 0) {}
        std::process::exit(0);
    });
}

async fn serve() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("port {}", listener.local_addr()?.port());
    std::io::stdout().flush()?;
    end_with_stdin();
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A reset by the client ends its connection and nothing else.
            let _ = echo(stream).await;
        });
    }
}

fn main() -> std::io::Result<()> {
    runtime(threads()).block_on(serve())
}
