// OVER, by time and in any other order, against what it means.

#include "ops/over_aggregate.h"

#include "tests/support/rank_model.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

// --- OVER, said simply ---

using Bound = OverFrame::Bound;

std::int64_t order_number(const Row& row, const SortItem& item) {
    const Value& value = row[item.column];
    if (value.is_null()) return item.nulls_first ? INT64_MIN : INT64_MAX;
    const auto number = std::get<std::int64_t>(value.data);
    return item.is_descending ? -number : number;
}

bool is_in_frame(const OverSpec& spec,
                 const OverFrame& frame,
                 const Table& table,
                 const std::vector<Held>& rows,
                 std::size_t row,
                 std::size_t other) {
    const auto distance = static_cast<std::int64_t>(other) - static_cast<std::int64_t>(row);
    const bool are_peers =
        !spec.is_by_arrival && !frame.is_rows && table.are_peers(rows[row], rows[other]);
    const auto offset = [&] {
        if (frame.is_rows) return distance;
        return saturating_sub(order_number(rows[other].row, spec.order[0]),
                              order_number(rows[row].row, spec.order[0]));
    };
    // A row ordered by NULL is any distance away from all but its equals.
    const bool is_endless =
        !frame.is_rows && !spec.is_by_arrival && rows[row].row[spec.order[0].column].is_null();
    const auto near = [&](Bound bound) {
        const bool has_distance = bound == Bound::kPreceding || bound == Bound::kFollowing;
        return is_endless && has_distance ? Bound::kCurrentRow : bound;
    };
    const auto is_behind = [&](Bound bound, std::int64_t by) {  // Not before the start.
        switch (bound) {
            case Bound::kUnboundedPreceding: return true;
            case Bound::kPreceding: return offset() >= -by;
            case Bound::kCurrentRow: return distance >= 0 || are_peers;
            case Bound::kFollowing: return offset() >= by;
            case Bound::kUnboundedFollowing: break;
        }
        return false;
    };
    const auto is_before = [&](Bound bound, std::int64_t by) {  // Not behind the end.
        switch (bound) {
            case Bound::kUnboundedPreceding: return false;
            case Bound::kPreceding: return offset() <= -by;
            case Bound::kCurrentRow: return distance <= 0 || are_peers;
            case Bound::kFollowing: return offset() <= by;
            case Bound::kUnboundedFollowing: break;
        }
        return true;
    };
    return is_behind(near(frame.start), frame.start_offset) &&
           is_before(near(frame.end), frame.end_offset);
}

Value aggregate(const AggregateCall& call, const std::vector<const Row*>& rows) {
    if (call.kind == AggregateKind::kCountStar) return {static_cast<std::int64_t>(rows.size())};
    std::vector<Value> values;
    for (const Row* const row : rows) {
        if (!(*row)[call.argument].is_null()) values.push_back((*row)[call.argument]);
    }
    if (call.is_distinct) {
        std::vector<Value> once;
        for (const Value& value : values) {
            if (std::find(once.begin(), once.end(), value) == once.end()) once.push_back(value);
        }
        values = std::move(once);
    }
    if (call.kind == AggregateKind::kCount) return {static_cast<std::int64_t>(values.size())};
    if (values.empty()) return {};
    const auto less = [](const Value& a, const Value& b) { return compare(a, b) < 0; };
    if (call.kind == AggregateKind::kMin)
        return *std::min_element(values.begin(), values.end(), less);
    if (call.kind == AggregateKind::kMax)
        return *std::max_element(values.begin(), values.end(), less);
    if (call.kind == AggregateKind::kFirstValue) return values.front();
    if (call.kind == AggregateKind::kLastValue) return values.back();
    std::uint64_t sum = 0;
    for (const Value& value : values)
        sum += static_cast<std::uint64_t>(std::get<std::int64_t>(value.data));
    return {static_cast<std::int64_t>(sum)};
}

