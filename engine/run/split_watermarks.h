#pragma once

#include "state/base/ids.h"
#include "state/base/time.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace thalweg {

// How far the splits of one source on one agent have come, and what the least of them says.
//
// Shape     A split is open from open() to close(), and active while it counts: from open() on, or
//           again from its next rows on, until it has been silent for the timeout. The watermark
//           of the source is the least of the active splits'. Active splits are kept in order, so
//           that the least is found without looking at all of ten thousand connections.
// Threads   One at a time.
class SplitWatermarks {
  public:
    // `idle_timeout_ns` is how long a silent split holds the others back, 0 for ever;
    // `silent_start_ns` the same for one that has not sent a row yet.
    struct Settings {
        std::int64_t idle_timeout_ns = 0;
        std::int64_t silent_start_ns = 0;
    };

    explicit SplitWatermarks(Settings settings) : settings_(settings) {}

    [[nodiscard]] SplitId open(std::int64_t now_ns);
    void close(SplitId split);

    // Rows of the split have come: it is active.
    void touch(SplitId split, std::int64_t now_ns);

    // Its watermark moves on; one that goes back is ignored.
    void raise(SplitId split, Watermark watermark);

    [[nodiscard]] Watermark of(SplitId split) const { return splits_.at(split.value).watermark; }

    // The least of the active splits but this one; Watermark::max() if there is none.
    [[nodiscard]] Watermark others(SplitId split) const;

    // The least of the active splits; nothing if there is none.
    [[nodiscard]] std::optional<Watermark> least() const;

    // Lets splits that have been silent for too long count no more. Returns whether there were any.
    bool expire(std::int64_t now_ns);

    [[nodiscard]] std::size_t open_count() const noexcept { return splits_.size(); }

  private:
    struct Split {
        Watermark watermark;
        std::int64_t touched_ns = 0;
        bool is_active = true;
        bool has_sent = false;
    };

    [[nodiscard]] bool is_overdue(const Split& split, std::int64_t now_ns) const;

    Settings settings_;
    std::uint32_t next_id_ = 0;
    std::unordered_map<std::uint32_t, Split> splits_;
    std::set<std::pair<Watermark, std::uint32_t>> active_;
    std::int64_t next_look_ns_ = 0;
};

}  // namespace thalweg
