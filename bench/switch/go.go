// Go: runtime.Gosched in two goroutines on one thread.
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

const switches = 20000000

var turns, wrong int
var last = -1

func main() {
	runtime.GOMAXPROCS(1)
	var both sync.WaitGroup
	both.Add(2)
	start := time.Now()
	take := func(who int) {
		for i := 0; i < switches/2; i++ {
			turns++
			if last == who {
				wrong++
			}
			last = who
			runtime.Gosched()
		}
		both.Done()
	}
	go take(0)
	go take(1)
	both.Wait()
	seconds := time.Since(start).Seconds()
	if turns != switches || wrong > switches/25 { // every 61st time it looks into another queue
		fmt.Fprintln(os.Stderr, "wrong turns:", turns, wrong)
		os.Exit(1)
	}
	fmt.Printf("ns_per_switch %.6g\nversion %s\n", seconds*1e9/switches, runtime.Version()[2:])
}
