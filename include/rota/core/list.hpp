#pragma once

#include <cassert>
#include <utility>

namespace rota::inline v0 {

/// Intrusive FIFO through `T::next`. The nodes belong to the caller; nothing is allocated. A move
/// leaves an empty list behind.
/// A node whose `next` is null may be in no list or last in one: the caller knows which.
/// Not thread-safe.
template <class T>
class FifoList {
 public:
  FifoList() = default;
  FifoList(FifoList&& other) noexcept
      : head_(std::exchange(other.head_, nullptr)), tail_(std::exchange(other.tail_, nullptr)) {}
  FifoList& operator=(FifoList&& other) noexcept {
    assert(empty());
    head_ = std::exchange(other.head_, nullptr);
    tail_ = std::exchange(other.tail_, nullptr);
    return *this;
  }
  ~FifoList() = default;

  [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }
  [[nodiscard]] T* front() const noexcept { return head_; }

  void push_back(T& node) noexcept {
    node.next = nullptr;
    (tail_ != nullptr ? tail_->next : head_) = &node;
    tail_ = &node;
  }

  T* pop_front() noexcept {
    T* node = head_;
    if (node == nullptr) return nullptr;
    head_ = std::exchange(node->next, nullptr);
    if (head_ == nullptr) tail_ = nullptr;
    return node;
  }

  void append(FifoList&& other) noexcept {
    if (other.empty()) return;
    (tail_ != nullptr ? tail_->next : head_) = other.head_;
    tail_ = other.tail_;
    other.head_ = other.tail_ = nullptr;
  }

 private:
  T* head_ = nullptr;
  T* tail_ = nullptr;
};

/// As FifoList, through `T::next` and `T::prev`: a node leaves from anywhere in O(1). One pointer,
/// since each Descriptor has four of these: `prev` of the first node is the last one.
template <class T>
class LinkedList {
 public:
  LinkedList() = default;
  LinkedList(LinkedList&& other) noexcept : head_(std::exchange(other.head_, nullptr)) {}
  LinkedList& operator=(LinkedList&& other) noexcept {
    assert(empty());
    head_ = std::exchange(other.head_, nullptr);
    return *this;
  }
  ~LinkedList() = default;

  [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }
  [[nodiscard]] T* front() const noexcept { return head_; }
  /// The one node of a list that has one; else null.
  [[nodiscard]] T* single() const noexcept {
    return head_ != nullptr && head_->next == nullptr ? head_ : nullptr;
  }

  void push_back(T& node) noexcept {
    node.next = nullptr;
    if (head_ == nullptr) {
      head_ = node.prev = &node;
      return;
    }
    node.prev = head_->prev;
    head_->prev->next = &node;
    head_->prev = &node;
  }

  T* pop_front() noexcept {
    T* node = head_;
    if (node == nullptr) return nullptr;
    head_ = std::exchange(node->next, nullptr);
    if (head_ != nullptr) head_->prev = node->prev;
    node->prev = nullptr;
    return node;
  }

  /// `node` must be in this list.
  void remove(T& node) noexcept {
    if (head_ == &node) {
      pop_front();
      return;
    }
    node.prev->next = node.next;
    (node.next != nullptr ? node.next : head_)->prev = node.prev;
    node.next = node.prev = nullptr;
  }

  void append(LinkedList&& other) noexcept {
    T* const appended = std::exchange(other.head_, nullptr);
    if (appended == nullptr) return;
    if (head_ == nullptr) {
      head_ = appended;
      return;
    }
    T* const last = appended->prev;
    appended->prev = head_->prev;
    head_->prev->next = appended;
    head_->prev = last;
  }

  /// Forgets the nodes.
  void clear() noexcept { head_ = nullptr; }

 private:
  T* head_ = nullptr;
};

}  // namespace rota::inline v0
