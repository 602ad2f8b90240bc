// rayon: join at every node.
// subject: rayon join
// package: librust-rayon-dev
// crates: rayon = "1"
use std::time::Instant;

fn fib(n: u32) -> u64 {
    if n < 2 {
        return n as u64;
    }
    let (a, b) = rayon::join(|| fib(n - 1), || fib(n - 2));
    a + b
}

fn main() {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .unwrap();
    pool.install(|| {
        assert_eq!(fib(20), 6765);
        let start = Instant::now();
        let result = fib(32);
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(result, 2178309);
        println!("ms {:.6}", seconds * 1e3);
    });
}
