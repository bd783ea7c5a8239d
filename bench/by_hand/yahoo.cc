#include "bench/by_hand/sliding_groups.h"
#include "bench/by_hand/traces.h"
#include "state/base/time.h"

#include <algorithm>
#include <array>
#include <vector>

namespace thalweg::bench::by_hand {

namespace {

constexpr std::int64_t kWindowSeconds = 100;

struct CampaignRow {
    std::int64_t end, campaign, views, last;

    [[nodiscard]] auto cells() const {
        return std::tuple(end * kNanosPerSecond, campaign, views, last * kNanosPerSecond);
    }
};

std::uint64_t word_of(std::int64_t id) {
    return static_cast<std::uint64_t>(id);
}

std::uint64_t word_of(const WideId& id) {
    return id[0] ^ id[1];
}

// The campaigns of advertisements: open addressing, three quarters empty.
template <class Id>
class Campaigns {
  public:
    explicit Campaigns(std::span<const Ad<Id>> ads) : slots_(kSlots, {Id{}, -1}) {
        for (const Ad<Id>& ad : ads) {
            std::size_t at = home(ad.id);
            while (slots_[at].campaign >= 0)
                at = (at + 1) % kSlots;
            slots_[at] = ad;
        }
    }

    // -1: there is no such advertisement.
    [[gnu::always_inline]] std::int64_t of(const Id& id) const {
        std::size_t at = home(id);
        while (slots_[at].id != id && slots_[at].campaign >= 0)
            at = (at + 1) % kSlots;
        return slots_[at].campaign;
    }

  private:
    static constexpr std::size_t kSlots = 4'096;

    static std::size_t home(const Id& id) { return (word_of(id) * 0x9e3779b97f4a7c15ULL) >> 52U; }

    static_assert(kSlots == std::size_t{1} << (64U - 52U));

    std::vector<Ad<Id>> slots_;
};

// The window that is open.
class Views {
  public:
    explicit Views(Results& results) : writer_(results) {}

    void pass(std::int64_t second) {
        if (second < end_) return;
        fire();
        end_ = second - second % kWindowSeconds + kWindowSeconds;
    }

    [[gnu::always_inline]] void add(std::int64_t campaign, std::int64_t second) {
        View& view = views_[static_cast<std::size_t>(campaign)];
        ++view.count;
        view.last = std::max(view.last, second);
    }

    void finish() {
        fire();
        writer_.flush();
    }

  private:
    struct View {
        std::int64_t count, last;
    };

    void fire() {
        for (std::size_t i = 0; i < views_.size(); ++i) {
            if (views_[i].count != 0)
                writer_.add({end_, static_cast<std::int64_t>(i), views_[i].count, views_[i].last});
        }
        views_ = {};
    }

    std::array<View, kCampaigns> views_{};
    std::int64_t end_ = 0;
    RowWriter<CampaignRow> writer_;
};

// One row of three is a view, at random: first the list of them, without a branch, then their work.
template <class Row, class Id>
void count_views(std::span<const Ad<Id>> ads, Input& input, Results& results) {
    const Campaigns<Id> campaigns(ads);
    Views views(results);
    std::vector<const Row*> shown;
    for_each_second<Row>(input, [&](std::span<const Row> rows) {
        views.pass(rows.front().ts);
        shown.resize(rows.size());
        const Row** next = shown.data();
        for (const Row& row : rows) {
            *next = &row;
            next += row.event_type == 0;
        }
        for (const Row* const row : std::span(shown.data(), next)) {
            const std::int64_t campaign = campaigns.of(row->ad_id);
            if (campaign >= 0) [[likely]]
                views.add(campaign, row->ts);
        }
    });
    views.finish();
}

}  // namespace

void ysb(std::span<const Ad<std::int64_t>> ads, Input& input, Results& results) {
    count_views<AdRow>(ads, input, results);
}

void ysb(std::span<const Ad<WideId>> ads, Input& input, Results& results) {
    count_views<WideAdRow>(ads, input, results);
}

}  // namespace thalweg::bench::by_hand
