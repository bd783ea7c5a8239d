#pragma once

#include "state/base/assertion.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace thalweg {

// Many small ordered sets in one array of nodes: each is named by the number of its root, which its
// owner keeps (a group of a GROUP BY, in its state); 0 is the empty one.
//
// Shape
//   Treaps: binary trees in the order of their entries and heaps by a priority, which is a mix of
//   the number of the node, so that nobody stores it and no order of insertion makes a tree deep
//   (R. Seidel and C. Aragon, Randomized Search Trees, Algorithmica 16, 1996). An entry is trivial
//   and has a static less(a, b). Nodes that are free are linked, and taken first.
//
//     node   | entry | left: 4 | right: 4 |        root 0: nothing; node 0 is nobody's
//
// Why this   Most sets are small, some have all rows of a query; a set costs nothing but its nodes,
//            the least and the greatest entry are found in a few steps, and memory comes back.
// Lifetime   A number is good until its entry is erased; a reference until the next insertion.
// Threads    One at a time.
template <class Entry>
class ValueTrees {
  public:
    using Node = std::uint32_t;
    static constexpr Node kNone = 0;

    [[nodiscard]] Entry& operator[](Node node) noexcept { return nodes_[node].entry; }

    [[nodiscard]] const Entry& operator[](Node node) const noexcept { return nodes_[node].entry; }

    // The first entry that is not less than `key`; kNone: all are.
    [[nodiscard]] Node find_from(Node root, const Entry& key) const noexcept {
        Node found = kNone;
        while (root != kNone) {
            const Links& node = nodes_[root];
            if (Entry::less(node.entry, key)) {
                root = node.right;
            } else {
                found = root;
                root = node.left;
            }
        }
        return found;
    }

    // The one that is neither less nor greater.
    [[nodiscard]] Node find(Node root, const Entry& key) const noexcept {
        const Node found = find_from(root, key);
        return found == kNone || Entry::less(key, nodes_[found].entry) ? kNone : found;
    }

    [[nodiscard]] Node least(Node root) const noexcept {
        DEBUG_ASSERT(root != kNone);
        while (nodes_[root].left != kNone)
            root = nodes_[root].left;
        return root;
    }

    [[nodiscard]] Node greatest(Node root) const noexcept {
        DEBUG_ASSERT(root != kNone);
        while (nodes_[root].right != kNone)
            root = nodes_[root].right;
        return root;
    }

    // Of an entry that is not there. `root` lies elsewhere.
    Node insert(Node& root, const Entry& entry) {
        const Node node = take(entry);
        Node* link = &root;
        while (*link != kNone && priority(*link) > priority(node))
            link = Entry::less(entry, nodes_[*link].entry) ? &nodes_[*link].left
                                                           : &nodes_[*link].right;
        Node rest = std::exchange(*link, node);
        Node* low = &nodes_[node].left;
        Node* high = &nodes_[node].right;
        while (rest != kNone) {
            Links& split = nodes_[rest];
            if (Entry::less(entry, split.entry)) {
                *high = rest;
                high = &split.left;
                rest = split.left;
            } else {
                *low = rest;
                low = &split.right;
                rest = split.right;
            }
        }
        *low = kNone;
        *high = kNone;
        return node;
    }

    void erase(Node& root, Node node) {
        Node* link = &root;
        while (*link != node) {
            ASSERT(*link != kNone);
            link = Entry::less(nodes_[node].entry, nodes_[*link].entry) ? &nodes_[*link].left
                                                                        : &nodes_[*link].right;
        }
        Node low = nodes_[node].left;
        Node high = nodes_[node].right;
        while (low != kNone && high != kNone) {
            if (priority(low) > priority(high)) {
                *link = low;
                link = &nodes_[low].right;
                low = *link;
            } else {
                *link = high;
                link = &nodes_[high].left;
                high = *link;
            }
        }
        *link = low != kNone ? low : high;
        give_back(node);
    }

    // Calls visit(entry) for all, in their order.
    template <class Visit>
    void for_each(Node root, const Visit& visit) const {
        std::vector<Node> above;
        while (root != kNone || !above.empty()) {
            for (; root != kNone; root = nodes_[root].left)
                above.push_back(root);
            root = above.back();
            above.pop_back();
            visit(nodes_[root].entry);
            root = nodes_[root].right;
        }
    }

    // Frees all nodes of a tree.
    void release(Node& root) {
        std::vector<Node> left{std::exchange(root, kNone)};
        while (!left.empty()) {
            const Node node = left.back();
            left.pop_back();
            if (node == kNone) continue;
            left.push_back(nodes_[node].left);
            left.push_back(nodes_[node].right);
            give_back(node);
        }
    }

    // Entries of all trees.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return nodes_.capacity() * sizeof(Links);
    }

  private:
    struct Links {
        Entry entry;
        Node left = kNone;
        Node right = kNone;  // Of a free node: the next one.
    };

    // A bijection (the finalizer of A. Appleby's MurmurHash3), so that no two are equal.
    [[nodiscard]] static std::uint32_t priority(Node node) noexcept {
        node ^= node >> 16U;
        node *= 0x85EB'CA6BU;
        node ^= node >> 13U;
        node *= 0xC2B2'AE35U;
        return node ^ node >> 16U;
    }

    Node take(const Entry& entry) {
        ++size_;
        if (free_ == kNone) {
            nodes_.push_back({entry});
            return static_cast<Node>(nodes_.size() - 1);
        }
        const Node node = free_;
        free_ = nodes_[node].right;
        nodes_[node] = {entry};
        return node;
    }

    void give_back(Node node) noexcept {
        --size_;
        nodes_[node].right = std::exchange(free_, node);
    }

    std::vector<Links> nodes_ = std::vector<Links>(1);
    Node free_ = kNone;
    std::size_t size_ = 0;
};

}  // namespace thalweg
