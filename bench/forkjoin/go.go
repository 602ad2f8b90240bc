// Go: a goroutine and a channel of one at every node.
// subject: Go goroutine
// package: golang-go
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

func fib(n int) int {
	if n < 2 {
		return n
	}
	forked := make(chan int, 1)
	go func() { forked <- fib(n - 1) }()
	called := fib(n - 2)
	return <-forked + called
}

func main() {
	runtime.GOMAXPROCS(2)
	fib(20)
	start := time.Now()
	result := fib(32)
	seconds := time.Since(start).Seconds()
	if result != 2178309 {
		fmt.Fprintln(os.Stderr, "wrong result")
		os.Exit(1)
	}
	fmt.Printf("ms %.6g\nversion %s\n", seconds*1e3, runtime.Version()[2:])
}