Value result_of(const OverSpec& spec,
                const OverCall& call,
                const Table& table,
                const std::vector<Held>& rows,
                std::size_t row) {
    const auto whole = [](std::size_t number) { return Value{static_cast<std::int64_t>(number)}; };
    const auto is_peer = [&](std::size_t i) {
        return i == row || (!spec.is_by_arrival && table.are_peers(rows[i], rows[row]));
    };
    const std::size_t size = rows.size();
    std::size_t first = row;
    while (first > 0 && is_peer(first - 1))
        --first;
    std::size_t groups = 0;
    for (std::size_t i = 0; i < row; ++i)
        groups += i == 0 || !table.are_peers(rows[i - 1], rows[i]) || spec.is_by_arrival ? 1U : 0U;
    switch (call.kind) {
        case OverKind::kRowNumber: return whole(row + 1);
        case OverKind::kRank: return whole(first + 1);
        case OverKind::kDenseRank: return whole(groups + (first == row ? 1 : 0));
        case OverKind::kPercentRank:
            return {size == 1 ? 0.0 : static_cast<double>(first) / static_cast<double>(size - 1)};
        case OverKind::kCumeDist: {
            std::size_t end = row + 1;
            while (end < size && is_peer(end))
                ++end;
            return {static_cast<double>(end) / static_cast<double>(size)};
        }
        case OverKind::kNtile: {
            const auto tiles = static_cast<std::size_t>(call.count);
            std::size_t end = 0;
            for (std::size_t tile = 0; tile < tiles; ++tile) {
                end += size / tiles + (tile < size % tiles ? 1 : 0);
                if (row < end) return whole(tile + 1);
            }
            return {};
        }
        case OverKind::kLag:
        case OverKind::kLead: {
            const auto away = static_cast<std::size_t>(call.count);
            const bool is_lag = call.kind == OverKind::kLag;
            const bool is_there = is_lag ? row >= away : row + away < size;
            if (is_there)
                return rows[is_lag ? row - away : row + away].row[call.aggregate.argument];
            return call.otherwise ? rows[row].row[*call.otherwise] : Value{};
        }
        case OverKind::kAggregate: break;
    }
    std::vector<const Row*> frame;
    for (std::size_t other = 0; other < size; ++other) {
        if (is_in_frame(spec, call.frame, table, rows, row, other))
            frame.push_back(&rows[other].row);
    }
    return aggregate(call.aggregate, frame);
}

Texts over(const OverSpec& spec, const Table& table) {
    Texts texts;
    for (const auto& [key, rows] : table.partitions) {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            Row row = rows[i].row;
            for (const OverCall& call : spec.calls)
                row.push_back(result_of(spec, call, table, rows, i));
            texts.insert(text_of(row));
        }
    }
    return texts;
}

OverFrame random_frame(Random& random, bool has_numbers, bool looks_ahead) {
    OverFrame frame;
    frame.is_rows = chance(random, 2);
    const std::uint64_t kinds = looks_ahead ? 5 : 3;
    frame.start = static_cast<Bound>(random.below(std::min<std::uint64_t>(kinds, 4)));
    frame.end = looks_ahead ? static_cast<Bound>(1 + random.below(4)) : Bound::kCurrentRow;
    if (frame.end < frame.start) std::swap(frame.start, frame.end);
    frame.start_offset = between(random, 0, 3);
    frame.end_offset = between(random, 0, 3);
    if (!frame.is_rows && !has_numbers) {
        frame.start = Bound::kUnboundedPreceding;
        frame.end = Bound::kCurrentRow;
    }
    return frame;
}

OverCall random_over_call(Random& random, bool has_numbers, bool looks_ahead) {
    static constexpr OverKind kBehind[] = {
        OverKind::kRowNumber, OverKind::kRank, OverKind::kDenseRank, OverKind::kLag};
    OverCall call;
    const SchemaPtr schema = stream_schema();
    if (chance(random, 2)) {
        call.kind = looks_ahead ? static_cast<OverKind>(1 + random.below(8))
                                : kBehind[random.below(std::size(kBehind))];
        const bool is_share =
            call.kind == OverKind::kPercentRank || call.kind == OverKind::kCumeDist;
        call.result_type = is_share                        ? Type::double_precision()
                           : call.kind == OverKind::kNtile ? Type::integer()
                                                           : Type::bigint();
        call.count = between(random, call.kind == OverKind::kNtile ? 1 : 0, 3);
        if (call.kind == OverKind::kLag || call.kind == OverKind::kLead) {
            call.aggregate.argument = chance(random, 2) ? kText : kBig;
            call.result_type = (*schema)[call.aggregate.argument].type.with_nullable(true);
            if (chance(random, 2)) call.otherwise = call.aggregate.argument == kText ? kName : kBig;
        }
        return call;
    }
    using K = AggregateKind;
    static constexpr K kKinds[] = {
        K::kCountStar, K::kCount, K::kSum, K::kMin, K::kMax, K::kFirstValue, K::kLastValue};
    call.kind = OverKind::kAggregate;
    call.frame = random_frame(random, has_numbers, looks_ahead);
    AggregateCall& aggregate = call.aggregate;
    aggregate.kind = kKinds[random.below(std::size(kKinds))];
    aggregate.argument = aggregate.kind == K::kSum || chance(random, 2) ? kBig : kText;
    aggregate.argument_type = (*schema)[aggregate.argument].type.with_nullable(true);
    const bool is_count = aggregate.kind == K::kCountStar || aggregate.kind == K::kCount;
    aggregate.result_type = is_count ? Type::bigint() : aggregate.argument_type;
    call.result_type = aggregate.result_type;
    const bool can_be_distinct = aggregate.kind == K::kCount || aggregate.kind == K::kSum;
    aggregate.is_distinct = can_be_distinct && chance(random, 2);
    return call;
}

