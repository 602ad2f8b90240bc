// parking_lot: Mutex.
// subject: parking_lot Mutex
// package: librust-parking-lot-dev
// crates: parking_lot = "0.12"
use parking_lot::Mutex;
use std::hint::black_box;
use std::sync::{mpsc, Barrier};
use std::thread;
use std::time::Instant;

#[repr(align(128))]
struct Shared(Mutex<u64>);

fn main() {
    let threads: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let each: u64 = if threads == 1 {
        10_000_000
    } else {
        20_000_000 / threads
    };
    let (never, asleep) = mpsc::channel::<()>();
    let sleeper = thread::spawn(move || asleep.recv().is_err());
    let shared = Shared(Mutex::new(0));
    let barrier = Barrier::new(threads as usize + 1);
    let seconds = thread::scope(|scope| {
        let mut workers = Vec::new();
        for _ in 0..threads {
            workers.push(scope.spawn(|| {
                barrier.wait();
                for _ in 0..each {
                    let mut count = shared.0.lock();
                    *count = black_box(*count + 1);
                }
            }));
        }
        let start = Instant::now();
        barrier.wait();
        for worker in workers {
            worker.join().unwrap();
        }
        start.elapsed().as_secs_f64()
    });
    drop(never);
    assert!(sleeper.join().unwrap());
    assert_eq!(*shared.0.lock(), each * threads);
    println!("ns_per_lock {:.6}", seconds * 1e9 / (each * threads) as f64);
}
