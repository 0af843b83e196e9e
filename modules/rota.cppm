// The C++20 module `rota`: the names that programs are written with, of every public header but
// rota/contention.hpp. The headers stay the truth; this file exports what they declare. Macros do not
// travel with a module, and none is needed. A source with coroutines includes <coroutine> before it
// imports this.
//
//     clang++-19 -std=c++23 $(pkg-config --cflags rota) --precompile -o rota.pcm \
//       $(pkg-config --variable=module_source rota)
//     clang++-19 -std=c++23 -fmodule-file=rota=rota.pcm program.cpp rota.pcm \
//       $(pkg-config --cflags --libs --static rota)
module;

#include <rota/rota.hpp>

export module rota;

export namespace rota {

// Results, and the version of the headers
using rota::failure;
using rota::is_canceled;
using rota::os_error;
using rota::Result;
using rota::version_major;
using rota::version_minor;
using rota::version_patch;

// The runtime, its configuration, and what it tells
using rota::Availability;
using rota::Capability;
using rota::Config;
using rota::DriverConfig;
using rota::DriverKind;
using rota::KindLengths;
using rota::LengthSpread;
using rota::LongSlice;
using rota::most_workers;
using rota::Pinning;
using rota::probe_capabilities;
using rota::RefusedDriver;
using rota::RingProfile;
using rota::run;
using rota::RunLengths;
using rota::Runtime;
using rota::RuntimeCounters;
using rota::SchedulerConfig;
using rota::SchedulerKind;
using rota::ShutdownReport;
using rota::stop_on_signal;
using rota::TaskLengths;
using rota::Waiting;
using rota::WorkerLengths;
using rota::frame_bytes_in_use;

// Tasks, fibers, scopes and forks
using rota::await;
using rota::Await;
using rota::fiber_scope;
using rota::FiberOptions;
using rota::fork;
using rota::Fork;
using rota::join;
using rota::Join;
using rota::Joined;
using rota::JoinHandle;
using rota::on_fiber;
using rota::parallel_for;
using rota::parallel_reduce;
using rota::Scope;
using rota::ScopeErrors;
using rota::spawn;
using rota::spawn_fiber;
using rota::SpawnOptions;
using rota::Task;
using rota::with_scope;

// Time and stops
using rota::Deadline;
using rota::Duration;
using rota::Instant;
using rota::now;
using rota::shielded;
using rota::sleep;
using rota::sleep_until;
using rota::stop_requested;
using rota::StopSource;
using rota::StopToken;
using rota::timeout;
using rota::was_canceled;
using rota::with_deadline;
using rota::with_stop;
using rota::yield;

// Events and channels
using rota::Channel;
using rota::Event;
using rota::WorkerChannel;

// Workers
using rota::Sharded;
using rota::spawn_on;
using rota::submit_to;
using rota::submit_to_all;
using rota::tasks_move;
using rota::this_worker;
using rota::thread_safe;
using rota::worker_count;
using rota::WorkerIndex;

// Sockets, files, descriptors and signals
using rota::Address;
using rota::Advice;
using rota::AlignedBuffer;
using rota::Allocation;
using rota::Confinement;
using rota::ConnectionTaker;
using rota::DirectAlignment;
using rota::DirectFile;
using rota::Directory;
using rota::DirectoryEntries;
using rota::DirectoryEntry;
using rota::Durability;
using rota::FdWatch;
using rota::File;
using rota::FileEvent;
using rota::FileEvents;
using rota::FileStatus;
using rota::FileType;
using rota::FileWatch;
using rota::has;
using rota::ListenerGroup;
using rota::Links;
using rota::ListenOptions;
using rota::LiveConnection;
using rota::LockKind;
using rota::OpenMode;
using rota::operator|;
using rota::PlaceConnections;
using rota::PollEvents;
using rota::readable;
using rota::RenameRule;
using rota::replace_file;
using rota::ReplaceOptions;
using rota::serve_on_all;
using rota::ServeOptions;
using rota::ShutdownHalf;
using rota::SignalWatch;
using rota::TcpListener;
using rota::TcpStream;
using rota::TemporaryDirectory;
using rota::TimeChange;
using rota::writable;

// What lock-free code of one's own is written over, and checked by rota::model
using rota::Atomic;
using rota::fence;
using rota::MemoryOrder;
using rota::signal_fence;
using rota::spin_pause;

}  // namespace rota
