// The dictionary of groups against std::unordered_map, with keys that are dense, sparse, at the
// edges of their types, and change from one to the other, through clearing and merging.

#include "ops/group_dictionary.h"

#include "state/base/random.h"
#include "state/value.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

const HashSeed kSeed = HashSeed::from(7);

// A dictionary that counts rows in its payloads, and the map that it should be.
class Counted {
  public:
    Counted(const GroupKey& key, KeyHistory& history) : key_(&key), keys_(key, 8, history) {}

    void add(const std::vector<const Column*>& columns, Selection rows) {
        std::vector<std::uint32_t> positions(rows.size());
        const std::size_t before = keys_.size();
        REQUIRE_EQ(keys_.find_or_insert(columns, rows, scratch_, positions), before);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            count_at(positions[i]) += 1;
            const std::string text = text_of(columns, rows[i]);
            const auto [at, is_new] = model_.try_emplace(text, Entry{positions[i], 0});
            if (at->second.position != positions[i]) FAIL(text);
            if (is_new && positions[i] != model_.size() - 1) FAIL(text);
            ++at->second.count;
        }
        if (++batches_ % 8 == 0) check();
    }

    void merge(Counted& other) {
        std::vector<std::uint32_t> positions;
        for (std::size_t first = 0; first < other.keys_.size(); first += kBatchRows) {
            positions.resize(std::min(kBatchRows, other.keys_.size() - first));
            keys_.find_or_insert(other.keys_, first, scratch_, positions);
            for (std::size_t i = 0; i < positions.size(); ++i)
                count_at(positions[i]) += other.count_at(static_cast<std::uint32_t>(first + i));
        }
        std::vector<const std::string*> texts(other.model_.size());
        for (const auto& [text, entry] : other.model_)
            texts[entry.position] = &text;
        for (const std::string* const text : texts) {
            const auto next = static_cast<std::uint32_t>(model_.size());
            model_.try_emplace(*text, Entry{next, 0}).first->second.count +=
                other.model_.at(*text).count;
        }
        check();
    }

    void clear() {
        keys_.clear();
        model_.clear();
    }

    [[nodiscard]] const GroupDictionary& keys() const { return keys_; }

    // Every entry once, with its count and its key.
    void check() {
        REQUIRE_EQ(keys_.size(), model_.size());
        Batch batch(make_schema(fields()));
        std::vector<Column*> columns;
        for (std::size_t k = 0; k < key_->size(); ++k)
            columns.push_back(&batch.column(k));
        std::vector<const Column*> read(columns.begin(), columns.end());
        for (const auto& [text, entry] : model_)
            if (count_at(entry.position) != entry.count) FAIL(text);
        for (std::size_t first = 0; first < keys_.size(); first += kBatchRows) {
            const EntryTable& table = keys_.entries();
            const std::size_t count = std::min(kBatchRows, table.size() - first);
            const std::byte* const words = table.entry(static_cast<std::uint32_t>(first));
            key_->decode(words, table.stride(), count, columns, 0, batch.arena());
            for (std::size_t i = 0; i < count; ++i)
                if (model_.at(text_of(read, i)).position != first + i) FAIL((first + i));
        }
    }

  private:
    struct Entry {
        std::uint32_t position;
        std::uint64_t count;
    };

    std::uint64_t& count_at(std::uint32_t position) {
        return *reinterpret_cast<std::uint64_t*>(keys_.entries().payload(position));
    }

    static std::string text_of(const std::vector<const Column*>& columns, std::size_t row) {
        std::string text;
        for (const Column* const column : columns) {
            const bool is_int = column->physical() == Physical::kInt32;
            const std::int64_t value =
                is_int ? column->data<std::int32_t>()[row] : column->data<std::int64_t>()[row];
            text += column->is_null(row) ? "NULL," : std::to_string(value) + ",";
        }
        return text;
    }

    [[nodiscard]] std::vector<Field> fields() const {
        std::vector<Field> fields;
        for (const Type& type : key_->types())
            fields.push_back({"k" + std::to_string(fields.size()), type});
        return fields;
    }

    const GroupKey* key_;
    GroupKey::Encoded scratch_;
    GroupDictionary keys_;
    std::unordered_map<std::string, Entry> model_;
    std::size_t batches_ = 0;
};

// One column of BIGINTs, a batch at a time.
class OneColumn {
  public:
    OneColumn() : key_({Type::bigint()}, kSeed), column_(Type::bigint()) {}

    Counted make() { return {key_, history_}; }

    void add(Counted& to, const std::vector<std::int64_t>& values) {
        for (std::size_t first = 0; first < values.size(); first += kBatchRows) {
            const std::size_t count = std::min(kBatchRows, values.size() - first);
            std::copy_n(values.data() + first, count, column_.data<std::int64_t>());
            to.add({&column_}, Selection::all(count));
        }
    }

    const KeyHistory& history() const { return history_; }

    void share_slots(std::size_t tables) { history_.share_slots(tables); }

  private:
    GroupKey key_;
    KeyHistory history_;
    Column column_;
};

std::vector<std::int64_t> every(std::int64_t first, std::int64_t step, std::size_t count) {
    std::vector<std::int64_t> values(count);
    for (std::size_t i = 0; i < count; ++i)
        values[i] = first + static_cast<std::int64_t>(i) * step;
    return values;
}

