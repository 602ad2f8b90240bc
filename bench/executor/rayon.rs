// rayon: scope.spawn from outside of the pool of two.
// subject: rayon scope
// package: librust-rayon-dev
// crates: rayon = "1"
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const TASKS: usize = 1_000_000;
const WARM: usize = 10_000;
const WORKERS: usize = 2;

fn run(pool: &rayon::ThreadPool, tasks: usize) -> f64 {
    let counted = AtomicUsize::new(0);
    let start = Instant::now();
    pool.in_place_scope(|scope| {
        for _ in 0..tasks {
            scope.spawn(|_| {
                counted.fetch_add(1, Ordering::AcqRel);
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(counted.load(Ordering::Relaxed), tasks);
    seconds
}

fn main() {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(WORKERS)
        .build()
        .unwrap();
    run(&pool, WARM);
    println!("tasks_per_s {:.6}", TASKS as f64 / run(&pool, TASKS));
}
