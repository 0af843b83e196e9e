// Random 4 KiB reads by goroutines that call ReadAt, 1, 32 and 128 of them, as bench/rota/files.cpp
// makes them. A goroutine that reads a file keeps its thread for as long as that takes. The file is
// read once in full before each depth.
//
//	go_files FILE
package main

import (
	"fmt"
	"io"
	"math/rand"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	blockBytes = 4096
	chunkBytes = 128 * blockBytes
	reads      = 400_000
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func cpuNanoseconds() int64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func warm(file *os.File, blocks int64) {
	chunk := make([]byte, chunkBytes)
	for at := int64(0); at < blocks*blockBytes; at += chunkBytes {
		if _, err := file.ReadAt(chunk, at); err != io.EOF {
			check(err)
		}
	}
}

func readBlocks(file *os.File, blocks, seed int64, begun *atomic.Int64) {
	random := rand.New(rand.NewSource(seed))
	block := make([]byte, blockBytes)
	for begun.Add(1) <= reads {
		_, err := file.ReadAt(block, random.Int63n(blocks)*blockBytes)
		check(err)
	}
}

func measure(name string, depth int, file *os.File, blocks int64) {
	warm(file, blocks)
	var begun atomic.Int64
	var all sync.WaitGroup
	all.Add(depth)
	cpu, wall := cpuNanoseconds(), time.Now()
	for i := 0; i < depth; i++ {
		go func(seed int64) {
			readBlocks(file, blocks, seed, &begun)
			all.Done()
		}(int64(i))
	}
	all.Wait()
	fmt.Printf("{\"name\":\"%s\",\"operations\":%d,\"ns_per_op\":%.3f,\"wall_ns_per_op\":%.3f}\n",
		name, reads, float64(cpuNanoseconds()-cpu)/reads,
		float64(time.Since(wall).Nanoseconds())/reads)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go_files FILE")
		os.Exit(2)
	}
	file, err := os.Open(os.Args[1])
	check(err)
	status, err := file.Stat()
	check(err)
	blocks := status.Size() / blockBytes
	if blocks == 0 {
		check(fmt.Errorf("%s has less than a block", os.Args[1]))
	}
	measure("read_qd1", 1, file, blocks)
	measure("read_qd32", 32, file, blocks)
	measure("read_qd128", 128, file, blocks)
}
