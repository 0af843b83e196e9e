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
using rota::AioNotification;
using rota::Availability;
using rota::BlockingConfig;
using rota::Capability;
using rota::Config;
using rota::DriverConfig;
using rota::DriverKind;
using rota::DevicePolling;
using rota::FileEngineKind;
using rota::frame_bytes_in_use;
using rota::keep_measurements;
using rota::kept_measurements;
using rota::KindLengths;
using rota::LengthSpread;
using rota::LongSlice;
using rota::measure_machine;
using rota::Measurements;
using rota::Measuring;
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

// Tasks, fibers, scopes and forks; what blocks, and what others resume
using rota::as_sender;
using rota::Await;
using rota::await;
using rota::blocking;
using rota::fiber_scope;
using rota::FiberOptions;
using rota::foreign;
using rota::Fork;
using rota::fork;
using rota::from_outside;
using rota::from_sender;
using rota::Join;
using rota::join;
using rota::Joined;
using rota::JoinHandle;
using rota::on_fiber;
using rota::parallel_for;
using rota::parallel_reduce;
using rota::RuntimeScheduler;
using rota::scheduler_of;
using rota::Scope;
using rota::ScopeErrors;
using rota::SenderNames;
using rota::SenderStopCallback;
using rota::SenderStopSource;
using rota::SenderStopToken;
using rota::spawn;
using rota::spawn_blocking;
using rota::spawn_fiber;
using rota::SpawnOptions;
using rota::Task;
using rota::with_scope;

// Time and stops
using rota::alarm;
using rota::Deadline;
using rota::Duration;
using rota::Instant;
using rota::Interval;
using rota::IoPriority;
using rota::MissedTicks;
using rota::now;
using rota::shielded;
using rota::Slack;
using rota::sleep;
using rota::sleep_until;
using rota::stop_requested;
using rota::StopSource;
using rota::StopToken;
using rota::timeout;
using rota::WallTime;
using rota::was_canceled;
using rota::with_deadline;
using rota::with_stop;
using rota::yield;

// Channels of every kind, and what tasks wait for each other by
using rota::Arrival;
using rota::Barrier;
using rota::Broadcast;
using rota::BroadcastReader;
using rota::Channel;
using rota::ConditionVariable;
using rota::Event;
using rota::futex_wait;
using rota::futex_wake;
using rota::lag_error;
using rota::Latch;
using rota::Lease;
using rota::make_oneshot;
using rota::Mutex;
using rota::MutexGuard;
using rota::Notify;
using rota::Once;
using rota::Oneshot;
using rota::OneshotReceiver;
using rota::OneshotSender;
using rota::ReadGuard;
using rota::Semaphore;
using rota::SemaphorePermits;
using rota::SharedMutex;
using rota::UnboundedChannel;
using rota::values_missed;
using rota::wait_in_thread;
using rota::Watch;
using rota::WatchReader;
using rota::WorkerChannel;
using rota::WriteGuard;

// Several things at once, and values one by one
using rota::AsyncGenerator;
using rota::Generator;
using rota::join_all;
using rota::join_any;
using rota::poll_fn;
using rota::PollWaker;
using rota::race;
using rota::Raced;
using rota::select;
using rota::Selected;

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

// Sockets, pipes, names, files, processes, descriptors and signals
using rota::accept_patiently;
using rota::Address;
using rota::Advice;
using rota::advise_memory;
using rota::AlignedBuffer;
using rota::Allocation;
using rota::BufferedReader;
using rota::BufferedWriter;
using rota::ChildTerminal;
using rota::Command;
using rota::Confinement;
using rota::connect_to_any;
using rota::ConnectionTaker;
using rota::copy;
using rota::DirectAlignment;
using rota::DirectFile;
using rota::DirectStream;
using rota::Directory;
using rota::DirectoryEntries;
using rota::DirectoryEntry;
using rota::dns_category;
using rota::DnsError;
using rota::Durability;
using rota::ExitStatus;
using rota::FdWatch;
using rota::File;
using rota::FileEvent;
using rota::FileEvents;
using rota::FileStatus;
using rota::FileType;
using rota::FileWatch;
using rota::has;
using rota::IncomingBatch;
using rota::InputStream;
using rota::interleave_families;
using rota::is_shortage;
using rota::KeepAlive;
using rota::Links;
using rota::ListenerGroup;
using rota::ListenOptions;
using rota::LiveConnection;
using rota::load_file;
using rota::LockKind;
using rota::make_error_code;
using rota::MemoryAdvice;
using rota::OpenMode;
using rota::operator|;
using rota::OutgoingBatch;
using rota::OutputStream;
using rota::OwnedFd;
using rota::PeerCredentials;
using rota::Pipe;
using rota::PipeReader;
using rota::PipeWriter;
using rota::PlaceConnections;
using rota::PollEvents;
using rota::Process;
using rota::RawMode;
using rota::readable;
using rota::RegisteredMemory;
using rota::RenameRule;
using rota::replace_file;
using rota::ReplaceOptions;
using rota::resolve;
using rota::Resolver;
using rota::ResolverConfig;
using rota::serve_on_all;
using rota::ServeOptions;
using rota::Service;
using rota::ShutdownHalf;
using rota::SignalWatch;
using rota::StalePath;
using rota::standard_error;
using rota::standard_input;
using rota::standard_output;
using rota::Stdio;
using rota::TcpListener;
using rota::TcpStream;
using rota::TemporaryDirectory;
using rota::terminal_size;
using rota::TerminalSize;
using rota::TimeChange;
using rota::UdpOptions;
using rota::UdpSocket;
using rota::UnixAddress;
using rota::UnixDatagram;
using rota::UnixListener;
using rota::UnixListenOptions;
using rota::UnixPackets;
using rota::UnixPacketsListener;
using rota::UnixStream;
using rota::writable;

// What lock-free code of one's own is written over, and checked by rota::model
using rota::Atomic;
using rota::fence;
using rota::MemoryOrder;
using rota::signal_fence;
using rota::spin_pause;

}  // namespace rota
