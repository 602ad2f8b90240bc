// Tokio: spawn and await in a current-thread runtime; stackless.
// subject: Tokio
// package: librust-tokio-dev
// crates: tokio = { version = "1", features = ["rt"] }
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Instant;

const SPAWNS: u32 = 2_000_000;
static COUNT: AtomicU32 = AtomicU32::new(0);

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let seconds = runtime.block_on(async {
        let start = Instant::now();
        for _ in 0..SPAWNS {
            tokio::spawn(async { COUNT.store(COUNT.load(Relaxed) + 1, Relaxed) })
                .await
                .unwrap();
        }
        start.elapsed().as_secs_f64()
    });
    assert_eq!(COUNT.load(Relaxed), SPAWNS);
    println!("ns_per_spawn {:.6}", seconds * 1e9 / SPAWNS as f64);
}
