// Go: a channel of int32 between goroutines.
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

const items, capacity = 10000000, 1024

func main() {
	producers, _ := strconv.Atoi(os.Args[1])
	consumers, _ := strconv.Atoi(os.Args[2])
	channel := make(chan int32, capacity)
	sums := make([]int64, consumers)
	var all sync.WaitGroup
	all.Add(producers + consumers)
	start := time.Now()
	for p := 0; p < producers; p++ {
		go func() {
			for i := int32(0); i < int32(items/producers); i++ {
				channel <- i
			}
			all.Done()
		}()
	}
	for c := 0; c < consumers; c++ {
		go func(c int) {
			sum := int64(0)
			for i := 0; i < items/consumers; i++ {
				sum += int64(<-channel)
			}
			sums[c] = sum
			all.Done()
		}(c)
	}
	all.Wait()
	seconds := time.Since(start).Seconds()
	sum := int64(0)
	for _, part := range sums {
		sum += part
	}
	if sum != items*int64(items/producers-1)/2 {
		fmt.Fprintln(os.Stderr, "wrong sum")
		os.Exit(1)
	}
	fmt.Printf("ns_per_item %.6g\nversion %s\n", seconds*1e9/items, runtime.Version()[2:])
}
