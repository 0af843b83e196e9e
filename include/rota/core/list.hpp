#pragma once

#include <cassert>
#include <utility>

namespace rota::inline v0 {

/// The two ends of an intrusive list. The nodes belong to the caller; nothing is allocated. A move
/// leaves an empty list behind.
template <class T>
class ListEnds {
 public:
  [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }
  [[nodiscard]] T* front() const noexcept { return head_; }

 protected:
  ListEnds() = default;
  ListEnds(ListEnds&& other) noexcept
      : head_(std::exchange(other.head_, nullptr)), tail_(std::exchange(other.tail_, nullptr)) {}
  ListEnds& operator=(ListEnds&& other) noexcept {
    assert(empty());
    head_ = std::exchange(other.head_, nullptr);
    tail_ = std::exchange(other.tail_, nullptr);
    return *this;
  }
  ~ListEnds() = default;

  T* head_ = nullptr;
  T* tail_ = nullptr;
};

/// Intrusive FIFO through `T::next`.
/// A node whose `next` is null may be in no list or last in one: the caller knows which.
/// Not thread-safe.
template <class T>
class FifoList : public ListEnds<T> {
 public:
  FifoList() = default;

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
  using ListEnds<T>::head_;
  using ListEnds<T>::tail_;
};

/// Intrusive FIFO through `T::next` and `T::prev`: a node leaves from anywhere in O(1).
/// Not thread-safe.
template <class T>
class LinkedList : public ListEnds<T> {
 public:
  LinkedList() = default;

  void push_back(T& node) noexcept {
    node.next = nullptr;
    node.prev = tail_;
    (tail_ != nullptr ? tail_->next : head_) = &node;
    tail_ = &node;
  }

  /// Forgets the nodes.
  void clear() noexcept { head_ = tail_ = nullptr; }
  /// The one node of a list that has one; else null.
  [[nodiscard]] T* single() const noexcept { return head_ == tail_ ? head_ : nullptr; }

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
  using ListEnds<T>::head_;
  using ListEnds<T>::tail_;
};

}  // namespace rota::inline v0
