// Go: two goroutines take functions from a channel; a channel brings the result back. Mostly no trip between threads:
// the submitter parks, and its own thread runs the task.
// subject: Go channel
// package: golang-go
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"time"
)

const trips, warm, workers = 20000, 2000, 2

func main() {
	runtime.GOMAXPROCS(workers)
	channel, results := make(chan func(), 1024), make(chan int, 1)
	for i := 0; i < workers; i++ {
		go func() {
			for task := range channel {
				task()
			}
		}()
	}
	samples := make([]int64, warm+trips)
	for i := range samples {
		start := time.Now()
		channel <- func() { results <- i + 1 }
		result := <-results
		samples[i] = time.Since(start).Nanoseconds()
		if result != i+1 {
			fmt.Fprintln(os.Stderr, "wrong result")
			os.Exit(1)
		}
	}
	samples = samples[warm:]
	sort.Slice(samples, func(i, j int) bool { return samples[i] < samples[j] })
	fmt.Printf("p50_us %.6g\np99_us %.6g\n", float64(samples[trips/2])/1e3, float64(samples[trips*99/100])/1e3)
	fmt.Printf("version %s\n", runtime.Version()[2:])
}