TEST_CASE("group dictionary: which index, by the keys that came") {
    struct Case {
        std::string name;
        std::vector<std::vector<std::int64_t>> batches;
        bool is_direct;
    };

    const std::vector<Case> cases = {
        {"dense", {every(0, 1, 1000)}, true},
        {"negative", {every(-500, 1, 1000)}, true},
        {"least", {every(kLeast, 1, 10)}, true},
        {"most", {every(kMost - 9, 1, 10)}, true},
        {"least and most", {{kLeast, kMost}}, false},
        {"around zero", {{-1, 0, 1, -1, 0, 1}}, true},
        {"as wide as it may be at first", {{0, 65'535}}, true},
        {"one too wide", {{0, 65'536}}, false},
        {"far apart", {every(0, 1 << 20, 100)}, false},
        {"grows up", {every(0, 1, 100), every(100, 1, 30'000)}, true},
        {"grows down", {every(0, 1, 100), every(-30'000, 1, 30'000)}, true},
        {"dense, then one far off", {every(0, 1, 5000), {kMost}, every(0, 1, 5000)}, false},
        {"one in two, many", {every(7, 2, 100'000)}, true},
        {"far apart, then filled in", {{0, 200'000}, every(0, 1, 150'000)}, true},
    };
    for (const Case& each : cases) {
        CAPTURE(each.name);
        OneColumn one;
        Counted counted = one.make();
        for (const auto& batch : each.batches)
            one.add(counted, batch);
        counted.check();
        CHECK_EQ(counted.keys().is_direct(), each.is_direct);
    }
}

TEST_CASE("group dictionary: the next table begins where the last one was") {
    OneColumn one;
    Counted first = one.make();
    Counted second = one.make();
    one.add(first, every(0, 3, 50'000));
    CHECK(first.keys().is_direct());
    first.clear();
    CHECK_EQ(one.history().entries, 50'000);
    CHECK_EQ(one.history().ranges[0], KeyRange{0, 149'997});
    one.add(second, {5, 149'000});
    CHECK(second.keys().is_direct());
    one.add(first, {149'000, 17, -3});
    CHECK(first.keys().is_direct());
    second.clear();  // Of two keys only: what comes next may not take more than that allows.
    first.clear();
    one.add(second, {0, 400'000});
    CHECK_FALSE(second.keys().is_direct());
}

TEST_CASE("group dictionary: many tables at a time spend less on few keys each") {
    for (const std::size_t tables : {std::size_t{0}, std::size_t{1}, std::size_t{7'200}}) {
        CAPTURE(tables);
        OneColumn one;
        one.share_slots(tables);
        Counted counted = one.make();
        one.add(counted, every(0, 6'000, 8));
        CHECK_EQ(counted.keys().is_direct(), tables < 2);
        counted.clear();
        one.add(counted, every(0, 100, 8));
        CHECK(counted.keys().is_direct());
        CHECK_LT(counted.keys().memory_bytes(), tables < 2 ? 1U << 20U : 1U << 16U);
    }
}

TEST_CASE("group dictionary: clearing keeps memory, far keys take no more than they may") {
    OneColumn one;
    Counted counted = one.make();
    one.add(counted, every(0, 1, 100'000));
    const std::size_t bytes = counted.keys().memory_bytes();
    CHECK_LT(bytes, std::size_t{6} << 20U);
    for (int round = 0; round < 3; ++round) {
        counted.clear();
        one.add(counted, every(round * 1000, 1, 100'000));
        CHECK(counted.keys().is_direct());
        CHECK_LE(counted.keys().memory_bytes(), bytes * 2);
    }
}

// Two columns, nulls inside, whose ranges jump about.
TEST_CASE("group dictionary: agrees with a map through clearing and merging") {
    for (std::uint64_t seed = 1; seed <= test::seeds(25); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const GroupKey key({Type::bigint(), Type::integer()}, kSeed);
        REQUIRE(key.is_direct());
        KeyHistory history;
        std::vector<Counted> tables;
        for (int i = 0; i < 3; ++i)
            tables.emplace_back(key, history);
        Column big(Type::bigint());
        Column small(Type::integer());
        for (int step = 0; step < 25; ++step) {
            const std::uint64_t width = random.below(10) == 0 ? 1ULL << 40U : 40;
            const std::uint64_t origin = random.below(10) == 0 ? 5'000 : 10;
            big.clear();
            small.clear();
            for (std::size_t row = 0; row < kBatchRows; ++row) {
                big.data<std::int64_t>()[row] =
                    static_cast<std::int64_t>(origin + random.below(width));
                small.data<std::int32_t>()[row] = -static_cast<std::int32_t>(random.below(50));
                if (random.below(9) == 0) big.set_null(row);
                if (random.below(9) == 0) small.set_null(row);
            }
            Counted& table = tables[random.below(tables.size())];
            table.add({&big, &small}, Selection::range(random.below(500), 500));
            Counted& other = tables[random.below(tables.size())];
            if (random.below(4) == 0 && &other != &table) other.merge(table);
            if (random.below(4) == 0) table.clear();
        }
    }
}

TEST_CASE("group dictionary: no key at all is one group") {
    const GroupKey key({}, kSeed);
    KeyHistory history;
    Counted counted(key, history);
    counted.add({}, Selection::all(10));
    counted.add({}, Selection::all(5));
    counted.check();
    CHECK_EQ(counted.keys().size(), 1);
}

}  // namespace
}  // namespace thalweg
