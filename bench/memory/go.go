// Go: goroutines in time.Sleep.
// subject: Go goroutines
// package: golang-go
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

const count = 1000000

func bytes() (sum float64) {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		var kilobytes float64
		for _, key := range []string{"VmRSS: %f", "VmPTE: %f"} {
			if n, _ := fmt.Sscanf(line, key, &kilobytes); n == 1 {
				sum += kilobytes * 1024
			}
		}
	}
	return
}

func main() {
	before := bytes()
	var asleep int64
	for i := 0; i < count; i++ {
		go func() {
			atomic.AddInt64(&asleep, 1)
			time.Sleep(time.Hour)
		}()
	}
	for atomic.LoadInt64(&asleep) < count {
		runtime.Gosched()
	}
	fmt.Printf("bytes_each %.6g\nversion %s\n", (bytes()-before)/count, runtime.Version()[2:])
}
