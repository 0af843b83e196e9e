// Go's goroutines: spawn and join, yield, channel ping-pong, timers. One line of JSON per figure,
// in nanoseconds of the process's CPU time (the collector included) per operation and, where
// GOMAXPROCS is more than 1, of wall time too. As in bench/raw/task_work.hpp, passes follow one
// warm-up pass until enough time has gone by.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func cpuNanoseconds() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func report(name string, operations int, spent int64) {
	fmt.Printf("{\"name\":\"%s\",\"operations\":%d,\"ns_per_op\":%.3f}\n",
		name, operations, float64(spent)/float64(operations))
}

func reportBoth(name string, operations int, cpu int64, wall time.Duration) {
	count := float64(operations)
	fmt.Printf("{\"name\":\"%s\",\"operations\":%d,\"ns_per_op\":%.3f,\"wall_ns_per_op\":%.3f}\n",
		name, operations, float64(cpu)/count, float64(wall.Nanoseconds())/count)
}

func measure(name string, operations int, work func()) {
	const window = 100 * time.Millisecond
	work()
	cpu, wall := cpuNanoseconds(), time.Now()
	passes := 0
	for passes == 0 || time.Since(wall) < window {
		work()
		passes++
	}
	if runtime.GOMAXPROCS(0) > 1 {
		reportBoth(name, passes*operations, cpuNanoseconds()-cpu, time.Since(wall))
	} else {
		report(name, passes*operations, cpuNanoseconds()-cpu)
	}
}

func spawnJoin(rounds int) {
	done := make(chan struct{})
	for i := 0; i < rounds; i++ {
		go func() { done <- struct{}{} }()
		<-done
	}
}

func yieldInTurn(tasks, rounds int) {
	var all sync.WaitGroup
	all.Add(tasks)
	for i := 0; i < tasks; i++ {
		go func() {
			for j := 0; j < rounds; j++ {
				runtime.Gosched()
			}
			all.Done()
		}()
	}
	all.Wait()
}

// A round is there and back: two messages over two channels of capacity 1.
func channelPingPong(rounds int) {
	ping, pong := make(chan int, 1), make(chan int, 1)
	go func() {
		for value := range ping {
			pong <- value
		}
		close(pong)
	}()
	for i := 0; i < rounds; i++ {
		ping <- i
		if <-pong != i {
			panic("a message was lost")
		}
	}
	close(ping)
	<-pong
}

func lockAmong(tasks, locks int) {
	var mutex sync.Mutex
	var all sync.WaitGroup
	count := 0
	all.Add(tasks)
	for i := 0; i < tasks; i++ {
		go func() {
			for j := 0; j < locks; j++ {
				mutex.Lock()
				count++
				mutex.Unlock()
			}
			all.Done()
		}()
	}
	all.Wait()
	if count != tasks*locks {
		panic("a lock did not exclude")
	}
}

func timers(measured bool) {
	const count = 1_000_000
	random := rand.New(rand.NewSource(20))
	delays := make([]time.Duration, count)
	for i := range delays {
		delays[i] = time.Duration(1_000_000+random.Intn(1_000_000)) * time.Millisecond
	}
	order := random.Perm(count)
	live := make([]*time.Timer, count)
	begin := cpuNanoseconds()
	for i, delay := range delays {
		live[i] = time.AfterFunc(delay, func() {})
	}
	inserted := cpuNanoseconds()
	for _, i := range order {
		live[i].Stop()
	}
	cancelled := cpuNanoseconds()
	if measured {
		report("timer_insert", count, inserted-begin)
		report("timer_cancel", count, cancelled-inserted)
	}
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "timers" {
		timers(false)
		timers(true)
		return
	}
	measure("spawn_join", 100_000, func() { spawnJoin(100_000) })
	measure("yield_1000", 1_000_000, func() { yieldInTurn(1000, 1000) })
	measure("channel_ping_pong", 100_000, func() { channelPingPong(50_000) })
	tasks := runtime.GOMAXPROCS(0)
	measure("mutex", tasks*200_000, func() { lockAmong(tasks, 200_000) })
}
