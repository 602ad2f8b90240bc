// Go: two goroutines take functions from a channel of 1024; a WaitGroup counts.
// subject: Go channel
// package: golang-go
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

const tasks, warm, workers = 1000000, 10000, 2

func run(channel chan func(), n int) float64 {
	var group sync.WaitGroup
	start := time.Now()
	group.Add(n)
	for i := 0; i < n; i++ {
		channel <- group.Done
	}
	group.Wait()
	return time.Since(start).Seconds()
}

func main() {
	runtime.GOMAXPROCS(workers)
	channel := make(chan func(), 1024)
	for i := 0; i < workers; i++ {
		go func() {
			for task := range channel {
				task()
			}
		}()
	}
	run(channel, warm)
	fmt.Printf("tasks_per_s %.6g\nversion %s\n", tasks/run(channel, tasks), runtime.Version()[2:])
}
