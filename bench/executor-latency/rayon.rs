// rayon: spawn into a pool of two; a channel of the standard library brings the result back.
// subject: rayon spawn
// package: librust-rayon-dev
// crates: rayon = "1"
use std::sync::mpsc;
use std::time::Instant;

const TRIPS: usize = 20_000;
const WARM: usize = 2_000;
const WORKERS: usize = 2;

fn main() {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(WORKERS)
        .build()
        .unwrap();
    let (sender, receiver) = mpsc::channel();
    let mut samples = Vec::with_capacity(WARM + TRIPS);
    for i in 0..WARM + TRIPS {
        let start = Instant::now();
        let sender = sender.clone();
        pool.spawn(move || sender.send(i + 1).unwrap());
        let result = receiver.recv().unwrap();
        samples.push(start.elapsed().as_nanos());
        assert_eq!(result, i + 1);
    }
    let samples = &mut samples[WARM..];
    samples.sort();
    println!("p50_us {:.6}", samples[TRIPS / 2] as f64 / 1e3);
    println!("p99_us {:.6}", samples[TRIPS * 99 / 100] as f64 / 1e3);
}
