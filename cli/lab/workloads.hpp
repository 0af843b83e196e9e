#pragma once

#include "workload.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace rota::cli {

inline constexpr std::uint32_t live_timers = 100'000;  ///< beside the `timeout` workload
inline constexpr std::uint32_t block_bytes = 4096;     ///< of a read

constexpr Workload echo_of(std::string_view name, std::string_view title, std::uint32_t bytes,
                           std::uint32_t connections = 64,
                           Measured measured = Measured::when_named) {
  return {WorkloadKind::echo,
          name,
          "echo",
          title,
          "echo",
          "round trip",
          "Each connection has one message under way; the load generator is a process of its own.",
          bytes,
          connections,
          12'800,
          measured};
}

constexpr std::string_view description_of(PageCache cache, FilePath path) {
  if (cache == PageCache::cold) {
    return path == FilePath::direct
               ? "Each block at most once, past the page cache (O_DIRECT), which has none of the "
                 "file when a round begins."
               : "Each block at most once, of a file that was dropped from the page cache before "
                 "the round, without reading ahead.";
  }
  return path == FilePath::direct
             ? "Random blocks past the page cache (O_DIRECT), though it has the file: the device "
               "decides."
             : "Random blocks of a file that is in the page cache.";
}

constexpr Workload read_of(std::string_view name, std::string_view title, PageCache cache,
                           FilePath path, std::uint32_t in_flight,
                           Measured measured = Measured::when_named) {
  // Each is an operation of the pass that counts; a cold file is used up by them.
  const std::uint32_t counted = cache == PageCache::cold ? 2'048 : 6'400;
  return {
      WorkloadKind::read, name,      "files", title,    "read", "read", description_of(cache, path),
      block_bytes,        in_flight, counted, measured, cache,  path};
}

/// In the order of reports.
inline constexpr std::array<Workload, 22> workloads{{
    echo_of("echo-64", "TCP echo, 64 B × 64 connections", 64, 64, Measured::always),
    echo_of("echo-1k", "TCP echo, 1 KiB × 64 connections", 1024),
    echo_of("echo-4k", "TCP echo, 4 KiB × 64 connections", 4096, 64, Measured::always),
    echo_of("echo-16k", "TCP echo, 16 KiB × 64 connections", 16 * 1024),
    echo_of("echo-64k", "TCP echo, 64 KiB × 64 connections", 64 * 1024),
    echo_of("echo-64-c1000", "TCP echo, 64 B × 1,000 connections", 64, 1'000),
    {WorkloadKind::connect, "connect", "connections", "TCP connections, one echo of 64 B each",
     "connection", "connection",
     "64 at a time connect, send 64 bytes and read them back; the server closes when it has "
     "answered. The latency begins with the connect.",
     64, 64, 3'200},
    {WorkloadKind::idle, "idle", "connections", "Idle TCP connections", "connection", "",
     "Connections that nobody talks on after one echo, each of them served by a task that waits in "
     "a read: the memory that is resident for each, and the CPU time that all of them take.",
     64, 2'000, 0},
    read_of("read-warm-buffered-qd1", "Warm 4 KiB reads, one at a time", PageCache::warm,
            FilePath::buffered, 1, Measured::always),
    read_of("read-warm-buffered-qd32", "Warm 4 KiB reads, 32 at a time", PageCache::warm,
            FilePath::buffered, 32, Measured::always),
    read_of("read-warm-buffered-qd128", "Warm 4 KiB reads, 128 at a time", PageCache::warm,
            FilePath::buffered, 128),
    read_of("read-warm-direct-qd1", "Warm 4 KiB direct reads, one at a time", PageCache::warm,
            FilePath::direct, 1),
    read_of("read-warm-direct-qd32", "Warm 4 KiB direct reads, 32 at a time", PageCache::warm,
            FilePath::direct, 32, Measured::always),
    read_of("read-warm-direct-qd128", "Warm 4 KiB direct reads, 128 at a time", PageCache::warm,
            FilePath::direct, 128),
    read_of("read-cold-buffered-qd1", "Cold 4 KiB reads, one at a time", PageCache::cold,
            FilePath::buffered, 1),
    read_of("read-cold-buffered-qd32", "Cold 4 KiB reads, 32 at a time", PageCache::cold,
            FilePath::buffered, 32),
    read_of("read-cold-buffered-qd128", "Cold 4 KiB reads, 128 at a time", PageCache::cold,
            FilePath::buffered, 128),
    read_of("read-cold-direct-qd1", "Cold 4 KiB direct reads, one at a time", PageCache::cold,
            FilePath::direct, 1),
    read_of("read-cold-direct-qd32", "Cold 4 KiB direct reads, 32 at a time", PageCache::cold,
            FilePath::direct, 32),
    read_of("read-cold-direct-qd128", "Cold 4 KiB direct reads, 128 at a time", PageCache::cold,
            FilePath::direct, 128),
    {WorkloadKind::sleep, "sleep", "timers", "10,000 tasks asleep for 1 to 50 ms", "sleep",
     "lateness",
     "10,000 tasks sleep for random times, again and again; how late each wakes is recorded.", 0,
     10'000, 20'000, Measured::always},
    {WorkloadKind::timeout, "timeout", "timers", "A timeout set and called off, 100,000 live",
     "timeout", "",
     "64 tasks run something short under timeout(), which inserts a timer and cancels it, among "
     "100,000 timers that are far off.",
     0, 64, 20'000, Measured::always},
}};

}  // namespace rota::cli
