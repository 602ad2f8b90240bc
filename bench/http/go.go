// Go: net/http, GOMAXPROCS=1; the clients are those of http.h.
// subject: Go net/http
// package: golang-go
package main

// #cgo CFLAGS: -D_GNU_SOURCE -O2 -pthread -I${SRCDIR}/..
// #include "http/http.h"
import "C"

import (
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
)

func main() {
	runtime.GOMAXPROCS(1)
	json := []byte("{\"data\":\"" + strings.Repeat("x", C.HTTP_BODY-11) + "\"}")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(json)
	})
	go http.Serve(listener, nil)
	C.http_measure(C.int(listener.Addr().(*net.TCPAddr).Port))
	fmt.Println("version", strings.TrimPrefix(runtime.Version(), "go"))
}
