// Go: time.AfterFunc and Timer.Stop. Its timers come by themselves, so those of "fire" come from two seconds on.
// subject: Go time.AfterFunc
// package: golang-go
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const count = 1000000

func cpu() int64 {
	var used syscall.Rusage
	syscall.Getrusage(0, &used)
	return used.Utime.Nano() + used.Stime.Nano()
}

func main() {
	timers := make([]*time.Timer, count)
	delays := make([]time.Duration, count)
	dice := uint64(88172645463325252)
	for i := range delays {
		dice ^= dice << 13
		dice ^= dice >> 7
		dice ^= dice << 17
		delays[i] = time.Duration(dice % 2000000000)
	}
	var took int64
	if os.Args[1] == "fire" {
		var all sync.WaitGroup
		all.Add(count)
		for i := range timers {
			timers[i] = time.AfterFunc(2*time.Second+delays[i], all.Done)
		}
		before := cpu()
		all.Wait()
		took = cpu() - before
	} else {
		unwanted := func() { panic("called") }
		start := time.Now()
		for i := range timers {
			timers[i] = time.AfterFunc(1000*time.Second+delays[i], unwanted)
		}
		if os.Args[1] == "cancel" {
			start = time.Now()
			for _, timer := range timers {
				timer.Stop()
			}
		}
		took = time.Since(start).Nanoseconds()
	}
	fmt.Printf("ns_per_timer %.6g\nversion %s\n", float64(took)/count, runtime.Version()[2:])
}
