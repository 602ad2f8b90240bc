// Go: sync.Mutex between goroutines.
// subject: Go sync.Mutex
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

var shared struct {
	mutex sync.Mutex
	count int
}

func add(each int) {
	for i := 0; i < each; i++ {
		shared.mutex.Lock()
		shared.count++
		shared.mutex.Unlock()
	}
}

func main() {
	threads, _ := strconv.Atoi(os.Args[1])
	each := 20000000 / threads
	if threads == 1 {
		each = 10000000
	}
	var all sync.WaitGroup
	all.Add(threads)
	start := time.Now()
	for i := 0; i < threads; i++ {
		go func() {
			add(each)
			all.Done()
		}()
	}
	all.Wait()
	seconds := time.Since(start).Seconds()
	if shared.count != each*threads {
		fmt.Fprintln(os.Stderr, "wrong count")
		os.Exit(1)
	}
	fmt.Printf("ns_per_lock %.6g\nversion %s\n", seconds*1e9/float64(each*threads), runtime.Version()[2:])
}
