// Wakes of an idle Go runtime by a goroutine that has a thread to itself, since without cgo there
// is no thread outside the runtime. Otherwise as bench/raw/wake_work.hpp has it.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	warmUp   = 50
	wakes    = 1000
	pause    = 200 * time.Microsecond
	patience = 25_000 // pauses
)

var start = time.Now()

// When the goroutine ran; 0 while it has not.
var arrived int64

func now() int64 { return int64(time.Since(start)) }

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

type cpuSet [1024 / 64]uint64

func affinity(trap uintptr, thread int, set *cpuSet) {
	_, _, err := syscall.RawSyscall(trap, uintptr(thread), unsafe.Sizeof(*set),
		uintptr(unsafe.Pointer(set)))
	if err != 0 {
		fail(err)
	}
}

// The first two CPUs that the calling thread may use.
func twoCPUs() (int, int) {
	var allowed cpuSet
	affinity(syscall.SYS_SCHED_GETAFFINITY, 0, &allowed)
	first := -1
	for cpu := 0; cpu < 64*len(allowed); cpu++ {
		if allowed[cpu/64]&(1<<(cpu%64)) == 0 {
			continue
		}
		if first >= 0 {
			return first, cpu
		}
		first = cpu
	}
	fail(fmt.Errorf("two CPUs are needed"))
	return 0, 0
}

func pin(thread, cpu int) {
	var only cpuSet
	only[cpu/64] = 1 << (cpu % 64)
	affinity(syscall.SYS_SCHED_SETAFFINITY, thread, &only)
}

// Binds the threads that the runtime has by now; later ones are started by these.
func pinAll(cpu int) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		fail(err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			fail(err)
		}
		pin(id, cpu)
	}
}

// The thread sleeps itself, as one outside the runtime would: time.Sleep would hand it over.
func letThemSleep() {
	span := syscall.NsecToTimespec(int64(pause))
	syscall.Nanosleep(&span, nil)
}

func wake() int64 {
	atomic.StoreInt64(&arrived, 0)
	letThemSleep()
	begin := now()
	go func() { atomic.StoreInt64(&arrived, now()) }()
	for i := 0; i < patience; i++ {
		letThemSleep()
		if at := atomic.LoadInt64(&arrived); at != 0 {
			return at - begin
		}
	}
	fail(fmt.Errorf("a goroutine that was started did not run"))
	return 0
}

func measure(name string) {
	for i := 0; i < warmUp; i++ {
		wake()
	}
	spans := make([]int64, wakes)
	for i := range spans {
		spans[i] = wake()
	}
	sort.Slice(spans, func(a, b int) bool { return spans[a] < spans[b] })
	fmt.Printf("{\"name\":\"%s\",\"operations\":%d,\"p50_ns\":%d,\"p99_ns\":%d}\n",
		name, wakes, spans[wakes/2], spans[wakes*99/100])
}

func main() {
	runtime.LockOSThread()
	workers, other := twoCPUs()
	pinAll(workers)
	measure("wake_same_cpu")
	pin(0, other)
	measure("wake_other_cpu")
}
