// Tokio: a Sleep is added when it is first polled, and cancelled when it is dropped; its times are whole milliseconds.
// subject: Tokio Sleep
// package: librust-tokio-dev
// crates: tokio = { version = "1", features = ["rt", "time"] }
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::Sleep;

const COUNT: usize = 1_000_000;

struct PollEach<'a>(&'a mut Vec<Pin<Box<Sleep>>>);

impl Future for PollEach<'_> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        for sleep in self.0.iter_mut() {
            let _ = sleep.as_mut().poll(context);
        }
        Poll::Ready(())
    }
}

fn cpu() -> u128 {
    let words = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    words.split(' ').next().unwrap().parse().unwrap()
}

async fn add(delays: &[Duration]) -> Vec<Pin<Box<Sleep>>> {
    let mut sleeps: Vec<_> = delays.iter().map(|d| Box::pin(tokio::time::sleep(*d))).collect();
    PollEach(&mut sleeps).await;
    sleeps
}

async fn measure(part: &str) -> u128 {
    let mut dice = 88172645463325252u64;
    let least = if part == "fire" { 0 } else { 1000 };
    let delays: Vec<Duration> = (0..COUNT)
        .map(|_| {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            Duration::from_secs(least) + Duration::from_nanos(dice % 2_000_000_000)
        })
        .collect();
    let start = Instant::now();
    let mut sleeps = add(&delays).await;
    if part == "add" {
        let took = start.elapsed().as_nanos();
        std::mem::forget(sleeps);
        return took;
    }
    if part == "cancel" {
        let start = Instant::now();
        drop(sleeps);
        return start.elapsed().as_nanos();
    }
    std::thread::sleep(Duration::from_millis(2100));
    let before = cpu();
    for sleep in sleeps.iter_mut() {
        sleep.as_mut().await
    }
    cpu() - before
}

fn main() {
    let part = std::env::args().nth(1).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let took = runtime.block_on(measure(&part));
    println!("ns_per_timer {:.6}", took as f64 / COUNT as f64);
}
