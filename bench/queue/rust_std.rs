// Rust's standard library: mpsc::sync_channel, which has one consumer.
// subject: Rust std mpsc
// package: rustc
// workloads: queue-1x1
use std::sync::{mpsc, Barrier};
use std::thread;
use std::time::Instant;

const ITEMS: i32 = 10_000_000;
const CAPACITY: usize = 1024;

fn main() {
    let (sender, receiver) = mpsc::sync_channel::<i32>(CAPACITY);
    let barrier = Barrier::new(3);
    let (sum, seconds) = thread::scope(|scope| {
        let barrier = &barrier;
        let producer = scope.spawn(move || {
            barrier.wait();
            for i in 0..ITEMS {
                sender.send(i).unwrap();
            }
        });
        let consumer = scope.spawn(move || {
            barrier.wait();
            (0..ITEMS)
                .map(|_| receiver.recv().unwrap() as i64)
                .sum::<i64>()
        });
        let start = Instant::now();
        barrier.wait();
        producer.join().unwrap();
        let sum = consumer.join().unwrap();
        (sum, start.elapsed().as_secs_f64())
    });
    assert_eq!(sum, ITEMS as i64 * (ITEMS - 1) as i64 / 2);
    println!("ns_per_item {:.6}", seconds * 1e9 / ITEMS as f64);
}