TEST_CASE("over_changes: what is left of its changes is OVER over the rows that are left") {
    for (std::uint64_t seed = 1; seed <= test::seeds(120); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        OverSpec spec;
        spec.schema = stream_schema();
        spec.partition = random_keys(random);
        const bool has_numbers = chance(random, 2);
        spec.order = random_order(random, 1);
        if (has_numbers) spec.order = {{kInt, chance(random, 2), chance(random, 2)}};
        for (std::uint64_t count = 1 + random.below(4); count > 0; --count)
            spec.calls.push_back(random_over_call(random, has_numbers, true));
        spec.seed = HashSeed::from(random());
        ChangesModel(seed, chance(random, 2), false)
            .run([&] { return make_over_changes(spec); },
                 spec.partition,
                 spec.order,
                 [&](const Table& table) { return over(spec, table); });
    }
}

// --- In the order of time ---

// Rows in time, watermarks; `give` of the rows that the watermark has passed.
class TimeModel {
  public:
    explicit TimeModel(std::uint64_t seed) : random_(seed) {}

    void run(const Make& make,
             const std::vector<std::size_t>& keys,
             const std::vector<SortItem>& order,
             const Give& give) {
        Instances instances(make, keys, 1 + random_.below(3));
        Table passed(keys, order);
        instances.advance(watermark_, context_, fold_);
        for (int round = 0; round < 12; ++round) {
            std::vector<Change> changes;
            for (std::uint64_t count = random_.below(40); count > 0; --count) {
                const std::int64_t time = watermark_.nanos + between(random_, -3, 8) * kMilli;
                Row row = random_row(random_, time);
                if (row[kTime].is_null()) row[kTime] = {time};
                if (time > watermark_.nanos) waiting_.emplace_back(row, ++place_);
                late_ += time > watermark_.nanos ? 0U : 1U;
                changes.push_back({std::move(row), RowKind::kInsert});
            }
            if (!changes.empty()) instances.feed(changes, context_, fold_);
            const bool is_last = round == 11;
            watermark_ = is_last ? Watermark::max()
                                 : Watermark{watermark_.nanos + between(random_, 0, 6) * kMilli};
            pass(passed);
            instances.advance(watermark_, context_, fold_);
            REQUIRE_EQ(fold_.losses, 0);
            REQUIRE_EQ(difference(fold_.rows, give(passed)), "");
            REQUIRE_EQ(context_.counters.late_rows, late_);
            if (!is_last && chance(random_, 3))
                instances.restart(random_, watermark_, context_, [] {});
        }
    }

    Fold& fold() { return fold_; }

  private:
    void pass(Table& passed) {
        std::vector<std::pair<Row, std::int64_t>> rest;
        for (auto& [row, place] : waiting_) {
            if (std::get<std::int64_t>(row[kTime].data) <= watermark_.nanos) {
                passed.insert(row, place);
            } else {
                rest.emplace_back(std::move(row), place);
            }
        }
        waiting_ = std::move(rest);
    }

    Random random_;
    std::vector<std::pair<Row, std::int64_t>> waiting_;
    std::int64_t place_ = 0;
    std::uint64_t late_ = 0;
    Watermark watermark_{0};
    Fold fold_;
    OpContext context_;
};

TEST_CASE("over_aggregate: each row once, when the watermark has passed it") {
    for (std::uint64_t seed = 1; seed <= test::seeds(120); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        OverSpec spec;
        spec.schema = stream_schema();
        spec.partition = random_keys(random);
        spec.order = {{kTime, false, true}};
        for (std::uint64_t count = 1 + random.below(4); count > 0; --count) {
            OverCall call = random_over_call(random, true, false);
            if (!call.frame.is_rows) call.frame.start_offset *= kMilli;
            spec.calls.push_back(std::move(call));
        }
        spec.seed = HashSeed::from(random());
        TimeModel(seed).run([&] { return make_over_aggregate(spec); },
                            spec.partition,
                            spec.order,
                            [&](const Table& table) { return over(spec, table); });
    }
}

TEST_CASE("over_aggregate: by arrival, at once, through restarts") {
    for (std::uint64_t seed = 1; seed <= test::seeds(60); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        OverSpec spec;
        spec.schema = stream_schema();
        spec.partition = random_keys(random);
        spec.order = {{kTime, false, true}};
        spec.is_by_arrival = true;
        for (std::uint64_t count = 1 + random.below(3); count > 0; --count) {
            OverCall call = random_over_call(random, false, false);
            spec.calls.push_back(std::move(call));
        }
        ChangesModel(seed, false, false)
            .run([&] { return make_over_aggregate(spec); },
                 spec.partition,
                 {},
                 [&](const Table& table) { return over(spec, table); });
    }
}

}  // namespace
}  // namespace thalweg
