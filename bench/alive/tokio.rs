// Tokio: tasks that wait for a Notify in a current-thread runtime; stackless, so a life is some 200 bytes.
// subject: Tokio, stackless
// package: librust-tokio-dev
// crates: tokio = { version = "1", features = ["rt", "sync"] }
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;

const ALIVE: u32 = 100_000;
static BEGUN: AtomicU32 = AtomicU32::new(0);
static GONE_ON: AtomicU32 = AtomicU32::new(0);

fn add_one(count: &AtomicU32) {
    count.store(count.load(Relaxed) + 1, Relaxed);
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let seconds = runtime.block_on(async {
        let start = Instant::now();
        let event = Arc::new(Notify::new());
        let mut lives = Vec::with_capacity(ALIVE as usize);
        for _ in 0..ALIVE {
            let event = event.clone();
            lives.push(tokio::spawn(async move {
                add_one(&BEGUN);
                event.notified().await;
                add_one(&GONE_ON);
            }));
        }
        while BEGUN.load(Relaxed) < ALIVE {
            tokio::task::yield_now().await;
        }
        event.notify_waiters();
        for life in lives {
            life.await.unwrap();
        }
        start.elapsed().as_secs_f64()
    });
    assert_eq!(GONE_ON.load(Relaxed), ALIVE);
    println!("ns_per_life {:.6}", seconds * 1e9 / ALIVE as f64);
}
