#pragma once

#include <cstddef>
#include <utility>

namespace rota::inline v0 {

// What std::unique_ptr and std::vector do, for headers that everybody includes: <memory> costs as
// much to read as all of Rota's own.

/// The only owner of an object on the heap, or of none. T may be incomplete as long as nothing here
/// is destroyed or replaced.
template <class T>
class Owned {
 public:
  Owned() = default;
  /// Made by a plain `new`.
  explicit Owned(T* object) noexcept : object_(object) {}
  Owned(Owned&& other) noexcept : object_(other.release()) {}
  Owned& operator=(Owned&& other) noexcept {
    delete std::exchange(object_, other.release());
    return *this;
  }
  ~Owned() { delete object_; }

  [[nodiscard]] T& operator*() const noexcept { return *object_; }
  [[nodiscard]] T* operator->() const noexcept { return object_; }
  [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }
  /// Leaves the object to the caller.
  T* release() noexcept { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

/// As many objects on the heap as were asked for at first, each made of nothing; none when it was
/// moved away.
template <class T>
class OwnedArray {
 public:
  OwnedArray() = default;
  explicit OwnedArray(std::size_t size) : items_(new T[size]()), size_(size) {}
  OwnedArray(OwnedArray&& other) noexcept
      : items_(std::exchange(other.items_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  OwnedArray& operator=(OwnedArray&& other) noexcept {
    delete[] std::exchange(items_, std::exchange(other.items_, nullptr));
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  ~OwnedArray() { delete[] items_; }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] T& operator[](std::size_t index) const noexcept { return items_[index]; }
  [[nodiscard]] T* begin() const noexcept { return items_; }
  [[nodiscard]] T* end() const noexcept { return items_ + size_; }

 private:
  T* items_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace rota::inline v0
