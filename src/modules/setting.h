// Setting is one field that a directive sets: a value, its default, and whether this level set it or inherits it.
// Lives in a module's settings struct; written only while a configuration is built, const afterwards.
#pragma once

#include <utility>

namespace uringx {

template <typename T>
class Setting {
 public:
  using Value = T;

  Setting() = default;
  // The default holds wherever no level sets the directive.
  explicit Setting(T default_value) : value_(std::move(default_value)) {}

  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }
  bool is_set() const { return set_; }

  void set(T value) {
    value_ = std::move(value);
    set_ = true;
  }

  // For directives that add to a list: marks it set and gives the value to amend.
  T& amend() {
    set_ = true;
    return value_;
  }

  // The value, to be completed once it is known what is inherited: whether this level set it stays as it is.
  T& edit() { return value_; }

  // nginx's merge: a level that did not set it takes what the level above has (its default included).
  void inherit(const Setting& parent) {
    if (!set_) *this = parent;
  }

 private:
  T value_{};
  bool set_ = false;
};

}  // namespace uringx
