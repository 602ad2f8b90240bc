// Tokio: sync::mpsc between two tasks of a current-thread runtime; stackless. It has no capacity of 0.
// subject: Tokio mpsc
// package: librust-tokio-dev
// crates: tokio = { version = "1", features = ["rt", "sync"] }
// workloads: channel-1024
use std::time::Instant;

const ITEMS: i32 = 10_000_000;

fn main() {
    let capacity = std::env::args().nth(1).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (sum, seconds) = runtime.block_on(async {
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<i32>(capacity);
        let start = Instant::now();
        let putter = tokio::spawn(async move {
            for i in 0..ITEMS {
                sender.send(i).await.unwrap();
            }
        });
        let getter = tokio::spawn(async move {
            let mut sum = 0i64;
            while let Some(item) = receiver.recv().await {
                sum += item as i64;
            }
            sum
        });
        putter.await.unwrap();
        (getter.await.unwrap(), start.elapsed().as_secs_f64())
    });
    assert_eq!(sum, ITEMS as i64 * (ITEMS - 1) as i64 / 2);
    println!("ns_per_item {:.6}", seconds * 1e9 / ITEMS as f64);
}
