// Go: a goroutine and a WaitGroup, on one thread.
// subject: Go
// package: golang-go
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

const spawns = 2000000

func main() {
	runtime.GOMAXPROCS(1)
	count := 0
	var one sync.WaitGroup
	start := time.Now()
	for i := 0; i < spawns; i++ {
		one.Add(1)
		go func() {
			count++
			one.Done()
		}()
		one.Wait()
	}
	seconds := time.Since(start).Seconds()
	if count != spawns {
		fmt.Fprintln(os.Stderr, "wrong count")
		os.Exit(1)
	}
	fmt.Printf("ns_per_spawn %.6g\nversion %s\n", seconds*1e9/spawns, runtime.Version()[2:])
}
