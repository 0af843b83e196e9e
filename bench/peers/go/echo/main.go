// The echo server in Go: a goroutine per connection, a 64 KiB buffer each. GOMAXPROCS=1 is set by
// whoever starts it.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

const bufferBytes = 64 * 1024

func echo(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, bufferBytes)
	for {
		got, err := connection.Read(buffer)
		if got > 0 {
			if _, err := connection.Write(buffer[:got]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func main() {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	// The process ends when stdin is closed; SIGTERM ends it by its default action.
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
		connection, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go echo(connection)
	}
}
