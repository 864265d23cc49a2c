// IntrusiveList links objects through a ListNode they hold themselves: no allocation, O(1) removal.
// The list owns nothing; a node removes itself from its list when it is destroyed or unlinked.
#pragma once

#include "base/check.h"

namespace uringx {

struct ListNode {
  ListNode* previous = nullptr;
  ListNode* next = nullptr;

  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  bool linked() const { return next != nullptr; }

  void unlink() {
    if (next == nullptr) return;
    previous->next = next;
    next->previous = previous;
    previous = next = nullptr;
  }
};

// T derives from Tag-typed nodes: `struct IdleNode : ListNode {}; class Connection : public IdleNode`,
// then IntrusiveList<Connection, IdleNode>. One object may be in several lists, one for each node type.
template <typename T, typename Node = ListNode>
class IntrusiveList {
 public:
  IntrusiveList() { head_.previous = head_.next = &head_; }

  bool empty() const { return head_.next == &head_; }
  T& front() { return owner(head_.next); }

  void push_back(T& item) {
    ListNode& node = static_cast<Node&>(item);
    CHECK(!node.linked());
    node.previous = head_.previous;
    node.next = &head_;
    head_.previous->next = &node;
    head_.previous = &node;
  }

  // Unlinks and gives the first item; the list must not be empty.
  T& pop_front() {
    T& first = front();
    static_cast<Node&>(first).unlink();
    return first;
  }

  // Visits every item; `visit` may unlink the item it is given, no other.
  template <typename Visit>
  void for_each(Visit visit) {
    for (ListNode* node = head_.next; node != &head_;) {
      ListNode* const next = node->next;
      visit(owner(node));
      node = next;
    }
  }

  template <typename Visit>
  void for_each(Visit visit) const {
    for (const ListNode* node = head_.next; node != &head_; node = node->next) {
      visit(static_cast<const T&>(static_cast<const Node&>(*node)));
    }
  }

 private:
  static T& owner(ListNode* node) { return static_cast<T&>(static_cast<Node&>(*node)); }

  ListNode head_;
};

}  // namespace uringx
