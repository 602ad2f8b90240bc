// crossbeam: crossbeam_channel::bounded.
// subject: crossbeam bounded
// package: librust-crossbeam-channel-dev
// crates: crossbeam-channel = "0.5"
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

const ITEMS: i32 = 10_000_000;
const CAPACITY: usize = 1024;

fn main() {
    let counts: Vec<i32> = std::env::args()
        .skip(1)
        .map(|count| count.parse().unwrap())
        .collect();
    let (producers, consumers) = (counts[0], counts[1]);
    let (sender, receiver) = crossbeam_channel::bounded::<i32>(CAPACITY);
    let barrier = Barrier::new((producers + consumers + 1) as usize);
    let (sum, seconds) = thread::scope(|scope| {
        let (barrier, sender, receiver) = (&barrier, &sender, &receiver);
        let mut threads = Vec::new();
        for _ in 0..producers {
            threads.push(scope.spawn(move || {
                barrier.wait();
                for i in 0..ITEMS / producers {
                    sender.send(i).unwrap();
                }
                0
            }));
        }
        for _ in 0..consumers {
            threads.push(scope.spawn(move || {
                barrier.wait();
                (0..ITEMS / consumers)
                    .map(|_| receiver.recv().unwrap() as i64)
                    .sum::<i64>()
            }));
        }
        let start = Instant::now();
        barrier.wait();
        let sum: i64 = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        (sum, start.elapsed().as_secs_f64())
    });
    assert_eq!(sum, ITEMS as i64 * (ITEMS / producers - 1) as i64 / 2);
    println!("ns_per_item {:.6}", seconds * 1e9 / ITEMS as f64);
}
