#pragma once

#include <cassert>
#include <utility>

namespace rota::inline v0 {

/// Intrusive FIFO through `T::next`. The nodes belong to the caller; nothing is allocated.
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

/// Intrusive FIFO through `T::next` and `T::prev`: a node leaves from anywhere in O(1).
/// Not thread-safe.
template <class T>
class LinkedList {
 public:
  LinkedList() = default;
  LinkedList(LinkedList&& other) noexcept
      : head_(std::exchange(other.head_, nullptr)), tail_(std::exchange(other.tail_, nullptr)) {}
  LinkedList& operator=(LinkedList&& other) noexcept {
    assert(empty());
    head_ = std::exchange(other.head_, nullptr);
    tail_ = std::exchange(other.tail_, nullptr);
    return *this;
  }

  [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }
  [[nodiscard]] T* front() const noexcept { return head_; }

  void push_back(T& node) noexcept {
    node.next = nullptr;
    node.prev = tail_;
    (tail_ != nullptr ? tail_->next : head_) = &node;
    tail_ = &node;
  }

  T* pop_front() noexcept {
    T* node = head_;
    if (node == nullptr) return nullptr;
    head_ = std::exchange(node->next, nullptr);
    (head_ != nullptr ? head_->prev : tail_) = nullptr;
    return node;
  }

  /// `node` must be in this list.
  void remove(T& node) noexcept {
    (node.prev != nullptr ? node.prev->next : head_) = node.next;
    (node.next != nullptr ? node.next->prev : tail_) = node.prev;
    node.next = node.prev = nullptr;
  }

  void append(LinkedList&& other) noexcept {
    if (other.empty()) return;
    other.head_->prev = tail_;
    (tail_ != nullptr ? tail_->next : head_) = other.head_;
    tail_ = other.tail_;
    other.head_ = other.tail_ = nullptr;
  }

 private:
  T* head_ = nullptr;
  T* tail_ = nullptr;
};

}  // namespace rota::inline v0
