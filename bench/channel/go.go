// Go: a channel of int32 between two goroutines on one thread.
// subject: Go channel
// package: golang-go
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const items = 10000000

func main() {
	runtime.GOMAXPROCS(1)
	capacity, _ := strconv.Atoi(os.Args[1])
	channel := make(chan int32, capacity)
	sum := int64(0)
	var both sync.WaitGroup
	both.Add(2)
	start := time.Now()
	go func() {
		for i := int32(0); i < items; i++ {
			channel <- i
		}
		both.Done()
	}()
	go func() {
		for i := 0; i < items; i++ {
			sum += int64(<-channel)
		}
		both.Done()
	}()
	both.Wait()
	seconds := time.Since(start).Seconds()
	if sum != items*int64(items-1)/2 {
		fmt.Fprintln(os.Stderr, "wrong sum")
		os.Exit(1)
	}
	fmt.Printf("ns_per_item %.6g\nversion %s\n", seconds*1e9/items, runtime.Version()[2:])
}
