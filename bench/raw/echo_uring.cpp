// The limit for completion: an echo server written by hand over io_uring. Multishot accept into
// direct descriptors, multishot receive with provided buffers, send straight from the buffer that
// was received into; one io_uring_enter submits and waits. One send is in flight per connection,
// since sends may complete out of order.

#include <liburing.h>
#include <poll.h>

#include <limits>
#include <vector>

#include "server_life.hpp"

namespace {

using rota::bench::fail;

constexpr unsigned submission_entries = 2048;
constexpr unsigned completion_entries = 8192;
constexpr unsigned buffer_bytes = 16U * 1024U;
constexpr unsigned buffer_count = 1024;
constexpr unsigned connections_max = 16384;
constexpr int buffer_group = 0;

enum class Kind : unsigned char { accept, receive, send, close, quit };

/// What travels through the kernel and back: the kind of request and its connection.
struct Tag {
  Kind kind = Kind::accept;
  unsigned slot = 0;

  [[nodiscard]] std::uint64_t packed() const {
    return static_cast<std::uint64_t>(kind) | std::uint64_t{slot} << 8U;
  }
  static Tag unpacked(std::uint64_t word) {
    return {.kind = static_cast<Kind>(word & 0xffU),
            .slot = static_cast<unsigned>(word >> 8U)};
  }
};

constexpr unsigned no_buffer = std::numeric_limits<unsigned>::max();

/// What a buffer holds, and the buffer that is to be sent after it.
struct Piece {
  unsigned offset = 0;
  unsigned bytes = 0;
  unsigned next = no_buffer;
};

struct Connection {
  unsigned first_unsent = no_buffer;  ///< In flight while `sending`.
  unsigned last_unsent = no_buffer;
  bool sending = false;
  bool receiving = false;
};

class EchoServer {
 public:
  explicit EchoServer(int listener)
      : listener_(listener),
        buffers_(std::size_t{buffer_bytes} * buffer_count),
        pieces_(buffer_count),
        connections_(connections_max) {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    params.cq_entries = completion_entries;
    check("io_uring_queue_init", io_uring_queue_init_params(submission_entries, &ring_, &params));
    check("register_files_sparse", io_uring_register_files_sparse(&ring_, connections_max));
    lend_buffers();
    arm_accept();
    watch_stdin();
  }

  [[noreturn]] void run() {
    for (;;) {
      const int status = io_uring_submit_and_wait(&ring_, 1);
      if (status < 0 && status != -EINTR) fail("io_uring_enter", -status);
      unsigned head = 0;
      unsigned count = 0;
      io_uring_cqe* completion = nullptr;
      io_uring_for_each_cqe(&ring_, head, completion) {
        handle(*completion);
        ++count;
      }
      io_uring_cq_advance(&ring_, count);
      return_buffers();
    }
  }

 private:
  static void check(const char* what, int status) {
    if (status < 0) fail(what, -status);
  }

  void lend_buffers() {
    void* memory = nullptr;
    if (::posix_memalign(&memory, 4096, buffer_count * sizeof(io_uring_buf)) != 0) {
      fail("posix_memalign", ENOMEM);
    }
    buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_ring_init(buffer_ring_);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(memory);
    registration.ring_entries = buffer_count;
    registration.bgid = buffer_group;
    check("register_buf_ring", io_uring_register_buf_ring(&ring_, &registration, 0));
    for (unsigned i = 0; i < buffer_count; ++i) recycle(i);
    return_buffers();
  }

  char* address_of(unsigned buffer) { return buffers_.data() + std::size_t{buffer} * buffer_bytes; }

  void recycle(unsigned buffer) {
    io_uring_buf_ring_add(buffer_ring_, address_of(buffer), buffer_bytes,
                          static_cast<unsigned short>(buffer),
                          io_uring_buf_ring_mask(buffer_count), static_cast<int>(recycled_));
    ++recycled_;
  }

  /// Makes what was recycled in this round visible to the kernel, and lets those receive again
  /// who had found no buffer.
  void return_buffers() {
    if (recycled_ == 0) return;
    io_uring_buf_ring_advance(buffer_ring_, static_cast<int>(recycled_));
    recycled_ = 0;
    for (const unsigned slot : starved_) arm_receive(slot);
    starved_.clear();
  }

