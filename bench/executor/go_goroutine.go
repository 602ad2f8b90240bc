// Go: a goroutine for each task; a WaitGroup counts.
// subject: Go goroutine each
// package: golang-go
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

const tasks, warm, workers = 1000000, 10000, 2

func run(n int) float64 {
	var group sync.WaitGroup
	start := time.Now()
	group.Add(n)
	for i := 0; i < n; i++ {
		go group.Done()
	}
	group.Wait()
	return time.Since(start).Seconds()
}

func main() {
	runtime.GOMAXPROCS(workers)
	run(warm)
	fmt.Printf("tasks_per_s %.6g\nversion %s\n", tasks/run(tasks), runtime.Version()[2:])
}
