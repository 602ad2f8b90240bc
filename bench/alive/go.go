// Go: goroutines that wait for a channel to be closed, on one thread.
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

const alive = 100000

func main() {
	runtime.GOMAXPROCS(1)
	begun, goneOn := 0, 0
	var all sync.WaitGroup
	all.Add(alive)
	start := time.Now()
	event := make(chan int)
	for i := 0; i < alive; i++ {
		go func() {
			begun++
			<-event
			goneOn++
			all.Done()
		}()
	}
	for begun < alive {
		runtime.Gosched()
	}
	close(event)
	all.Wait()
	seconds := time.Since(start).Seconds()
	if goneOn != alive {
		fmt.Fprintln(os.Stderr, "wrong count")
		os.Exit(1)
	}
	fmt.Printf("ns_per_life %.6g\nversion %s\n", seconds*1e9/alive, runtime.Version()[2:])
}