  io_uring_sqe& next_entry(Tag tag) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) {
      check("io_uring_submit", io_uring_submit(&ring_));
      entry = io_uring_get_sqe(&ring_);
      if (entry == nullptr) fail("io_uring_get_sqe", EBUSY);
    }
    pending_tag_ = tag.packed();
    return *entry;
  }

  // The prep functions clear user_data, so it is set after them.
  void finish(io_uring_sqe& entry) const { entry.user_data = pending_tag_; }

  void arm_accept() {
    io_uring_sqe& entry = next_entry({.kind = Kind::accept});
    io_uring_prep_multishot_accept_direct(&entry, listener_, nullptr, nullptr, 0);
    finish(entry);
  }

  /// Besides the signal: valgrind delivers none while a thread sleeps in io_uring_enter.
  void watch_stdin() {
    io_uring_sqe& entry = next_entry({.kind = Kind::quit});
    io_uring_prep_poll_add(&entry, STDIN_FILENO, POLLHUP);
    finish(entry);
  }

  void arm_receive(unsigned slot) {
    io_uring_sqe& entry = next_entry({.kind = Kind::receive, .slot = slot});
    io_uring_prep_recv_multishot(&entry, static_cast<int>(slot), nullptr, 0, 0);
    entry.flags |= IOSQE_BUFFER_SELECT | IOSQE_FIXED_FILE;
    entry.buf_group = buffer_group;
    finish(entry);
    connections_[slot].receiving = true;
  }

  void send_first(unsigned slot) {
    const unsigned buffer = connections_[slot].first_unsent;
    const Piece& piece = pieces_[buffer];
    io_uring_sqe& entry = next_entry({.kind = Kind::send, .slot = slot});
    io_uring_prep_send(&entry, static_cast<int>(slot), address_of(buffer) + piece.offset,
                       piece.bytes, MSG_WAITALL);
    entry.flags |= IOSQE_FIXED_FILE;
    finish(entry);
    connections_[slot].sending = true;
  }

  void handle(const io_uring_cqe& completion) {
    const Tag tag = Tag::unpacked(completion.user_data);
    const bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
    switch (tag.kind) {
      case Kind::accept: accepted(completion.res, more); break;
      case Kind::receive: received(tag.slot, completion, more); break;
      case Kind::send: sent(tag.slot, completion.res); break;
      case Kind::close: check("close", completion.res); break;
      case Kind::quit: stdin_ended(completion.res); break;
    }
  }

  /// A stdin that cannot be polled, or that never hangs up, leaves SIGTERM.
  static void stdin_ended(int status) {
    if (status > 0) ::_exit(0);
  }

  void accepted(int status, bool more) {
    if (status >= 0) {
      arm_receive(static_cast<unsigned>(status));
    } else if (status != -ECONNABORTED && status != -EINTR) {
      fail("accept", -status);
    }
    if (!more) arm_accept();
  }

  void received(unsigned slot, const io_uring_cqe& completion, bool more) {
    Connection& connection = connections_[slot];
    if (completion.res > 0) {
      const unsigned buffer = completion.flags >> IORING_CQE_BUFFER_SHIFT;
      pieces_[buffer] = {.offset = 0, .bytes = static_cast<unsigned>(completion.res)};
      append(connection, buffer);
      if (!connection.sending) send_first(slot);
    }
    if (more) return;
    connection.receiving = false;
    if (completion.res == -ENOBUFS) {
      starved_.push_back(slot);
      connection.receiving = true;  // As good as armed: return_buffers does it.
    } else if (completion.res > 0) {
      arm_receive(slot);
    } else {
      close_when_quiet(slot);
    }
  }

  void sent(unsigned slot, int status) {
    Connection& connection = connections_[slot];
    connection.sending = false;
    Piece& piece = pieces_[connection.first_unsent];
    const auto done = static_cast<unsigned>(status < 0 ? 0 : status);
    if (status >= 0 && done < piece.bytes) {
      piece.offset += done;
      piece.bytes -= done;
      send_first(slot);
      return;
    }
    recycle_first(connection);
    while (status < 0 && connection.first_unsent != no_buffer) recycle_first(connection);
    if (connection.first_unsent != no_buffer) {
      send_first(slot);
    } else {
      close_when_quiet(slot);
    }
  }

  void append(Connection& connection, unsigned buffer) {
    if (connection.first_unsent == no_buffer) {
      connection.first_unsent = buffer;
    } else {
      pieces_[connection.last_unsent].next = buffer;
    }
    connection.last_unsent = buffer;
  }

  void recycle_first(Connection& connection) {
    const unsigned buffer = connection.first_unsent;
    connection.first_unsent = pieces_[buffer].next;
    recycle(buffer);
  }

  /// After the end of the stream, and once all is sent. A failed send ends a connection too: its
  /// receive then ends with an error of its own.
  void close_when_quiet(unsigned slot) {
    const Connection& connection = connections_[slot];
    if (connection.receiving || connection.sending) return;
    io_uring_sqe& entry = next_entry({.kind = Kind::close, .slot = slot});
    io_uring_prep_close_direct(&entry, slot);
    finish(entry);
  }

  int listener_;
  io_uring ring_{};
  io_uring_buf_ring* buffer_ring_ = nullptr;
  std::vector<char> buffers_;
  std::vector<Piece> pieces_;
  std::vector<Connection> connections_;
  std::vector<unsigned> starved_;
  unsigned recycled_ = 0;
  std::uint64_t pending_tag_ = 0;
};

}  // namespace

int main() {
  EchoServer server(rota::bench::listen_and_announce());
  server.run();
}
