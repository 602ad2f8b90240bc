// Tokio: task::yield_now in two tasks of a current-thread runtime; stackless.
// subject: Tokio
// package: librust-tokio-dev
// crates: tokio = { version = "1", features = ["rt"] }
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Instant;

const SWITCHES: u32 = 20_000_000;
static TURNS: AtomicU32 = AtomicU32::new(0);
static LAST: AtomicU32 = AtomicU32::new(2);
static WRONG: AtomicU32 = AtomicU32::new(0);

async fn take_turns(who: u32) {
    for _ in 0..SWITCHES / 2 {
        TURNS.store(TURNS.load(Relaxed) + 1, Relaxed);
        if LAST.load(Relaxed) == who {
            WRONG.store(WRONG.load(Relaxed) + 1, Relaxed);
        }
        LAST.store(who, Relaxed);
        tokio::task::yield_now().await;
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let seconds = runtime.block_on(async {
        let start = Instant::now();
        let (first, second) = (tokio::spawn(take_turns(0)), tokio::spawn(take_turns(1)));
        first.await.unwrap();
        second.await.unwrap();
        start.elapsed().as_secs_f64()
    });
    assert_eq!((TURNS.load(Relaxed), WRONG.load(Relaxed)), (SWITCHES, 0));
    println!("ns_per_switch {:.6}", seconds * 1e9 / SWITCHES as f64);
}
