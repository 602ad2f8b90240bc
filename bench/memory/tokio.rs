// Tokio: tasks in tokio::time::sleep, on one thread.
// subject: Tokio
// package: librust-tokio-dev
// crates: tokio = { version = "1", features = ["rt", "time"] }
use std::cell::Cell;
use std::time::Duration;

const COUNT: usize = 1_000_000;

thread_local! { static ASLEEP: Cell<usize> = const { Cell::new(0) } }

fn kilobytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |line: &str| line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap();
    let wanted = |line: &&str| line.starts_with("VmRSS:") || line.starts_with("VmPTE:");
    status.lines().filter(wanted).map(of).sum()
}

async fn fall_asleep() {
    ASLEEP.with(|asleep| asleep.set(asleep.get() + 1));
    tokio::time::sleep(Duration::from_secs(3600)).await;
}

async fn start_all() {
    let before = kilobytes();
    for _ in 0..COUNT {
        tokio::spawn(fall_asleep());
    }
    while ASLEEP.with(|asleep| asleep.get()) < COUNT {
        tokio::task::yield_now().await;
    }
    let each = (kilobytes() - before) as f64 * 1024.0 / COUNT as f64;
    println!("bytes_each {:.6}", each);
    std::process::exit(0); // nobody wants to wait for the end of a million
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(start_all());
}
