#include "tests/fuzz_sql/fuzz_case.h"

#include "tests/fuzz_sql/expression_generator.h"
#include "tests/fuzz_sql/relation_generator.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace thalweg::fuzz {

namespace {

constexpr std::int64_t kFirstMs = 36'000'000;  // 10:00
constexpr std::uint64_t kDisorderSeconds = 5;  // As the watermarks allow.

class ArrivalGenerator {
  public:
    // Where nothing may be late, a row of t1 changes only as long as no watermark is past it.
    ArrivalGenerator(Random& random, bool is_in_time)
        : random_(random), values_({}, random), is_in_time_(is_in_time) {}

    std::vector<Arrival> arrivals() {
        const std::size_t count = 4 + random_.below(chance(random_, 10) ? 100 : 24);
        while (arrivals_.size() < count) {
            const std::uint64_t table = random_.below(kTables + 1);
            if (table == 0 || table == kTables) add_row();
            if (table == 1) change_row();
            if (table == 2) change_key();
            arrivals_.back().rests = chance(random_, 25);
        }
        return std::move(arrivals_);
    }

  private:
    Value maybe(Kind kind) { return chance(random_, 15) ? Value() : values_.random_value(kind); }

    // A time that no row of t0 has had, and that is not late.
    std::int64_t new_time() {
        first_ms_ += static_cast<std::int64_t>(random_.below(3)) * 1000;
        for (;;) {
            const std::int64_t time =
                first_ms_ + static_cast<std::int64_t>(random_.below(kDisorderSeconds)) * 1000;
            if (times_.insert(time).second) return time;
            first_ms_ += 1000;
        }
    }

    void add_row() {
        const auto id = static_cast<std::int64_t>(random_.below(8));
        arrivals_.push_back({0,
                             1 + random_.below(2),
                             "",
                             {id,
                              maybe(Kind::kInt),
                              maybe(Kind::kInt),
                              maybe(Kind::kText),
                              maybe(Kind::kBool),
                              new_time()}});
    }

    // Equal rows come by the same split, so that a row never goes before it comes.
    void add_change(std::size_t table, const char* kind, Row row) {
        const std::size_t split =
            is_null(row[0]) || std::get<std::int64_t>(row[0]) % 2 == 0 ? 1 : 2;
        arrivals_.push_back({table, split, kind, std::move(row)});
    }

    Row changing_row() {
        return {maybe(Kind::kInt),
                maybe(Kind::kInt),
                maybe(Kind::kInt),
                maybe(Kind::kText),
                maybe(Kind::kBool),
                is_in_time_ ? changing_time() : values_.random_value(Kind::kTime)};
    }

    std::int64_t changing_time() {
        changing_ms_ += static_cast<std::int64_t>(random_.below(3)) * 500;
        const std::int64_t time =
            changing_ms_ + static_cast<std::int64_t>(random_.below(kDisorderSeconds)) * 1000;
        changed_ms_ = std::max(changed_ms_, time);
        return time;
    }

    [[nodiscard]] bool may_change(const Row& row) const {
        const auto disorder = static_cast<std::int64_t>(kDisorderSeconds) * 1000;
        return !is_in_time_ || std::get<std::int64_t>(row.back()) > changed_ms_ - disorder;
    }

    void change_row() {
        const std::size_t at = rows_.empty() ? 0 : random_.below(rows_.size());
        const bool has_row = !rows_.empty() && may_change(rows_[at]);
        if (!has_row || chance(random_, 60)) {
            rows_.push_back(has_row && chance(random_, 15) ? Row(rows_[at]) : changing_row());
            return add_change(1, "+I", rows_.back());
        }
        if (chance(random_, 50)) {
            add_change(1, "-D", rows_[at]);
            rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(at));
            return;
        }
        add_change(1, "-U", rows_[at]);
        const Value id = rows_[at][0];
        rows_[at] = changing_row();
        rows_[at][0] = id;
        add_change(1, "+U", rows_[at]);
    }

    void change_key() {
        const auto id = static_cast<std::int64_t>(random_.below(5));
        const bool is_new = !keys_.contains(id);
        Row row = {id, maybe(Kind::kInt), maybe(Kind::kInt), maybe(Kind::kText)};
        if (!is_new && chance(random_, 40)) {
            add_change(2, "-D", keys_[id]);
            keys_.erase(id);
            return;
        }
        keys_[id] = row;
        add_change(2, is_new ? "+I" : "+U", std::move(row));
    }

    Random& random_;
    ExpressionGenerator values_;
    std::vector<Arrival> arrivals_;
    bool is_in_time_;
    std::int64_t first_ms_ = kFirstMs;
    std::int64_t changing_ms_ = kFirstMs;  // The same of t1,
    std::int64_t changed_ms_ = kFirstMs;   // and its latest time.
    std::set<std::int64_t> times_;
    Rows rows_;  // Of t1.
    std::map<std::int64_t, Row> keys_;
};

// Another query; perhaps it reads what the first one reads.
Relation beside(const Relation& first, Random& random) {
    if (first.inputs.empty() || chance(random, 40)) return random_relation(random);
    return RelationGenerator(random).select_over(first.inputs[0]);
}

// Nothing where a row goes that is not there.
bool apply(const Arrival& arrival, Tables& tables) {
    Rows& rows = tables[arrival.table];
    const bool is_gain = !std::string_view(arrival.kind).starts_with('-');
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
        return arrival.table == 2 ? row[0] == arrival.row[0] : row == arrival.row;
    });
    const bool is_there = found != rows.end();
    if (is_there && (!is_gain || arrival.table == 2)) rows.erase(found);
    if (is_gain) rows.push_back(arrival.row);
    return is_gain || is_there;
}

}  // namespace

FuzzCase random_case(std::uint64_t seed) {
    Random random(seed);
    FuzzCase made;
    made.relations.push_back(random_relation(random));
    if (chance(random, 15)) made.relations.push_back(beside(made.relations[0], random));
    const bool is_in_time = !std::all_of(made.relations.begin(), made.relations.end(), is_live);
    made.arrivals = ArrivalGenerator(random, is_in_time).arrivals();
    if (chance(random, 30)) made.arrivals[random.below(made.arrivals.size())].restarts = true;
    made.layout_seed = random();
    return made;
}

Tables tables_after(const std::vector<Arrival>& arrivals, std::size_t count) {
    Tables tables;
    for (std::size_t i = 0; i < count; ++i)
        apply(arrivals[i], tables);
    return tables;
}

bool are_valid(const std::vector<Arrival>& arrivals) {
    Tables tables;
    return std::all_of(arrivals.begin(), arrivals.end(), [&](const Arrival& arrival) {
        return apply(arrival, tables);
    });
}

}  // namespace thalweg::fuzz
